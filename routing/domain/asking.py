"""When the agent list URL of a queue is asked, and the life of one such question: pure rules.

The original says "when a call enters the queue", and that every waiting call is listed; so it is asked again while
calls wait (Source: webhooks.md §6.3). A call that nobody has asked about yet, or an agent who has become free, is a
reason to ask at once; without any, an answer holds for a while. There is never more than one question of a queue under
way: what happens meanwhile is a reason for the next one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from common.state_table import StateTable

MAX_CALLS = 200  # of one question, those next in line first; the answer's size is limited, too
ANSWER_WITHIN_S = 2.0  # a caller waits meanwhile; receivers ask our REST API inside of it
FLIGHT_LEASE_S = 10  # longer than any question takes; then its worker is taken for dead
PAUSE_AFTER_FAILURE_S = 2  # a server in trouble gets no question for each new call
OVERLAP_S = 1  # an agent who became free so shortly before a question may not have been seen by it yet
ASK_AGAIN_AFTER_S = 10  # with nothing new: answers such as "nobody" and failures are made good then
FAILURE_COUNTS_FOR_S = 90  # while calls wait, it is asked more often than that, also by a breaker that opens


class ListState(StrEnum):
    """Where a question to an agent list URL is."""

    ASKED = "asked"
    ANSWERED = "answered"
    FAILED = "failed"


class ListEvent(StrEnum):
    ANSWER = "answer"
    FAIL = "fail"


LIST_TABLE = StateTable[ListState, ListEvent](
    {
        (ListState.ASKED, ListEvent.ANSWER): ListState.ANSWERED,
        (ListState.ASKED, ListEvent.FAIL): ListState.FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class Asking:
    """What is known of the questions about one queue.

    `waiting` and `asked` are queue entries: those at the head of the line, and those of the last question. `asked_at`:
    when the last question was asked; `under_way_since`: the same while it has no answer; `freed_at`: when an agent of
    the project last became free; `failed`: the last question got no usable answer; `left_alone_until`: the breaker of
    the endpoint is open.
    """

    waiting: frozenset[int]
    asked: frozenset[int] = frozenset()
    asked_at: dt.datetime | None = None
    under_way_since: dt.datetime | None = None
    freed_at: dt.datetime | None = None
    failed: bool = False
    left_alone_until: dt.datetime | None = None


def may_ask(asking: Asking, now: dt.datetime) -> bool:
    """Whether the customer's server should be asked now which agents may take the waiting calls.

    While its breaker is open it is asked once, in vain: that failure is what lets the groups stand in.
    """
    if not asking.waiting or _is_under_way(asking, now):
        return False
    if asking.failed and asking.left_alone_until is not None and now < asking.left_alone_until:
        return False
    return asking.asked_at is None or now >= asking.asked_at + dt.timedelta(seconds=_pause_s(asking))


def _is_under_way(asking: Asking, now: dt.datetime) -> bool:
    since = asking.under_way_since
    return since is not None and now < since + dt.timedelta(seconds=FLIGHT_LEASE_S)


def _pause_s(asking: Asking) -> int:
    """Seconds between the last question and the next."""
    if asking.waiting - asking.asked or _freed_after(asking, 0):
        return PAUSE_AFTER_FAILURE_S if asking.failed else 0
    return PAUSE_AFTER_FAILURE_S if _freed_after(asking, OVERLAP_S) else ASK_AGAIN_AFTER_S


def _freed_after(asking: Asking, overlap_s: int) -> bool:
    if asking.freed_at is None or asking.asked_at is None:
        return False
    return asking.freed_at > asking.asked_at - dt.timedelta(seconds=overlap_s)
