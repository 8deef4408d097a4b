"""JSON as customers' servers really write it: trailing commas, NaN, numbers without end, any content type."""

from __future__ import annotations

import json
import math
import re

from common.strict_json import MAX_INTEGER, BadJson

_MAX_DIGITS = 20  # of a number; more are beyond 64 bits, and reading a million of them takes seconds

# A string (kept), or a comma with nothing but a closing bracket behind it. The closing quote is optional: an open
# string then reaches to the end of the text at once, and no hostile text makes the search start over at each quote.
_STRING_OR_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*"?)|,(?=[ \t\r\n]*[\]}])', re.DOTALL)


def loads(raw: bytes) -> object:
    """The value in a UTF-8 text (a byte order mark is skipped).

    Trailing commas are taken off, NaN and infinities are null, integers stop at 64 bits; of doubled keys the last
    counts.
    Cost: linear in the length of the text, which the caller limits.
    Raises BadJson for anything that is still no JSON, and for nesting that is too deep to be read.
    """
    try:
        text = without_trailing_commas(raw.decode("utf-8-sig"))
        return json.loads(text, parse_int=integer, parse_float=_finite, parse_constant=_nothing)
    except UnicodeDecodeError as error:
        raise BadJson("The JSON is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise BadJson(f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise BadJson("The JSON is nested too deeply.") from error


def without_trailing_commas(text: str) -> str:
    """The text without commas that have nothing but a closing bracket behind them. Cost: linear."""
    return _STRING_OR_TRAILING_COMMA.sub(r"\1", text)


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
