"""Calls that our side starts: from a device, agent first, and by programs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain import events as on
from callflow.domain.call import Party, Timer
from callflow.domain.config import Settings
from callflow.domain.effects import AgentCalledOut, Ask, Publish, Purpose, RingDoorbell
from callflow.tests import cast
from callflow.tests.cast import (
    CALLER,
    CUSTOMER,
    ELSEWHERE,
    HOTLINE,
    LAN,
    MINH,
    OURS,
    Project,
    Story,
    dials,
)
from calls.domain import CallState, Cause, Direction, LegRole, Outcome
from telephony import port
from telephony.port import HangupCause

ASKS = replace(OURS, settings=Settings(callout_answer_url=cast.CALLOUT_URL))
CONNECT_ELSEWHERE = [cast.connect(ELSEWHERE, **{"from": {"type": "internal", "number": HOTLINE}})]
BUSY_LAN = replace(OURS, agents=(cast.agent(LAN, busy=True),))
SILENT = replace(OURS, hotline=replace(cast.TO_SALES, allow_outbound=False))


# ── From a device ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_agent_calls_a_customer_who_sees_our_number():
    story = dials()
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.from_number, dial.from_alias) == ((f"tel:{CUSTOMER}",), HOTLINE, "Ours")
    assert story.agents == [AgentCalledOut(LAN)]
    assert story.last(port.Play) == port.Play(CALLER, story.last(port.Play).play, (port.Tone("ringback"),), 0)
    assert story.states == [CallState.PROGRAM, CallState.DIALING_CUSTOMER]


def test_an_outbound_call_that_is_answered_is_told_in_order():
    story = dials().rings().answers()
    assert story.commands == [port.Answer(CALLER), port.Bridge(CALLER, story.dialled)]
    story.leaves(story.dialled)
    assert story.told == ["created", "started", "ringing", "answered", "ended"]
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")
    assert story.agents == [AgentCalledOut(LAN), cast.released(LAN)]
    assert {each.to.number for each in story.all(Publish)} == {CUSTOMER}


def test_an_agent_who_hangs_up_ends_his_call():
    story = dials().answers().leaves()
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")
    assert story.last(Publish).actor.number == "lan"


def test_an_agent_is_in_the_call_from_the_first_moment():
    story = dials(call=replace(cast.from_device(), agent=None))
    assert story.call.agent == LAN
    assert story.leaves().agents == [AgentCalledOut(LAN), cast.released(LAN)]


def test_an_agent_who_gives_up_ringing_abandons_his_call():
    story = dials().rings().leaves()
    assert story.ended == (Outcome.ABANDONED, Cause.CALLER_LEFT, "INTERNAL")
    assert story.commands == [port.Hangup(story.dialled)]
    assert story.agents[-1] == cast.released(LAN)


def test_a_customer_who_is_rung_for_ever_is_given_up():
    story = dials().rings().passes(63)
    assert story.ended == (Outcome.FAILED, HangupCause.NO_ANSWER, "INTERNAL")
    assert port.Hangup(story.dialled, HangupCause.NO_ANSWER) in story.all(port.Hangup)


@pytest.mark.parametrize("cause", [HangupCause.BUSY, HangupCause.NO_ANSWER, HangupCause.INVALID_NUMBER])
def test_a_customer_who_does_not_answer_ends_the_call_with_his_cause(cause):
    story = dials().rings().fails(cause)
    assert story.ended == (Outcome.FAILED, cause, "INTERNAL")
    assert story.commands == [port.Hangup(CALLER, cause)]
    assert story.told == ["created", "started", "ringing", "ended"]
    assert story.agents[-1] == cast.released(LAN)


def refused(story: Story) -> bool:
    return story.ended == (Outcome.REJECTED, Cause.NOT_ALLOWED, "INTERNAL") and not story.all(port.Dial)


def test_an_agent_who_is_in_another_call_stays_in_that():
    story = dials(BUSY_LAN)
    assert refused(story)
    assert story.agents == []
    assert story.commands == [port.Hangup(CALLER, HangupCause.REJECTED)]


def test_who_is_no_agent_may_not_call_out():
    story = dials(call=cast.from_device(by=None))
    assert refused(story)
    assert story.agents == []


def test_a_number_with_which_nobody_may_call_out_is_not_shown():
    assert refused(dials(SILENT))
    assert refused(dials(replace(OURS, hotline=replace(cast.TO_SALES, digits=ELSEWHERE))))


def test_after_hours_an_agent_calls_colleagues_but_no_customers():
    closed = replace(OURS, after_hours=True)
    assert refused(dials(closed))
    assert dials(closed, cast.from_device(Party("minh", internal=True))).all(port.Dial)


def test_the_limits_of_the_project_hold_for_agents():
    story = dials(replace(OURS, refusal=Cause.LIMIT_CONCURRENCY))
    assert story.ended == (Outcome.REJECTED, Cause.LIMIT_CONCURRENCY, "INTERNAL")
    assert story.all(port.Dial) == []
    assert story.agents == [AgentCalledOut(LAN), cast.released(LAN)]


def test_a_call_may_not_last_longer_than_the_project_allows():
    story = dials(replace(OURS, settings=Settings(outbound_max_duration_s=600))).answers()
    assert story.timer_in(Timer.TALK) == 600
    story.passes(600)
    assert story.ended == (Outcome.COMPLETED, Cause.TALK_LIMIT, "INTERNAL")
    assert story.call.live_legs == ()


def test_outbound_calls_are_recorded_where_the_number_says_so():
    assert dials().answers().all(port.StartRecording) == []
    story = dials(replace(OURS, hotline=replace(cast.TO_SALES, record_outbound=True))).answers()
    assert story.last(port.StartRecording).leg == CALLER


# ── Between users ────────────────────────────────────────────────────────────────────────────────────────────────────
def calls_minh(config: Project = OURS) -> Story:
    return dials(config, cast.from_device(Party("minh", internal=True)))


def test_one_agent_calls_another_and_both_are_in_the_call():
    story = calls_minh().rings().answers()
    assert story.last(port.Dial).endpoints == ("web:7_minh",)
    assert story.agents == [AgentCalledOut(LAN), AgentCalledOut(MINH)]
    assert story.call.leg(story.dialled).role is LegRole.AGENT
    assert Timer.TALK not in story.call.timers
    story.leaves(story.dialled)
    assert story.agents[2:] == [cast.released(MINH), cast.released(LAN)]
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")


def test_calls_between_users_are_not_the_customers_servers_business():
    assert calls_minh(ASKS).all(Ask) == []


@pytest.mark.parametrize(
    ("minh", "cause"),
    [(cast.agent(MINH, busy=True), Cause.BUSY), (cast.agent(MINH, endpoints=()), Cause.UNREACHABLE)],
)
def test_an_agent_who_is_busy_or_away_is_not_rung(minh, cause):
    story = calls_minh(replace(OURS, agents=(cast.agent(LAN), minh)))
    assert story.ended == (Outcome.FAILED, cause, "INTERNAL")
    assert story.all(port.Dial) == []
    assert story.agents == [AgentCalledOut(LAN), cast.released(LAN)]


def test_an_agent_who_was_rung_in_vain_is_free_again():
    story = calls_minh().rings().fails(HangupCause.REJECTED)
    assert story.agents[2:] == [cast.released(MINH), cast.released(LAN)]


# ── The customer's server is asked ───────────────────────────────────────────────────────────────────────────────────
def test_the_customers_server_is_asked_before_the_customer_is_dialled():
    story = dials(ASKS)
    assert (story.last(Ask).purpose, story.last(Ask).url) == (Purpose.CALLOUT_ANSWER_URL, cast.CALLOUT_URL)
    assert story.call.state is CallState.AUTHORISING
    assert story.all(port.Dial) == []
    assert story.agents == [AgentCalledOut(LAN)]


def test_it_allows_the_call_by_a_program_that_connects():
    story = dials(ASKS).server_says(CONNECT_ELSEWHERE)
    assert story.last(port.Dial).endpoints == (f"tel:{ELSEWHERE}",)
    assert story.call.state is CallState.DIALING_CUSTOMER


DENIALS = [None, "", "<html>", "{}", [], [cast.TALK]]


@pytest.mark.parametrize("answer", DENIALS)
def test_anything_else_refuses_it(answer):
    story = dials(ASKS).server_says(answer)
    assert refused(story)
    assert story.agents == [AgentCalledOut(LAN), cast.released(LAN)]


def test_silence_refuses_it_too():
    story = dials(ASKS).passes(5)
    assert refused(story)
    before = story.call
    assert story.server_says(CONNECT_ELSEWHERE).call == before


def test_an_agent_who_hangs_up_meanwhile_is_free():
    story = dials(ASKS).leaves()
    assert story.ended == (Outcome.ABANDONED, Cause.CALLER_LEFT, "INTERNAL")
    assert story.agents == [AgentCalledOut(LAN), cast.released(LAN)]


def test_nothing_is_put_before_the_question():
    story = dials(ASKS).happens(on.ActionsPut(cast.program(cast.connect())))
    assert story.call.state is CallState.AUTHORISING
    assert story.all(port.Dial) == []


# ── Agent first ──────────────────────────────────────────────────────────────────────────────────────────────────────
def calls_out(config: Project = OURS) -> Story:
    """A program lets Lan and the customer talk. Lan is taken already."""
    return Story(cast.outbound(), config).happens(cast.CALLOUT)


def test_the_agent_is_rung_first_and_sees_what_was_asked_for():
    story = calls_out()
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.from_number, dial.from_alias) == (("web:7_lan",), CUSTOMER, "VIP")
    assert story.call.state is CallState.DIALING_AGENT
    assert story.agents == []
    assert story.timer_in(Timer.RING) == 63


def test_then_the_customer_is_rung_and_both_talk():
    story = calls_out().rings().answers()
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.from_number) == ((f"tel:{CUSTOMER}",), HOTLINE)
    story.rings().answers()
    assert story.commands == [port.Bridge(story.call.flow.main_leg, story.dialled)]
    story.leaves(story.dialled)
    assert story.states == [
        CallState.DIALING_AGENT,
        CallState.PROGRAM,
        CallState.DIALING_CUSTOMER,
        CallState.CONNECTED,
        CallState.PROGRAM,
        CallState.ENDED,
    ]
    assert story.told == ["created", "started", "ringing(lan)", "ringing", "answered", "ended"]
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")
    assert story.agents == [cast.released(LAN)]


def test_the_time_that_an_agent_waits_for_the_customer_is_no_conversation():
    story = calls_out().answers().passes(9).fails(HangupCause.NO_ANSWER)
    assert story.call.state is CallState.ENDED
    assert (story.call.answered_at, story.call.talked_from) == (cast.NOW, None)


@pytest.mark.parametrize("cause", [HangupCause.REJECTED, HangupCause.NO_ANSWER, HangupCause.UNREACHABLE])
def test_an_agent_who_does_not_answer_ends_it(cause):
    story = calls_out().rings().fails(cause)
    assert story.ended == (Outcome.FAILED, cause, "INTERNAL")
    assert story.told == ["created", "started", "ringing(lan)", "agentEnded(lan)", "ended"]
    assert story.agents == [cast.released(LAN)]


def test_an_agent_who_is_rung_for_ever_is_given_up():
    story = calls_out().passes(63)
    assert story.ended == (Outcome.FAILED, HangupCause.NO_ANSWER, "INTERNAL")
    assert story.agents == [cast.released(LAN)]


def test_a_customer_who_is_busy_ends_it_and_the_agent_is_free():
    story = calls_out().answers().rings().fails(HangupCause.BUSY)
    assert story.ended == (Outcome.FAILED, HangupCause.BUSY, "INTERNAL")
    assert story.agents == [cast.released(LAN)]
    assert story.call.live_legs == ()


def test_an_agent_who_leaves_while_the_customer_is_rung_ends_it():
    story = calls_out().answers().rings().leaves(calls_out().dialled)
    assert story.ended == (Outcome.ABANDONED, Cause.CALLER_LEFT, "INTERNAL")


def test_the_customers_server_may_forbid_it_before_anybody_is_rung():
    story = calls_out(ASKS)
    assert story.all(port.Dial) == []
    story.server_says([])
    assert refused(story)
    assert story.agents == [cast.released(LAN)]
    assert RingDoorbell() in story.latest
    assert story.told == ["created", "ended"]


def test_the_customers_server_may_reshape_it():
    story = calls_out(ASKS).server_says(CONNECT_ELSEWHERE)
    assert set(story.call.timers) == {Timer.RING}
    assert story.call.flow.awaits == ""
    story.answers()
    assert story.last(port.Dial).endpoints == (f"tel:{ELSEWHERE}",)


def test_a_callout_that_is_stopped_before_it_rang_frees_the_agent():
    story = calls_out(ASKS).happens(on.HangUpRequested(Cause.STOPPED))
    assert story.ended == (Outcome.ABANDONED, Cause.STOPPED, "INTERNAL")
    assert story.agents == [cast.released(LAN)]


# ── By a program ─────────────────────────────────────────────────────────────────────────────────────────────────────
def rings_out(*actions, config: Project = OURS, to: str = "", url: str = "") -> Story:
    """A program calls the customer, or a user."""
    call = cast.outbound(Direction.INTERNAL, Party(to, internal=True)) if to else cast.outbound()
    return Story(call, config).happens(on.DialOutRequested(cast.program(*actions) if actions else None, url))


def test_a_program_begins_when_the_customer_has_answered():
    story = rings_out(cast.TALK)
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.from_number) == ((f"tel:{CUSTOMER}",), HOTLINE)
    assert story.all(port.Play) == []
    story.rings().passes(3).answers()
    assert story.last(port.Play).media == (port.Speech("Hello", "female"),)
    assert story.call.answered_at == story.call.talked_from == story.now
    assert set(story.call.timers) == {Timer.MEDIA}
    story.hears()
    assert story.ended == (Outcome.COMPLETED, Cause.SCCO_END, "INTERNAL")
    assert story.told == ["created", "started", "ringing", "answered", "ended"]


def test_a_customer_who_listened_and_hung_up_was_reached():
    story = rings_out(cast.TALK).answers()
    story.leaves(story.dialled)
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")


def test_a_customer_who_does_not_answer_a_program_was_not():
    story = rings_out(cast.TALK).rings().fails(HangupCause.BUSY)
    assert story.ended == (Outcome.FAILED, HangupCause.BUSY, "INTERNAL")
    assert story.told == ["created", "started", "ringing", "ended"]


def test_the_answer_url_is_asked_when_the_customer_has_answered():
    story = rings_out(url=cast.ANSWER_URL)
    assert story.all(Ask) == []
    story.answers()
    assert (story.last(Ask).purpose, story.last(Ask).url) == (Purpose.ANSWER_URL, cast.ANSWER_URL)
    story.server_says([cast.TALK])
    assert story.call.state is CallState.PROGRAM
    assert len(story.all(port.Play)) == 1


@pytest.mark.parametrize(
    ("answer", "cause"),
    [(None, Cause.ANSWER_URL_FAILED), ("<html>", Cause.SCCO_UNREADABLE), ([], Cause.SCCO_EMPTY)],
)
def test_an_answer_that_is_none_ends_the_call(answer, cause):
    story = rings_out(url=cast.ANSWER_URL).answers().server_says(answer)
    assert story.ended == (Outcome.FAILED, cause, "INTERNAL")


def test_an_answer_url_that_is_silent_ends_the_call():
    story = rings_out(url=cast.ANSWER_URL).answers().passes(5)
    assert story.ended == (Outcome.FAILED, Cause.ANSWER_URL_FAILED, "INTERNAL")


def test_a_customer_who_is_called_can_be_connected_with_an_agent():
    story = rings_out(cast.connect("lan", internal=True)).answers()
    customer = story.call.flow.main_leg
    assert story.agents == [AgentCalledOut(LAN)]
    story.rings().answers()
    assert story.commands == [port.Bridge(customer, story.dialled)]
    assert story.told == ["created", "started", "answered", "ringing(lan)", "answered(lan)"]
    story.happens(on.HoldRequested(True))
    assert story.last(port.Hold).leg == customer
    story.leaves(story.dialled)
    assert story.agents == [AgentCalledOut(LAN), cast.released(LAN)]
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")


@pytest.mark.parametrize("refusal", [Cause.LIMIT_DESTINATION, Cause.LIMIT_RATE, Cause.LIMIT_CONCURRENCY])
def test_the_limits_of_the_project_hold_for_programs(refusal):
    story = rings_out(cast.TALK, config=replace(OURS, refusal=refusal))
    assert story.ended == (Outcome.REJECTED, refusal, "INTERNAL")
    assert story.told == ["created", "ended"]
    assert story.all(port.Dial) == []


def test_a_program_can_call_a_user():
    story = rings_out(cast.TALK, to="guest")
    assert story.last(port.Dial).endpoints == ("web:7_guest",)
    assert story.agents == []


def test_an_agent_whom_a_program_calls_is_in_the_call():
    story = rings_out(cast.TALK, to="lan")
    assert story.agents == [AgentCalledOut(LAN)]
    story.answers().hears()
    assert story.agents == [AgentCalledOut(LAN), cast.released(LAN)]
    assert rings_out(cast.TALK, to="lan", config=BUSY_LAN).ended == (Outcome.FAILED, Cause.BUSY, "INTERNAL")


def test_a_program_that_is_put_while_it_rings_is_the_one_that_begins():
    story = rings_out(cast.TALK).happens(on.ActionsPut(cast.program({"action": "talk", "text": "Other"}))).answers()
    assert story.last(port.Play).media == (port.Speech("Other", "female"),)
    story = rings_out(url=cast.ANSWER_URL).happens(on.ActionsPut(cast.program(cast.TALK))).answers()
    assert story.all(Ask) == []
    assert len(story.all(port.Play)) == 1
