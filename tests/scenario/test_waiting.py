"""A caller in a queue: who is let in and where the others go, what is heard, who is served first and by whom."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from agents.activity import return_agent
from agents.services import delete_agent
from callflow.spoken_texts import SpokenTexts
from calls.models import Recording
from common import clock
from common.refusals import InUse
from queues.models import OutcomeAction, OutcomeCause
from routing.models import AgentListQuestion, Offer, Tier
from telephony.models import EngineCommand
from tests import factories
from tests.scenario.conftest import (
    CUSTOMER,
    ELSEWHERE,
    HOTLINE,
    agent_named,
    ended_as,
    offers_of,
    stays_of,
)

pytestmark = pytest.mark.django_db

LIST_URL = "https://crm.example.net/agents"
SECOND, THIRD = "84900000013", "84900000014"


def change(row, **fields):
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


def joins(ours, group, user, **facts):
    """One more agent, who is available, in a group."""
    facts = {"manual_status": "AVAILABLE", **facts}
    agent = factories.AgentFactory(project=ours, stringee_user_id=user, name=user, **facts)
    factories.GroupMembershipFactory(project=ours, group=group, agent=agent)
    return agent


def spoken():
    plays = [each.payload for each in EngineCommand.objects.order_by("pk") if each.payload["kind_"] == "Play"]
    return [media["text"] for play in plays for media in play["media"] if media["kind_"] == "Speech"]


# ── Whom a queue does not keep ───────────────────────────────────────────────────────────────────────────────────────
def make_full(queue, ours):
    change(queue, maximum_queue_size=0)


def make_closed(queue, ours):
    hours = factories.BusinessHoursFactory(project=ours)  # open at no time
    change(queue, schedule=2, business_hours=hours)


def make_deserted(queue, ours):
    pass  # nobody's device is there


def make_short(queue, ours):
    change(queue, maximum_queue_wait_time=5)


CAUSES = {
    OutcomeCause.FULL: make_full,
    OutcomeCause.CLOSED: make_closed,
    OutcomeCause.NOBODY_SIGNED_IN: make_deserted,
    OutcomeCause.WAITED_TOO_LONG: make_short,
}
ENDS = {
    OutcomeAction.HANG_UP: ("rejected", "queue_{cause}"),
    OutcomeAction.MESSAGE: ("rejected", "queue_{cause}"),
    OutcomeAction.VOICEMAIL: ("voicemail", "message_left"),
    OutcomeAction.NUMBER: ("transferred_out", "normal"),
    OutcomeAction.QUEUE: ("completed", "normal"),
}


@pytest.mark.parametrize("action", ENDS)
@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_the_outcome_that_is_configured(world, hotline, queue, ours, cause, action):
    other = factories.QueueFactory(project=ours, name="Other", agent_wrap_up_after_calls=False)
    helpers = factories.GroupFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=other, group=helpers)
    joins(ours, helpers, "helper")
    world.online("helper", after_s=2)
    world.phone(ELSEWHERE, after_s=2)
    CAUSES[cause](queue, ours)
    targets = {OutcomeAction.QUEUE: {"to_queue": other}, OutcomeAction.NUMBER: {"to_number": ELSEWHERE}}
    texts = {"message": "Sorry."} if action == OutcomeAction.MESSAGE else {}
    factories.QueueOutcomeFactory(
        project=ours, queue=queue, cause=cause, action=action, **targets.get(action, {}), **texts
    )

    caller = world.call(HOTLINE, talk_s=5, message_s=3, waits_after_message=True)
    world.run_out(35)

    outcome, why = ENDS[action]
    assert ended_as(world, caller) == ("ended", outcome, why.format(cause=cause.value))
    assert ("Sorry." in spoken()) == (action == OutcomeAction.MESSAGE)
    assert Recording.objects.filter(kind="voicemail").count() == (action == OutcomeAction.VOICEMAIL)


def test_without_an_outcome_callers_wait_although_nobody_is_signed_in(world, hotline):
    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(10)
    assert world.row(caller).state == "waiting"

    world.online("agent_1", after_s=2)
    world.run_for(20)

    assert ended_as(world, caller) == ("ended", "completed", "normal")


def test_the_line_is_as_long_as_the_queue_says(world, hotline, queue):
    change(queue, maximum_queue_size=2)
    callers = [world.call(HOTLINE, f"8490000001{number}", patience_s=30) for number in range(3)]

    world.run_for(10)

    assert [world.row(caller).state for caller in callers] == ["waiting", "waiting", "ended"]
    assert ended_as(world, callers[2]) == ("ended", "rejected", "queue_full")


def test_who_has_waited_too_long_is_not_rung_for_any_more(world, hotline, queue):
    """The longest wait ends while an agent is being rung: he is let go at once."""
    change(queue, maximum_queue_wait_time=5)
    world.online("agent_1", does="never_answers")

    caller = world.call(HOTLINE)
    world.run_for(12)

    assert ended_as(world, caller) == ("ended", "rejected", "queue_waited_too_long")
    assert offers_of(world, caller) == [("agent_1", "withdrawn")]
    assert agent_named("agent_1").activity == "idle"
    assert stays_of(world, caller) == [("Sales", "waited_too_long")]


def test_callers_hear_their_place_and_the_music_goes_on(world, hotline, queue):
    change(queue, announce_position=True, announce_every_s=10)
    for number in range(3):
        world.call(HOTLINE, f"8490000001{number}")

    world.run_for(12)

    texts = SpokenTexts("vi")
    assert sorted(spoken()) == sorted(texts.place_in_line(place, None) for place in (1, 2, 3))
    world.run_for(3)
    assert all(leg.play is not None for leg in world.engine.legs.values())


# ── Who comes first ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_callers_are_served_by_priority_and_then_in_the_order_of_coming(world, hotline, ours):
    factories.PriorityCallerFactory(project=ours, number=THIRD, priority=5)
    first, second, third = (world.call(HOTLINE, number, talk_s=3) for number in (CUSTOMER, SECOND, THIRD))

    world.online("agent_1", after_s=1)
    world.run_for(80)

    order = Offer.objects.order_by("pk").values_list("call", flat=True)
    assert list(order) == [world.row(each).pk for each in (third, first, second)]


def test_the_agent_who_spoke_with_a_caller_last_comes_first(world, hotline):
    world.online("agent_2", after_s=1)
    before = world.call(HOTLINE, talk_s=3)
    world.run_for(20)
    world.online("agent_1", after_s=1)
    world.run_for(60)
    world.offline("agent_2")
    world.online("agent_2", after_s=1)  # now agent_1 is idle for longer

    again, other = world.call(HOTLINE, talk_s=3), world.call(HOTLINE, SECOND, talk_s=3)
    world.run_for(10)

    assert offers_of(world, before) == [("agent_2", "accepted")]
    assert offers_of(world, again) == [("agent_2", "accepted")]
    assert offers_of(world, other) == [("agent_1", "accepted")]


def test_backup_agents_are_rung_once_a_call_has_waited_for_them(world, hotline, queue, ours):
    change(queue, route_to_backup_groups_after=20)
    backup = factories.GroupFactory(project=ours, name="Backup")
    factories.GroupRoutingFactory(project=ours, queue=queue, group=backup, primary_group=Tier.BACKUP)
    joins(ours, backup, "helper")
    world.online("helper", after_s=1)

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(19)
    assert offers_of(world, caller) == []
    world.run_for(3)

    assert offers_of(world, caller) == [("helper", "accepted")]


def test_a_caller_keeps_his_place_when_an_agent_does_not_answer(world, hotline):
    world.online("agent_1", does="never_answers")
    first, second = world.call(HOTLINE, talk_s=5), world.call(HOTLINE, SECOND, talk_s=5)
    world.run_for(10)

    world.online("agent_2", after_s=8)
    world.run_for(6)  # agent_1 has missed the first; agent_2 is being rung for the second
    world.online("agent_1", after_s=1)
    world.run_for(30)

    assert offers_of(world, second) == [("agent_2", "accepted")]
    assert offers_of(world, first) == [("agent_1", "timed_out"), ("agent_1", "accepted")]


# ── Agents who do not answer ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("does", "state", "pause_s"),
    [
        ("rejects", "rejected", 5),
        ("busy", "busy", 10),
        ("unreachable", "unreachable", 10),
        ("never_answers", "timed_out", 2),
    ],
)
def test_each_way_not_to_answer_has_its_own_outcome_and_pause(world, hotline, does, state, pause_s):
    world.online("agent_1", does=does, after_s=1)
    caller = world.call(HOTLINE)

    world.run_for(15.5 if does == "never_answers" else 1.5)
    agent = agent_named("agent_1")
    assert offers_of(world, caller) == [("agent_1", state)]
    assert agent.paused_until is not None
    world.run_for(pause_s - 1.5)
    assert len(offers_of(world, caller)) == 1
    world.run_for(3)

    assert len(offers_of(world, caller)) == 2


def test_who_misses_too_many_in_a_row_is_set_aside_until_he_returns(world, hotline, ours):
    change(ours.call_settings, missed_calls_limit=2)
    world.online("agent_1", does="never_answers")
    caller = world.call(HOTLINE, talk_s=3)

    world.run_for(60)
    agent = agent_named("agent_1")
    assert offers_of(world, caller) == [("agent_1", "timed_out")] * 2
    assert agent.set_aside_at is not None
    assert agent.free_since is None

    world.online("agent_1", after_s=1)
    world.run_for(5)
    assert len(offers_of(world, caller)) == 2
    assert return_agent(agent.pk, clock.now(), by="supervisor")
    world.run_for(5)

    assert offers_of(world, caller)[-1] == ("agent_1", "accepted")


@pytest.mark.parametrize("patience_s", [0.05, 1, 2.05, 4, 16, 17.5])
def test_a_caller_can_leave_at_every_moment(world, hotline, patience_s):
    """Before the agent rings, while he rings, while he answers, in the pause after he has not."""
    world.online("agent_1", does="never_answers", rings_after_s=2.0)

    caller = world.call(HOTLINE, patience_s=patience_s)
    world.run_for(25)

    assert ended_as(world, caller) == ("ended", "abandoned", "caller_left")
    assert stays_of(world, caller) == [("Sales", "abandoned")]
    assert agent_named("agent_1").activity == "idle"
    assert world.engine.legs == {}


def test_caller_and_agent_meet_at_the_same_instant(world, hotline):
    """He answers as the caller hangs up: whatever comes first counts, and nobody stays behind."""
    world.online("agent_1", after_s=4)

    caller = world.call(HOTLINE, patience_s=4)
    world.run_for(30)

    assert world.row(caller).state == "ended"
    assert agent_named("agent_1").activity == "idle"
    assert world.engine.legs == {}


def test_an_agent_whom_a_call_holds_cannot_be_deleted(world, hotline):
    world.online("agent_1", after_s=3)
    caller = world.call(HOTLINE, talk_s=5)
    for state in ("offered", "connected"):
        assert world.row(caller).state == state
        with pytest.raises(InUse):
            delete_agent(agent_named("agent_1"))
        world.run_for(4)
    world.run_for(6)

    delete_agent(agent_named("agent_1"))

    assert ended_as(world, caller) == ("ended", "completed", "normal")


# ── On what agents are rung ──────────────────────────────────────────────────────────────────────────────────────────
def test_agents_are_rung_on_their_own_phone(world, hotline, queue, sales, ours):
    change(queue, from_number_callout_to_agent=HOTLINE)
    joins(ours, sales, "mobile", routing_type=2, phone_number="84909111222")
    world.phone("84909111222", after_s=4)

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(20)

    assert offers_of(world, caller) == [("mobile", "accepted")]
    dial = next(each.payload for each in EngineCommand.objects.all() if each.payload["kind_"] == "Dial")
    assert (dial["endpoints"], dial["from_number"]) == (["tel:84909111222"], HOTLINE)


@pytest.mark.parametrize(("cond_routing", "offers"), [(1, []), (2, [("agent_1", "accepted")])])
def test_sip_phones_count_where_the_queue_says_so(world, hotline, queue, cond_routing, offers):
    change(queue, cond_routing=cond_routing)
    world.online("agent_1", kind="sip", after_s=2)

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(12)

    assert offers_of(world, caller) == offers


# ── The customer's own list ──────────────────────────────────────────────────────────────────────────────────────────
def lists(*agents):
    """An agent list URL that names these agents for every call."""

    def answer(told):
        calls = [{"callId": call["callId"], "agents": list(agents)} for call in told["calls"]]
        return json.dumps({"version": 2, "calls": calls})

    return answer


def on_device(user, timeout_s=10):
    return {"stringee_user_id": user, "routing_type": 1, "answer_timeout": timeout_s}


def on_phone(user, number, timeout_s=10):
    return {"stringee_user_id": user, "routing_type": 2, "phone_number": number, "answer_timeout": timeout_s}


def test_the_list_decides_in_its_order_with_its_own_timeouts(world, hotline, queue):
    change(queue, get_list_agents_url=LIST_URL)
    world.answers[LIST_URL] = lists(on_device("agent_2", 5), on_device("agent_1", 8))
    world.online("agent_1", after_s=2)
    world.online("agent_2", does="never_answers")

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(15)

    assert offers_of(world, caller) == [("agent_2", "timed_out"), ("agent_1", "accepted")]
    first = Offer.objects.order_by("pk").first()
    assert first.deadline_at - first.opened_at == dt.timedelta(seconds=5)
    assert world.asked[0][1] == {
        "queueId": queue.public_id,
        "projectId": queue.project_id,
        "calls": [{"callId": world.row(caller).call_id, "from": CUSTOMER, "to": HOTLINE}],
    }


def test_without_an_answer_calls_wait_and_the_server_is_asked_again(world, hotline, queue):
    change(queue, get_list_agents_url=LIST_URL)
    world.answers[LIST_URL] = None
    world.online("agent_1", after_s=2)

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(6)
    assert offers_of(world, caller) == []
    world.answers[LIST_URL] = lists(on_device("agent_1"))
    world.run_for(15)

    assert offers_of(world, caller) == [("agent_1", "accepted")]
    assert AgentListQuestion.objects.filter(state="failed").exists()


def test_groups_stand_in_for_a_list_that_fails_where_that_is_wanted(world, hotline, queue):
    change(queue, get_list_agents_url=LIST_URL, fall_back_to_groups=True)
    world.answers[LIST_URL] = None
    world.online("agent_1", after_s=2)

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(6)

    assert offers_of(world, caller) == [("agent_1", "accepted")]


def test_a_listed_agent_is_rung_on_the_listed_phone_although_he_has_no_device(world, hotline, queue):
    change(queue, get_list_agents_url=LIST_URL, from_number_callout_to_agent=HOTLINE)
    world.answers[LIST_URL] = lists(on_phone("agent_1", "84909111222"))
    world.phone("84909111222", after_s=3)

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(5)
    assert offers_of(world, caller) == [("agent_1", "accepted")]
    assert agent_named("agent_1").activity == "on_call"
    world.run_for(25)

    assert ended_as(world, caller) == ("ended", "completed", "normal")
    assert (agent_named("agent_1").activity, agent_named("agent_1").free_since) == ("idle", None)


def test_an_agent_on_a_listed_phone_is_not_rung_while_he_is_kept_away(world, hotline, queue):
    change(queue, get_list_agents_url=LIST_URL, from_number_callout_to_agent=HOTLINE)
    world.answers[LIST_URL] = lists(on_phone("agent_1", "84909111222"))
    world.phone("84909111222", does="rejects", after_s=1)
    change(agent_named("agent_1"), manual_status="LUNCH")

    caller = world.call(HOTLINE)
    world.run_for(5)
    assert offers_of(world, caller) == []
    change(agent_named("agent_1"), manual_status="AVAILABLE")
    world.run_for(4)

    assert offers_of(world, caller) == [("agent_1", "rejected")]  # and now he pauses


# ── Many queues ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_one_agent_in_twenty_queues_gets_one_call_at_a_time(world, sales, ours):
    numbers = []
    for each in range(20):
        queue = factories.QueueFactory(project=ours, wrap_up_time_limit=1, maximum_queue_wait_time=0)
        factories.GroupRoutingFactory(project=ours, queue=queue, group=sales)
        numbers.append(
            factories.NumberFactory(project=ours, number=f"8424000010{each:02}", enable_ivr=False, queue=queue)
        )
    callers = [world.call(number.number, f"849000001{each:02}", talk_s=1) for each, number in enumerate(numbers)]

    world.online("agent_1", after_s=1)
    world.run_for(5)
    assert sum(world.row(caller).state != "waiting" for caller in callers) <= 2
    world.run_out()

    assert [world.row(caller).outcome for caller in callers] == ["completed"] * 20
    answered = sorted((world.row(caller).connected_at, number) for number, caller in enumerate(callers))
    assert [number for _at, number in answered] == list(range(20))
