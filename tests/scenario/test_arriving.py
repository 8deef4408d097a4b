"""A call comes in: refused, asked about, led through a menu, to a telephone, a voicemail, a message, or a program."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from agents.domain import AVAILABLE
from callflow.domain.messages import DEFAULT_VOICEMAIL_S
from calls.models import Recording
from ivr.domain import step
from telephony.models import EngineCommand
from tests import factories
from tests.scenario.conftest import CUSTOMER, ELSEWHERE, HOTLINE, MENU, agent_named, ended_as, offers_of, stays_of
from webhooks.models import Delivery, Question, Sms

pytestmark = pytest.mark.django_db

INFO_URL, ANSWER_URL = "https://crm.example.net/info", "https://crm.example.net/answer"


def commands(kind):
    return [each.payload for each in EngineCommand.objects.order_by("pk") if each.payload["kind_"] == kind]


# ── Refused ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_blocked_caller_is_refused_before_anything_else(world, hotline, ours):
    factories.BlockedNumberFactory(project=ours, number=CUSTOMER)
    world.online("agent_1")

    caller = world.call(HOTLINE)

    assert ended_as(world, caller) == ("ended", "rejected", "caller_blocked")
    assert commands("Hangup") == [{"kind_": "Hangup", "leg": caller, "cause": "rejected"}]
    assert offers_of(world, caller) == []


def test_a_caller_who_is_blocked_in_queues_hears_the_menu_and_no_agent(world, menu_number, ours):
    factories.BlockedNumberFactory(project=ours, number=CUSTOMER, ivr_blocked=False, queue_blocked=True)
    world.online("agent_1")
    caller = world.call(MENU, keys="1")

    world.run_for(10)

    assert ended_as(world, caller) == ("ended", "rejected", "caller_blocked")
    assert stays_of(world, caller) == []


def test_a_number_that_is_nobodys_is_hung_up(world, ours):
    world.call("84247309999")

    assert world.engine.legs == {}


# ── What the customer's server knows ─────────────────────────────────────────────────────────────────────────────────
def test_what_the_customers_server_knows_travels_to_the_agents_device(world, hotline, ours):
    ours.call_settings.get_customer_info_url = INFO_URL
    ours.call_settings.save()
    world.answers[INFO_URL] = '{"name": "Mai"}'
    world.online("agent_1", after_s=2)

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(12)

    assert world.asked == [(INFO_URL, {"from": CUSTOMER, "to": HOTLINE, "project": str(ours.pk)})]
    assert [each["custom_data"] for each in commands("Dial")] == ['{"name": "Mai"}']
    assert world.row(caller).outcome == "completed"


@pytest.mark.parametrize("answer", ["<html>Not found</html>", '["Mai"]', '"Mai"', "", "{"])
def test_what_is_no_json_object_does_not_travel(world, hotline, ours, answer):
    ours.call_settings.get_customer_info_url = INFO_URL
    ours.call_settings.save()
    world.answers[INFO_URL] = answer
    world.online("agent_1", after_s=2)

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(12)

    assert [each["custom_data"] for each in commands("Dial")] == [""]
    assert world.row(caller).custom_data == ""


@pytest.mark.parametrize("lost", [(), ("ask",)])
def test_a_server_that_does_not_answer_holds_the_call_up_for_its_time_only(world, hotline, ours, lost):
    ours.call_settings.get_customer_info_url = INFO_URL
    ours.call_settings.get_customer_info_timeout = 3000
    ours.call_settings.save()
    world.lost.update(lost)
    world.answers[INFO_URL] = None
    world.online("agent_1", after_s=2)

    caller = world.call(HOTLINE)
    world.run_for(10)

    assert [each["custom_data"] for each in commands("Dial")] == [""]
    assert Question.objects.get().state == "failed"
    assert world.row(caller).state == "connected"


def test_a_question_whose_bell_was_lost_is_asked_by_the_sweep(world, ours, hotline):
    hotline.answer_url = ANSWER_URL
    hotline.save()
    world.lost.add("ask")
    world.answers[ANSWER_URL] = json.dumps([{"action": "talk", "text": "Hello"}])

    caller = world.call(HOTLINE)
    assert world.asked == []
    world.lost.clear()
    world.run_for(2)

    assert [url for url, _told in world.asked] == [ANSWER_URL]
    world.run_for(5)
    assert ended_as(world, caller) == ("ended", "completed", "scco_end")


# ── A program on a number ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_numbers_server_can_connect_the_caller_to_a_user(world, ours, hotline):
    hotline.answer_url = ANSWER_URL
    hotline.save()
    connect = {
        "action": "connect",
        "from": {"type": "external", "number": CUSTOMER},
        "to": {"type": "internal", "number": "agent_1"},
    }
    world.answers[ANSWER_URL] = json.dumps([connect])
    world.online("agent_1", after_s=2)

    caller = world.call(HOTLINE, talk_s=10)
    world.run_for(5)
    assert agent_named("agent_1").activity == "on_call"
    world.run_for(15)

    assert ended_as(world, caller) == ("ended", "completed", "normal")
    assert agent_named("agent_1").activity == "idle"
    assert world.told(caller) == ["created", "started", "ringing", "answered", "ended"]


def test_a_numbers_own_server_is_told_of_its_calls_beside_the_projects(world, ours, hotline):
    hotline.event_url = "https://crm.example.net/number"
    hotline.save()
    world.online("agent_1", after_s=2)

    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(20)

    told = Delivery.objects.filter(call=world.row(caller)).order_by("serial", "kind")
    assert set(told.values_list("url", flat=True)) == {ours.call_settings.event_url, hotline.event_url}
    for url in (ours.call_settings.event_url, hotline.event_url):
        kinds = [(each.kind, json.loads(each.body).get("call_status")) for each in told.filter(url=url)]
        assert kinds == [*(("call_event", status) for status in world.told(caller)[::2]), ("recording", None)]


def test_a_url_that_means_that_we_answer_is_told_nothing(world, ours, hotline):
    hotline.event_url = "http://v2.stringee.com:8282/event_url"
    hotline.save()

    caller = world.call(HOTLINE, patience_s=1)
    world.run_for(3)

    assert ended_as(world, caller) == ("ended", "abandoned", "caller_left")
    assert set(Delivery.objects.values_list("url", flat=True)) == {ours.call_settings.event_url}


@pytest.mark.parametrize(
    ("answer", "cause"), [(None, "answer_url_failed"), ("<html>", "scco_unreadable"), ("[]", "scco_empty")]
)
def test_a_program_that_cannot_be_had_ends_the_call(world, ours, hotline, answer, cause):
    hotline.answer_url = ANSWER_URL
    hotline.save()
    world.answers[ANSWER_URL] = answer

    caller = world.call(HOTLINE)
    world.run_for(2)

    assert ended_as(world, caller) == ("ended", "failed", cause)


# ── Menus ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_key_leads_to_the_queue(world, menu_number):
    world.online("agent_1", after_s=2)

    caller = world.call(MENU, keys="1", talk_s=5)
    world.run_for(25)

    assert ended_as(world, caller) == ("ended", "completed", "normal")
    assert stays_of(world, caller) == [("Sales", "answered")]


def test_who_presses_nothing_and_then_anything_goes_where_these_keys_lead(world, menu_number):
    world.online("agent_1", after_s=2)

    caller = world.call(MENU, keys="2", talk_s=5)  # then nothing: back to the root, which has no such branch
    world.run_for(60)
    stubborn = world.call(MENU, "84900000013", keys="2 9", talk_s=5)
    world.run_for(25)

    assert ended_as(world, caller)[:2] == ("ended", "completed")
    assert world.row(caller).cause == "no_key"
    assert stays_of(world, stubborn) == [("Sales", "answered")]


def test_a_key_forwards_to_a_telephone(world, menu_number):
    world.phone(ELSEWHERE, after_s=4)

    caller = world.call(MENU, keys="3", talk_s=30)
    world.run_for(10)
    assert world.row(caller).state == "connected"
    world.run_for(40)

    assert ended_as(world, caller) == ("ended", "transferred_out", "normal")
    assert [leg[:2] for leg in world.legs_of(caller)] == [("caller", "ended"), ("destination", "ended")]


def test_a_telephone_that_is_busy_ends_a_forwarded_call(world, menu_number):
    world.phone(ELSEWHERE, does="busy", after_s=1)

    caller = world.call(MENU, keys="3")
    world.run_for(10)

    assert ended_as(world, caller) == ("ended", "failed", "busy")


def test_a_voicemail_is_stored_and_told(world, menu_number, ours):
    ours.call_settings.event_url = "https://crm.example.net/events"
    ours.call_settings.save()

    caller = world.call(MENU, keys="4", message_s=7)
    world.run_for(40)

    assert world.row(caller).outcome == "voicemail"
    message = Recording.objects.get()
    assert (message.kind, message.state) == ("voicemail", "ready")
    assert 6000 < message.duration_ms <= DEFAULT_VOICEMAIL_S * 1000
    assert Delivery.objects.filter(kind="voicemail").count() == 1


def test_a_key_sends_a_text_message(world, menu_number, ours):
    ours.call_settings.sms_gateway_url = "https://sms.example.net/send"
    ours.call_settings.save()

    caller = world.call(MENU, keys="5")
    world.run_for(5)

    assert ended_as(world, caller) == ("ended", "completed", "sms_sent")
    sms = Sms.objects.get()
    assert (sms.to_number, sms.from_number, sms.text, sms.state) == (
        CUSTOMER,
        MENU,
        "We are at 1 Main Street.",
        "pending",
    )


def test_a_key_ends_the_call(world, menu_number):
    caller = world.call(MENU, keys="6")
    world.run_for(5)

    assert ended_as(world, caller) == ("ended", "completed", "menu_end")


def test_a_caller_who_leaves_the_menu_has_abandoned(world, menu_number):
    caller = world.call(MENU, patience_s=2)
    world.run_for(5)

    assert ended_as(world, caller) == ("ended", "abandoned", "caller_left")


def test_no_loop_holds_a_caller(world, menu_number, monkeypatch):
    """He goes from `welcome` to `more` and back, for as long as he is let."""
    monkeypatch.setattr(step, "LONGEST_STAY", dt.timedelta(seconds=40))
    caller = world.call(MENU, keys=" ".join("2" * 40))

    world.run_for(45)

    assert ended_as(world, caller) == ("ended", "failed", "menu_budget")


def test_agents_are_available_only_by_their_own_choice(world, hotline):
    for user in ("agent_1", "agent_2"):
        agent = agent_named(user)
        agent.manual_status = "LUNCH"
        agent.save()
    world.online("agent_1", after_s=1)
    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(5)
    assert offers_of(world, caller) == []

    agent = agent_named("agent_1")
    agent.manual_status = AVAILABLE
    agent.save()
    world.run_for(5)

    assert offers_of(world, caller) == [("agent_1", "accepted")]
