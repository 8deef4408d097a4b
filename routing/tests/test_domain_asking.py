"""When an agent list URL is asked again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.asking import FLIGHT_LEASE_S, LIST_TABLE, Asking, ListEvent, ListState, may_ask

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def ago(seconds: float) -> dt.datetime:
    return NOW - dt.timedelta(seconds=seconds)


def asking(**facts: Any) -> Asking:
    """Call 1 waits, and has been asked about a second ago with success."""
    quiet = Asking(waiting=frozenset({1}), asked=frozenset({1}), asked_at=ago(1))
    return replace(quiet, **facts)


@pytest.mark.parametrize(
    ("reason", "facts", "expected"),
    [
        ("nobody waits", {"waiting": frozenset(), "asked_at": None}, False),
        ("the first call", {"asked": frozenset(), "asked_at": None}, True),
        ("nothing has changed", {}, False),
        ("nothing has changed for a while", {"asked_at": ago(9.9)}, False),
        ("calls wait on", {"asked_at": ago(10)}, True),
        ("one of two has left", {"asked": frozenset({1, 2})}, False),
        ("another call waits", {"waiting": frozenset({1, 2})}, True),
        ("another call waits, just after a question", {"waiting": frozenset({1, 2}), "asked_at": NOW}, True),
        ("an agent is free", {"freed_at": ago(0.5)}, True),
        ("an agent was free before", {"freed_at": ago(5)}, False),
        ("an agent was free just before, seen or not", {"freed_at": ago(1.5)}, False),
        ("the same a moment later", {"asked_at": ago(2), "freed_at": ago(2.5)}, True),
        ("a question is under way", {"waiting": frozenset({1, 2}), "under_way_since": ago(1)}, False),
        ("its worker died", {"asked_at": ago(10), "under_way_since": ago(FLIGHT_LEASE_S)}, True),
        ("a failure, nothing new", {"failed": True, "asked_at": ago(9)}, False),
        ("a failure a while ago", {"failed": True, "asked_at": ago(10)}, True),
        ("a failure, another call", {"failed": True, "waiting": frozenset({1, 2}), "asked_at": ago(1.9)}, False),
        ("the same a moment later", {"failed": True, "waiting": frozenset({1, 2}), "asked_at": ago(2)}, True),
        ("left alone", {"failed": True, "asked_at": ago(60), "left_alone_until": ago(-1)}, False),
        ("left alone until now", {"failed": True, "asked_at": ago(60), "left_alone_until": NOW}, True),
        ("left alone, unknown to this queue", {"asked_at": ago(60), "left_alone_until": ago(-1)}, True),
    ],
)
def test_it_is_asked_when_there_is_a_reason(reason, facts, expected):
    assert may_ask(asking(**facts), NOW) is expected, reason


moments = st.none() | st.floats(-5, 100).map(ago)
entries = st.frozensets(st.integers(1, 4))
some_asking = st.builds(
    Asking,
    waiting=entries,
    asked=entries,
    asked_at=st.none() | st.floats(0, 100).map(ago),
    under_way_since=moments,
    freed_at=moments,
    failed=st.booleans(),
    left_alone_until=moments,
)


@given(some_asking)
def test_while_calls_wait_it_is_asked_again_within_ten_seconds_of_whatever_held_it_back(state):
    held_back = [NOW, state.asked_at, state.left_alone_until, state.under_way_since]
    later = max(at for at in held_back if at is not None) + dt.timedelta(seconds=10)

    assert may_ask(state, later) is bool(state.waiting)


@given(some_asking)
def test_a_question_just_asked_is_not_repeated_without_news(state):
    asked = replace(state, asked=state.waiting, asked_at=NOW, under_way_since=None, freed_at=None)

    assert not may_ask(asked, NOW + dt.timedelta(seconds=9))


def test_a_question_is_answered_or_failed_once():
    assert LIST_TABLE.after(ListState.ASKED, ListEvent.ANSWER) is ListState.ANSWERED
    assert LIST_TABLE.after(ListState.ASKED, ListEvent.FAIL) is ListState.FAILED
    assert LIST_TABLE.ends(ListState.ANSWERED)
    assert LIST_TABLE.ends(ListState.FAILED)
