"""Everything that a call can be or end with has words."""

from __future__ import annotations

import pytest

from callflow.domain.ways import EXTERNAL
from callflow.pages import words
from calls.domain import CallState, Cause, Direction, LegRole, Outcome
from calls.models import Call, RecordingState
from queues.entries import EntryOutcome
from routing.domain.offers import OfferState
from telephony.port import HangupCause


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (CallState, words.STATES),
        (Outcome, words.OUTCOMES),
        (Cause, words.CAUSES),
        (Direction, words.DIRECTIONS),
        (EntryOutcome, words.STAYS),
        (OfferState, words.OFFERS),
        (LegRole, words.ROLES),
        (RecordingState, words.RECORDINGS),
    ],
)
def test_every_value_has_its_own_words(values, told):
    assert set(told) == set(values)
    assert len({str(text) for text in told.values()}) == len(values)


def test_every_cause_of_an_engine_has_words():
    assert {cause.value for cause in HangupCause} <= set(words.CAUSES)


def test_every_state_and_outcome_has_a_colour():
    assert {outcome.value for outcome in Outcome} | {words.ALIVE} == set(words.COLOURS)
    assert {state.value for state in OfferState} == set(words.OFFER_COLOURS)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (7.4, "7 s"),
        (59.6, "1:00"),
        (65, "1:05"),
        (3600, "1:00:00"),
        (3723, "1:02:03"),
        (-1, "0 s"),
    ],
)
def test_lengths_of_time_are_read_at_a_glance(seconds, text):
    assert words.span_text(seconds) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("84909982888", "+84 909 982 888"),
        ("+84909982888", "+84 909 982 888"),
        ("0909982888", "0909982888"),
        ("agent_1", "agent_1"),
        ("/chief", "chief"),
        ("", ""),
        ("+", "+"),
        ("anonymous", "anonymous"),
    ],
)
def test_numbers_are_spelled_and_names_are_left_alone(name, text):
    assert words.party_text(name) == text


def test_a_cause_that_is_not_ours_is_shown_as_it_came():
    assert words.cause_text("Q.850 cause 38") == "Q.850 cause 38"


@pytest.mark.parametrize(
    ("direction", "cause", "ended_by", "text"),
    [
        (Direction.INBOUND, Cause.NORMAL, EXTERNAL, "the customer's side hung up"),
        (Direction.OUTBOUND, Cause.NORMAL, "agent_1", "our side hung up"),
        (Direction.INTERNAL, Cause.NORMAL, EXTERNAL, "somebody hung up"),
        (Direction.INBOUND, Cause.NORMAL, "", "somebody hung up"),
        (Direction.INBOUND, Cause.CALLER_LEFT, EXTERNAL, "the caller hung up"),
        (Direction.INBOUND, "", "", ""),
    ],
)
def test_whoever_hung_up_is_named(direction, cause, ended_by, text):
    assert words.reason_text(Call(direction=direction, cause=cause, ended_by=ended_by)) == text


def test_a_caller_without_a_number_is_a_dash():
    assert words.customer_text(Call(direction=Direction.INBOUND, from_number="", to_number="1900")) == "–"
