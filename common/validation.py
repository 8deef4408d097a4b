"""Checks that speak Django's language of form errors."""

from __future__ import annotations

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
