"""What an announcement tells callers to press, in English and Vietnamese."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.spoken_keys import keys_asked_for, keys_heard_in
from ivr.domain.tree import DIALLED_KEYS

ASKED = [
    ("Press 3.", "3"),
    ("press 0 for the operator", "0"),
    ("Press the 3 key", "3"),
    ("press key number 7", "7"),
    ("Press the number 8 key", "8"),
    ("pressing 4 repeats this", "4"),
    ("Dial 5", "5"),
    ("choose option two", "2"),
    ("press star", "*"),
    ("Press the star key or #", "*#"),
    ("press *", "*"),
    ("press hash, or pound", "#"),
    ("press zero", "0"),
    ("press one, two or three", "123"),
    ("press 1, 2 or 3", "123"),
    ("press 1/2/3", "123"),
    ("press 1,2,3", "123"),
    ("press “5”", "5"),
    ('press "5" or "6"', "56"),
    ("press\u00a03", "3"),
    ("press\n   3", "3"),
    ("Bấm phím 3", "3"),
    ("Nhấn phím 3", "3"),
    ("phím số 3", "3"),
    ("bấm số 4", "4"),
    ("ấn 6", "6"),
    ("BẤM PHÍM MỘT", "1"),
    ("nhấn hai để gặp hỗ trợ", "2"),
    ("chọn số năm", "5"),
    ("phím bốn, phím tư", "4"),
    ("Nhấn phím không để gặp tổng đài viên, phím sao để quay lại", "0*"),
    ("bấm phím không", "0"),
    ("bấm phím thăng", "#"),
    ("phím “1” và “2”", "12"),
    ("bấm 1 hoặc phím số 2", "12"),
    ("bam phim 3", "3"),
    ("phím 1 trong giờ làm việc", "1"),
    (
        "Vui lòng nhấn phím 1 để nghe hướng dẫn bằng tiếng Anh, phím 2 nghe hướng dẫn bằng tiếng Tây Ban Nha",
        "12",
    ),
    ("Để gặp bộ kinh doanh bấm phím 1, để gặp bộ phận hỗ trợ kỹ thuật bấm phím 2", "12"),
]

NOT_ASKED = [
    "Welcome.",
    "press any key",
    "press one of the keys",
    "press 3 times",
    "Please choose one: sales or support.",
    "press 12",
    "press 1.5",
    "press 1,000",
    "dial 1900 1234",
    "enter 4 digits",
    "You are number 3 in the queue.",
    "không bấm phím nào",
    "Phím bấm không hợp lệ",
    "Bạn đã bấm phím không đúng",
    "bấm một trong các phím sau",
    "nhấn một phím bất kỳ",
    "bấm phím tư vấn",
    "nhấn 2 lần",
]


@pytest.mark.parametrize(("text", "keys"), ASKED)
def test_keys_that_a_text_asks_for(text, keys):
    assert keys_asked_for(text) == set(keys)


@pytest.mark.parametrize("text", NOT_ASKED)
def test_texts_that_ask_for_no_key(text):
    assert keys_asked_for(text) == set()


def test_letters_and_marks_typed_apart_are_read_alike():
    text = "Nhấn phím một, hoặc bấm phím sáu"
    assert keys_asked_for(unicodedata.normalize("NFD", text)) == keys_asked_for(text) == {"1", "6"}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Press 1 for sales, 2 for support", "12"),
        ("press one for sales, two for support; or three to hear this again", "123"),
        ("Presione 1 para ventas", "1"),
        ("For sales it is 1", "1"),
        ("One of us will answer soon", ""),
        ("bấm một để mua hàng, hai để được hỗ trợ", "12"),
        ("", ""),
    ],
)
def test_keys_that_are_heard_in_any_way(text, keys):
    assert keys_heard_in(text) == set(keys)


@given(st.text())
def test_any_text_is_understood_and_what_is_asked_for_is_heard(text):
    assert keys_asked_for(text) <= keys_heard_in(text) <= set(DIALLED_KEYS)


@pytest.mark.parametrize(
    "text", ["press ", "press the ", "1,", ", 2", " ", "press 1, ", "press 1 or ", "phím số ", "* "]
)
def test_long_hostile_texts_cost_no_more_than_their_length(text):
    started = time.thread_time()
    keys_heard_in(text * (200_000 // len(text)))
    assert time.thread_time() - started < 2
