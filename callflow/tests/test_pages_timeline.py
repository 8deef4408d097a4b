"""The picture of a call: where bars lie."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from callflow.pages.timeline import (
    MOST_TICKS,
    OF_STATES,
    Kind,
    Lane,
    Span,
    draw,
    spans_between,
    spans_of_states,
)
from calls.domain import CallState

BEGIN = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
seconds = st.floats(0, 20_000, allow_nan=False)


def at(second: float) -> dt.datetime:
    return BEGIN + dt.timedelta(seconds=second)


def test_every_state_but_the_last_has_a_bar():
    assert set(CallState) - set(OF_STATES) == {CallState.ENDED}


def test_waiting_and_being_offered_are_one_bar():
    changes = [
        (at(0), CallState.RINGING_IN),
        (at(0), CallState.WAITING),
        (at(4), CallState.OFFERED),
        (at(9), CallState.WAITING),
        (at(12), CallState.OFFERED),
        (at(15), CallState.CONNECTED),
        (at(30), CallState.ENDED),
    ]
    texts = {CallState.WAITING: "Waiting", CallState.CONNECTED: "Talking"}
    assert spans_of_states(changes, texts) == (
        Span(Kind.WAITING, at(0), at(15), "Waiting"),
        Span(Kind.TALKING, at(15), at(30), "Talking"),
    )


def test_what_goes_on_has_no_end():
    assert spans_of_states([(at(0), CallState.IVR)], {}) == (Span(Kind.MENU, at(0), None),)


def test_hold_lasts_until_it_is_ended_or_the_leg_is():
    switches = [(at(5), True), (at(6), True), (at(9), False), (at(10), False), (at(20), True)]
    assert spans_between(Kind.HOLD, switches, at(30)) == (
        Span(Kind.HOLD, at(5), at(9)),
        Span(Kind.HOLD, at(20), at(30)),
    )


def test_bars_lie_where_their_times_are():
    spans = (Span(Kind.WAITING, at(0), at(30)), Span(Kind.TALKING, at(30), None))
    picture = draw([Lane("Lan", "person", spans)], BEGIN, at(120))
    (lane,) = picture.lanes
    assert [(bar.left, bar.width, bar.seconds, bar.is_open) for bar in lane.bars] == [
        (0, 25, 30, False),
        (25, 75, 90, True),
    ]
    assert [(tick.left, tick.seconds) for tick in picture.ticks] == [(0, 0), (25, 30), (50, 60), (75, 90), (100, 120)]


def test_a_call_of_no_length_is_drawn():
    picture = draw([Lane("Lan", "person", (Span(Kind.RINGING, BEGIN, BEGIN),))], BEGIN, BEGIN)
    assert (picture.seconds, picture.lanes[0].bars[0].width) == (1, 0)


@given(st.lists(st.tuples(seconds, seconds)), seconds)
def test_no_bar_and_no_mark_leaves_the_picture(pairs, length):
    spans = tuple(Span(Kind.TALKING, at(start), at(end)) for start, end in pairs)
    picture = draw([Lane("Lan", "person", spans)], BEGIN, at(length))
    for bar in picture.lanes[0].bars:
        assert 0 <= bar.left <= 100
        assert 0 <= bar.width <= 100
        assert bar.left + bar.width <= 100.001
    assert 1 <= len(picture.ticks) <= MOST_TICKS
    assert all(0 <= tick.left <= 100 for tick in picture.ticks)


@given(st.lists(st.tuples(seconds, st.sampled_from(CallState)), min_size=1))
def test_spans_of_states_follow_each_other(pairs):
    changes = [(at(second), state) for second, state in sorted(pairs, key=lambda pair: pair[0])]
    spans = spans_of_states(changes, {})
    for before, after in pairwise(spans):
        assert before.end is not None
        assert before.start < before.end <= after.start
