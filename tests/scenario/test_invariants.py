"""The checker finds what it is for: each invariant is broken by hand, in a database in which everything held."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from agents.models import Agent
from callflow import invariants
from callflow.invariants import Code
from calls.models import Call, Leg, Recording, Subject, Transition
from queues.models import QueueEntry
from routing.models import Decision, Offer
from telephony.models import EngineCommand, EngineNode
from tests import factories
from tests.scenario.conftest import CUSTOMER, ELSEWHERE, HOTLINE
from tests.scenario.world import START, World
from webhooks.models import Delivery
from webhooks.models import Question as AskedQuestion

LATER = dt.timedelta(seconds=30)
THIRD = "84900000014"


@pytest.fixture(scope="module")
def once(django_db_setup, django_db_blocker, tmp_path_factory):
    """A world that is made once: every test gets it back as it was, by the end of its own transaction."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(settings, "MEDIA_ROOT", tmp_path_factory.mktemp("media"))
        ours = factories.ProjectFactory(name="Ours")
        queue = factories.QueueFactory(project=ours, name="Sales", maximum_queue_wait_time=300, wrap_up_time_limit=2)
        group = factories.GroupFactory(project=ours, name="Sales")
        factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
        for user in ("agent_1", "agent_2"):
            agent = factories.AgentFactory(project=ours, stringee_user_id=user, manual_status="AVAILABLE")
            factories.GroupMembershipFactory(project=ours, group=group, agent=agent)
        type(ours.call_settings).objects.filter(pk=ours.pk).update(event_url="https://crm.example.net/events")
        factories.NumberFactory(project=ours, number=HOTLINE, enable_ivr=False, queue=queue)
        yield World(ours, patch), settings.MEDIA_ROOT
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def happened(once):
    """Two calls have gone through one after the other, one agent talks with a third caller, and a fourth one waits."""
    world, _media = once
    world.online("agent_1", after_s=1)
    calls = [world.call(HOTLINE, number, talk_s=2) for number in (CUSTOMER, "84900000013")]
    world.run_for(12)
    calls += [world.call(HOTLINE, number, patience_s=600) for number in (THIRD, ELSEWHERE)]
    world.run_for(3)
    assert [world.row(call).state for call in calls] == ["ended", "ended", "connected", "waiting"]
    assert world.findings() == []
    return calls


@pytest.fixture
def world(once, happened, db, monkeypatch):
    """As it was when all that had happened, without the check at the end."""
    world, media = once
    monkeypatch.setattr(settings, "MEDIA_ROOT", media)
    return world


@pytest.fixture
def past(happened):
    return happened


@pytest.fixture
def ours(world):
    return world.project


def codes(world):
    return {finding.code for finding in world.findings()}


def update(row, **columns):
    """Past every rule but the database's own."""
    type(row).objects.filter(pk=row.pk).update(**columns)


def note(call, subject, subject_id, event, before, after, at=START):
    return Transition.objects.create(
        project_id=call.project_id,
        call=call if subject != Subject.AGENT else None,
        subject=subject,
        subject_id=str(subject_id),
        event=event,
        before=before,
        after=after,
        at=at,
    )


# ── S1 and S2 ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_s1_two_conversations_of_one_agent(world, past):
    first, second = Leg.objects.filter(role="agent").order_by("pk")[:2]
    assert second.answered_at is not None
    update(first, ended_at=second.answered_at + LATER)

    assert codes(world) == {Code.S1}


def test_s1_an_agent_who_talks_and_is_taken_for_free(world, past):
    agent = Agent.objects.get(stringee_user_id="agent_1")
    update(agent, activity="idle", call_ref="", system_status=1, free_since=world.scheduler.now())

    assert Code.S1 in codes(world)


def test_s2_an_offer_is_accepted_while_another_agent_talks(world, past):
    call = world.row(past[2])
    accepted = Offer.objects.get(call=call)
    leg = Leg.objects.get(leg_id=accepted.leg_id)
    other = Leg(project_id=call.project_id, call=call, role="agent", state="answered", endpoint="tel:1", number="x")
    assert leg.answered_at is not None
    other.started_at = other.answered_at = leg.answered_at - dt.timedelta(seconds=1)
    other.save()
    note(call, Subject.LEG, other.leg_id, "start", "", "dialing")
    note(call, Subject.LEG, other.leg_id, "answer", "dialing", "answered")

    assert codes(world) == {Code.S2}
    assert len(world.findings()) == 2  # then, and now


