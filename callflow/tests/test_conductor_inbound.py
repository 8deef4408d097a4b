"""Calls that come in: refused, asked about, in a menu, straight into a queue, forwarded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain import events as on
from callflow.domain.call import Party, Timer
from callflow.domain.config import NumberConfig, Settings
from callflow.domain.effects import Ask, Publish, Purpose, RingDoorbell, SendSms
from callflow.tests import cast
from callflow.tests.cast import CALLER, CUSTOMER, ELSEWHERE, HOTLINE, OURS, WITH_MENU, Story, arrives
from calls.domain import CallState, Cause, LegState, Outcome
from ivr.domain.step import LONGEST_STAY
from ivr.tests import trees
from telephony import port
from telephony.port import HangupCause, Speech

ASKS_WHO = replace(OURS, settings=Settings(customer_info_url=cast.INFO_URL, customer_info_timeout_ms=1500))


# ── Refused ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_blocked_caller_is_refused_unanswered():
    story = arrives(replace(WITH_MENU, blocked=frozenset([CUSTOMER])))
    assert story.ended == (Outcome.REJECTED, Cause.CALLER_BLOCKED, "INTERNAL")
    assert story.commands == [port.Hangup(CALLER, HangupCause.REJECTED)]
    assert story.told == ["created", "ended"]


def test_a_number_that_is_not_ours_is_refused():
    story = arrives(replace(OURS, hotline=NumberConfig(1, ELSEWHERE)))
    assert story.ended == (Outcome.REJECTED, Cause.NUMBER_UNKNOWN, "INTERNAL")
    assert story.commands == [port.Hangup(CALLER, HangupCause.INVALID_NUMBER)]


def test_a_number_that_leads_nowhere_ends_the_call():
    story = arrives(replace(OURS, hotline=NumberConfig(1, HOTLINE)))
    assert story.ended == (Outcome.FAILED, Cause.NUMBER_LEADS_NOWHERE, "INTERNAL")
    assert story.commands == [port.Hangup(CALLER, HangupCause.UNREACHABLE)]


def test_a_caller_who_leaves_before_he_was_answered_abandons_the_call():
    story = arrives(replace(OURS, hotline=NumberConfig(1, HOTLINE, answer_url=cast.ANSWER_URL))).leaves()
    assert story.ended == (Outcome.ABANDONED, Cause.CALLER_LEFT, "EXTERNAL")
    assert story.told == ["created", "started", "ended"]
    assert story.last(Publish).actor == Party(CUSTOMER)


# ── Asked about ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_customers_server_is_asked_who_calls_while_the_caller_goes_on():
    story = arrives(ASKS_WHO)
    asked = story.last(Ask)
    assert (asked.purpose, asked.url, asked.timeout_s) == (Purpose.CUSTOMER_INFO, cast.INFO_URL, 1.5)
    assert story.call.state is CallState.WAITING


def test_nobody_is_rung_before_the_answer_is_there():
    story = arrives(ASKS_WHO)
    assert (story.call.entry.ready_at - story.now).total_seconds() == 1.5
    story.server_says({"name": "Mai"})
    assert story.call.custom_data == '{"name": "Mai"}'
    assert story.call.entry.ready_at == story.now
    assert story.latest == (RingDoorbell(),)
    assert story.offered().last(port.Dial).custom_data == '{"name": "Mai"}'


@pytest.mark.parametrize("silent", [lambda story: story.passes(1.5), lambda story: story.server_says(None)])
def test_without_an_answer_in_time_the_call_goes_on_without_it(silent):
    story = silent(arrives(ASKS_WHO))
    assert story.call.custom_data == ""
    assert story.call.entry.ready_at <= story.now
    assert Timer.CUSTOMER_INFO not in story.call.timers


def test_an_answer_that_comes_too_late_changes_nothing():
    story = arrives(ASKS_WHO).passes(2)
    before = story.call
    assert story.server_says({"name": "Mai"}).call == before
    assert story.latest == ()


def test_a_caller_in_a_menu_who_was_asked_about_in_time_waits_for_nothing_later():
    story = arrives(replace(ASKS_WHO, hotline=cast.TO_MENU)).server_says({"name": "Mai"}).presses("1")
    assert story.call.entry.ready_at == story.now
    assert story.call.custom_data == '{"name": "Mai"}'


# ── In a menu ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_menu_answers_and_takes_a_key():
    story = arrives(WITH_MENU)
    assert story.commands[0] == port.Answer(CALLER)
    asked = story.last(port.Gather)
    assert asked.media == (Speech("Welcome. Press 1. Press 2. Press 3. Press 4. Press 5. Press 6. Press 7."),)
    assert (asked.max_digits, asked.first_digit_timeout_s, asked.barge_in) == (1, 5.0, True)
    assert story.call.answered_at == story.now


def test_a_key_that_leads_to_a_queue_leaves_the_menu():
    story = arrives(WITH_MENU).presses("1")
    assert story.states == [CallState.IVR, CallState.WAITING]
    assert story.call.entry.queue == cast.SALES
    assert Timer.MENU not in story.call.timers


def test_a_key_that_leads_to_a_node_plays_it():
    story = arrives(WITH_MENU).presses("2")
    assert story.call.state is CallState.IVR
    assert story.call.flow.menu.node == "more"
    assert len(story.all(port.Gather)) == 2


def test_no_key_takes_the_branch_for_it_and_an_unknown_one_its_own():
    story = arrives(WITH_MENU).presses("2")
    assert story.presses("", "no_input").call.flow.menu.node == "welcome"
    story.presses("2").presses("9")
    assert story.ended == (Outcome.COMPLETED, Cause.MENU_END, "INTERNAL")


def test_a_key_without_a_branch_plays_the_node_again_until_that_is_enough():
    story = arrives(WITH_MENU)
    for _ in range(3):
        assert story.presses("9").call.flow.menu.node == "welcome"
    story.presses("9")
    assert story.ended == (Outcome.COMPLETED, Cause.NO_VALID_KEY, "INTERNAL")


def test_keys_of_an_earlier_announcement_are_late():
    story = arrives(WITH_MENU)
    first = story.last(port.Gather)
    before = story.presses("2").call
    assert story.happens(port.Gathered(CALLER, first.gather, "1", "max_digits")).call == before


def test_a_key_that_hangs_up_ends_the_call():
    story = arrives(WITH_MENU).presses("6")
    assert story.ended == (Outcome.COMPLETED, Cause.MENU_END, "INTERNAL")
    assert story.commands == [port.Hangup(CALLER)]


def test_a_key_that_sends_an_sms_sends_it_to_the_caller_and_ends_the_call():
    story = arrives(WITH_MENU).presses("5")
    assert story.all(SendSms) == [SendSms(CUSTOMER, HOTLINE, "We are at 1 Main Street.")]
    assert story.ended == (Outcome.COMPLETED, Cause.SMS_SENT, "INTERNAL")


@pytest.mark.parametrize("config", [WITH_MENU, replace(WITH_MENU, trees={})])
def test_a_broken_menu_ends_the_call(config):
    story = arrives(config)
    if story.call.outcome is None:
        story.presses("7")  # a queue that is gone
    assert story.ended == (Outcome.FAILED, Cause.MENU_BROKEN, "INTERNAL")


def test_a_caller_may_stay_in_menus_for_so_long():
    story = arrives(WITH_MENU).passes(LONGEST_STAY.total_seconds())
    assert story.call.state is CallState.IVR
    story.passes(5)
    assert story.ended == (Outcome.FAILED, Cause.MENU_BUDGET, "INTERNAL")


def test_menus_that_lead_round_in_a_circle_through_a_queue_end():
    round_and_round = cast.WayOut("node", tree_id="TR1", to_node_id="entry")
    tree = trees.tree(trees.node("entry", trees.to_queue("1", trees.QueueId("QUSALES"))))
    config = replace(
        WITH_MENU, trees={"TR1": tree}, full=frozenset([cast.SALES]), ways_out={(cast.SALES, "full"): round_and_round}
    )
    story = arrives(config)
    while story.call.outcome is None:
        story.presses("1")
    assert story.ended == (Outcome.FAILED, Cause.QUEUE_LOOP, "INTERNAL")


# ── Forwarded ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_key_that_forwards_rings_a_telephone_which_sees_the_number_that_was_set():
    story = arrives(WITH_MENU).presses("3")
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.from_number, dial.timeout_s) == ((f"tel:{ELSEWHERE}",), HOTLINE, 60)
    assert story.states == [CallState.IVR, CallState.PROGRAM, CallState.FORWARDING]
    assert story.last(port.Play).media == (port.Tone("ringback"),)


def test_a_forwarded_call_that_is_answered_went_out_of_our_hands():
    story = arrives(WITH_MENU).presses("3").rings().answers()
    assert story.commands == [port.Bridge(CALLER, story.dialled)]
    story.leaves(story.dialled)
    assert story.ended == (Outcome.TRANSFERRED_OUT, Cause.NORMAL, "EXTERNAL")
    assert story.told == [
        "created",
        "started",
        f"ringing({ELSEWHERE})",
        f"answered({ELSEWHERE})",
        "ended",
    ]


def test_a_caller_who_hangs_up_on_a_forwarded_call_ends_both_legs():
    story = arrives(WITH_MENU).presses("3").answers().leaves()
    assert story.ended == (Outcome.TRANSFERRED_OUT, Cause.NORMAL, "EXTERNAL")
    assert story.commands == [port.Hangup(story.dialled)]


def test_a_forwarded_call_may_not_last_longer_than_the_project_allows():
    config = replace(WITH_MENU, settings=Settings(outbound_max_duration_s=600))
    story = arrives(config).presses("3").answers().passes(600)
    assert story.ended == (Outcome.TRANSFERRED_OUT, Cause.TALK_LIMIT, "INTERNAL")


@pytest.mark.parametrize("cause", [HangupCause.BUSY, HangupCause.NO_ANSWER, HangupCause.INVALID_NUMBER])
def test_a_forwarding_in_vain_ends_the_call_with_its_cause(cause):
    story = arrives(WITH_MENU).presses("3").fails(cause)
    assert story.ended == (Outcome.FAILED, cause, "INTERNAL")
    assert story.call.live_legs == ()


def test_an_engine_that_never_gives_up_ringing_is_told_to():
    story = arrives(WITH_MENU).presses("3")
    dialled = story.dialled
    story.passes(63)
    assert port.Hangup(dialled, HangupCause.NO_ANSWER) in story.all(port.Hangup)
    assert story.ended == (Outcome.FAILED, HangupCause.NO_ANSWER, "INTERNAL")


def test_a_telephone_that_answers_after_that_is_hung_up():
    story = arrives(WITH_MENU).presses("3").passes(63).answers()
    assert story.commands == [port.Hangup(story.dialled)]
    assert story.call.leg(story.dialled).state is LegState.ENDED


def test_forwarding_keeps_within_the_limits_of_the_project():
    story = arrives(replace(WITH_MENU, refusal=Cause.LIMIT_DESTINATION)).presses("3")
    assert story.all(port.Dial) == []
    assert story.ended == (Outcome.REJECTED, Cause.LIMIT_DESTINATION, "INTERNAL")


def test_callers_are_forwarded_also_from_a_number_with_which_nobody_may_call_out():
    story = arrives(replace(WITH_MENU, hotline=replace(cast.TO_MENU, allow_outbound=False))).presses("3")
    assert story.call.state is CallState.FORWARDING


# ── At any time ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_call_whose_engine_is_gone_ends():
    story = arrives().happens(on.EngineLost())
    assert story.ended == (Outcome.FAILED, Cause.ENGINE_LOST, "INTERNAL")


@pytest.mark.parametrize("lost", [CALLER, "offer-1"])
def test_a_conversation_whose_engine_is_gone_failed(lost):
    story = arrives().talks().leaves(lost, HangupCause.ENGINE_LOST)
    assert story.ended == (Outcome.FAILED, Cause.ENGINE_LOST, "INTERNAL")
    assert story.agents[-1] == cast.released(cast.LAN, 10, queue_call=True)


def test_a_call_can_be_stopped():
    story = arrives().happens(on.HangUpRequested(Cause.STOPPED))
    assert story.ended == (Outcome.REJECTED, Cause.STOPPED, "INTERNAL")
    assert story.commands == [port.Hangup(CALLER)]


def test_a_call_that_comes_twice_begins_once():
    story = arrives()
    before = story.call
    assert story.happens(on.Arrived()).call == before
    assert story.latest == ()


def test_nothing_moves_a_call_that_is_over():
    story = arrives().leaves()
    before = story.call
    story.happens(on.HangUpRequested(Cause.STOPPED), on.TransferCompleted(), on.EngineLost(), on.TimerFired(Timer.MENU))
    story.leaves().transferred(cast.SUPPORT).happens(on.ActionsPut(cast.program(cast.TALK))).rings(CALLER)
    assert story.call == before
    assert story.told[-1] == "ended"


def test_a_timer_that_means_nothing_any_more_is_gone_once_it_has_fired():
    story = arrives()
    story.call = replace(story.call, timers={Timer.MENU: story.now, Timer.RING: story.now})
    story.happens(on.TimerFired(Timer.MENU), on.TimerFired(Timer.RING))
    assert story.call.timers == {}
    assert story.call.state is CallState.WAITING


def test_a_new_story_is_not_told_before_it_began():
    assert Story(cast.inbound()).call.serial == 0
