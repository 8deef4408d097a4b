"""Third persons talk along, supervisors listen, whisper and join: who is joined with whom, and who goes on alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.domain import Unanswered
from callflow.domain import events as on
from callflow.domain.call import AgentRef, Guest, Party, Timer, TransferKind
from callflow.domain.config import Settings
from callflow.domain.effects import AgentAnswered, Publish
from callflow.tests import cast
from callflow.tests.cast import CALLER, CUSTOMER, ELSEWHERE, HOA, HOTLINE, LAN, MINH, OURS, SALES, Story, arrives, dials
from calls.domain import CallState, Cause, LegRole, LegState, Outcome
from telephony import port
from telephony.port import HangupCause, Part

ATTENDED = TransferKind.ATTENDED
LANS = "offer-1"
CHIEF = Party("chief", internal=True)
CHIEFS_PAGE = ("web:7_console:chief",)
FREE_LAN = cast.released(LAN, 10, queue_call=True)


def person(to: AgentRef | str = MINH) -> on.GuestRequested:
    """An agent who is reserved, or a telephone."""
    if isinstance(to, AgentRef):
        where = (f"web:7_{to.user_id}",)
        return on.GuestRequested(LegRole.PARTICIPANT, Party(to.user_id, internal=True), Part.TALK, where, to, by="lan")
    return on.GuestRequested(LegRole.PARTICIPANT, Party(to), Part.TALK, (f"tel:{to}",), by="lan")


def supervisor(part: Part = Part.LISTEN, agent: AgentRef | None = None) -> on.GuestRequested:
    """The chief at a page of the console, or an agent who supervises."""
    to = Party(agent.user_id, internal=True) if agent is not None else CHIEF
    where = (f"web:7_{agent.user_id}",) if agent is not None else CHIEFS_PAGE
    return on.GuestRequested(LegRole.SUPERVISOR, to, part, where, agent, by=to.number)


def joins(story: Story, wanted: on.GuestRequested) -> str:
    """A guest is rung and answers. Returns his leg."""
    story.happens(wanted).rings().answers()
    return story.dialled


def talking() -> Story:
    return arrives().talks()


# ── Third persons ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_third_person_is_rung_and_joined_with_the_agent_when_she_answers():
    story = talking().happens(person())
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.from_number, dial.to_number, dial.timeout_s) == (("web:7_minh",), CUSTOMER, "minh", 30)
    assert dial.info == {"guest": "participant", "part": "talk"}
    assert story.commands == [dial]
    assert story.timer_in(Timer.GUEST_RING) == 33
    story.rings().answers()
    assert story.commands == [port.Join(dial.leg, LANS, Part.TALK)]
    assert story.call.flow.guests == (Guest(dial.leg, Part.TALK, "lan", LANS),)
    assert story.call.timers == {}
    assert story.call.agent == LAN
    assert story.agents == [AgentAnswered(LAN), AgentAnswered(MINH)]
    assert story.told[4:] == ["ringing(minh)", "answered(minh)"]


def test_a_third_person_who_leaves_is_free_without_wrap_up_and_the_others_talk_on():
    story = talking()
    story.leaves(joins(story, person()))
    assert story.commands == []
    assert story.call.flow.guests == ()
    assert story.call.state is CallState.CONNECTED
    assert story.agents[-1] == cast.released(MINH)
    assert story.told[-1] == "agentEnded(minh)"


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [(HangupCause.REJECTED, Unanswered.REJECTED), (HangupCause.NO_ANSWER, Unanswered.NO_ANSWER)],
)
def test_a_third_person_who_does_not_answer_has_missed_a_call(cause, outcome):
    story = talking().happens(person()).fails(cause)
    assert story.agents == [AgentAnswered(LAN), cast.missed(MINH, outcome)]
    assert story.call.flow.guests == ()
    assert story.call.timers == {}
    assert story.told[-1] == "connect_failed(minh)"


def test_a_third_person_who_rings_too_long_is_let_go_whatever_the_engine_says():
    story = talking().happens(person()).passes(33)
    assert story.commands == [port.Hangup(story.dialled, HangupCause.NO_ANSWER)]
    assert story.agents[-1] == cast.missed(MINH, Unanswered.NO_ANSWER)
    assert story.call.state is CallState.CONNECTED


def test_a_third_person_who_is_let_go_while_she_rings_has_missed_nothing():
    story = talking().happens(person())
    story.happens(on.GuestDismissed(story.dialled))
    assert story.commands == [port.Hangup(story.dialled)]
    assert story.agents[-1] == cast.missed(MINH, Unanswered.WITHDRAWN)
    assert story.call.timers == {}


def test_a_telephone_sees_our_number_and_talks_as_long_as_the_project_allows():
    story = arrives(replace(OURS, settings=Settings(outbound_max_duration_s=600))).talks()
    leg = joins(story, person(ELSEWHERE))
    dial = story.last(port.Dial)
    assert (dial.endpoints, dial.from_number) == ((f"tel:{ELSEWHERE}",), HOTLINE)
    assert story.call.leg(leg).role is LegRole.PARTICIPANT
    assert story.timer_in(Timer.GUEST_TALK) == 600
    story.passes(600)
    assert story.commands == [port.Hangup(leg)]
    assert story.call.state is CallState.CONNECTED
    assert story.call.timers == {}


def test_a_telephone_beyond_the_limits_is_not_rung():
    story = arrives(replace(OURS, refusal=Cause.LIMIT_CONCURRENCY)).talks()
    assert story.happens(person(ELSEWHERE)).latest == ()


def test_one_guest_rings_at_a_time_and_four_are_enough():
    story = talking().happens(person())
    assert story.happens(supervisor()).latest == ()
    story.rings().answers()
    for number in ("1", "2", "3"):
        joins(story, person(f"8490000000{number}"))
    assert len(story.call.flow.guests) == 4
    assert story.happens(supervisor()).latest == ()


def test_an_agent_who_was_reserved_in_vain_is_free_again():
    waiting = arrives().happens(person())
    assert waiting.agents == [cast.missed(MINH, Unanswered.WITHDRAWN)]
    ended = talking().leaves().happens(person(), supervisor(agent=HOA))
    assert ended.agents[2:] == [cast.missed(MINH, Unanswered.WITHDRAWN), cast.released(HOA)]


def test_nobody_is_added_while_a_transfer_is_under_way():
    story = talking().transferred(MINH, ATTENDED)
    assert story.happens(person(ELSEWHERE)).latest == ()


def test_a_third_person_must_leave_before_the_customer_is_handed_on():
    story = talking()
    joins(story, person())
    story.transferred(HOA)
    assert story.agents[-1] == cast.missed(HOA, Unanswered.WITHDRAWN)
    assert story.commands == []
    assert story.transferred(SALES).commands == []


# ── Supervisors ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_supervisor_listens_then_whispers_then_joins_and_nobody_outside_is_told():
    story = talking()
    told = story.told
    leg = joins(story, supervisor())
    assert story.commands == [port.Join(leg, LANS, Part.LISTEN)]
    assert story.happens(on.GuestChanged(leg, Part.WHISPER, "chief")).commands == [port.Join(leg, LANS, Part.WHISPER)]
    assert story.happens(on.GuestChanged(leg, Part.WHISPER)).latest == ()
    assert story.happens(on.GuestChanged(leg, Part.TALK, "chief")).commands == [port.Join(leg, LANS, Part.TALK)]
    assert story.happens(on.GuestDismissed(leg)).commands == [port.Hangup(leg)]
    assert story.told == told
    assert story.call.agent == LAN
    parts = [(each.event, each.details.get("part")) for each in story.moved if each.subject_id == leg]
    assert parts == [
        ("start", "listen"),
        ("ring", None),
        ("answer", None),
        ("part", "whisper"),
        ("part", "talk"),
        ("end", None),
    ]


def test_a_part_that_is_changed_while_the_supervisor_is_rung_is_the_one_taken():
    story = talking().happens(supervisor())
    story.happens(on.GuestChanged(story.dialled, Part.TALK)).answers()
    assert story.commands == [port.Join(story.dialled, LANS, Part.TALK)]


def test_third_persons_take_no_other_part():
    story = talking()
    leg = joins(story, person())
    assert story.happens(on.GuestChanged(leg, Part.LISTEN)).latest == ()


def test_a_supervisor_who_is_an_agent_is_free_when_he_has_listened_or_has_not_answered():
    story = talking()
    told = story.told
    story.leaves(joins(story, supervisor(agent=MINH)))
    assert story.agents[1:] == [cast.released(MINH)]
    story.happens(supervisor(agent=HOA)).fails(HangupCause.NO_ANSWER)
    assert story.agents[2:] == [cast.released(HOA)]
    assert story.told == told


def test_supervisors_stay_through_a_blind_transfer_and_hear_the_next_agent():
    story = talking()
    leg = joins(story, supervisor())
    story.transferred(MINH)
    assert story.call.guest(leg) == Guest(leg, Part.LISTEN, "chief", "")
    story.rings().answers()
    assert story.commands == [port.Bridge(CALLER, story.dialled), port.Join(leg, story.dialled, Part.LISTEN)]


def test_supervisors_hear_a_consultation_and_what_follows():
    story = talking()
    leg = joins(story, supervisor())
    story.transferred(MINH, ATTENDED).rings().answers()
    assert story.call.guest(leg).host == LANS
    assert port.Join(leg, LANS, Part.LISTEN) not in story.commands
    story.happens(on.TransferCompleted())
    assert story.commands[-1] == port.Join(leg, story.dialled, Part.LISTEN)


def test_supervisors_wait_in_silence_while_the_customer_waits_in_a_queue():
    story = talking()
    leg = joins(story, supervisor(Part.TALK))
    story.transferred(SALES)
    assert story.call.state is CallState.WAITING
    assert story.call.leg(leg).alive
    story.talks(HOA, offer=2)
    assert story.commands[-1] == port.Join(leg, "offer-2", Part.TALK)


def test_a_supervisor_who_answers_when_nobody_talks_waits():
    story = talking().happens(supervisor())
    leg = story.dialled
    story.transferred(SALES).answers(leg)
    assert story.commands == []
    story.talks(HOA, offer=2)
    assert story.commands[-1] == port.Join(leg, "offer-2", Part.LISTEN)


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_keys_reach_who_talks_and_not_who_listens():
    story = talking()
    listener, third = joins(story, supervisor()), joins(story, person())
    sent = [each.leg for each in story.happens(port.Digit(CALLER, "5")).commands]
    assert sent == [LANS, third]
    assert story.happens(port.Digit(listener, "5")).commands == []


# ── Going on alone ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_when_the_agent_leaves_the_third_person_goes_on_and_is_the_calls_agent():
    story = talking()
    listener, third = joins(story, supervisor()), joins(story, person())
    story.leaves(LANS)
    assert story.commands == [port.Bridge(CALLER, third), port.Join(listener, third, Part.LISTEN)]
    assert story.call.agent == MINH
    assert story.agents[-1] == FREE_LAN
    assert story.told[-1] == "agentEnded(lan)"
    assert story.call.state is CallState.CONNECTED
    story.leaves(third)
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")
    assert story.agents[-1] == cast.released(MINH, 10, queue_call=True)
    assert port.Hangup(listener) in story.commands


def test_when_the_agent_leaves_a_supervisor_who_talks_goes_on_and_the_agent_stays_the_calls():
    story = talking()
    leg = joins(story, supervisor(Part.TALK, HOA))
    story.leaves(LANS)
    assert story.commands == [port.Bridge(CALLER, leg)]
    assert story.call.agent == LAN
    told = story.told
    story.leaves(leg)
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")
    assert story.agents[-1] == cast.released(HOA)
    assert story.told == [*told, "ended(lan)"]


def test_a_supervisor_who_goes_on_alone_can_hang_up_for_all():
    story = talking()
    leg = joins(story, supervisor(Part.TALK))
    story.leaves(LANS).happens(on.GuestDismissed(leg))
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")
    assert {port.Hangup(leg), port.Hangup(CALLER)} <= set(story.commands)


def test_third_persons_go_before_supervisors():
    story = talking()
    first, third = joins(story, supervisor(Part.TALK)), joins(story, person(ELSEWHERE))
    story.leaves(LANS)
    assert story.commands == [port.Bridge(CALLER, third), port.Join(first, third, Part.TALK)]
    assert story.call.flow.outside


@pytest.mark.parametrize(
    ("role", "outcome"),
    [(LegRole.PARTICIPANT, Outcome.TRANSFERRED_OUT), (LegRole.SUPERVISOR, Outcome.COMPLETED)],
)
def test_a_telephone_with_which_the_customer_goes_on_is_outside_unless_it_is_a_supervisors(role, outcome):
    story = talking()
    leg = joins(story, replace(person(ELSEWHERE), role=role))
    story.leaves(LANS)
    assert story.timer_in(Timer.TALK) == Settings().outbound_max_duration_s
    story.leaves(leg)
    assert story.call.outcome is outcome


@pytest.mark.parametrize("part", [Part.LISTEN, Part.WHISPER])
def test_who_only_listens_or_whispers_does_not_go_on(part):
    story = talking()
    leg = joins(story, supervisor(part))
    story.leaves(LANS)
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "INTERNAL")
    assert port.Hangup(leg) in story.commands
    assert story.call.flow.guests == ()


def test_when_the_customer_leaves_the_call_is_over_for_all():
    story = talking()
    listener, third = joins(story, supervisor(agent=HOA)), joins(story, person())
    story.happens(person(ELSEWHERE))
    story.leaves()
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")
    assert {port.Hangup(leg) for leg in (LANS, listener, third, story.dialled)} <= set(story.commands)
    assert set(story.agents[2:]) == {FREE_LAN, cast.released(HOA), cast.released(MINH)}
    assert all(leg.state is LegState.ENDED for leg in story.call.legs)


def test_when_the_agent_who_called_out_leaves_the_customer_is_the_calls_main_party():
    story = dials().answers()
    customer = story.dialled
    third = joins(story, person())
    assert story.commands == [port.Join(third, CALLER, Part.TALK)]
    story.leaves(CALLER)
    assert story.commands == [port.Bridge(customer, third)]
    assert story.call.caller.id == customer
    assert story.call.agent == MINH
    story.leaves(customer)
    assert story.ended == (Outcome.COMPLETED, Cause.NORMAL, "EXTERNAL")


def test_when_the_customer_of_an_agents_call_leaves_the_third_person_is_let_go():
    story = dials().answers()
    customer, third = story.dialled, joins(story, person())
    story.leaves(customer)
    assert port.Hangup(third) in story.commands
    assert story.call.state is CallState.ENDED
    assert set(story.agents[2:]) == {cast.released(LAN), cast.released(MINH)}


def test_a_caller_of_a_program_goes_on_with_the_third_person_and_then_with_the_program():
    story = arrives(replace(OURS, hotline=replace(OURS.hotline, answer_url=cast.ANSWER_URL)))
    story.server_says([cast.connect("lan", internal=True, continueOnFail=True), cast.TALK]).answers()
    lans = story.dialled
    third = joins(story, person())
    story.leaves(lans)
    assert story.commands == [port.Bridge(CALLER, third)]
    story.leaves(third)
    assert story.call.state is CallState.PROGRAM
    assert isinstance(story.commands[-1], port.Play)


def test_a_held_customer_is_back_when_the_third_person_goes_on_with_him():
    story = talking()
    joins(story, person())
    story.happens(on.HoldRequested(True)).leaves(LANS)
    assert not story.call.leg(CALLER).held


def test_a_guests_leg_that_the_engine_has_lost_ends_nothing_but_itself():
    story = talking()
    leg = joins(story, person())
    story.leaves(leg, HangupCause.ENGINE_LOST)
    assert story.call.state is CallState.CONNECTED
    assert story.agents[-1] == cast.released(MINH)


# ── A consultation becomes a conversation of three ───────────────────────────────────────────────────────────────────
def test_a_consultation_is_merged():
    story = talking().transferred(MINH, ATTENDED).rings().answers()
    target = story.dialled
    story.happens(on.TransferMerged())
    assert story.commands == [port.Bridge(CALLER, LANS), port.Join(target, LANS, Part.TALK)]
    assert story.call.flow.transfer is None
    assert story.call.flow.guests == (Guest(target, Part.TALK, "lan", LANS),)
    assert story.told[-1] == "answered(minh)"
    story.leaves(LANS)
    assert story.commands == [port.Bridge(CALLER, target)]
    assert story.call.agent == MINH


def test_only_who_is_consulted_can_be_merged():
    assert talking().happens(on.TransferMerged()).latest == ()
    assert talking().transferred(MINH, ATTENDED).rings().happens(on.TransferMerged()).latest == ()
    assert talking().transferred(MINH).happens(on.TransferMerged()).latest == ()


def test_events_name_third_persons_and_only_them():
    story = talking()
    joins(story, supervisor(agent=HOA))
    joins(story, person(ELSEWHERE))
    story.leaves(LANS).leaves()
    said = [(each.status, each.to.number) for each in story.all(Publish)[4:]]
    assert said == [
        ("ringing", ELSEWHERE),
        ("answered", ELSEWHERE),
        ("agentEnded", "lan"),
        ("ended", "lan"),
    ]
    assert [each.agent for each in story.all(AgentAnswered)] == [LAN]
