"""Calls that follow the customer's instructions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain import events as on
from callflow.domain.call import Timer
from callflow.domain.config import NumberConfig
from callflow.domain.effects import AgentCalledOut, Ask, Purpose, RecordingBegun, RecordingStored
from callflow.tests import cast
from callflow.tests.cast import CALLER, ELSEWHERE, HOTLINE, KEYS, LAN, MESSAGE, OURS, RECORD, TALK, Story, arrives
from calls.domain import CallState, Cause, Outcome
from queues.entries import EntryOutcome
from telephony import port
from telephony.port import HangupCause, Speech, Tone

WITH_URL = replace(OURS, hotline=NumberConfig(1, HOTLINE, answer_url=cast.ANSWER_URL))
FAIL_URL = "https://crm.example.net/fail"
BYE = {"action": "talk", "text": "Bye"}


def follows(*actions) -> Story:
    """A caller for whom the number's answer URL has answered with a program."""
    return arrives(WITH_URL).server_says(list(actions))


def put(*actions) -> on.ActionsPut:
    return on.ActionsPut(cast.program(*actions))


# ── The answer URL ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_number_with_an_answer_url_asks_while_it_rings():
    story = arrives(WITH_URL)
    assert (story.last(Ask).purpose, story.last(Ask).url, story.last(Ask).timeout_s) == (
        Purpose.ANSWER_URL,
        cast.ANSWER_URL,
        5.0,
    )
    assert (story.call.state, story.commands) == (CallState.RINGING_IN, [])


def test_the_answer_is_carried_out():
    story = follows(TALK)
    assert story.commands[0] == port.Answer(CALLER)
    assert story.last(port.Play).media == (Speech("Hello", "female"),)
    story.hears()
    assert story.ended == (Outcome.COMPLETED, Cause.SCCO_END, "INTERNAL")


@pytest.mark.parametrize(("answer", "cause"), [(None, Cause.ANSWER_URL_FAILED), ("<html>", Cause.SCCO_UNREADABLE)])
def test_without_an_answer_the_call_fails_unanswered(answer, cause):
    story = arrives(WITH_URL).server_says(answer)
    assert story.ended == (Outcome.FAILED, cause, "INTERNAL")
    assert story.commands == [port.Hangup(CALLER, HangupCause.UNREACHABLE)]


def test_nothing_is_awaited_of_what_has_been_left():
    story = arrives(WITH_URL).happens(put(BYE))
    assert story.call.flow.awaits == ""
    assert set(story.call.timers) == {Timer.MEDIA}


def test_an_answer_that_comes_twice_is_carried_out_once():
    story = follows(TALK)
    before = story.call
    assert story.server_says([BYE]).call == before


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_keys_are_asked_about_and_the_answer_goes_on():
    story = follows(TALK, KEYS)
    asked = story.last(port.Gather)
    assert (asked.media, asked.max_digits, asked.first_digit_timeout_s) == ((Speech("Hello", "female"),), 1, 5.0)
    story.presses("7")
    assert story.last(Ask).purpose is Purpose.INPUT_EVENT
    assert story.last(Ask).facts == {"digits": "7", "timed_out": False, "custom_field": ""}
    assert Timer.MEDIA not in story.call.timers
    story.server_says([BYE])
    assert story.last(port.Play).media == (Speech("Bye", "female"),)
    assert Timer.QUESTION not in story.call.timers


@pytest.mark.parametrize("action", [TALK, KEYS, MESSAGE])
def test_a_caller_is_answered_before_he_hears_or_says_anything(action):
    assert follows(action).commands[0] == port.Answer(CALLER)


def test_no_keys_are_an_answer_too():
    story = follows(KEYS).presses("", "no_input")
    assert story.last(Ask).facts["timed_out"] is True


def test_a_server_that_is_silent_about_keys_ends_the_call():
    story = follows(KEYS).presses("7").passes(5)
    assert story.ended == (Outcome.FAILED, Cause.ANSWER_URL_FAILED, "INTERNAL")


def test_keys_that_the_engine_never_tells_end_the_call_at_last():
    story = follows(KEYS).passes(900)
    assert story.ended == (Outcome.FAILED, Cause.STALE, "INTERNAL")


