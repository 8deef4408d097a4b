"""A conversation and what follows it: hold, mute, transfers, wrap-up; and calls that agents and programs begin."""

from __future__ import annotations

import json

import pytest

from callflow import refusals, requests
from callflow.domain.call import Party, TransferKind
from callflow.scco.parse import parse
from calls.models import Leg, Recording
from telephony.switch.legs import Sound
from tests import factories
from tests.scenario.conftest import CUSTOMER, ELSEWHERE, HOTLINE, agent_named, ended_as, offers_of, stays_of
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db

CALLOUT_URL = "https://crm.example.net/callout"


def do(world, action, *args, **facts):
    """Let something be asked as programs and the console ask it."""
    action(world.project.pk, *args, **facts)
    world.settle()


@pytest.fixture
def talking(world, hotline):
    """agent_1 talks with a caller; agent_2 is there."""
    world.online("agent_1", after_s=1)
    caller = world.call(HOTLINE, talk_s=25)
    world.run_for(2)
    world.online("agent_2", after_s=3)
    assert world.row(caller).state == "connected"
    return caller


def call_id(world, leg):
    return world.row(leg).call_id


# ── Hold, mute, keys ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_caller_on_hold_hears_music_until_he_is_taken_back(world, talking):
    do(world, requests.hold, call_id(world, talking), held=True)
    assert world.engine.hears(talking) is Sound.HOLD
    do(world, requests.hold, call_id(world, talking), held=False)

    assert world.engine.hears(talking) is Sound.PARTY
    assert Leg.objects.get(leg_id=talking).held is False


def test_a_muted_agent_stays_in_the_conversation(world, talking):
    do(world, requests.mute, call_id(world, talking), "agent_1", muted=True)

    assert [leg.muted for leg in Leg.objects.order_by("pk")] == [False, True]
    world.run_for(26)
    assert ended_as(world, talking) == ("ended", "completed", "normal")


# ── Transfers ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_blind_transfer_to_an_agent_frees_the_first_at_once(world, talking):
    do(world, requests.transfer, call_id(world, talking), Party("agent_2", internal=True), TransferKind.BLIND)
    assert (agent_named("agent_1").activity, agent_named("agent_2").activity) == ("wrap_up", "offered")
    world.run_for(4)
    assert agent_named("agent_2").activity == "on_call"
    world.run_for(35)

    assert ended_as(world, talking) == ("ended", "completed", "normal")
    assert world.row(talking).agent_user_id == "agent_2"
    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["idle", "idle"]


def test_a_blind_transfer_that_nobody_answers_puts_the_caller_back_into_the_line(world, talking):
    world.online("agent_2", does="rejects", after_s=1)

    do(world, requests.transfer, call_id(world, talking), Party("agent_2", internal=True), TransferKind.BLIND)
    world.run_for(14)

    assert offers_of(world, talking) == [("agent_1", "accepted"), ("agent_2", "rejected"), ("agent_1", "accepted")]
    assert stays_of(world, talking) == [("Sales", "transferred"), ("Sales", "")]


def test_an_attended_transfer_is_completed_when_the_agent_says_so(world, talking):
    do(world, requests.transfer, call_id(world, talking), Party("agent_2", internal=True), TransferKind.ATTENDED)
    world.run_for(4)
    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["on_call", "on_call"]
    assert world.engine.hears(talking) is not Sound.PARTY

    do(world, requests.complete_transfer, call_id(world, talking))

    assert world.engine.hears(talking) is Sound.PARTY
    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["wrap_up", "on_call"]


def test_an_attended_transfer_comes_to_nothing_when_the_other_refuses(world, talking):
    world.online("agent_2", does="busy", after_s=1)
    do(world, requests.transfer, call_id(world, talking), Party("agent_2", internal=True), TransferKind.ATTENDED)

    world.run_for(3)

    assert world.engine.hears(talking) is Sound.PARTY
    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["on_call", "idle"]


def test_a_transfer_to_a_telephone_hands_the_caller_out(world, talking):
    world.phone(ELSEWHERE, after_s=2)

    do(world, requests.transfer, call_id(world, talking), Party(ELSEWHERE), TransferKind.BLIND)
    world.run_for(35)

    assert ended_as(world, talking) == ("ended", "transferred_out", "normal")
    assert Recording.objects.filter(state="ready").count() == 1


def test_a_transfer_to_a_queue_offers_the_call_there(world, talking, ours):
    other = factories.QueueFactory(project=ours, name="Support")
    helpers = factories.GroupFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=other, group=helpers)
    factories.GroupMembershipFactory(project=ours, group=helpers, agent=agent_named("agent_2"))

    do(world, requests.transfer_to_queue, call_id(world, talking), other.public_id)
    world.run_for(5)

    assert offers_of(world, talking) == [("agent_1", "accepted"), ("agent_2", "accepted")]
    assert stays_of(world, talking) == [("Sales", "transferred"), ("Support", "")]


