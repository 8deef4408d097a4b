"""Fields of one action, read as leniently as real documents need (booleans and numbers as texts, null, "")."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from callflow.scco.actions import Problem, ProblemCode
from common.lenient_json import integer
from common.strict_json import MAX_INTEGER

MAX_URL = 2000  # characters; what browsers and proxies agree on
_NUMBER = re.compile(r"([+-]?[0-9]+)(?:\.[0-9]*)?", re.ASCII)
_YES_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_URL = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)

Choice = TypeVar("Choice", bound=StrEnum)


class Unusable(Exception):
    """The action means nothing without the field; the problem is noted."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Reads fields by their names and notes what is wrong in `problems`. Null and "" are as if not there."""

    given: Mapping[str, object]
    place: int
    problems: list[Problem]
    prefix: str = ""  # of an object inside the action, for the names in problems

    def note(self, code: ProblemCode, name: str) -> None:
        self.problems.append(Problem(self.place, code, self.prefix + name))

    def text(self, *names: str, limit: int) -> str:
        """The first of the names that is given, as text; "" when there is none, or it is longer than `limit`."""
        name, value = self._first(names)
        text = _as_text(value)
        if text is None:
            self.note(ProblemCode.BAD_VALUE, name)
            return ""
        if len(text) > limit:
            self.note(ProblemCode.TOO_LONG, name)
            return ""
        return text

    def needed_text(self, *names: str, limit: int) -> str:
        """Raises Unusable when there is nothing but spaces."""
        return self._needed(self.text(*names, limit=limit), names[0])

    def url(self, *names: str) -> str | None:
        """An http(s) address, without spaces around it."""
        text = self.text(*names, limit=MAX_URL).strip()
        if not text:
            return None
        if not _URL.fullmatch(text):
            self.note(ProblemCode.BAD_VALUE, names[0])
            return None
        return text

    def needed_url(self, *names: str) -> str:
        return self._needed(self.url(*names) or "", names[0])

    def flag(self, name: str, default: bool) -> bool:
        _, value = self._first((name,))
        if value is None:
            return default
        known = _YES_NO.get((_as_text(value) or "").strip().lower())
        if known is None:
            self.note(ProblemCode.BAD_VALUE, name)
            return default
        return known

    def number(self, *names: str, low: int, high: int, default: int) -> int:
        """A whole number; what is beyond the limits counts as the limit."""
        number = self.any_number(*names)
        if number is None:
            return default
        if not low <= number <= high:
            self.note(ProblemCode.OUT_OF_RANGE, names[0])
        return max(low, min(number, high))

    def any_number(self, *names: str) -> int | None:
        name, value = self._first(names)
        if value is None:
            return None
        number = _as_number(value)
        if number is None:
            self.note(ProblemCode.BAD_VALUE, name)
        return number

    def choice(self, name: str, default: Choice) -> Choice:
        text = self.text(name, limit=50).strip().lower()
        if not text:
            return default
        kind = type(default)
        if text not in {member.value for member in kind}:
            self.note(ProblemCode.BAD_VALUE, name)
            return default
        return kind(text)

    def inside(self, name: str) -> Fields | None:
        """The fields of the object under that name."""
        value = self.given.get(name)
        if not isinstance(value, dict):
            return None
        return Fields(value, self.place, self.problems, prefix=f"{name}.")

    def _first(self, names: tuple[str, ...]) -> tuple[str, object]:
        for name in names:
            value = self.given.get(name)
            if value is not None and value != "":
                return name, value
        return names[0], None

    def _needed(self, text: str, name: str) -> str:
        if not text.strip():
            self.note(ProblemCode.MISSING_FIELD, name)
            raise Unusable
        return text


def _as_text(value: object) -> str | None:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return value
        case int() if abs(value) <= MAX_INTEGER:
            return str(value)
        case float() if math.isfinite(value):
            return str(int(value) if value.is_integer() else value)
    return None


def _as_number(value: object) -> int | None:
    match value:
        case bool():
            return None
        case int():
            return value
        case float():
            return int(value) if math.isfinite(value) else None
        case str():
            shown = _NUMBER.fullmatch(value.strip())
            return integer(shown[1]) if shown else None
    return None