def test_s2_guests_are_in_a_call_beside_its_agent(world, past):
    call = Call.objects.filter(state="connected").first()
    leg = Leg(project_id=call.project_id, call=call, role="agent", state="answered", endpoint="tel:1", number="x")
    leg.started_at = leg.answered_at = world.scheduler.now()
    leg.save()
    note(call, Subject.LEG, leg.leg_id, "start", "", "dialing")
    note(call, Subject.LEG, leg.leg_id, "answer", "dialing", "answered")
    assert codes(world) == {Code.S2}

    guest = {"leg": leg.leg_id, "part": "talk", "by": "agent_1", "host": ""}
    update(call, flow={**call.flow, "guests": [guest]})

    assert world.findings() == []


# ── S3 and S4 ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_s3_a_call_that_ends_twice(world, past):
    call = world.row(past[0])
    note(call, Subject.CALL, call.call_id, "end", "connected", "ended")

    assert codes(world) == {Code.S3, Code.S7}


def test_s3_a_leg_that_outlives_its_call(world, past):
    update(Leg.objects.filter(call=world.row(past[0]), role="caller").get(), state="answered", ended_at=None)

    assert codes(world) == {Code.S3, Code.S7}


def test_s3_a_call_that_nothing_will_end(world, past):
    call = world.row(past[2])
    for leg in call.legs.all():
        update(leg, state="ended", ended_at=world.scheduler.now())
    update(call, timers={})

    assert Code.S3 in codes(world)


def test_s4_a_stay_that_has_vanished(world, past):
    entry = QueueEntry.objects.get(call=world.row(past[3]))
    Transition.objects.filter(subject=Subject.ENTRY, subject_id=str(entry.pk)).delete()
    entry.delete()

    assert codes(world) == {Code.S4}


def test_s4_an_answer_without_an_offer(world, past):
    offer = Offer.objects.get(call=world.row(past[0]))
    Transition.objects.filter(subject=Subject.OFFER, subject_id=str(offer.pk)).delete()
    offer.delete()

    assert codes(world) == {Code.S4}


def test_s4_an_offer_of_a_call_that_does_not_ring(world, past):
    entry = QueueEntry.objects.get(call=world.row(past[3]))
    update(entry, state="offered")

    assert codes(world) == {Code.S4, Code.S7}


# ── S5 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_s5_a_caller_who_is_overtaken(world, past):
    """He who waits now came before the others, by his row; no decision says why they were first."""
    waiting = QueueEntry.objects.get(call=world.row(past[3]))
    update(waiting, enqueued_at=START, entered_at=START)

    assert codes(world) == {Code.S5}
    assert all("no rule says why" in finding.text for finding in world.findings())


def test_s5_a_decision_that_is_answered_otherwise_today(world, past):
    decision = Decision.objects.order_by("pk").first()
    question = decision.question
    question["candidates"][0]["state"]["manual_status"] = "LUNCH"
    update(decision, question=question)

    assert codes(world) == {Code.S5}


# ── S6 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_s6_what_names_another_project(world, past, theirs):
    leg = Leg.objects.filter(role="agent").first()
    offer, delivery = Offer.objects.first(), Delivery.objects.first()
    command = next(each for each in EngineCommand.objects.all() if each.payload["kind_"] == "Dial")
    for row, columns in [
        (leg, {"endpoint": f"web:{theirs.pk}_agent_1"}),
        (offer, {"endpoints": [f"sip:{theirs.pk}_agent_1"]}),
        (delivery, {"body": json.dumps({**json.loads(delivery.body), "project_id": theirs.pk})}),
        (command, {"payload": {**command.payload, "endpoints": [f"web:{theirs.pk}_agent_1"]}}),
    ]:
        update(row, **columns)

    assert codes(world) == {Code.S6}
    assert len(world.findings()) == 4


