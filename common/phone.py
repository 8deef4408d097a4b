"""Telephone numbers: matched by their digits with country code, echoed as they were given."""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers

MAX_DIGITS = 15  # E.164
MIN_DIGITS = 3  # short codes and test numbers such as +2222 (Source: the tutorial's softphone sample)
_SEPARATORS = re.compile(r"[\s.\-()/\u00a0]+")
_INTERNATIONAL = re.compile(rf"[1-9][0-9]{{{MIN_DIGITS - 1},{MAX_DIGITS - 1}}}")  # no country code begins with a zero
_CANDIDATE = re.compile(rf"\+?[0-9]{{{MIN_DIGITS},{MAX_DIGITS}}}")


class InvalidPhoneNumber(ValueError):
    """The text is not a telephone number."""


def digits_of(text: str, country: str = "") -> str:
    """The digits by which a number is compared, country code first, no plus sign.

    `country` (ISO 3166 letters) turns a national spelling such as `0909 982 888` into `84909982888`; without a
    country, or when the number cannot be valid there, its digits are taken as they are.
    Raises InvalidPhoneNumber for anything that is not 3 to 15 digits with the usual separators.
    """
    compact = _SEPARATORS.sub("", text)
    if compact.startswith("00"):
        compact = "+" + compact[2:]
    if not _CANDIDATE.fullmatch(compact) or not compact.isascii():
        raise InvalidPhoneNumber(text)
    if compact.startswith("0") and country:
        return _national(compact, country)
    return compact.removeprefix("+")


def _national(compact: str, country: str) -> str:
    try:
        parsed = phonenumbers.parse(compact, country)
    except phonenumbers.NumberParseException:
        return compact
    if not phonenumbers.is_possible_number(parsed):
        return compact
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def searchable_digits(text: str) -> str:
    """The digits in a search text, whatever else is in it; a leading national zero or `00` is dropped."""
    return re.sub(r"\D", "", text).lstrip("0") if re.fullmatch(r"[\d\s+.\-()/]+", text.strip()) else ""


def display(digits: str) -> str:
    """International spelling for people, e.g. `+84 909 982 888`; unknown plans as `+digits`."""
    try:
        parsed = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return "+" + digits
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def shown(name: str) -> str:
    """A telephone number as people read it, with or without its plus sign; users and what switches send as they are."""
    digits = name.removeprefix("+")
    return display(digits) if _INTERNATIONAL.fullmatch(digits) else name


@dataclass(frozen=True)
class Parts:
    """A number taken apart: `84`, `2473082686`, `VN`. Without a known plan all digits are `national`."""

    country_code: str
    national: str
    region: str


def parts_of(digits: str) -> Parts:
    """Split digits that begin with a country code."""
    try:
        parsed = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return Parts("", digits, "")
    code = str(parsed.country_code)
    return Parts(code, digits.removeprefix(code), phonenumbers.region_code_for_number(parsed) or "")


def without_country(digits: str, country: str) -> str:
    """Digits without the country code, e.g. `909982888`, when they begin with that of `country`; else unchanged."""
    code = str(phonenumbers.country_code_for_region(country))
    return digits.removeprefix(code) if len(digits) > len(code) + MIN_DIGITS else digits
