from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.phone import InvalidPhoneNumber, digits_of, display, searchable_digits


@pytest.mark.parametrize(
    ("given_text", "country", "digits"),
    [
        ("842473082686", "VN", "842473082686"),
        ("+84 247 308-2686", "VN", "842473082686"),
        ("(+84) 247.308.2686", "VN", "842473082686"),
        ("0084 2473082686", "VN", "842473082686"),
        ("0909 982 888", "VN", "84909982888"),
        ("0909982888", "", "0909982888"),
        ("01 23 45 67 89", "FR", "33123456789"),
        ("+2222", "VN", "2222"),
        ("113", "VN", "113"),
    ],
)
def test_every_spelling_of_a_number_has_the_same_digits(given_text, country, digits):
    assert digits_of(given_text, country) == digits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "12",
        "1" * 16,
        "+",
        "++84909",
        "84909x82",
        "８４９０９９８２８８８",
        "84909\x00982",
        "+84;rm",
        "tel:84909982888",
    ],
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InvalidPhoneNumber):
        digits_of(text, "VN")


@given(st.from_regex(r"[1-9][0-9]{2,14}", fullmatch=True))
def test_digits_with_a_country_code_stay_themselves_whatever_the_country(digits):
    assert digits_of(digits, "VN") == digits
    assert digits_of("+" + digits, "US") == digits


@given(st.text(max_size=40))
def test_any_text_gives_digits_or_the_refusal(text):
    try:
        digits = digits_of(text, "VN")
    except InvalidPhoneNumber:
        return
    assert digits.isdecimal()
    assert 3 <= len(digits) <= 15


@pytest.mark.parametrize(
    ("text", "digits"),
    [("0909 982", "909982"), ("+84-909", "84909"), ("lan", ""), ("84 lan", ""), ("", "")],
)
def test_a_search_text_is_a_number_only_when_it_looks_like_one(text, digits):
    assert searchable_digits(text) == digits


def test_numbers_are_shown_in_international_spelling_and_unknown_plans_as_digits():
    assert display("84909982888") == "+84 909 982 888"
    assert display("2222") == "+2222"
