"""Pure rules of an offer: one call proposed to one agent, until exactly one thing ends it."""

from __future__ import annotations

from enum import StrEnum

from common.state_table import StateTable


class OfferState(StrEnum):
    """Where an offer is. All but `OPEN` are final."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    BUSY = "busy"  # the agent's phone was
    UNREACHABLE = "unreachable"
    WITHDRAWN = "withdrawn"  # the caller left, or the call was taken elsewhere
    FAILED = "failed"  # something that should have worked did not


class OfferEvent(StrEnum):
    """What ends an offer."""

    ACCEPT = "accept"
    REJECT = "reject"
    TIME_OUT = "time_out"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    WITHDRAW = "withdraw"
    FAIL = "fail"


OFFER_TABLE = StateTable[OfferState, OfferEvent](
    {
        (OfferState.OPEN, OfferEvent.ACCEPT): OfferState.ACCEPTED,
        (OfferState.OPEN, OfferEvent.REJECT): OfferState.REJECTED,
        (OfferState.OPEN, OfferEvent.TIME_OUT): OfferState.TIMED_OUT,
        (OfferState.OPEN, OfferEvent.BUSY): OfferState.BUSY,
        (OfferState.OPEN, OfferEvent.UNREACHABLE): OfferState.UNREACHABLE,
        (OfferState.OPEN, OfferEvent.WITHDRAW): OfferState.WITHDRAWN,
        (OfferState.OPEN, OfferEvent.FAIL): OfferState.FAILED,
    }
)