# ── Connecting ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_connect_rings_and_joins_and_then_the_rest_is_carried_out():
    story = follows(cast.connect(timeout=20, customData="ticket"), BYE)
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.timeout_s, dial.custom_data) == ((f"tel:{ELSEWHERE}",), 20, "ticket")
    assert story.last(port.Play).media == (Tone("ringback"),)
    story.answers()
    assert story.commands == [port.Answer(CALLER), port.Bridge(CALLER, story.dialled)]
    story.leaves(story.dialled)
    assert story.call.state is CallState.PROGRAM
    story.hears()
    assert story.ended == (Outcome.TRANSFERRED_OUT, Cause.NORMAL, "EXTERNAL")


def test_a_hold_is_over_when_there_is_nobody_left_to_take_the_caller_back():
    story = follows(cast.connect(), BYE).answers().happens(on.HoldRequested(True))
    story.leaves(story.dialled)
    assert not story.call.leg(CALLER).held
    story = arrives().talks().happens(put(BYE), on.HoldRequested(True)).leaves("offer-1")
    assert not story.call.leg(CALLER).held


def test_a_caller_whom_nobody_answers_is_not_answered_either():
    story = follows(cast.connect()).fails(HangupCause.BUSY)
    assert story.ended == (Outcome.FAILED, HangupCause.BUSY, "INTERNAL")
    assert story.commands == [port.Hangup(CALLER, HangupCause.BUSY)]


def test_who_does_not_answer_is_told_to_the_fail_url_whose_answer_goes_on():
    story = follows(cast.connect(continueOnFail=True, onFailEventUrl=FAIL_URL)).fails(HangupCause.BUSY)
    assert (story.last(Ask).purpose, story.last(Ask).url) == (Purpose.ON_FAIL, FAIL_URL)
    failed = {"to_number": ELSEWHERE, "to_alias": "", "to_internal": False, "cause": "486 Busy Here"}
    assert story.last(Ask).facts == failed
    story.server_says([cast.connect("lan", internal=True)])
    assert story.last(port.Dial).endpoints == ("web:7_lan",)


def test_the_fail_url_hears_of_limits_as_calls_that_cannot_be_made():
    story = arrives(replace(WITH_URL, refusal=Cause.LIMIT_RATE))
    story.server_says([cast.connect(continueOnFail=True, onFailEventUrl=FAIL_URL)])
    assert story.last(Ask).facts["cause"] == "CAN_NOT_MAKE_CALL"


def test_without_a_fail_url_the_rest_is_carried_out():
    story = follows(cast.connect(continueOnFail=True), TALK).fails(HangupCause.NO_ANSWER)
    assert story.last(port.Play).media == (Speech("Hello", "female"),)


def test_a_list_of_parties_none_of_whom_can_be_rung_ends():
    story = follows(*[cast.connect("none", continueOnFail=True)] * 100)
    assert story.ended == (Outcome.FAILED, Cause.INVALID_NUMBER, "INTERNAL")


def test_the_longest_talk_of_a_connect_ends_it():
    story = follows(cast.connect(maxConnectTime=30)).answers().passes(30)
    assert story.ended == (Outcome.TRANSFERRED_OUT, Cause.TALK_LIMIT, "INTERNAL")
    story = follows(cast.connect(maxConnectTime=30), BYE).answers().passes(30)
    assert story.last(port.Play).media == (Speech("Bye", "female"),)


def test_a_caller_hears_ringing_again_when_what_was_played_is_over():
    story = follows(TALK, cast.connect())
    assert story.last(port.Play).media == (Speech("Hello", "female"),)
    story.hears()
    assert story.last(port.Play).media == (Tone("ringback"),)


def test_an_agent_who_is_connected_is_in_the_call_from_the_first_ring():
    story = follows(cast.connect("lan", internal=True))
    assert story.agents == [AgentCalledOut(LAN)]
    story.rings().answers()
    assert story.told == ["created", "started", "ringing(lan)", "answered(lan)"]
    story.leaves()
    assert story.agents == [AgentCalledOut(LAN), cast.released(LAN)]
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")


