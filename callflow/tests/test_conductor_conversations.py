"""Two parties talk: hold, mute, keys, hanging up; and the customer is handed on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.domain import Unanswered
from callflow.domain import events as on
from callflow.domain.call import Party, Timer, TransferKind
from callflow.domain.effects import AgentAnswered, AgentCalledOut, Publish, RingDoorbell
from callflow.tests import cast
from callflow.tests.cast import (
    CALLER,
    CUSTOMER,
    ELSEWHERE,
    HOA,
    HOTLINE,
    LAN,
    MINH,
    OURS,
    SALES,
    SUPPORT,
    WITH_MENU,
    Story,
    arrives,
    dials,
)
from calls.domain import CallState, Cause, LegState, Outcome
from queues.entries import EntryOutcome, EntryState
from telephony import port
from telephony.port import AudioFile, HangupCause

ATTENDED = TransferKind.ATTENDED
LANS = "offer-1"
FREE_LAN = cast.released(LAN, 10, queue_call=True)


# ── Hanging up ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_customer_who_hangs_up_ends_the_call_and_the_agent_wraps_up():
    story = arrives().talks().leaves()
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")
    assert story.agents == [AgentAnswered(LAN), FREE_LAN]
    assert story.call.entry.outcome is EntryOutcome.ANSWERED
    assert RingDoorbell() in story.latest
    assert story.told == ["created", "started", "ringing(lan)", "answered(lan)", "ended(lan)"]
    assert story.last(Publish).actor == Party(CUSTOMER)


def test_an_agent_who_hangs_up_ends_the_call_too():
    story = arrives().talks().leaves(LANS)
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")
    assert story.agents == [AgentAnswered(LAN), FREE_LAN]
    assert port.Hangup(CALLER) in story.commands
    assert story.told[-2:] == ["agentEnded(lan)", "ended(lan)"]
    assert story.last(Publish).actor.number == "lan"


def test_a_queue_without_wrap_up_frees_the_agent_at_once():
    story = arrives(replace(OURS, hotline=cast.TO_NIGHT)).talks().leaves()
    assert story.agents[-1] == cast.released(LAN, None, queue_call=True)


def test_a_conversation_can_be_stopped():
    story = arrives().talks().happens(on.HangUpRequested(Cause.STOPPED))
    assert story.ended == (Outcome.COMPLETED, Cause.STOPPED, "INTERNAL")
    assert {port.Hangup(CALLER), port.Hangup(LANS)} <= set(story.commands)


# ── Hold, mute, keys ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_customer_on_hold_hears_the_queues_music_and_comes_back():
    story = arrives().talks().happens(on.HoldRequested(True))
    assert story.commands == [port.Hold(CALLER, (AudioFile(7, "hold.mp3"),))]
    assert story.call.leg(CALLER).held
    assert story.happens(on.HoldRequested(True)).latest == ()
    assert story.happens(on.HoldRequested(False)).commands == [port.Unhold(CALLER)]
    assert not story.call.leg(CALLER).held


def test_on_a_call_that_an_agent_began_the_customer_is_held_and_not_the_agent():
    story = dials().answers().happens(on.HoldRequested(True))
    assert story.commands == [port.Hold(story.dialled, (port.Tone("music"),))]


def test_nobody_is_held_who_waits():
    assert arrives().happens(on.HoldRequested(True)).latest == ()


def test_an_agent_is_muted_and_heard_again():
    story = arrives().talks().happens(on.MuteRequested(LANS, True))
    assert story.commands == [port.Mute(LANS, True)]
    assert story.happens(on.MuteRequested(LANS, True)).latest == ()
    assert story.happens(on.MuteRequested(LANS, False)).commands == [port.Mute(LANS, False)]


def test_who_does_not_talk_is_not_muted():
    assert arrives().offered().happens(on.MuteRequested(LANS, True)).latest == ()
    assert arrives().happens(on.MuteRequested("nobody", True)).latest == ()


def keys_sent(story: Story) -> list[tuple[str, str]]:
    """To which legs, and which."""
    return [(each.leg, each.digits) for each in story.commands if isinstance(each, port.SendDigits)]


def test_keys_reach_the_other_party():
    story = arrives().talks()
    assert keys_sent(story.happens(on.DigitsRequested(LANS, "12#"))) == [(CALLER, "12#")]
    assert story.happens(on.DigitsRequested("nobody", "1")).latest == ()
    assert arrives().happens(on.DigitsRequested(CALLER, "1")).latest == ()


def test_keys_that_a_party_presses_while_it_talks_reach_the_other():
    story = arrives().talks()
    assert keys_sent(story.happens(port.Digit(CALLER, "7"))) == [(LANS, "7")]
    assert keys_sent(story.happens(port.Digit(LANS, "#"))) == [(CALLER, "#")]


def test_the_same_keys_pressed_again_are_another_command():
    story = arrives().talks()
    (first,) = story.happens(port.Digit(CALLER, "7")).commands
    (second,) = story.happens(port.Digit(CALLER, "7")).commands
    assert (first.digits, second.digits) == ("7", "7")
    assert first.keys != second.keys
    assert arrives().happens(port.Digit(CALLER, "1")).latest == ()


# ── Blind ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_blind_transfer_frees_the_agent_and_rings_the_next_while_the_customer_hears_music():
    story = arrives().talks().transferred(MINH)
    music = story.last(port.Play)
    assert (music.leg, music.media, music.loops) == (CALLER, (AudioFile(7, "hold.mp3"),), 0)
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.from_number, dial.to_alias, dial.timeout_s) == (("web:7_minh",), CUSTOMER, HOTLINE, 30)
    assert story.commands == [port.Unbridge(CALLER), music, port.Hangup(LANS), dial]
    assert story.agents == [AgentAnswered(LAN), FREE_LAN]
    assert story.call.state is CallState.CONNECTED
    assert story.told[-1] == "agentEnded(lan)"


def test_the_next_agent_answers_and_has_the_call():
    story = arrives().talks().transferred(MINH).rings().answers()
    assert story.commands == [port.Bridge(CALLER, story.dialled)]
    assert story.call.agent == MINH
    assert story.call.timers == {}
    story.leaves(story.dialled)
    assert story.agents == [AgentAnswered(LAN), FREE_LAN, AgentAnswered(MINH), cast.released(MINH, 10, queue_call=True)]
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")
    assert story.told[4:] == ["agentEnded(lan)", "ringing(minh)", "answered(minh)", "agentEnded(minh)", "ended(minh)"]


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (HangupCause.REJECTED, Unanswered.REJECTED),
        (HangupCause.BUSY, Unanswered.BUSY),
        (HangupCause.NO_ANSWER, Unanswered.NO_ANSWER),
        (HangupCause.UNREACHABLE, Unanswered.UNREACHABLE),
    ],
)
def test_a_blind_transfer_in_vain_puts_the_customer_back_into_his_place_in_line(cause, outcome):
    story = arrives().passes(7).talks()
    place = story.call.entry.enqueued_at
    story.transferred(MINH).passes(10).fails(cause)
    assert story.agents[-1] == cast.missed(MINH, outcome)
    assert (story.call.state, story.call.entry.state) == (CallState.WAITING, EntryState.WAITING)
    assert (story.call.entry.queue, story.call.entry.enqueued_at) == (SALES, place)
    assert story.told[-1] == "connect_failed(minh)"
    assert story.last(Publish).cause == cause
    assert story.talks(HOA, offer=2).call.agent == HOA


def test_an_engine_that_rings_the_next_agent_for_ever_is_stopped():
    story = arrives().talks().transferred(MINH)
    rung = story.dialled
    story.passes(33)
    assert port.Hangup(rung, HangupCause.NO_ANSWER) in story.all(port.Hangup)
    assert story.agents[-1] == cast.missed(MINH, Unanswered.NO_ANSWER)
    assert story.call.state is CallState.WAITING


def test_a_customer_who_leaves_during_a_blind_transfer_ends_it():
    story = arrives().talks().transferred(MINH).rings().leaves()
    assert story.agents == [AgentAnswered(LAN), FREE_LAN, cast.missed(MINH, Unanswered.WITHDRAWN)]
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")
    assert story.call.live_legs == ()


def test_a_customer_handed_to_a_telephone_went_out_of_our_hands():
    story = arrives().talks().transferred(ELSEWHERE)
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.from_number) == ((f"tel:{ELSEWHERE}",), HOTLINE)
    story.rings().answers()
    assert story.timer_in(Timer.TALK) == 7200
    story.leaves(story.dialled)
    assert story.ended == (Outcome.TRANSFERRED_OUT, Cause.NORMAL, "EXTERNAL")
    assert story.told[4:] == ["agentEnded(lan)", f"ringing({ELSEWHERE})", f"answered({ELSEWHERE})", "ended(lan)"]


def test_a_telephone_outside_the_limits_is_not_rung_and_the_conversation_goes_on():
    story = arrives(replace(OURS, refusal=Cause.LIMIT_DESTINATION)).talks().transferred(ELSEWHERE)
    assert story.commands == []
    assert story.told[-1] == f"connect_failed({ELSEWHERE})"
    assert story.last(Publish).cause == Cause.LIMIT_DESTINATION
    assert story.call.flow.transfer is None
    assert story.leaves(LANS).ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")


def test_an_agent_who_cannot_be_reached_is_let_go_and_the_conversation_goes_on():
    story = arrives().talks()
    story.happens(on.TransferRequested(ATTENDED, Party("minh", internal=True), agent=MINH))
    assert story.agents[-1] == cast.missed(MINH, Unanswered.WITHDRAWN)
    assert story.commands == []
    assert story.told[-1] == "connect_failed(minh)"


# ── To a queue ───────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("changed", ["full", "closed", "deserted"])
@pytest.mark.parametrize("to_queue", [True, False])
def test_who_comes_back_to_his_line_is_not_refused_there(changed, to_queue):
    story = arrives().passes(7).talks()
    place = story.call.entry.enqueued_at
    ways_out = {(SALES, "nobody_signed_in"): cast.WayOut("hang_up")}
    story.config = replace(OURS, ways_out=ways_out, **{changed: frozenset([SALES])})
    if to_queue:
        story.transferred(SALES)
    else:
        story.transferred(MINH).fails(HangupCause.BUSY)
    assert (story.call.state, story.call.entry.enqueued_at) == (CallState.WAITING, place)


def test_a_customer_handed_to_a_queue_waits_there_in_his_place():
    story = arrives().passes(7).talks()
    place = story.call.entry.enqueued_at
    story.passes(60).transferred(SUPPORT)
    assert (story.call.state, story.call.entry.queue, story.call.entry.enqueued_at) == (
        CallState.WAITING,
        SUPPORT,
        place,
    )
    assert story.agents == [AgentAnswered(LAN), FREE_LAN]
    assert port.Hangup(LANS) in story.commands
    left = [each.details for each in story.moved if each.subject == "entry" and each.event == "leave"]
    assert left == [{"outcome": EntryOutcome.TRANSFERRED}]


def test_a_customer_handed_to_a_closed_queue_follows_its_outcome():
    story = arrives(replace(OURS, closed=frozenset([SUPPORT]))).talks().transferred(SUPPORT).hears()
    assert story.ended == (Outcome.COMPLETED, Cause.QUEUE_CLOSED, "INTERNAL")


def test_a_customer_who_leaves_the_second_queue_has_abandoned_that():
    story = arrives().talks().transferred(SUPPORT).leaves()
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")
    assert story.call.entry.outcome is EntryOutcome.ABANDONED


def test_only_agents_of_the_queue_wrap_up_for_it():
    story = arrives().talks().transferred(SUPPORT).talks(MINH, offer=2).leaves()
    assert story.agents[-1] == cast.released(MINH, None, queue_call=True)


# ── Attended ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def consulting(story: Story | None = None) -> Story:
    """Lan has handed nobody over yet: she talks with Minh, the customer hears music."""
    return (story or arrives().talks()).transferred(MINH, ATTENDED).rings().answers()


def test_in_an_attended_transfer_the_agents_talk_first():
    story = arrives().talks().transferred(MINH, ATTENDED)
    assert port.Hangup(LANS) not in story.commands
    story.rings().answers()
    assert story.commands == [port.Bridge(LANS, story.dialled)]
    assert story.agents == [AgentAnswered(LAN), AgentAnswered(MINH)]
    assert story.call.agent == LAN


@pytest.mark.parametrize(
    "hand_over", [lambda story: story.happens(on.TransferCompleted()), lambda story: story.leaves(LANS)]
)
def test_hanging_up_or_asking_hands_the_customer_over(hand_over):
    story = hand_over(consulting())
    assert port.Bridge(CALLER, story.dialled) in story.commands
    assert story.agents == [AgentAnswered(LAN), AgentAnswered(MINH), FREE_LAN]
    assert story.call.agent == MINH
    assert story.told[4:] == ["ringing(minh)", "agentEnded(lan)", "answered(minh)"]
    assert story.call.flow.transfer is None
    assert story.leaves().ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")


@pytest.mark.parametrize(
    "hand_over", [lambda story: story.happens(on.TransferCompleted()), lambda story: story.leaves(LANS)]
)
def test_who_does_not_wait_for_the_answer_hands_over_blindly(hand_over):
    story = hand_over(arrives().talks().transferred(MINH, ATTENDED).rings())
    assert story.call.live_legs[-1].state is LegState.RINGING
    story.answers()
    assert story.commands == [port.Bridge(CALLER, story.dialled)]
    assert story.call.agent == MINH


@pytest.mark.parametrize("cause", [HangupCause.REJECTED, HangupCause.NO_ANSWER])
def test_an_attended_transfer_in_vain_gives_the_customer_back_to_the_agent(cause):
    story = arrives().talks().transferred(MINH, ATTENDED).fails(cause)
    assert story.commands == [port.Bridge(CALLER, LANS)]
    assert story.call.flow.transfer is None
    assert story.told[-1] == "connect_failed(minh)"
    assert story.leaves(LANS).agents[-1] == FREE_LAN


def test_the_consulted_agent_who_leaves_gives_the_customer_back():
    story = consulting()
    story.leaves(story.dialled)
    assert story.commands == [port.Bridge(CALLER, LANS)]
    assert story.agents[-1] == cast.released(MINH, 10, queue_call=True)
    assert story.told[-1] == "agentEnded(minh)"


def test_a_customer_who_leaves_while_the_agents_talk_ends_the_call():
    story = consulting().leaves()
    assert story.call.live_legs == ()
    assert story.agents[-2:] == [FREE_LAN, cast.released(MINH, 10, queue_call=True)]
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")


def test_a_telephone_can_be_consulted_too():
    story = arrives().talks().transferred(ELSEWHERE, ATTENDED).answers().leaves(LANS)
    assert port.Bridge(CALLER, story.dialled) in story.commands
    assert story.leaves().ended == (Outcome.TRANSFERRED_OUT, Cause.NORMAL, "EXTERNAL")


def test_only_one_transfer_at_a_time():
    story = arrives().talks().transferred(MINH, ATTENDED)
    before = story.call
    assert story.transferred(HOA).call == before
    assert story.latest[0] == cast.missed(HOA, Unanswered.WITHDRAWN)


def test_who_waits_cannot_be_transferred():
    story = arrives().transferred(MINH)
    assert story.agents == [cast.missed(MINH, Unanswered.WITHDRAWN)]
    assert story.call.state is CallState.WAITING


def test_a_customer_on_hold_comes_off_it_by_being_handed_over():
    story = arrives().talks().happens(on.HoldRequested(True)).transferred(MINH)
    assert not story.call.leg(CALLER).held
    assert story.happens(on.HoldRequested(True)).latest == ()


# ── Of calls that agents began, and of forwarded ones ────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "talking",
    [dials, lambda: Story(cast.outbound()).happens(cast.CALLOUT).rings().answers()],
    ids=["device", "callout"],
)
def test_an_agent_hands_on_a_customer_whom_he_had_called(talking):
    story = talking().rings().answers()
    customer = story.dialled
    lans = story.call.flow.main_leg
    story.transferred(MINH)
    dial = story.last(port.Dial)
    assert port.Unbridge(customer) in story.commands
    assert port.Hangup(lans) in story.commands
    assert (dial.from_number, dial.to_alias) == (CUSTOMER, "Ours")
    story.answers()
    assert story.commands == [port.Bridge(customer, story.dialled)]
    story.leaves(customer)
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")
    assert [each for each in story.agents if not isinstance(each, AgentCalledOut)] == [
        cast.released(LAN),
        AgentAnswered(MINH),
        cast.released(MINH),
    ]


def test_a_customer_whom_an_agent_had_called_can_be_put_into_a_queue():
    story = dials().answers()
    customer = story.dialled
    story.transferred(SALES).talks(MINH)
    assert (story.last(port.Dial).from_number, story.last(port.Dial).to_alias) == (CUSTOMER, "Ours")
    assert port.Bridge(customer, "offer-1") in story.commands
    assert story.leaves("offer-1").agents[-1] == cast.released(MINH, 10, queue_call=True)


def test_a_customer_whom_an_agent_had_called_is_let_go_when_nobody_takes_him():
    story = dials().answers().transferred(MINH).fails(HangupCause.BUSY)
    assert story.ended == (Outcome.COMPLETED, HangupCause.BUSY, "INTERNAL")
    assert story.call.live_legs == ()


def test_the_recording_of_a_call_that_an_agent_began_does_not_hear_the_agents_consult():
    config = replace(OURS, hotline=replace(cast.TO_SALES, record_outbound=True))
    story = dials(config).answers()
    first, customer = story.last(port.StartRecording), story.dialled
    assert first.leg == CALLER
    story.transferred(MINH, ATTENDED)
    assert port.StopRecording(CALLER, first.recording) in story.commands
    story.answers()
    assert len(story.all(port.StartRecording)) == 1
    story.leaves(CALLER)
    assert story.last(port.StartRecording).leg == customer


def test_a_forwarded_caller_can_be_handed_to_an_agent():
    story = arrives(WITH_MENU).presses("3").answers()
    outside = story.dialled
    story.transferred(MINH)
    assert port.Hangup(outside) in story.commands
    story.answers()
    assert Timer.TALK not in story.call.timers
    assert story.leaves().ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")


def test_a_call_that_we_paid_for_keeps_its_limit_when_it_is_handed_on():
    story = dials().answers().passes(100).transferred(MINH).answers()
    assert story.timer_in(Timer.TALK) == 7100
    story.passes(7100)
    assert story.ended == (Outcome.COMPLETED, Cause.TALK_LIMIT, "INTERNAL")


def test_a_user_who_is_no_agent_can_be_rung():
    story = arrives().talks()
    story.happens(on.TransferRequested(TransferKind.BLIND, Party("guest", internal=True), endpoints=("web:7_guest",)))
    story.answers()
    assert story.told[-1] == "answered(guest)"
    assert story.last(Publish).to.internal
    assert story.leaves().ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")
