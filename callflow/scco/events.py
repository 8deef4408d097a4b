"""What a running program is told. `id` is that of the instruction; with any other id the event is late and ignored."""

from __future__ import annotations

from dataclasses import dataclass

from callflow.scco.actions import Program
from callflow.scco.instructions import HangUpCause
from callflow.scco.parse import SccoUnreadable, parse


@dataclass(frozen=True, slots=True)
class Started:
    """The call is there: begin."""


@dataclass(frozen=True, slots=True)
class MediaEnded:
    """All repetitions of a PlayMedia are over, or it could not be played."""

    id: int


@dataclass(frozen=True, slots=True)
class MessageRecorded:
    """A RecordVoicemail is over."""

    id: int


@dataclass(frozen=True, slots=True)
class KeysGathered:
    """A Gather is over. `timed_out`: nothing, or not enough, was pressed in time."""

    id: int
    digits: str
    timed_out: bool


@dataclass(frozen=True, slots=True)
class ConnectAnswered:
    """The callee of a Dial talks with the caller."""

    id: int


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """The callee of a Dial will not be there. `reason` is our word, `cause` the text for the customer's server."""

    id: int
    reason: str
    cause: str


@dataclass(frozen=True, slots=True)
class ConnectEnded:
    """The callee has left, or the time to talk is over; the caller is still there."""

    id: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A program that replaces what is left: the answer to a question, or pushed by the customer (`id` None)."""

    program: Program
    id: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerFailed:
    """A question has no usable answer. `cause` is UNREADABLE or ANSWER_FAILED, `reason` explains it."""

    id: int
    reason: str
    cause: HangUpCause = HangUpCause.ANSWER_FAILED


Event = (
    Started
    | MediaEnded
    | MessageRecorded
    | KeysGathered
    | ConnectAnswered
    | ConnectFailed
    | ConnectEnded
    | Answered
    | AnswerFailed
)


def answer_to(question: int, document: object) -> Answered | AnswerFailed:
    """The event for what the customer's server answered with success."""
    try:
        return Answered(parse(document), question)
    except SccoUnreadable as error:
        return AnswerFailed(question, str(error), HangUpCause.UNREADABLE)
