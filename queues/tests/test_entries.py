"""The states of a stay in a queue."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from queues.entries import ENTRY_TABLE, EntryEvent, EntryState


def test_only_the_end_is_final_and_every_stay_can_be_left():
    assert [state for state in EntryState if ENTRY_TABLE.ends(state)] == [EntryState.ENDED]
    for state in set(EntryState) - {EntryState.ENDED}:
        assert ENTRY_TABLE.after(state, EntryEvent.LEAVE) is EntryState.ENDED


def test_a_call_that_nobody_takes_returns_to_the_line():
    offered = ENTRY_TABLE.after(EntryState.WAITING, EntryEvent.OFFER)
    assert offered is EntryState.OFFERED
    assert ENTRY_TABLE.after(offered, EntryEvent.OFFER_ENDED) is EntryState.WAITING


@given(st.lists(st.sampled_from(EntryEvent)))
def test_only_an_offered_call_gets_connected_whatever_happens(events):
    state = EntryState.WAITING
    for event in events:
        after = ENTRY_TABLE.after(state, event) or state
        if after is EntryState.CONNECTED and state is not EntryState.CONNECTED:
            assert state is EntryState.OFFERED
        state = after
