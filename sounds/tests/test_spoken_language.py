"""Each sentence is spoken in its language, whatever the name of the voice is."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.models import DEFAULT_VOICE
from sounds.spoken_language import LANGUAGES, Passage, language_of_voice, passages

VI = "Xin chào quý khách. Để gặp bộ phận kinh doanh, vui lòng bấm phím 1."
EN = "Thank you for calling. For sales, press 1."
ES = "Gracias por llamar. Pulse dos."


@pytest.mark.parametrize("voice", ["", "female", DEFAULT_VOICE, "hn_male_xuantin_vdts_48k-hsmm", "nobody knows"])
@pytest.mark.parametrize(("text", "language"), [(VI, "vi"), (EN, "en"), (ES, "es")])
def test_a_text_is_spoken_in_its_language(text, language, voice):
    assert passages(text, voice) == (Passage(language, text),)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Xin chao quy khach, bam phim 1", "vi"),
        ("Tất cả tổng đài viên đang bận", "vi"),
        (unicodedata.normalize("NFD", "Tất cả"), "vi"),
        ("Hello", "en"),
        ("Please leave a message after the tone.", "en"),
        ("You are the next to be answered.", "en"),
        ("There are 3 calls before yours.", "en"),
        ("¿Habla español?", "es"),
        ("1 2 3", "vi"),
        ("Acme", "vi"),
    ],
)
def test_short_texts_tell_by_letters_and_words(text, language):
    assert [each.language for each in passages(text)] == [language]


def test_an_announcement_may_change_its_language():
    assert passages("Xin chào quý khách. Tiếng Việt, bấm phím 1. For English, press 2.") == (
        Passage("vi", "Xin chào quý khách. Tiếng Việt, bấm phím 1."),
        Passage("en", "For English, press 2."),
    )


def test_a_sentence_that_does_not_tell_is_spoken_like_its_neighbour():
    assert passages("Acme. Thank you for calling. 1 2 3.") == (Passage("en", "Acme. Thank you for calling. 1 2 3."),)


def test_letters_in_parts_tell_as_much():
    assert [each.language for each in passages(unicodedata.normalize("NFD", "Gặp: hello"))] == ["vi"]


@pytest.mark.parametrize(
    ("voice", "language"),
    [
        ("en", "en"),
        ("EN-us", "en"),
        ("vi_VN-vais1000-medium", "vi"),
        ("es", "es"),
        ("hn_female", ""),
        ("", ""),
        ("enx", ""),
    ],
)
def test_a_voice_may_name_its_language(voice, language):
    assert language_of_voice(voice) == language


def test_a_voice_with_a_language_speaks_all_of_it():
    assert passages(f"{VI} {EN}", "en-GB") == (Passage("en", f"{VI} {EN}"),)


@pytest.mark.parametrize("text", ["", " \n ", "...", "!?"])
def test_nothing_is_spoken_of_nothing(text):
    assert passages(text) == ()


@given(st.text(max_size=200), st.sampled_from(["", "en", "female"]))
def test_no_letter_is_lost_or_comes_twice(text, voice):
    found = passages(text, voice)
    assert "".join(filter(str.isalnum, text)) == "".join(filter(str.isalnum, "".join(each.text for each in found)))
    assert {each.language for each in found} <= set(LANGUAGES)
    assert all(first.language != second.language for first, second in itertools.pairwise(found))
