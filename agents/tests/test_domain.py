"""The pure rules of agents."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import domain
from agents.domain import (
    ACTIVITY_TABLE,
    AVAILABLE,
    Activity,
    AgentEvent,
    AgentState,
    QueueNeeds,
    Reach,
    Rule,
    System,
    TakesCallsOn,
    Unanswered,
    Unavailable,
)

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(seconds=30)
FREE = AgentState(
    1, "lan", manual_status=AVAILABLE, device_status=Reach.CONNECTION, reach=Reach.CONNECTION, free_since=NOW
)
ON_PHONE = replace(
    FREE, routing_type=TakesCallsOn.PHONE, phone_number="0909 982 888", device_status=0, reach=Reach.PHONE
)
EVERYTHING = QueueNeeds(cond_routing=2, has_caller_id_for_phones=True)
ALL_NEEDS = [QueueNeeds(cond, caller_id) for cond in (1, 2) for caller_id in (False, True)]


# ── Availability ─────────────────────────────────────────────────────────────────────────────────────────────────────

FORBIDDEN: list[tuple[dict[str, Any], Unavailable]] = [
    ({"manual_status": "LUNCH BREAK"}, Unavailable(Rule.MANUAL_STATUS)),
    ({"manual_status": "available"}, Unavailable(Rule.MANUAL_STATUS)),
    ({"manual_status": None}, Unavailable(Rule.MANUAL_STATUS)),
    ({"set_aside_at": NOW}, Unavailable(Rule.SET_ASIDE)),
    ({"activity": Activity.ON_CALL}, Unavailable(Rule.IN_CALL)),
    ({"activity": Activity.OFFERED}, Unavailable(Rule.OFFERED)),
    ({"activity": Activity.WRAP_UP, "wrap_up_until": LATER}, Unavailable(Rule.WRAP_UP, until=LATER)),
    ({"paused_until": LATER}, Unavailable(Rule.PAUSED, until=LATER)),
    ({"system_status": System.IN_CALL}, Unavailable(Rule.SYSTEM_STATUS)),
    ({"system_status": System.WRAP_UP}, Unavailable(Rule.SYSTEM_STATUS)),
    ({"reach": Reach.NONE}, Unavailable(Rule.NO_DEVICE)),
]


@pytest.mark.parametrize(("broken", "unavailable"), FORBIDDEN)
def test_each_rule_forbids_alone(broken, unavailable):
    assert domain.availability(replace(FREE, **broken), EVERYTHING) == unavailable


def test_the_first_rule_is_told():
    everything_wrong: dict[str, Any] = {}
    for broken, unavailable in reversed(FORBIDDEN):
        everything_wrong |= broken
        assert domain.availability(replace(FREE, **everything_wrong), EVERYTHING).rule == unavailable.rule


@pytest.mark.parametrize("needs", ALL_NEEDS)
@pytest.mark.parametrize("way", [Reach.CONNECTION, Reach.PUSH])
def test_page_app_and_push_token_always_count(needs, way):
    assert domain.availability(replace(FREE, reach=way), needs) is None


def test_a_sip_phone_counts_only_where_the_queue_takes_it():
    agent = replace(FREE, reach=Reach.SIP)

    assert domain.availability(agent, QueueNeeds(cond_routing=2)) is None
    assert domain.availability(agent, QueueNeeds(cond_routing=1)) == Unavailable(Rule.ONLY_SIP)


def test_an_own_phone_needs_its_number_and_a_caller_id_of_the_queue():
    assert domain.availability(ON_PHONE, QueueNeeds(has_caller_id_for_phones=True)) is None
    assert domain.availability(ON_PHONE, QueueNeeds()) == Unavailable(Rule.NO_CALLER_ID)
    without = replace(ON_PHONE, phone_number="", reach=Reach.NONE)
    assert domain.availability(without, EVERYTHING) == Unavailable(Rule.NO_PHONE_NUMBER)


def test_devices_of_one_who_takes_calls_on_the_own_phone_do_not_count():
    agent = domain.settled(replace(ON_PHONE, phone_number="", device_status=Reach.CONNECTION), NOW)
    assert (agent.reach, agent.free_since) == (Reach.NONE, None)


def test_the_own_phone_of_one_who_takes_calls_on_devices_does_not_count():
    agent = domain.settled(replace(FREE, device_status=Reach.NONE, phone_number="84909982888"), NOW)
    assert (agent.reach, agent.free_since) == (Reach.NONE, None)


@pytest.mark.parametrize(
    ("agent", "needs", "endpoints"),
    [
        (replace(FREE, reach=Reach.CONNECTION | Reach.PUSH), EVERYTHING, ("web:81234_lan",)),
        (replace(FREE, reach=Reach.CONNECTION | Reach.SIP), EVERYTHING, ("web:81234_lan", "sip:81234_lan")),
        (replace(FREE, reach=Reach.CONNECTION | Reach.SIP), QueueNeeds(), ("web:81234_lan",)),
        (replace(FREE, reach=Reach.SIP), QueueNeeds(), ()),
        (ON_PHONE, EVERYTHING, ("tel:84909982888",)),
        (replace(ON_PHONE, phone_number="+84 90 0000011"), EVERYTHING, ("tel:84900000011",)),
        (replace(ON_PHONE, phone_number="call 84-1"), EVERYTHING, ("tel:841",)),
        (ON_PHONE, QueueNeeds(), ()),
    ],
)
def test_endpoints_are_those_on_which_the_queue_may_ring(agent, needs, endpoints):
    assert domain.endpoints_of(agent, needs, 81234, "VN") == endpoints


# ── Known answers of the changes ─────────────────────────────────────────────────────────────────────────────────────


def offered(agent=FREE, call="call-1", at=NOW):
    state = domain.offered(agent, call, at)
    assert state is not None
    return state


def test_an_offer_reserves_and_an_answer_occupies():
    ringing = offered(at=LATER)
    assert (ringing.activity, ringing.call_ref, ringing.free_since) == (Activity.OFFERED, "call-1", None)
    assert ringing.system_status == System.FREE

    talking = domain.answered(replace(ringing, missed_in_a_row=2), "call-1", LATER)
    assert (talking.activity, talking.system_status) == (Activity.ON_CALL, System.IN_CALL)
    assert (talking.missed_in_a_row, talking.last_time_pickup) == (0, LATER)


@pytest.mark.parametrize(
    ("how", "pause_s", "missed"),
    [
        (Unanswered.NO_ANSWER, 2, 1),
        (Unanswered.REJECTED, 5, 0),
        (Unanswered.BUSY, 10, 0),
        (Unanswered.UNREACHABLE, 10, 1),
        (Unanswered.FAILED, 5, 0),
    ],
)
def test_each_way_not_to_answer_has_its_pause(how, pause_s, missed):
    after = domain.unanswered(offered(), "call-1", how, 3, LATER)
    assert (after.activity, after.free_since, after.missed_in_a_row) == (Activity.IDLE, None, missed)
    end = LATER + dt.timedelta(seconds=pause_s)
    assert after.paused_until == end

    assert domain.settled(after, end - dt.timedelta(microseconds=1)).free_since is None
    free = domain.settled(after, end)
    assert (free.paused_until, free.free_since) == (None, end)


def test_an_agent_whose_caller_left_keeps_his_place():
    after = domain.unanswered(offered(at=LATER), "call-1", Unanswered.WITHDRAWN, 1, LATER)
    assert (after.free_since, after.paused_until, after.missed_in_a_row) == (NOW, None, 0)


def test_the_limit_of_missed_calls_sets_aside_and_zero_never_does():
    twice = replace(offered(), missed_in_a_row=2)

    aside = domain.unanswered(twice, "call-1", Unanswered.NO_ANSWER, 3, LATER)
    assert (aside.set_aside_at, aside.paused_until, aside.free_since) == (LATER, None, None)
    assert domain.unanswered(twice, "call-1", Unanswered.NO_ANSWER, 4, LATER).set_aside_at is None
    assert domain.unanswered(twice, "call-1", Unanswered.NO_ANSWER, 0, LATER).set_aside_at is None
    assert domain.unanswered(twice, "call-1", Unanswered.REJECTED, 3, LATER).set_aside_at is None

    back = domain.returned(aside, LATER)
    assert (back.set_aside_at, back.missed_in_a_row, back.free_since) == (None, 0, LATER)


def test_wrap_up_has_a_deadline_and_is_extended_once():
    talking = domain.answered(offered(), "call-1", NOW)
    after = domain.released(talking, "call-1", NOW, wrap_up_s=30)
    assert (after.activity, after.system_status) == (Activity.WRAP_UP, System.WRAP_UP)
    assert (after.wrap_up_until, after.call_ref) == (LATER, "")
    assert after.last_time_support_call_ended == NOW

    longer = domain.wrap_up_extended(after, NOW)
    assert longer.wrap_up_until == NOW + dt.timedelta(seconds=60)
    assert domain.wrap_up_extended(longer, NOW) is None

    idle = domain.wrap_up_ended(longer, LATER)
    assert (idle.activity, idle.system_status, idle.free_since) == (Activity.IDLE, System.FREE, LATER)
    assert (idle.wrap_up_until, idle.wrap_up_extended) == (None, False)


def test_a_call_that_was_no_queues_leaves_the_time_of_the_last_one():
    talking = domain.called_out(FREE, "call-2", NOW)
    after = domain.released(talking, "call-2", LATER, of_queue=False)
    assert (after.activity, after.last_time_support_call_ended, after.free_since) == (Activity.IDLE, None, LATER)


def test_events_of_another_call_mean_nothing():
    ringing = offered()
    assert domain.answered(ringing, "call-2", NOW) is None
    assert domain.unanswered(ringing, "call-2", Unanswered.NO_ANSWER, 3, NOW) is None
    talking = domain.answered(ringing, "call-1", NOW)
    assert domain.released(talking, "call-2", NOW) is None


def test_choosing_available_says_that_he_is_there_again():
    away = domain.settled(replace(FREE, manual_status="LUNCH BREAK", set_aside_at=NOW, missed_in_a_row=3), NOW)

    assert domain.status_chosen(away, "SHORT BREAK", LATER).set_aside_at == NOW
    back = domain.status_chosen(away, AVAILABLE, LATER)
    assert (back.set_aside_at, back.missed_in_a_row, back.free_since) == (None, 0, LATER)


def test_a_programs_status_holds_until_the_systems_next_change():
    busy = domain.status_of_program(FREE, System.IN_CALL, NOW)
    assert (busy.system_status, busy.free_since) == (System.IN_CALL, None)
    assert domain.status_of_program(busy, System.FREE, LATER).free_since == LATER

    talking = domain.called_out(busy, "call-1", NOW)
    assert domain.status_of_program(talking, System.FREE, LATER) == talking
    resting = domain.released(talking, "call-1", NOW, wrap_up_s=30)
    assert domain.status_of_program(resting, System.WRAP_UP, LATER) == resting
    idle = domain.status_of_program(resting, System.FREE, LATER)
    assert (idle.activity, idle.free_since) == (Activity.IDLE, LATER)


# ── Properties ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_row_of_the_table_starts_and_ends_at_an_activity_and_nobody_is_stuck():
    assert {event for _before, event in ACTIVITY_TABLE.rows} == set(AgentEvent)
    for activity in set(Activity) - {Activity.IDLE}:
        assert ACTIVITY_TABLE.after(activity, AgentEvent.FORCED_IDLE) is Activity.IDLE


CALLS = st.sampled_from(["call-1", "call-2"])
STEPS = st.one_of(
    st.tuples(st.just("offered"), CALLS),
    st.tuples(st.just("answered"), CALLS),
    st.tuples(st.just("unanswered"), CALLS, st.sampled_from(list(Unanswered))),
    st.tuples(st.just("called_out"), CALLS),
    st.tuples(st.just("released"), CALLS, st.sampled_from([None, 0, 10])),
    st.tuples(st.just("wrap_up_ended")),
    st.tuples(st.just("wrap_up_extended")),
    st.tuples(st.just("forced_idle")),
    st.tuples(st.just("returned")),
    st.tuples(st.just("status_chosen"), st.sampled_from([AVAILABLE, "LUNCH BREAK", None])),
    st.tuples(st.just("status_of_program"), st.sampled_from([0, 1, 2])),
    st.tuples(st.just("devices"), st.integers(0, 7)),
    st.tuples(st.just("takes_calls_on"), st.sampled_from([1, 2]), st.sampled_from(["", "84909982888"])),
    st.tuples(st.just("time"), st.integers(1, 15)),
)


def step(agent: AgentState, now: dt.datetime, name: str, *given_: object) -> AgentState | None:
    match name:
        case "unanswered":
            call, how = given_
            return domain.unanswered(agent, call, how, 3, now)
        case "released":
            call, wrap_up_s = given_
            return domain.released(agent, call, now, wrap_up_s=wrap_up_s)
        case "devices":
            return domain.settled(replace(agent, device_status=given_[0]), now)
        case "takes_calls_on":
            routing_type, number = given_
            return domain.settled(replace(agent, routing_type=routing_type, phone_number=number), now)
        case "time":
            return domain.settled(agent, now)
        case _:
            changed: AgentState | None = getattr(domain, name)(agent, *given_, now)
            return changed


def holds_together(agent: AgentState, now: dt.datetime) -> None:
    free = any(domain.availability(agent, needs) is None for needs in ALL_NEEDS)
    assert (agent.free_since is not None) == free
    for needs in ALL_NEEDS:
        reachable = domain.availability(agent, needs) is None
        if reachable:
            assert domain.endpoints_of(agent, needs, 1)
    assert (agent.activity in (Activity.OFFERED, Activity.ON_CALL)) == bool(agent.call_ref)
    assert (agent.activity is Activity.WRAP_UP) == (agent.wrap_up_until is not None)
    assert (agent.free_before_offer is not None) == (agent.activity is Activity.OFFERED)
    if agent.activity is not Activity.IDLE:
        assert agent.system_status == domain.SYSTEM_STATUS[agent.activity]
    assert agent.free_since is None or agent.free_since <= now
    assert agent.paused_until is None or agent.paused_until > now
    assert domain.settled(agent, now) == agent


@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_an_agent_is_free_exactly_when_some_queue_may_call_him(steps):
    agent, now = domain.settled(AgentState(1, "lan", manual_status=AVAILABLE, activity_since=NOW), NOW), NOW
    for name, *rest in steps:
        if name == "time":
            now += dt.timedelta(seconds=rest[0])
        before = agent
        agent = step(domain.settled(agent, now), now, name, *rest) or domain.settled(agent, now)
        holds_together(agent, now)
        if agent.activity is not before.activity:
            assert agent.activity in {
                after for (state, _event), after in ACTIVITY_TABLE.rows.items() if state is before.activity
            }


@given(st.integers(0, 15), st.sampled_from(ALL_NEEDS))
def test_the_mask_of_a_queue_tells_the_same_as_availability(reach, needs):
    for routing_type in TakesCallsOn:
        agent = replace(FREE, routing_type=routing_type, reach=reach)
        assert bool(reach & domain.reach_mask(needs)) == (domain.availability(agent, needs) is None)
