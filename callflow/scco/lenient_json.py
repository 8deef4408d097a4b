"""JSON as customers' servers really write it: trailing commas, NaN, any content type."""

from __future__ import annotations

import json
import math
import re
from enum import StrEnum

from common.strict_json import MAX_INTEGER, BadJson, check_storable

MAX_BYTES = 64 * 1024  # a hundred actions with long texts need half of it
_MAX_DIGITS = 20  # of a number; more are beyond 64 bits, and reading a million of them takes seconds

# A string (kept), or a comma with nothing but a closing bracket behind it. The closing quote is optional: an open
# string then reaches to the end of the text at once, and no hostile text makes the search start over at each quote.
_STRING_OR_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*"?)|,(?=[ \t\r\n]*[\]}])', re.DOTALL)


class Reason(StrEnum):
    TOO_LONG = "too_long"
    NOT_JSON = "not_json"
    NOT_AN_ARRAY = "not_an_array"
    TOO_MANY_ACTIONS = "too_many_actions"


class SccoUnreadable(Exception):
    """The document is no SCCO. `reason` is for programs, the message for the developer who wrote it."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def read_array(document: object) -> list[object]:
    """The array in a text (UTF-8 when bytes), or the document itself when it is a list that was read from JSON.

    Trailing commas are taken off, NaN and infinities are null, integers stop at 64 bits.
    Cost: linear in the length of the text.
    Raises SccoUnreadable for anything else, for texts over MAX_BYTES, deep nesting, and what cannot be stored.
    """
    value = _value_of(document) if isinstance(document, str | bytes) else document
    if not isinstance(value, list):
        raise SccoUnreadable(Reason.NOT_AN_ARRAY, "An SCCO is a JSON array of actions.")
    try:
        check_storable(value)
    except BadJson as error:
        raise SccoUnreadable(Reason.NOT_JSON, str(error)) from error
    return value


def _value_of(document: str | bytes) -> object:
    raw = document if isinstance(document, bytes) else document.encode(errors="surrogatepass")
    if len(raw) > MAX_BYTES:
        raise SccoUnreadable(Reason.TOO_LONG, f"An SCCO has at most {MAX_BYTES} bytes.")
    try:
        text = raw.decode("utf-8-sig")
        return json.loads(
            _STRING_OR_TRAILING_COMMA.sub(r"\1", text), parse_int=integer, parse_float=_finite, parse_constant=_nothing
        )
    except UnicodeDecodeError as error:
        raise SccoUnreadable(Reason.NOT_JSON, "The SCCO is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise SccoUnreadable(
            Reason.NOT_JSON, f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise SccoUnreadable(Reason.NOT_JSON, "The JSON is nested too deeply.") from error


def integer(digits: str) -> int:
    """The integer that the text shows, at most as large as 64 bits hold."""
    if len(digits) > _MAX_DIGITS:
        return -MAX_INTEGER if digits.startswith("-") else MAX_INTEGER
    return max(-MAX_INTEGER, min(int(digits), MAX_INTEGER))


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _nothing(_name: str) -> None:
    return None