@pytest.mark.parametrize("kind", list(TransferKind))
@pytest.mark.parametrize("after_s", [0, 2, 3.5])
@pytest.mark.parametrize("who", ["caller", "agent_1"])
def test_anybody_can_leave_in_the_middle_of_a_transfer(world, talking, kind, after_s, who):
    first = Leg.objects.get(agent=agent_named("agent_1"))
    do(world, requests.transfer, call_id(world, talking), Party("agent_2", internal=True), kind)
    world.run_for(after_s)

    world.hangs_up(talking if who == "caller" else first.leg_id)
    world.run_out(45)

    assert world.row(talking).state == "ended"
    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["idle", "idle"]
    assert world.engine.legs == {}


# ── Wrap-up ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_wrap_up_keeps_calls_away_until_it_is_over(world, hotline, agent_2):
    world.online("agent_1", after_s=1)
    world.call(HOTLINE, talk_s=2)
    waiting = world.call(HOTLINE, "84900000013", talk_s=2)

    world.run_for(12)
    assert world.row(waiting).state == "waiting"
    world.run_for(3)

    assert offers_of(world, waiting) == [("agent_1", "accepted")]


def test_wrap_up_can_be_ended_early_and_extended_once(world, hotline):
    world.online("agent_1", after_s=1)
    world.call(HOTLINE, talk_s=2)
    world.run_for(4)
    assert agent_named("agent_1").activity == "wrap_up"

    do(world, requests.extend_wrap_up, "agent_1")
    with pytest.raises(refusals.NotPossibleNow):
        do(world, requests.extend_wrap_up, "agent_1")
    world.run_for(12)
    assert (agent_named("agent_1").activity, agent_named("agent_1").system_status) == ("wrap_up", 2)

    do(world, requests.end_wrap_up, "agent_1", by="agent_1")

    assert (agent_named("agent_1").activity, agent_named("agent_1").system_status) == ("idle", 1)


# ── Calls out ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def available(world, hotline):
    world.online("agent_1", after_s=2)
    world.phone(ELSEWHERE, after_s=3, talk_s=10)
    return world


def call_out(world, **facts):
    return requests.call_out(
        world.project.pk, "agent_1", display=Party(ELSEWHERE), caller_id=HOTLINE, customer=ELSEWHERE, **facts
    )


def leg_of(call):
    return Leg.objects.filter(call__call_id=call).order_by("pk").first().leg_id


def test_a_program_lets_an_agent_and_a_customer_talk(available):
    call = call_out(available)
    available.run_for(3)
    assert agent_named("agent_1").activity == "on_call"
    leg = leg_of(call)
    available.run_for(20)

    assert ended_as(available, leg) == ("ended", "completed", "normal")
    assert [each[:2] for each in available.legs_of(leg)] == [("agent", "ended"), ("destination", "ended")]
    assert Recording.objects.filter(state="ready").count() == 1
    assert agent_named("agent_1").activity == "idle"


@pytest.mark.parametrize("does", ["busy", "never_answers", "rejects", "unreachable", "invalid"])
def test_a_customer_who_does_not_answer_ends_a_call_out(available, does):
    available.phone(ELSEWHERE, does=does, after_s=1)

    leg_calls = call_out(available)
    available.run_for(75)

    assert ended_as(available, leg_of(leg_calls))[:2] == ("ended", "failed")
    assert agent_named("agent_1").activity == "idle"


def test_an_agent_who_does_not_answer_ends_a_call_out_before_the_customer_is_rung(available):
    available.online("agent_1", does="never_answers")

    leg = leg_of(call_out(available))
    available.run_for(75)

    assert ended_as(available, leg) == ("ended", "failed", "no_answer")
    assert [each[0] for each in available.legs_of(leg)] == ["agent"]


ALLOWED = json.dumps(
    [
        {
            "action": "connect",
            "from": {"type": "internal", "number": HOTLINE},
            "to": {"type": "external", "number": ELSEWHERE},
        }
    ]
)


@pytest.mark.parametrize(
    ("answer", "lost", "end"),
    [
        (ALLOWED, (), ("completed", "normal")),
        ("[]", (), ("rejected", "not_allowed")),
        (None, (), ("rejected", "not_allowed")),
        (None, ("ask",), ("rejected", "not_allowed")),
    ],
)
def test_the_customers_server_allows_calls_out_or_refuses_them(available, ours, answer, lost, end):
    ours.call_settings.callout_answer_url = CALLOUT_URL
    ours.call_settings.save()
    available.answers[CALLOUT_URL] = answer
    available.lost.update(lost)

    call = call_out(available)
    available.run_for(25)

    assert available.row_of(call).outcome == end[0]
    assert available.row_of(call).cause == end[1]
    assert agent_named("agent_1").activity == "idle"
    if not lost:
        assert available.asked[0][1]["userId"] == "agent_1"


