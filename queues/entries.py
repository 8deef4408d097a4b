"""Pure rules of a call's stay in a queue: its states, what leads from one to the next, and how a stay can end."""

from __future__ import annotations

from enum import StrEnum

from common.state_table import StateTable


class EntryState(StrEnum):
    """Where a stay in a queue is. Only `ENDED` is final."""

    WAITING = "waiting"
    OFFERED = "offered"  # an agent is being rung for it
    CONNECTED = "connected"  # talks with an agent of the queue
    ENDED = "ended"


class EntryEvent(StrEnum):
    """What moves a stay."""

    OFFER = "offer"
    OFFER_ENDED = "offer_ended"  # without an answer: back to its place in the line
    CONNECT = "connect"
    LEAVE = "leave"


ENTRY_TABLE = StateTable[EntryState, EntryEvent](
    {
        (EntryState.WAITING, EntryEvent.OFFER): EntryState.OFFERED,
        (EntryState.OFFERED, EntryEvent.OFFER_ENDED): EntryState.WAITING,
        (EntryState.OFFERED, EntryEvent.CONNECT): EntryState.CONNECTED,
        **{(state, EntryEvent.LEAVE): EntryState.ENDED for state in EntryState if state is not EntryState.ENDED},
    }
)


class EntryOutcome(StrEnum):
    """Why a stay ended: exactly one for each."""

    ANSWERED = "answered"  # an agent of the queue took the call, and the conversation is over
    ABANDONED = "abandoned"  # the caller left before anybody answered
    WAITED_TOO_LONG = "waited_too_long"
    NOBODY_SIGNED_IN = "nobody_signed_in"
    TRANSFERRED = "transferred"  # the agent handed the call on
    REDIRECTED = "redirected"  # something other than the queue took the caller out of the line
    FAILED = "failed"
