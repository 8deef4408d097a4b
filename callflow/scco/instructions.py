"""What a running program wants done. Every instruction whose outcome it waits for has an id; the outcome names it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callflow.scco.actions import Format, Party, Sound


class HangUpCause(StrEnum):
    FINISHED = "scco_end"  # the list is exhausted and everything has been heard
    EMPTY = "scco_empty"  # a document without an action
    UNREADABLE = "scco_unreadable"
    ANSWER_FAILED = "answer_url_failed"  # no answer from the customer's server
    CONNECT_FAILED = "scco_connect_failed"
    BUDGET = "scco_budget"  # more instructions than any sensible call needs


@dataclass(frozen=True, slots=True)
class Prompt:
    """A sound that is played `loops` times with `pause_ms` between."""

    sound: Sound
    loops: int
    pause_ms: int


@dataclass(frozen=True, slots=True)
class PlayMedia:
    """Play to the caller. One at a time: the next comes after MediaEnded.

    `answer_first`: answer the call before, else play as early media.
    """

    id: int
    sound: Sound
    loops: int
    pause_ms: int
    answer_first: bool


@dataclass(frozen=True, slots=True)
class StopMedia:
    """End what the caller hears, types or says into a message; the outcome does not matter any more."""


@dataclass(frozen=True, slots=True)
class Gather:
    """Play the prompts, which a key interrupts, and collect keys. `timeout_s` counts from the last key or prompt."""

    id: int
    prompt: tuple[Prompt, ...]
    timeout_s: int
    max_digits: int
    submit_on_hash: bool


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Record the call from here on; its end is the end of the call."""

    format: Format
    stereo: bool
    event_url: str | None


@dataclass(frozen=True, slots=True)
class RecordVoicemail:
    """Record the caller's message. `silence_ms` None: silence does not end it."""

    id: int
    format: Format
    end_on_key: str
    max_ms: int
    silence_ms: int | None
    beep: bool
    event_url: str | None


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring `to` and join it with the caller.

    When it answers, whatever the caller hears ends, before or with joining them.
    """

    id: int
    from_: Party
    to: Party
    timeout_s: int
    max_connect_s: int | None
    custom_data: str


@dataclass(frozen=True, slots=True)
class AskInput:
    """Send the keys to the customer's server; its answer is the program that goes on."""

    id: int
    url: str
    digits: str
    timed_out: bool
    custom_field: str


@dataclass(frozen=True, slots=True)
class AskOnFail:
    """Tell the customer's server who did not answer; its answer is the program that goes on."""

    id: int
    url: str
    to: Party
    cause: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call. Always the last instruction."""

    cause: HangUpCause
    detail: str = ""


Instruction = PlayMedia | StopMedia | Gather | StartRecording | RecordVoicemail | Dial | AskInput | AskOnFail | HangUp