# ── S7 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_s7_a_state_that_no_transition_made(world, past):
    update(world.row(past[0]), state="voicemail", outcome="", ended_at=None)

    assert Code.S7 in codes(world)


@pytest.mark.parametrize("subject", list(Subject))
def test_s7_a_transition_is_missing(world, past, subject):
    first = Transition.objects.filter(subject=subject).order_by("pk").first()
    Transition.objects.filter(pk=first.pk).delete()

    assert Code.S7 in codes(world)


@pytest.mark.parametrize("subject", list(Subject))
def test_s7_a_transition_is_told_twice(world, past, subject):
    last = Transition.objects.filter(subject=subject).order_by("pk").last()
    last.pk = None
    last.save()

    assert Code.S7 in codes(world)


def test_s7_a_move_that_no_table_knows(world, past):
    call = world.row(past[0])
    moves = Transition.objects.filter(subject=Subject.CALL, subject_id=call.call_id).order_by("pk")
    update(moves.last(), event="dance")

    assert codes(world) == {Code.S7}


def test_s7_a_subject_that_only_the_log_knows(world, past):
    call = world.row(past[0])
    note(call, Subject.LEG, "nobody", "start", "", "dialing")

    assert codes(world) == {Code.S7}


# ── S8 and S9 ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_s8_a_recording_without_its_file_and_a_file_without_its_row(world, past):
    recording = Recording.objects.filter(state="ready").first()
    path = Path(settings.MEDIA_ROOT) / recording.file
    elsewhere = path.rename(path.with_name("elsewhere.mp3"))
    found = world.findings()
    elsewhere.rename(path)

    assert [each.code for each in found] == [Code.S8] * 2


def test_s8_a_recording_that_goes_on_after_its_call(world, past):
    recording = Recording.objects.filter(state="ready").first()
    update(recording, state="running", file="", ended_at=None)
    update(recording.call, ended_at=world.scheduler.now() - dt.timedelta(minutes=2))

    assert Code.S8 in codes(world)


def test_s8_a_recording_that_a_worker_does_not_come_to(world, past):
    recording = Recording.objects.filter(state="ready").first()
    path = Path(settings.MEDIA_ROOT) / recording.file
    raw = path.rename(path.with_suffix(".raw"))
    update(recording, state="finishing", file=str(raw.relative_to(settings.MEDIA_ROOT)))
    late = []
    for minutes in (59, 61):
        update(recording.call, ended_at=world.scheduler.now() - dt.timedelta(minutes=minutes))
        late.append(Code.S8 in codes(world))
    raw.rename(path)

    assert late == [False, True]


@pytest.mark.parametrize("times", [0, 2])
def test_s9_an_event_that_is_owed_never_or_twice(world, past, times):
    delivery = Delivery.objects.order_by("pk").first()
    delivery.pk, delivery.event_id = None, "another"
    if times:
        delivery.save()
    else:
        Delivery.objects.order_by("pk").first().delete()

    assert codes(world) == {Code.S9}


def test_s9_an_event_that_nobody_tries_to_deliver_any_more(world, past):
    delivery = Delivery.objects.order_by("pk").first()
    update(delivery, give_up_at=world.scheduler.now() - dt.timedelta(minutes=10))

    assert codes(world) == {Code.S9}


# ── S10 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "limits", [{"outbound_prefixes": "1"}, {"outbound_concurrency": 0}, {"outbound_per_minute": 1}]
)
def test_s10_a_telephone_that_should_not_have_been_rung(world, past, ours, limits):
    Leg.objects.filter(role="caller").update(role="destination", endpoint=f"tel:{ELSEWHERE}")
    assert world.findings() == []

    type(ours.call_settings).objects.filter(pk=ours.pk).update(**limits)

    assert codes(world) == {Code.S10}


# ── L1-L5 ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_l1_nobody_gives_a_free_agent_the_call_that_waits(world, past):
    now = world.scheduler.now()
    agent = Agent.objects.get(stringee_user_id="agent_2")
    for seconds, found in [(1, []), (3, [Code.L1])]:
        since = now - dt.timedelta(seconds=seconds)
        update(agent, device_status=1, reach=1, free_since=since)
        agent.memberships.update(reach=1, free_since=since)
        QueueEntry.objects.filter(state="waiting").update(entered_at=START, ready_at=START)
        Transition.objects.filter(subject=Subject.ENTRY, after="waiting").update(at=START)

        assert [each.code for each in world.findings()] == found


