"""What the program that finishes a recording answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

LONGEST_MS = 25 * 3600 * 1000
MOST_PEAKS = 400


class Trouble(StrEnum):
    """Why there is no file."""

    EMPTY = "empty"  # nobody was heard
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Finished:
    """A file is there. Units: milliseconds; peaks of both sides, 0 to 100 of full scale."""

    duration_ms: int
    left: tuple[int, ...]
    right: tuple[int, ...]


def to_json(outcome: Finished | Trouble) -> str:
    """The line that the program prints."""
    return json.dumps({"trouble": outcome} if isinstance(outcome, Trouble) else asdict(outcome))


def from_json(text: str) -> Finished | Trouble:
    """Read the line again; nothing in it is trusted, because packets of strangers were decoded before it was printed.

    Raises ValueError for anything that the program would not print.
    """
    answer = json.loads(text)
    if not isinstance(answer, dict):
        raise ValueError(text)
    if "trouble" in answer:
        return Trouble(answer["trouble"])
    duration_ms = answer.get("duration_ms")
    if type(duration_ms) is not int or not 0 < duration_ms <= LONGEST_MS:
        raise ValueError(text)
    return Finished(duration_ms, _peaks(answer.get("left")), _peaks(answer.get("right")))


def _peaks(values: object) -> tuple[int, ...]:
    if not isinstance(values, list) or len(values) > MOST_PEAKS:
        raise ValueError(values)
    if not all(type(value) is int and 0 <= value <= 100 for value in values):
        raise ValueError(values)
    return tuple(values)
