"""Checks that speak Django's language of form errors."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common import phone


def phone_digits(text: str, country: str) -> str:
    """As `common.phone.digits_of`, but raises a ValidationError that tells a person what to write."""
    try:
        return phone.digits_of(text, country)
    except phone.InvalidPhoneNumber as error:
        raise ValidationError(
            _("“%(text)s” is not a phone number. Write 3 to 15 digits, with the country code, e.g. 84909982888."),
            code="invalid_phone_number",
            params={"text": text},
        ) from error


def validate_web_address(text: str) -> None:
    """Refuse what cannot be asked over HTTP. Host names without a dot are fine: your server may stand beside ours."""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, half an IPv6 address
        fine = False
    if not fine or re.search(r"[\s\x00-\x1f\\]", text):
        raise ValidationError(
            _("Write a web address that begins with https:// or http://, e.g. https://crm.example.com/calls."),
            code="invalid_web_address",
        )


MAX_ROW_NUMBER_DIGITS = 18  # what a 64-bit key surely holds; longer digits are nobody's


def row_number(text: str) -> int:
    """A primary key that came as text from a page; 0, which no row has, for what cannot be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_ROW_NUMBER_DIGITS else 0
