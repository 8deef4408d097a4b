"""Waiting lines in memory against a list that is sorted anew each time."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from callflow.domain.call import Entry
from callflow.simulation.lines import Lines
from callflow.simulation.tests.places import after
from queues.entries import EntryState
from routing.domain.question import Listed


def entry(number: int, at: dt.datetime, priority: int = 0, queue: int = 1) -> Entry:
    return Entry(number, queue, EntryState.WAITING, priority, at, at, at, at)


def offered(waiting: Entry) -> Entry:
    return replace(waiting, state=EntryState.OFFERED, attempts=waiting.attempts + 1)


def ended(waiting: Entry) -> Entry:
    return replace(waiting, state=EntryState.ENDED)


places = st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from(["stays", "offered", "ended", "comes back"]))


@given(st.lists(places, max_size=25))
def test_a_line_holds_who_waits_by_priority_then_time_then_number(drawn):
    lines, expected = Lines([1]), []
    for number, (priority, seconds, what) in enumerate(drawn, 1):
        waiting = entry(number, after(seconds), priority)
        lines.keep(None, waiting, number, f"call-{number}")
        if what == "offered":
            lines.keep(waiting, offered(waiting), number, f"call-{number}")
        elif what == "ended":
            lines.keep(waiting, ended(waiting), number, f"call-{number}")
        elif what == "comes back":
            lines.keep(waiting, offered(waiting), number, f"call-{number}")
            lines.keep(offered(waiting), replace(offered(waiting), state=EntryState.WAITING), number, f"call-{number}")
        if what in ("stays", "comes back"):
            expected.append((-priority, after(seconds), number))

    assert [each.place for each in lines.calls(1)] == sorted(expected)
    assert lines.length(1) == len(expected)
    assert [lines.place_of(number) for _, _, number in sorted(expected)] == list(range(1, len(expected) + 1))
    assert lines.head(1, 3) == list(lines.calls(1))[:3]


def test_a_call_that_goes_from_one_queue_into_another_stands_in_the_other_line_only():
    lines = Lines([1, 2])
    first, second = entry(1, after(0)), entry(2, after(9), queue=2)
    lines.keep(None, first, 1, "call-1")
    lines.keep(first, second, 1, "call-1")
    assert (lines.length(1), lines.length(2)) == (0, 1)


def test_a_list_is_kept_while_an_agent_is_rung_and_forgotten_when_the_stay_ends():
    lines, waiting = Lines([1]), entry(1, after(0))
    lines.keep(None, waiting, 1, "call-1")
    lines.keep(waiting, offered(waiting), 1, "call-1")
    lines.set_list(1, [Listed(7, 15)])
    lines.keep(offered(waiting), waiting, 1, "call-1")
    assert lines.head(1, 1)[0].listed == (Listed(7, 15),)

    lines.keep(waiting, ended(waiting), 1, "call-1")
    lines.set_list(1, [Listed(8, 15)])
    lines.keep(None, entry(1, after(0)), 1, "call-1")
    assert lines.head(1, 1)[0].listed is None