def test_l2_an_offer_that_outlives_its_deadline(world, past):
    offer = Offer.objects.order_by("pk").first()
    assert offer is not None
    assert offer.ended_at is not None
    update(offer, deadline_at=offer.ended_at - dt.timedelta(seconds=3))

    assert codes(world) == {Code.L2}


def test_l3_an_agent_whom_a_call_holds_that_he_has_left(world, past):
    leg = Leg.objects.filter(role="agent").order_by("pk").first()
    moves = Transition.objects.filter(subject=Subject.AGENT, event="wrap_up_started").order_by("pk")
    assert leg is not None
    assert leg.ended_at is not None
    update(moves.first(), at=leg.ended_at + dt.timedelta(seconds=6))

    assert Code.L3 in codes(world)


def test_l3_an_agent_whom_a_call_still_holds(world, past):
    now = world.scheduler.now()
    update(Leg.objects.filter(role="agent").order_by("pk").last(), state="ended", ended_at=now)

    found = [{each.code for each in invariants.check(now=now + dt.timedelta(seconds=s))} for s in (4, 6)]

    assert [Code.L3 in each for each in found] == [False, True]


def test_l4_a_wrap_up_that_went_on(world, past):
    ended = Transition.objects.filter(subject=Subject.AGENT, event="wrap_up_ended").order_by("pk").first()
    update(ended, at=ended.at + dt.timedelta(seconds=4))

    assert codes(world) == {Code.L4}


def test_l4_a_wrap_up_that_goes_on(world, past):
    agent = Agent.objects.get(stringee_user_id="agent_2")
    update(agent, activity="wrap_up", wrap_up_until=world.scheduler.now() - dt.timedelta(seconds=3))

    assert codes(world) == {Code.L4, Code.S7}


def test_l5_what_nobody_has_picked_up(world, past):
    now, call = world.scheduler.now(), world.row(past[3])
    long_ago = now - dt.timedelta(seconds=40)
    update(call, next_deadline_at=long_ago)
    update(EngineCommand.objects.order_by("pk").first(), taken_at=None, created_at=long_ago)
    AskedQuestion.objects.create(
        project_id=call.project_id, url="https://x.example", created_at=long_ago, deadline_at=long_ago, state="asked"
    )

    assert [finding.code for finding in world.findings()] == [Code.L5] * 3


def test_l5_calls_of_an_engine_that_is_gone(world, past):
    EngineNode.objects.update(seen_at=world.scheduler.now() - dt.timedelta(minutes=1))
    Call.objects.update(created_at=START)

    assert codes(world) == {Code.L5}


# ── What is looked at ────────────────────────────────────────────────────────────────────────────────────────────────
def test_only_some_projects_and_only_what_is_new_can_be_looked_at(world, past, theirs):
    call = world.row(past[0])
    note(call, Subject.CALL, call.call_id, "end", "connected", "ended")
    now = world.scheduler.now()

    assert {each.project for each in invariants.check(now=now)} == {call.project_id}
    assert invariants.check([theirs.pk], now=now) == []
    assert invariants.check(since=call.ended_at, now=now) == []
    assert invariants.check([call.project_id], since=START, now=now) != []


def test_where_time_stands_still_nothing_is_late(world, past):
    a_day_later = world.scheduler.now() + dt.timedelta(days=1)

    assert {each.code for each in invariants.check(now=a_day_later)} >= {Code.L5}
    assert invariants.check(now=a_day_later, live=False) == []


def test_the_cost_does_not_grow_with_calls_and_agents(world, past, ours, django_assert_max_num_queries):
    factories.CallFactory.create_batch(20, project=ours, state="ended", outcome="failed", ended_at=START)
    for number in range(20):
        factories.AgentFactory(project=ours, stringee_user_id=f"one of many, {number}")

    with django_assert_max_num_queries(45):
        world.findings()
