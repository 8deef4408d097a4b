"""The states of an offer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routing.domain.offers import OFFER_TABLE, OfferEvent, OfferState


def test_every_event_ends_an_open_offer_in_a_state_of_its_own():
    ends = [OFFER_TABLE.after(OfferState.OPEN, event) for event in OfferEvent]
    assert set(ends) == set(OfferState) - {OfferState.OPEN}
    assert len(set(ends)) == len(ends)


@given(st.lists(st.sampled_from(OfferEvent), min_size=1))
def test_the_first_event_decides_and_all_later_ones_mean_nothing(events):
    state = OfferState.OPEN
    for event in events:
        state = OFFER_TABLE.after(state, event) or state
    assert state == OFFER_TABLE.after(OfferState.OPEN, events[0])