def test_an_agents_device_calls_out(available):
    leg = available.device_calls("agent_1", ELSEWHERE, HOTLINE)
    assert agent_named("agent_1").activity == "on_call"
    available.run_for(20)

    assert ended_as(available, leg) == ("ended", "completed", "normal")
    assert agent_named("agent_1").activity == "idle"


@pytest.mark.parametrize(
    ("custom", "direction", "rings"),
    [
        ("", "internal", ["web:{}_1001"]),
        ('{"call_setting": {"to_type": "internal"}}', "internal", ["web:{}_1001"]),
        ('{"call_setting": {"to_type": "external"}}', "outbound", ["tel:1001"]),
    ],
)
def test_a_device_calls_an_agent_whose_name_is_a_number(available, ours, custom, direction, rings):
    factories.AgentFactory(project=ours, stringee_user_id="1001")
    available.online("1001", after_s=2)
    available.phone("1001", after_s=2)

    leg = available.device_calls("agent_1", "1001", HOTLINE, custom=custom)
    available.run_for(4)

    row = available.row(leg)
    assert (row.direction, row.state) == (direction, "connected")
    assert list(Leg.objects.filter(call=row).order_by("pk").values_list("endpoint", flat=True))[1:] == [
        each.format(ours.pk) for each in rings
    ]


def test_a_long_number_is_a_telephone_whatever_agents_are_called(available, ours):
    factories.AgentFactory(project=ours, stringee_user_id=ELSEWHERE)
    available.online(ELSEWHERE)

    leg = available.device_calls("agent_1", ELSEWHERE, HOTLINE)

    assert available.row(leg).direction == "outbound"


@pytest.mark.parametrize(("device", "type_"), [(True, "internal"), (False, "external")])
def test_who_calls_is_told_by_its_type(available, device, type_):
    """Receivers tell calls that come in from ours by it."""
    leg = available.device_calls("agent_1", ELSEWHERE, HOTLINE) if device else available.call(HOTLINE)
    available.run_for(8)

    bodies = [json.loads(each.body) for each in Delivery.objects.filter(call=available.row(leg)).order_by("serial")]
    assert {body["from"]["type"] for body in bodies} == {type_}
    assert bodies[0]["from"]["number"] == (HOTLINE if device else CUSTOMER)


def test_a_call_out_is_within_the_projects_limits(available, ours):
    ours.call_settings.outbound_prefixes = "1"
    ours.call_settings.save()

    leg = available.device_calls("agent_1", ELSEWHERE, HOTLINE)

    assert ended_as(available, leg) == ("ended", "rejected", "limit_destination")
    assert agent_named("agent_1").activity == "idle"


def test_an_agent_who_talks_cannot_call_out(world, talking):
    leg = world.device_calls("agent_1", ELSEWHERE, HOTLINE)

    assert ended_as(world, leg) == ("ended", "rejected", "not_allowed")
    assert agent_named("agent_1").activity == "on_call"


def test_users_call_each_other(world, hotline):
    world.online("agent_1", after_s=2)
    world.online("agent_2", after_s=2)

    leg = world.device_calls("agent_1", "agent_2", talk_s=10)
    world.run_for(5)
    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["on_call", "on_call"]
    world.run_for(15)

    assert ended_as(world, leg)[:2] == ("ended", "completed")
    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["idle", "idle"]


def test_a_program_calls_a_customer_and_speaks_to_him(world, hotline):
    world.phone(CUSTOMER, after_s=2)
    program = parse(json.dumps([{"action": "talk", "text": "Hello"}]))

    call = requests.dial_out(world.project.pk, Party(HOTLINE), Party(CUSTOMER), program=program)
    world.run_for(10)

    assert (world.row_of(call).state, world.row_of(call).outcome) == ("ended", "completed")


def test_a_call_is_stopped_from_outside(world, talking):
    do(world, requests.stop, call_id(world, talking))

    assert ended_as(world, talking) == ("ended", "completed", "stopped")
    assert agent_named("agent_1").activity == "wrap_up"
    assert world.engine.legs == {}


def test_new_instructions_take_the_place_of_what_a_call_does(world, hotline):
    waiting = world.call(HOTLINE)
    do(world, requests.put_actions, call_id(world, waiting), parse(json.dumps([{"action": "talk", "text": "Bye"}])))

    world.run_for(5)

    assert ended_as(world, waiting) == ("ended", "completed", "scco_end")
    assert stays_of(world, waiting) == [("Sales", "redirected")]
