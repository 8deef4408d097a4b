"""Voicemail: a prompt, the message, thanks, the end; and recordings of conversations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.effects import RecordingBegun, RecordingStored
from callflow.tests import cast
from callflow.tests.cast import CALLER, OURS, SALES, WITH_MENU, WayOut, arrives
from calls.domain import CallState, Cause, Outcome
from telephony import port
from telephony.port import HangupCause, Speech, StartRecording

AFTER_HOURS = replace(OURS, closed=frozenset([SALES]), ways_out={(SALES, "closed"): WayOut("voicemail")})
RECORDED = RecordingStored("call-1-rec2", "message.mp3", 2000, 1000)


def test_a_caller_hears_a_prompt_leaves_a_message_and_is_thanked():
    story = arrives(AFTER_HOURS)
    assert story.commands[0] == port.Answer(CALLER)
    assert story.last(port.Play).media == (Speech("leave a message"),)
    story.hears()
    assert story.commands == [
        StartRecording(
            CALLER,
            "call-1-rec2",
            "voicemail",
            7,
            "mp3",
            stereo=False,
            beep=True,
            max_s=60,
            silence_s=5.0,
            end_keys="#",
        )
    ]
    assert story.all(RecordingBegun) == [RecordingBegun("call-1-rec2", True, SALES, "mp3", "")]
    story.recorded()
    assert story.all(RecordingStored) == [RECORDED]
    assert story.last(port.Play).media == (Speech("thanks"),)
    story.hears()
    assert story.ended == (Outcome.VOICEMAIL, Cause.MESSAGE_LEFT, "INTERNAL")
    assert story.told == ["created", "started", "ended"]


def test_a_queue_may_have_its_own_prompt():
    prompt = (Speech("Sales is closed."),)
    queues = {SALES: replace(cast.QUEUES[SALES], voicemail_prompt=prompt)}
    assert arrives(replace(AFTER_HOURS, queues=queues)).last(port.Play).media == prompt


def test_a_menu_leads_to_a_voicemail_that_is_no_queues():
    story = arrives(WITH_MENU).presses("4").hears()
    assert story.last(StartRecording).max_s == 120
    assert story.last(RecordingBegun).queue is None


def test_who_hangs_up_during_the_prompt_has_left_no_message():
    story = arrives(AFTER_HOURS).leaves()
    assert story.ended == (Outcome.ABANDONED, Cause.CALLER_LEFT, "EXTERNAL")
    assert story.all(StartRecording) == []


def test_who_hangs_up_while_he_is_recorded_has_left_a_message():
    story = arrives(AFTER_HOURS).hears().leaves()
    assert story.ended == (Outcome.VOICEMAIL, Cause.CALLER_LEFT, "EXTERNAL")
    story.recorded()
    assert story.latest == (RECORDED,)


def test_who_hangs_up_during_the_thanks_has_left_a_message():
    story = arrives(AFTER_HOURS).hears().recorded().leaves()
    assert story.ended == (Outcome.VOICEMAIL, Cause.CALLER_LEFT, "EXTERNAL")


def test_a_message_that_could_not_be_recorded_is_none():
    story = arrives(AFTER_HOURS).hears().recorded(file="")
    assert story.ended == (Outcome.FAILED, Cause.FAILED, "INTERNAL")


@pytest.mark.parametrize(("silent_after", "outcome"), [(0, Outcome.VOICEMAIL), (1, Outcome.VOICEMAIL)])
def test_an_engine_that_forgets_prompt_recording_or_thanks_leaves_nobody_hanging(silent_after, outcome):
    story = arrives(AFTER_HOURS)
    if silent_after:
        story.hears()
    story.passes(180 + 60 + 180 + 1)
    assert story.call.outcome is outcome


def test_a_prompt_that_never_ended_is_followed_by_the_recording():
    story = arrives(AFTER_HOURS).passes(180)
    assert len(story.all(StartRecording)) == 1
    assert story.call.state is CallState.VOICEMAIL


# ── Conversations ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_conversation_is_recorded_where_the_queue_says_so():
    story = arrives().talks()
    assert story.last(StartRecording) == StartRecording(CALLER, "call-1-rec2", "conversation", 7, "mp3", stereo=True)
    assert story.last(RecordingBegun) == RecordingBegun("call-1-rec2", False, SALES, "mp3", "")
    assert story.call.record
    assert arrives(replace(OURS, hotline=cast.TO_NIGHT)).talks().all(StartRecording) == []


def test_a_recording_stops_with_the_call_and_is_stored_when_it_is_ready():
    story = arrives().talks().leaves("offer-1")
    assert port.StopRecording(CALLER, "call-1-rec2") in story.commands
    story.recorded("talk.mp3")
    assert story.latest == (RecordingStored("call-1-rec2", "talk.mp3", 2000, 1000),)


def test_a_recording_goes_on_while_the_caller_is_handed_to_another_agent():
    story = arrives().talks().transferred(cast.MINH).answers()
    assert len(story.all(StartRecording)) == 1
    assert story.all(port.StopRecording) == []


def test_a_recording_that_broke_off_is_followed_by_another():
    story = arrives().talks().recorded("first.mp3").transferred(cast.MINH).answers()
    assert len(story.all(StartRecording)) == 2


def test_a_lost_engine_leaves_a_message_that_had_been_begun():
    story = arrives(AFTER_HOURS).hears().leaves(cause=HangupCause.ENGINE_LOST)
    assert story.ended == (Outcome.VOICEMAIL, Cause.ENGINE_LOST, "INTERNAL")