# ── Recording ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_record_records_the_connects_that_follow():
    story = follows(RECORD, cast.connect())
    assert story.all(port.StartRecording) == []
    story.answers()
    recording = story.last(port.StartRecording)
    assert (recording.leg, recording.kind, recording.format, recording.stereo) == (CALLER, "conversation", "wav", True)
    assert story.last(RecordingBegun).event_url == RECORD["eventUrl"]


def test_record_message_takes_a_message_and_goes_on():
    story = follows(MESSAGE, BYE)
    recording = story.last(port.StartRecording)
    assert (recording.kind, recording.max_s, recording.end_keys, recording.beep) == ("voicemail", 120, "#", True)
    assert story.last(RecordingBegun).event_url == MESSAGE["eventUrl"]
    story.recorded()
    assert story.latest[0] == RecordingStored(recording.recording, "message.mp3", 2000, 1000)
    story.hears()
    assert story.ended == (Outcome.VOICEMAIL, Cause.SCCO_END, "INTERNAL")


def test_a_message_of_which_nothing_could_be_recorded_is_none():
    story = follows(MESSAGE, BYE).recorded(file="").hears()
    assert story.ended == (Outcome.COMPLETED, Cause.SCCO_END, "INTERNAL")


def test_a_message_whose_caller_hangs_up_is_kept():
    story = follows(MESSAGE).leaves()
    assert story.ended == (Outcome.VOICEMAIL, Cause.CALLER_LEFT, "EXTERNAL")
    before = story.call
    assert story.recorded().call == before
    assert len(story.all(RecordingStored)) == 1


# ── Put ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_program_that_is_put_replaces_what_is_left():
    story = follows(TALK, KEYS).happens(put(BYE))
    assert port.StopPlay(CALLER) in story.commands
    assert story.last(port.Play).media == (Speech("Bye", "female"),)


def test_a_program_that_is_put_while_the_server_is_asked_does_not_wait_for_it():
    story = follows(KEYS).presses("1").happens(put(BYE))
    assert Timer.QUESTION not in story.call.timers
    before = story.call.flow.run
    assert story.server_says([TALK]).call.flow.run == before


def test_a_program_that_is_put_while_somebody_is_rung_follows_the_conversation():
    story = follows(cast.connect()).happens(put(BYE)).answers()
    assert story.call.state is CallState.CONNECTED
    story.leaves(story.dialled)
    assert story.last(port.Play).media == (Speech("Bye", "female"),)


def test_a_waiting_caller_is_taken_out_of_the_line_by_a_program():
    story = arrives().offered().happens(put(TALK))
    assert story.states[-1] == CallState.PROGRAM
    assert story.call.entry.outcome is EntryOutcome.REDIRECTED
    assert port.Hangup("offer-1", HangupCause.CANCELLED) in story.commands
    assert {Timer.QUEUE_WAIT, Timer.OFFER}.isdisjoint(story.call.timers)


def test_a_menu_is_left_for_a_program():
    story = arrives(cast.WITH_MENU).happens(put(TALK))
    assert story.call.state is CallState.PROGRAM
    assert Timer.MENU not in story.call.timers


def test_a_program_that_is_put_before_the_answer_url_answered_begins_at_once():
    story = arrives(WITH_URL).happens(put(BYE))
    assert story.call.state is CallState.PROGRAM
    before = story.call.flow.run
    assert story.server_says([TALK]).call.flow.run == before


def test_a_conversation_from_a_queue_is_followed_by_the_program_that_was_put():
    story = arrives().talks().happens(put(BYE))
    assert (story.call.state, story.commands) == (CallState.CONNECTED, [])
    story.leaves("offer-1")
    assert story.call.state is CallState.PROGRAM
    assert story.call.entry.outcome is EntryOutcome.ANSWERED
    assert story.agents[-1] == cast.released(LAN, 10, queue_call=True)
    story.hears()
    assert story.ended == (Outcome.COMPLETED, Cause.SCCO_END, "INTERNAL")


@pytest.mark.parametrize("key", ["4", "6"])
def test_a_voicemail_and_the_end_are_not_left_for_a_program(key):
    story = arrives(cast.WITH_MENU).presses(key)
    before = story.call
    assert story.happens(put(TALK)).call == before
    assert story.latest == ()
