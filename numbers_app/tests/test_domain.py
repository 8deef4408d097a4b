from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numbers_app.domain import Finding, Pasted, read_pasted


def test_numbers_in_every_spelling_and_with_every_separator_are_read():
    text = "84909982888\n+84 909 982 889, 0909.982.890;0084 909 982 891\t(0909) 982-892\r\n\r\n“0909982893”"
    assert [(each.line, each.digits, each.finding) for each in read_pasted(text, "VN")] == [
        (1, "84909982888", Finding.NEW),
        (2, "84909982889", Finding.NEW),
        (2, "84909982890", Finding.NEW),
        (2, "84909982891", Finding.NEW),
        (2, "84909982892", Finding.NEW),
        (4, "84909982893", Finding.NEW),
    ]


def test_number_is_kept_as_it_was_written():
    assert read_pasted(" +84 909 982 888 ", "VN") == [Pasted(1, "+84 909 982 888", "84909982888", Finding.NEW)]


def test_known_and_repeated_numbers_are_told_from_new_ones():
    found = read_pasted("0909982888\n84909982888\n0909982889", "VN", known={"84909982889"})
    assert [each.finding for each in found] == [Finding.NEW, Finding.REPEATED, Finding.KNOWN]


@pytest.mark.parametrize(
    "text", ["Nguyễn", "12", "1234567890123456", "84909x", "٠٩٠٩٩٨٢٨٨٨", "8-4-9-0-9" + "-" * 30, "\x00849"]
)
def test_what_is_no_number_is_named_with_its_line(text):
    assert read_pasted(f"84909982888\n{text}", "VN")[1:] == [Pasted(2, text, "", Finding.INVALID)]


def test_nothing_is_found_in_an_empty_text():
    assert read_pasted(" \n,;\t\n", "VN") == []


@given(st.text(), st.sampled_from(["VN", "US", ""]))
def test_any_text_can_be_read_and_each_new_number_is_new_once(text, country):
    found = read_pasted(text, country)
    new = [each.digits for each in found if each.finding is Finding.NEW]
    assert len(new) == len(set(new))
    assert all((each.finding is Finding.INVALID) == (each.digits == "") for each in found)
