"""Callers in queues: let in or not, what they hear, how long they wait; and offers to agents."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agents.domain import PAUSE_S, Unanswered
from callflow.domain import events as on
from callflow.domain.call import Timer, Tried
from callflow.domain.effects import AgentAnswered, Publish, RingDoorbell
from callflow.tests import cast
from callflow.tests.cast import (
    CALLER,
    CUSTOMER,
    ELSEWHERE,
    HOTLINE,
    LAN,
    MINH,
    NIGHT,
    OURS,
    SALES,
    SUPPORT,
    Project,
    WayOut,
    arrives,
)
from calls.domain import CallState, Cause, LegState, Outcome
from queues.entries import EntryOutcome, EntryState
from routing.domain.offers import OfferState
from telephony import port
from telephony.port import AudioFile, HangupCause, Speech

TO_NIGHT = replace(OURS, hotline=cast.TO_NIGHT)


# ── Going in ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_number_leads_straight_into_its_queue():
    story = arrives(replace(OURS, priorities={CUSTOMER: 5}, last_agents={CUSTOMER: MINH.id}))
    assert story.states == [CallState.WAITING]
    entry = story.call.entry
    assert (entry.queue, entry.priority, entry.last_agent) == (SALES, 5, MINH.id)
    assert entry.enqueued_at == entry.entered_at == entry.ready_at == story.now
    assert entry.backup_opens_at == story.now + dt.timedelta(seconds=20)
    assert story.timer_in(Timer.QUEUE_WAIT) == 300
    assert story.told == ["created", "started"]
    assert RingDoorbell() in story.latest


def test_a_waiting_caller_is_answered_and_hears_the_queues_music():
    story = arrives()
    played = story.last(port.Play)
    assert story.commands == [port.Answer(CALLER), played]
    assert (played.media, played.loops) == ((AudioFile(7, "wait.mp3"),), 0)
    assert arrives(TO_NIGHT).last(port.Play).media == (port.Tone("music"),)


def test_a_caller_who_is_blocked_in_queues_is_dropped():
    story = arrives(replace(OURS, blocked_in_queues=frozenset([CUSTOMER])))
    assert story.ended == (Outcome.REJECTED, Cause.CALLER_BLOCKED, "INTERNAL")
    assert story.call.entry is None


def closed(way: WayOut) -> Project:
    return replace(OURS, closed=frozenset([SALES]), ways_out={(SALES, "closed"): way})


REFUSALS = [
    (replace(OURS, closed=frozenset([SALES])), Cause.QUEUE_CLOSED),
    (replace(OURS, full=frozenset([SALES])), Cause.QUEUE_FULL),
    (
        replace(OURS, deserted=frozenset([SALES]), ways_out={(SALES, "nobody_signed_in"): WayOut("message")}),
        Cause.QUEUE_NOBODY_SIGNED_IN,
    ),
]


@pytest.mark.parametrize(("config", "cause"), REFUSALS)
def test_who_is_not_let_in_hears_a_goodbye(config, cause):
    story = arrives(config)
    assert story.states == [CallState.ANNOUNCING]
    assert story.commands == [port.Answer(CALLER), story.last(port.Play)]
    assert story.last(port.Play).media == (Speech("goodbye"),)
    story.hears()
    assert story.ended == (Outcome.REJECTED, cause, "INTERNAL")
    assert story.call.entry is None


def test_callers_wait_where_nobody_is_signed_in_unless_something_was_chosen():
    assert arrives(replace(OURS, deserted=frozenset([SALES]))).call.state is CallState.WAITING


def test_closed_goes_before_full():
    story = arrives(replace(REFUSALS[0][0], full=frozenset([SALES]))).hears()
    assert story.call.cause == Cause.QUEUE_CLOSED


def test_a_message_is_a_file_before_it_is_a_text():
    assert arrives(closed(WayOut("message", message="Sorry"))).last(port.Play).media == (Speech("Sorry"),)
    story = arrives(closed(WayOut("message", message="Sorry", greeting_file="sorry.mp3")))
    assert story.last(port.Play).media == (AudioFile(7, "sorry.mp3"),)


def test_a_last_message_that_the_engine_never_ends_is_over_all_the_same():
    story = arrives(closed(WayOut("message"))).passes(180)
    assert story.ended == (Outcome.REJECTED, Cause.QUEUE_CLOSED, "INTERNAL")


def test_who_hangs_up_during_the_last_message_was_refused_too():
    story = arrives(closed(WayOut("message"))).leaves()
    assert story.ended == (Outcome.REJECTED, Cause.QUEUE_CLOSED, "EXTERNAL")


def test_a_closed_queue_may_hang_up_without_an_answer():
    story = arrives(closed(WayOut("hang_up")))
    assert story.ended == (Outcome.REJECTED, Cause.QUEUE_CLOSED, "INTERNAL")
    assert story.commands == [port.Hangup(CALLER, HangupCause.UNREACHABLE)]


def test_a_full_queue_that_hangs_up_sounds_busy():
    story = arrives(replace(OURS, full=frozenset([SALES]), ways_out={(SALES, "full"): WayOut("hang_up")}))
    assert story.commands == [port.Hangup(CALLER, HangupCause.BUSY)]


def test_a_closed_queue_may_take_messages():
    story = arrives(closed(WayOut("voicemail")))
    assert story.states == [CallState.VOICEMAIL]
    assert story.call.flow.voicemail_queue == SALES


def test_a_closed_queue_may_send_callers_to_another():
    story = arrives(closed(WayOut("queue", to_queue_id=SUPPORT)))
    assert story.call.entry.queue == SUPPORT


def test_a_closed_queue_may_forward_callers_to_a_telephone():
    story = arrives(closed(WayOut("number", to_number=ELSEWHERE)))
    assert story.call.state is CallState.FORWARDING
    assert story.last(port.Dial).from_number == HOTLINE
    assert story.last(port.Dial).endpoints == (f"tel:{ELSEWHERE}",)


def test_a_closed_queue_may_send_callers_to_a_menu():
    story = arrives(closed(WayOut("node", tree_id="TR1", to_node_id="more")))
    assert story.call.state is CallState.IVR
    assert story.call.flow.menu.node == "more"


def test_a_queue_that_sends_callers_to_one_that_is_gone_ends_the_call():
    story = arrives(closed(WayOut("queue", to_queue_id=99)))
    assert story.ended == (Outcome.FAILED, Cause.MENU_BROKEN, "INTERNAL")


def test_queues_that_send_callers_round_in_a_circle_are_cut():
    story = arrives(
        replace(
            OURS,
            full=frozenset([SALES, SUPPORT]),
            ways_out={
                (SALES, "full"): WayOut("queue", to_queue_id=SUPPORT),
                (SUPPORT, "full"): WayOut("queue", to_queue_id=SALES),
            },
        )
    )
    assert story.ended == (Outcome.FAILED, Cause.QUEUE_LOOP, "INTERNAL")


# ── Waiting ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_caller_who_leaves_has_abandoned_the_queue():
    story = arrives().leaves()
    assert story.ended == (Outcome.ABANDONED, Cause.CALLER_LEFT, "EXTERNAL")
    assert story.call.entry.outcome is EntryOutcome.ABANDONED
    assert story.told == ["created", "started", "ended"]


def test_a_caller_who_is_hung_up_on_has_not_abandoned_the_queue():
    story = arrives().happens(on.HangUpRequested(Cause.STOPPED))
    assert story.call.entry.outcome is EntryOutcome.REDIRECTED


def test_who_has_waited_too_long_goes_where_the_queue_says():
    way = {(SALES, "waited_too_long"): WayOut("queue", to_queue_id=SUPPORT)}
    story = arrives(replace(OURS, ways_out=way)).passes(299)
    assert story.call.entry.queue == SALES
    story.passes(1)
    assert (story.call.entry.queue, story.call.entry.enqueued_at) == (SUPPORT, story.now)
    left = [each for each in story.moved if each.subject == "entry" and each.event == "leave"]
    assert [each.details for each in left] == [{"outcome": EntryOutcome.WAITED_TOO_LONG}]
    assert Timer.QUEUE_WAIT not in story.call.timers


def test_who_has_waited_too_long_hears_a_goodbye_where_nothing_was_chosen():
    story = arrives().passes(300).hears()
    assert story.ended == (Outcome.REJECTED, Cause.QUEUE_WAITED_TOO_LONG, "INTERNAL")


def test_a_caller_who_is_being_offered_may_have_waited_too_long_as_well():
    story = arrives().passes(290).offered().rings().passes(10)
    assert story.call.state is CallState.ANNOUNCING
    assert story.call.offer.state is OfferState.WITHDRAWN
    assert story.agents == [cast.missed(LAN, Unanswered.WITHDRAWN)]
    assert port.Hangup("offer-1", HangupCause.CANCELLED) in story.all(port.Hangup)
    assert story.told == ["created", "started", "ringing(lan)", "agentEnded(lan)"]


def test_the_place_in_line_is_told_from_time_to_time_and_the_music_goes_on():
    story = arrives(TO_NIGHT).passes(30)
    assert story.last(port.Play).media == (Speech("place 3, wait None"),)
    story.hears()
    assert story.last(port.Play).media == (port.Tone("music"),)
    assert story.timer_in(Timer.ANNOUNCE) == 30


def test_the_expected_wait_is_told_where_it_is_wanted():
    night = replace(cast.QUEUES[NIGHT], announce_position=False, announce_estimated_wait=True)
    story = arrives(replace(TO_NIGHT, queues={NIGHT: night})).passes(30)
    assert story.last(port.Play).media == (Speech("place None, wait 120"),)


def test_nothing_is_told_while_an_agent_is_about_to_answer():
    story = arrives(TO_NIGHT).offered(timeout_s=60)
    played = len(story.all(port.Play))
    story.passes(30)
    assert len(story.all(port.Play)) == played
    assert story.timer_in(Timer.ANNOUNCE) == 30


# ── Offers ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_offer_rings_the_agent_and_shows_him_the_caller():
    story = arrives().offered()
    dial = story.last(port.Dial)
    assert story.commands == [dial]
    assert (dial.leg, dial.endpoints, dial.timeout_s) == ("offer-1", ("web:7_lan",), 20)
    assert (dial.from_number, dial.to_number, dial.to_alias) == (CUSTOMER, "lan", HOTLINE)
    assert (story.call.state, story.call.entry.state) == (CallState.OFFERED, EntryState.OFFERED)
    assert story.timer_in(Timer.OFFER) == 20
    story.rings()
    assert story.told == ["created", "started", "ringing(lan)"]
    assert story.last(Publish).to.alias == HOTLINE


def test_the_agent_who_answers_gets_the_call():
    story = arrives().talks()
    assert story.agents == [AgentAnswered(LAN)]
    assert port.Bridge(CALLER, "offer-1") in story.commands
    assert (story.call.state, story.call.entry.state) == (CallState.CONNECTED, EntryState.CONNECTED)
    assert story.call.offer.state is OfferState.ACCEPTED
    assert (story.call.agent, story.call.connected_at) == (LAN, story.now)
    assert story.call.timers == {}
    assert story.told == ["created", "started", "ringing(lan)", "answered(lan)"]
    assert story.last(Publish).actor.number == "lan"


@pytest.mark.parametrize(
    ("cause", "state", "outcome"),
    [
        (HangupCause.REJECTED, OfferState.REJECTED, Unanswered.REJECTED),
        (HangupCause.BUSY, OfferState.BUSY, Unanswered.BUSY),
        (HangupCause.NO_ANSWER, OfferState.TIMED_OUT, Unanswered.NO_ANSWER),
        (HangupCause.UNREACHABLE, OfferState.UNREACHABLE, Unanswered.UNREACHABLE),
        (HangupCause.FAILED, OfferState.FAILED, Unanswered.FAILED),
        (HangupCause.ENGINE_LOST, OfferState.FAILED, Unanswered.FAILED),
    ],
)
def test_an_offer_that_is_not_answered_has_its_own_outcome_and_the_caller_keeps_his_place(cause, state, outcome):
    story = arrives()
    place = story.call.entry.enqueued_at
    story.offered().passes(5).fails(cause)
    assert (story.call.offer.state, story.call.state) == (state, CallState.WAITING)
    assert story.agents == [cast.missed(LAN, outcome)]
    assert story.call.entry.enqueued_at == place
    assert story.call.entry.tried == {LAN.id: Tried(1, story.now + dt.timedelta(seconds=PAUSE_S[outcome]))}
    assert RingDoorbell() in story.latest
    assert story.told[-1] == "agentEnded(lan)"
    assert story.last(Publish).cause == cause


def test_when_the_first_agent_ignores_the_call_the_second_gets_it():
    story = arrives().offered().rings().passes(20).offered(MINH, offer=2).rings().answers().leaves("offer-2")
    assert story.told == [
        "created",
        "started",
        "ringing(lan)",
        "agentEnded(lan)",
        "ringing(minh)",
        "answered(minh)",
        "agentEnded(minh)",
        "ended(minh)",
    ]
    assert story.agents == [
        cast.missed(LAN, Unanswered.NO_ANSWER),
        AgentAnswered(MINH),
        cast.released(MINH, 10, queue_call=True),
    ]


def test_the_same_agent_may_miss_a_call_more_than_once():
    story = arrives().offered().passes(20).offered(offer=2).passes(20)
    assert story.call.entry.tried[LAN.id].times == 2
    assert story.call.entry.attempts == 2


def test_the_timer_before_the_engine_ends_an_offer_once():
    story = arrives().offered().rings().passes(20)
    assert story.call.state is CallState.WAITING
    assert port.Hangup("offer-1", HangupCause.NO_ANSWER) in story.all(port.Hangup)
    before = story.call
    assert story.fails(HangupCause.NO_ANSWER).call == before
    assert story.latest == ()


def test_the_engine_before_the_timer_ends_an_offer_once():
    story = arrives().offered().rings().fails(HangupCause.NO_ANSWER)
    assert Timer.OFFER not in story.call.timers
    before = story.call
    assert story.happens(on.TimerFired(Timer.OFFER)).call == before


def test_an_agent_who_answers_too_late_is_hung_up():
    story = arrives().offered().rings().passes(20).answers("offer-1")
    assert story.commands == [port.Hangup("offer-1")]
    assert story.call.state is CallState.WAITING
    assert story.agents == [cast.missed(LAN, Unanswered.NO_ANSWER)]


def test_a_caller_who_leaves_while_it_rings_withdraws_the_offer_at_once():
    story = arrives().offered().rings().leaves()
    assert story.call.offer.state is OfferState.WITHDRAWN
    assert story.commands == [port.Hangup("offer-1", HangupCause.CANCELLED)]
    assert story.agents == [cast.missed(LAN, Unanswered.WITHDRAWN)]
    assert story.ended == (Outcome.ABANDONED, Cause.CALLER_LEFT, "EXTERNAL")
    assert story.told == ["created", "started", "ringing(lan)", "agentEnded(lan)", "ended"]


def test_of_an_answer_and_a_caller_who_leaves_the_first_counts():
    left_first = arrives().offered().rings().leaves().answers("offer-1")
    assert left_first.commands == [port.Hangup("offer-1")]
    assert left_first.agents == [cast.missed(LAN, Unanswered.WITHDRAWN)]
    answered_first = arrives().offered().rings().answers().leaves()
    assert answered_first.agents == [AgentAnswered(LAN), cast.released(LAN, 10, queue_call=True)]
    assert answered_first.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")


def test_an_offer_for_a_caller_who_has_left_lets_the_agent_go():
    story = arrives().leaves().offered()
    assert story.agents == [cast.missed(LAN, Unanswered.WITHDRAWN)]
    assert story.call.offer.state is OfferState.WITHDRAWN
    assert story.all(port.Dial) == []


def test_an_offer_for_an_earlier_stay_lets_the_agent_go():
    story = arrives()
    story.happens(on.OfferMade(99, 1, "offer-1", LAN, ("web:7_lan",), 20, 1))
    assert story.agents == [cast.missed(LAN, Unanswered.WITHDRAWN)]
    assert story.call.state is CallState.WAITING
    assert story.offered(MINH, offer=2).call.state is CallState.OFFERED


def test_an_offer_that_is_told_twice_rings_once():
    story = arrives().offered()
    before = story.call
    assert story.offered().call == before
    assert story.latest == ()


def test_ringing_and_answers_that_come_twice_are_told_once():
    story = arrives().talks()
    before = story.call
    assert story.rings().answers().call == before
    assert story.latest == ()
    assert story.call.leg("offer-1").state is LegState.ANSWERED


def test_a_queues_number_is_shown_to_telephones_of_agents():
    story = arrives()
    made = on.OfferMade(
        1, 1, "offer-1", LAN, (f"tel:{ELSEWHERE}",), 20, 1, from_number=HOTLINE, info={"queue": "Sales"}
    )
    dial = story.happens(made).last(port.Dial)
    assert (dial.from_number, dial.info) == (HOTLINE, {"queue": "Sales"})
