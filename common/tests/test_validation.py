from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from common.validation import phone_digits, validate_web_address


@pytest.mark.parametrize(
    "text",
    [
        "https://crm.example.com/calls?x=1",
        "http://crm:8000/agents",
        "http://[::1]:9/",
        "HTTPS://EXAMPLE.COM",
        "http://10.0.0.1",
    ],
)
def test_web_addresses_are_taken(text):
    validate_web_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "crm.example.com",
        "ftp://crm.example.com",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://crm:port/",
        "http://[::1",
        "http://crm.example.com/a b",
        "http://crm.example.com\\@evil.example",
        "http://crm.example.com/\n",
        "http://crm.example.com/\x00",
        "http://crm:0/",
    ],
)
def test_what_is_no_web_address_is_refused(text):
    with pytest.raises(ValidationError) as refusal:
        validate_web_address(text)
    assert refusal.value.code == "invalid_web_address"


def test_text_that_is_no_number_is_refused_with_what_to_write():
    with pytest.raises(ValidationError) as refusal:
        phone_digits("call me", "VN")
    assert refusal.value.messages == [
        "“call me” is not a phone number. Write 3 to 15 digits, with the country code, e.g. 84909982888."
    ]
