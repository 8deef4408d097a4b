"""Pure rules: states, schedules, the breaker, texts."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks import breaker, domain
from webhooks.breaker import HEALTHY, Admission, BreakerState, Health
from webhooks.domain import (
    DELIVERY_TABLE,
    EVENT_LIFE_S,
    EVENT_PAUSES_S,
    QUESTION_TABLE,
    SMS_TABLE,
    DeliveryEvent,
    DeliveryState,
    QuestionEvent,
    QuestionState,
    SmsEvent,
    SmsState,
    excerpt,
    pause_s,
)
from webhooks.failures import FailureReason, FetchFailed
from webhooks.texts import json_text, storable

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
JITTERS = st.floats(0, 1, exclude_max=True)


# ── States ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.sampled_from(DeliveryEvent), max_size=40))
def test_a_delivery_is_never_lost_on_its_way(events):
    state = DeliveryState.PENDING
    for event in events:
        after = DELIVERY_TABLE.after(state, event)
        if after is None:
            continue
        if after is DeliveryState.DELIVERED:
            assert (state, event) == (DeliveryState.SENDING, DeliveryEvent.ACCEPT)
        if after is DeliveryState.SENDING:
            assert event is DeliveryEvent.CLAIM
        state = after
    assert any(DELIVERY_TABLE.after(state, event) for event in DeliveryEvent)  # a person can always send it again


@given(st.lists(st.sampled_from(QuestionEvent), max_size=20))
def test_a_question_is_asked_at_most_once_and_settles_at_most_once(events):
    state, asked, settled = QuestionState.PENDING, 0, 0
    for event in events:
        after = QUESTION_TABLE.after(state, event)
        if after is None:
            continue
        asked += after is QuestionState.ASKED
        settled += QUESTION_TABLE.ends(after)
        state = after
    assert asked <= 1
    assert settled <= 1


@given(st.lists(st.sampled_from(SmsEvent), max_size=20))
def test_a_text_message_is_sent_only_by_whoever_claimed_it(events):
    state = SmsState.PENDING
    for event in events:
        after = SMS_TABLE.after(state, event)
        if after is SmsState.SENT:
            assert state is SmsState.SENDING
        if event is SmsEvent.SEND_AGAIN:
            assert state is not SmsState.SENT or after is None
        state = after or state


def test_the_final_states_are_these():
    assert {state for state in DeliveryState if DELIVERY_TABLE.ends(state)} == set()
    assert {state for state in QuestionState if QUESTION_TABLE.ends(state)} == {
        QuestionState.ANSWERED,
        QuestionState.FAILED,
    }
    assert {state for state in SmsState if SMS_TABLE.ends(state)} == {SmsState.SENT}


# ── Schedules ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_half_a_jitter_gives_the_schedule_itself_and_then_nothing():
    assert [pause_s(EVENT_PAUSES_S, n, 0.5) for n in range(1, 13)] == pytest.approx(
        [5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, None]
    )


@given(st.integers(1, 11), JITTERS)
def test_a_pause_is_at_most_a_fifth_from_the_schedule(attempts, jitter):
    pause = pause_s(EVENT_PAUSES_S, attempts, jitter)

    assert pause is not None
    assert 0.8 * EVENT_PAUSES_S[attempts - 1] <= pause <= 1.2 * EVENT_PAUSES_S[attempts - 1]


def test_the_schedule_lasts_over_three_days_and_no_longer_than_a_delivery_lives():
    shortest, longest = (sum(pause_s(EVENT_PAUSES_S, n, j) or 0 for n in range(1, 12)) for j in (0, 0.999))

    assert shortest > 2.5 * 86_400
    assert 3 * 86_400 < longest <= EVENT_LIFE_S


@pytest.mark.parametrize(("attempts", "jitter"), [(0, 0.5), (-1, 0.5), (1, 1), (1, -0.1), (1, float("nan"))])
def test_a_pause_of_nonsense_is_refused(attempts, jitter):
    with pytest.raises(ValueError, match=r"\w"):
        pause_s(EVENT_PAUSES_S, attempts, jitter)


@pytest.mark.parametrize(
    ("failure", "another", "event"),
    [
        (FetchFailed(FailureReason.STATUS, status=410), True, DeliveryEvent.DISABLE),
        (FetchFailed(FailureReason.STATUS, status=404), True, DeliveryEvent.FAIL),
        (FetchFailed(FailureReason.STATUS, status=500), False, DeliveryEvent.GIVE_UP),
        (FetchFailed(FailureReason.REDIRECT, status=301), True, DeliveryEvent.FAIL),
        (FetchFailed(FailureReason.REFUSED_ADDRESS), True, DeliveryEvent.FAIL),
        (FetchFailed(FailureReason.BAD_URL), True, DeliveryEvent.GIVE_UP),
        (FetchFailed(FailureReason.BREAKER_OPEN), True, DeliveryEvent.POSTPONE),
        (FetchFailed(FailureReason.BREAKER_OPEN), False, DeliveryEvent.POSTPONE),
    ],
)
def test_what_a_failure_means_for_a_delivery(failure, another, event):
    assert domain.event_after_failure(failure, another_attempt=another) is event


# ── Breaker ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def failed_times(count: int, health: Health = HEALTHY) -> Health:
    for _ in range(count):
        health = breaker.failed(health, NOW, probe=False)
    return health


def test_five_failures_in_a_row_open_it_and_four_do_not():
    assert breaker.admit(failed_times(4), NOW)[1] is Admission.FREE
    assert breaker.admit(failed_times(5), NOW)[1] is Admission.REFUSED
    assert breaker.succeeded(failed_times(4)) == HEALTHY


def test_after_the_pause_one_probe_goes_and_its_success_closes_it():
    later = NOW + dt.timedelta(seconds=breaker.FIRST_PAUSE_S)
    half_open, admission = breaker.admit(failed_times(5), later)

    assert admission is Admission.PROBE
    assert breaker.admit(half_open, later)[1] is Admission.REFUSED
    assert breaker.succeeded(half_open) == HEALTHY


def test_failed_probes_double_the_pause_up_to_a_minute():
    health, pauses, now = failed_times(5), [], NOW
    for _ in range(6):
        until = health.until or NOW
        pauses.append((until - now).total_seconds())
        now = until
        health = breaker.failed(breaker.admit(health, now)[0], now, probe=True)
    assert pauses == [5, 10, 20, 40, 60, 60]


def test_a_probe_whose_worker_died_gives_its_place_to_another():
    half_open, _ = breaker.admit(failed_times(5), NOW + dt.timedelta(seconds=5))
    much_later = half_open.until

    assert breaker.admit(half_open, much_later)[1] is Admission.PROBE


def test_a_straggler_that_fails_while_a_probe_is_out_changes_nothing():
    opened = failed_times(5)
    half_open, _ = breaker.admit(opened, opened.until)

    assert breaker.failed(opened, NOW, probe=False) == opened
    assert breaker.failed(half_open, NOW, probe=False) == half_open


@given(
    st.lists(st.tuples(st.sampled_from(["ask", "ok", "bad", "probe ok", "probe bad"]), st.integers(0, 90)), max_size=60)
)
def test_there_is_never_more_than_one_probe_and_the_way_back_is_always_open(steps):
    health, now, probe_until = HEALTHY, NOW, NOW
    for step, seconds in steps:
        now += dt.timedelta(seconds=seconds)
        if step == "ask":
            health, admission = breaker.admit(health, now)
            if admission is Admission.PROBE:
                assert now >= probe_until
                probe_until = health.until or now
        elif step.endswith("ok"):
            health = breaker.succeeded(health)
        else:
            health = breaker.failed(health, now, probe=step.startswith("probe"))
        if health.state is not BreakerState.HALF_OPEN:
            probe_until = now
        assert (health.until is None) == (health.state is BreakerState.CLOSED)
        assert health.until is None or health.until - now <= dt.timedelta(seconds=breaker.LONGEST_PAUSE_S)
        latest = now + dt.timedelta(seconds=breaker.LONGEST_PAUSE_S)
        assert breaker.admit(health, latest)[1] is not Admission.REFUSED


# ── Texts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_excerpt_is_one_line_of_at_most_five_hundred_letters_without_controls():
    assert excerpt("  <b>no\r\n\tway\x1b[31m\x00\u202e ") == "<b>no way [31m"
    assert excerpt("Lỗi máy chủ") == "Lỗi máy chủ"
    assert len(excerpt("x" * 10_000)) == 500


@given(st.text())
def test_every_text_becomes_storable(text):
    assert "\x00" not in storable(text)
    assert storable(text).encode().decode() == storable(text)
    assert excerpt(text).isprintable()


def test_halves_of_surrogate_pairs_do_not_break_a_body():
    assert json_text({"a": "\ud800\x00"}) == '{"a":"?\\u0000"}'
    with pytest.raises(ValueError, match="JSON"):
        json_text({"a": float("nan")})
