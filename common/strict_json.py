"""JSON from strangers: read strictly, so that every oddity is refused with its reason and none is stored."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

MAX_DEPTH = 20  # the deepest body that the API knows has three levels
MAX_INTEGER = 2**63 - 1  # what the database's integers hold
_LONGEST_INTEGER = len(str(-MAX_INTEGER))


class BadJson(ValueError):
    """The text is not JSON, or JSON that nobody sends by intention. The message says what and where."""


def parse_object(raw: bytes, tidy: Callable[[str], str] = str) -> dict[str, Any]:
    """Read a JSON object from UTF-8 text (a byte order mark is skipped), as `tidy` leaves it.

    Raises BadJson for anything else, and for: duplicate keys, NaN and infinities, integers beyond 64 bits, nesting
    deeper than MAX_DEPTH, and texts with a NUL character or half of a surrogate pair, which the database cannot store.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadJson("The JSON is not UTF-8 text.") from error
    try:
        value = json.loads(
            tidy(text),
            object_pairs_hook=_object_without_duplicates,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        raise BadJson(f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise BadJson(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from error
    if not isinstance(value, dict):
        raise BadJson("The JSON must be an object with named fields, such as {}.")
    check_storable(value)
    return value


def check_storable(value: dict[str, Any] | list[Any]) -> None:
    """Raises BadJson for nesting deeper than MAX_DEPTH, and for texts and keys that the database cannot store."""
    for text in _texts(value):
        _check_storable_text(text)


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BadJson(f"The key {json.dumps(key[:100])} is there twice.")
        found[key] = value
    return found


def _integer(text: str) -> int:
    # The length comes first: reading a number of a million digits takes seconds.
    if len(text) > _LONGEST_INTEGER or abs(int(text)) > MAX_INTEGER:
        raise BadJson("A number is larger than 64 bits hold.")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadJson("A number is too large.")
    return number


def _no_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not JSON.")


def _texts(value: dict[str, Any] | list[Any]) -> Iterator[str]:
    """Every key and every text inside; raises BadJson below MAX_DEPTH."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                yield from item
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
            elif isinstance(item, str):
                yield item
        if not deeper:
            return
        level = deeper
    if any(isinstance(item, dict | list) for item in level):
        raise BadJson(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
    yield from (item for item in level if isinstance(item, str))


def _check_storable_text(text: str) -> None:
    if "\x00" in text:
        raise BadJson("A text contains a NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadJson("A text contains half of a surrogate pair.") from error
