"""Deliveries, questions, text messages, agent list questions and the signing secret in a real browser."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from playwright.sync_api import expect

from common import clock
from queues.models import Queue
from routing.models import AgentListQuestion
from tests import factories
from tests.console import page as address
from webhooks.models import Delivery, DisabledUrl, EndpointHealth, Question, Sms
from webhooks.selectors import url_key

LISTS = ["webhook/delivery", "webhook/question", "webhook/agentlist", "webhook/sms", "webhook/secret"]
EVENT_URL = "https://crm.example.net/pcc/events?tenant=a-very-long-name-of-a-customer-of-ours"
LONG_ANSWER = "<html><head><title>500 Internal Server Error</title></head><body>" + "An error. " * 30


@pytest.fixture
def furnished(ours):
    """Everything once that went well, and everything that can go wrong."""
    now = clock.now()
    call = factories.CallFactory(project=ours, customer_number="84909982888")
    event = {
        "type": "stringee_call",
        "call_status": "answered",
        "call_id": call.call_id,
        "from": {"number": "84909982888"},
    }
    events = [
        factories.DeliveryFactory(
            project=ours, call=call, serial=n, url=EVENT_URL, body=json.dumps({**event, "serial": n})
        )
        for n in range(1, 4)
    ]
    given_up = events[0]
    Delivery.objects.filter(pk=given_up.pk).update(state="given_up", next_attempt_at=None, finished_at=now, attempts=12)
    for failure, status, detail in (("status", 500, ""), ("connection", None, "Connection refused by 203.0.113.7.")):
        factories.AttemptFactory(
            project=ours, delivery=given_up, failure=failure, status=status, detail=detail, answer=LONG_ANSWER[:500]
        )
    Delivery.objects.filter(pk=events[1].pk).update(
        state="delivered", next_attempt_at=None, finished_at=now, attempts=1
    )
    factories.AttemptFactory(project=ours, delivery=events[1])
    factories.QuestionFactory(project=ours, call=call)
    factories.QuestionFactory(
        project=ours, call=call, state="failed", failure="redirect", status=302, answer=LONG_ANSWER
    )
    factories.SmsFactory(project=ours, call=call)
    factories.SmsFactory(project=ours, call=call, state="no_gateway", status=None)
    agents = [
        factories.AgentFactory(project=ours, name=name, stringee_user_id=f"agent_{n}")
        for n, name in enumerate(["Nguyễn Thị Lan", "Trần Văn Minh"])
    ]
    queue = factories.QueueFactory(project=ours, name="Support", get_list_agents_url="https://crm.example.net/agents")
    answer = {"version": 2, "calls": [{"callId": call.call_id, "agents": [{"stringee_user_id": "agent_0"}]}]}
    lines = [
        {"user_id": agent.stringee_user_id, "agent": agent.pk, "routing_type": n + 1, "phone": "", "timeout_s": 15}
        for n, agent in enumerate(agents)
    ]
    findings = [
        {"code": "timeout_missing", "where": "calls[0].agents[0]", "call_id": call.call_id, "said": "15"},
        {"code": "calls_missing", "where": "calls", "call_id": "", "said": "2"},
    ]
    factories.AgentListQuestionFactory(
        project=ours, queue=queue, answer=json.dumps(answer), lists={call.call_id: lines}, findings=findings
    )
    factories.AgentListQuestionFactory(
        project=ours, queue=queue, state="failed", failure="timeout", status=None, answer=""
    )
    DisabledUrl.objects.create(project=ours, url=EVENT_URL, url_key=url_key(EVENT_URL), disabled_at=now)
    EndpointHealth.objects.create(
        project=ours, endpoint="https://crm.example:443", state="open", until=now + dt.timedelta(hours=1)
    )
    return ours


@pytest.mark.parametrize("name", LISTS)
def test_list_is_accessible(console, check_page, furnished, owner, name):
    console.sign_in(owner)
    check_page(console.open(f"/{name}/"))


@pytest.mark.parametrize("name", LISTS)
def test_empty_list_is_accessible(console, check_page, ours, owner, name):
    console.sign_in(owner)
    check_page(console.open(f"/{name}/"), f"empty-{name.replace('/', '-')}")


def test_page_of_a_row_is_accessible(console, check_page, furnished, owner):
    console.sign_in(owner)
    rows = {
        "webhooks_delivery": Delivery.objects.order_by("pk").first(),
        "webhooks_question": Question.objects.get(state="failed"),
        "routing_agentlistquestion": AgentListQuestion.objects.order_by("pk").first(),
        "webhooks_sms": Sms.objects.get(state="no_gateway"),
        "queues_queue": Queue.objects.get(),
    }
    for model, row in rows.items():
        check_page(console.open(address(model, "change", row.pk)), f"out-{model}")


def test_secret_is_made_after_a_question_and_shown_once(console, check_page, furnished, owner):
    console.sign_in(owner)
    page = console.open("/webhook/secret/")
    page.get_by_role("link", name="Make a secret").click()
    check_page(page, "out-rotate")
    page.get_by_role("button", name="Make a new secret").click()
    secret = page.get_by_label("Secret, for X-STRINGEE-SIGNATURE").input_value()
    assert len(secret) > 20
    check_page(page, "out-secret")

    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("link", name="Rotate")).to_be_visible()
    assert secret not in page.content()


def test_deliveries_are_chosen_and_sent_again(console, check_page, furnished, supervisor):
    DisabledUrl.objects.all().delete()
    console.sign_in(supervisor)
    page = console.open("/webhook/delivery/?state__exact=given_up")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("send_again")
    page.locator("#changelist-form button[name=index], #changelist-form button[type=submit]").last.click()
    expect(page.get_by_role("heading", name="1 row will change")).to_be_visible()
    check_page(page, "out-send-again")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("1 row changed.")).to_be_visible()
    assert not Delivery.objects.filter(state="given_up").exists()
