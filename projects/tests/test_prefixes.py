"""Which numbers may be dialled."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from projects.models import CallSettings, prefixes_in, validate_prefixes

prefixes = st.lists(st.from_regex(r"[1-9][0-9]{0,5}", fullmatch=True), min_size=1, max_size=4)
digits = st.from_regex(r"[1-9][0-9]{5,14}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("84", ("84",)),
        ("+84, 34", ("84", "34")),
        (" 84,,34\n1 ", ("84", "34", "1")),
    ],
)
def test_prefixes_are_read_as_people_list_them(text, found):
    validate_prefixes(text)
    assert prefixes_in(text) == found


@pytest.mark.parametrize("text", ["84 x", "+", "++84", "84-24", "8" * 16, "٨٤"])
def test_what_no_number_begins_with_is_refused(text):
    with pytest.raises(ValidationError):
        validate_prefixes(text)


@given(digits=digits)
def test_without_prefixes_every_number_may_be_dialled(digits):
    assert CallSettings().may_dial(digits)


@given(listed=prefixes, digits=digits)
def test_a_number_may_be_dialled_when_it_begins_with_a_listed_prefix(listed, digits):
    settings = CallSettings(outbound_prefixes=" ".join(listed))
    assert settings.may_dial(digits) == any(digits[: len(each)] == each for each in listed)
    assert settings.may_dial(listed[0] + digits)
