"""The lists and forms of all model pages, asked for what no person asks."""

from __future__ import annotations

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from tests import factories
from tests.console import page, sign_in

MODELS = [
    "numbers_app_number",
    "numbers_app_blockednumber",
    "agents_agent",
    "agents_group",
    "agents_sipaccount",
    "queues_queue",
    "routing_grouprouting",
]
HUGE = "9" * 40
QUERIES = [
    {"p": "-1"},
    {"p": HUGE},
    {"p": "x"},
    {"o": "99.-x"},
    {"q": "%" * 500},
    {"q": "+" * 50},
    {"q": "\x01\x02"},
    {"groups__id__exact": "x"},
    {"routing_type__exact": "x"},
    {"manual_status": "x" * 5000},
    {"sip": "x"},
    {"queue__id__exact": HUGE},
    {"routings__group__id__exact": "x"},
    {"id__gt": "x"},
    {"project__name": "Theirs"},
    {"_to_field": "x"},
    {"_popup": "1"},
    {"all": ""},
]
KEYS = ["0", "-1", "x", HUGE, "1_3A", "é"]


@pytest.fixture
def console(supervisor, ours):
    factories.NumberFactory(project=ours)
    factories.AgentFactory(project=ours)
    factories.GroupFactory(project=ours)
    factories.QueueFactory(project=ours)
    return sign_in(supervisor, ours)


@pytest.mark.parametrize("model", MODELS)
def test_odd_queries_are_answered_or_refused(console, model):
    for name in ("changelist", *(["export"] if model != "routing_grouprouting" else [])):
        for query in QUERIES:
            assert console.get(page(model, name), query).status_code in (200, 302, 400), (name, query)


@pytest.mark.parametrize("model", MODELS)
def test_rows_that_cannot_be_are_not_found(console, model):
    for key in KEYS:
        for name in ("change", "delete", "history"):
            assert console.get(page(model, name, key)).status_code == 404, (name, key)


@pytest.mark.parametrize("model", MODELS)
def test_actions_on_nothing_lead_back_to_the_list(console, model):
    for data in ({}, {"action": "no_such_action"}, {"action": "delete_selected", ACTION_CHECKBOX_NAME: [HUGE]}):
        assert console.post(page(model, "changelist"), data).status_code in (200, 302), data


@pytest.mark.parametrize(
    ("model", "values"),
    [
        ("agents_agent", {"name": "x" * 201, "stringee_user_id": "y" * 65, "routing_type": HUGE, "groups": [HUGE]}),
        ("agents_group", {"name": "\x00", "members": ["-1", HUGE]}),
        ("agents_sipaccount", {"user_name": "\x00", "new_password": "correct horse\x00", "extension": HUGE}),
        ("numbers_app_number", {"number": HUGE, "enable_ivr": "on", "ivr_tree": HUGE, "queue": "x"}),
        ("numbers_app_blockednumber", {"number": "١٢٣٤٥"}),
        ("queues_queue", dict.fromkeys(["name", "schedule", "wait_agent_answer_timeout", "wait_greeting"], HUGE * 6)),
    ],
)
def test_values_that_fit_nowhere_are_said_at_their_fields(console, model, values):
    response = console.post(page(model, "add"), values)
    assert response.status_code == 200
    assert response.context["errors"]
    assert console.get(page(model, "add"), dict.fromkeys(values, "x")).status_code == 200


def test_pages_beside_the_forms_do_not_know_such_rows(console):
    for address in (
        f"/setting/agent/{HUGE}/token/",
        "/setting/agent/x/token/",
        f"/setting/queue/{HUGE}/routing/",
        f"/setting/grouprouting/queue/{HUGE}/",
    ):
        assert console.get(address).status_code == 404, address
