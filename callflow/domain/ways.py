"""Where a call can go next. Whoever decides returns one; the conductor follows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from callflow.scco.actions import Program
from calls.domain import Cause, Outcome
from telephony.port import Media

EXTERNAL = "EXTERNAL"  # the customer's side
INTERNAL = "INTERNAL"  # ours


@dataclass(frozen=True, slots=True)
class ToMenu:
    """A tree, at its root unless a node is named. Public ids."""

    tree: str
    node: str = ""


@dataclass(frozen=True, slots=True)
class ToQueue:
    """A queue, by its row's number. `place`: keep the place in line of an earlier stay."""

    queue: int
    place: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ToNumber:
    """A telephone outside, in any spelling. `caller_id` empty: the number that was dialled."""

    destination: str
    caller_id: str = ""


@dataclass(frozen=True, slots=True)
class ToVoicemail:
    queue: int | None = None


@dataclass(frozen=True, slots=True)
class ToMessage:
    """A last message, then the end."""

    media: tuple[Media, ...]
    outcome: Outcome
    cause: Cause


@dataclass(frozen=True, slots=True)
class ToProgram:
    """The instructions of the customer's server."""

    program: Program


@dataclass(frozen=True, slots=True)
class ToEnd:
    """The end. `ended_by`: the side that wanted it."""

    outcome: Outcome
    cause: str
    ended_by: str = INTERNAL


Way = ToMenu | ToQueue | ToNumber | ToVoicemail | ToMessage | ToProgram | ToEnd
