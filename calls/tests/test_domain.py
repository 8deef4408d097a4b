"""The state tables of calls and legs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from calls.domain import CALL_TABLE, LEG_TABLE, CallEvent, CallState, LegEvent, LegState


@given(st.lists(st.sampled_from(list(CallEvent))))
def test_a_call_that_has_ended_stays_ended(events):
    state = CallState.RINGING_IN
    for event in events:
        following = CALL_TABLE.after(state, event)
        assert state is not CallState.ENDED or following is None
        state = following or state


@given(st.lists(st.sampled_from(list(LegEvent))))
def test_a_leg_that_has_ended_stays_ended(events):
    state = LegState.DIALING
    for event in events:
        following = LEG_TABLE.after(state, event)
        assert state is not LegState.ENDED or following is None
        state = following or state


def test_every_call_can_end_at_any_time():
    alive = set(CallState) - {CallState.ENDED}
    assert {state for state in alive if CALL_TABLE.after(state, CallEvent.END) is CallState.ENDED} == alive
    assert CALL_TABLE.ends(CallState.ENDED)


def test_every_state_of_a_call_can_be_reached():
    reached = {CallState.RINGING_IN, CallState.AUTHORISING}
    reached |= set(CALL_TABLE.rows.values())
    assert reached == set(CallState)


def test_only_a_waiting_call_can_be_offered():
    assert [state for state in CallState if CALL_TABLE.after(state, CallEvent.OFFER)] == [CallState.WAITING]


def test_a_leg_cannot_ring_after_it_was_answered():
    assert LEG_TABLE.after(LegState.ANSWERED, LegEvent.RING) is None
