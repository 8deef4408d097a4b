"""/v1/number as the contact center's configuration, /v1/blacklistnumber, /v1/callsettings."""

from __future__ import annotations

import pytest

from api.tests.samples import everything
from numbers_app.models import BlockedNumber, Number
from projects.models import HANDLED_HERE_URLS, CallSettings
from tests import factories


@pytest.fixture
def queue(ours):
    return factories.QueueFactory(project=ours)


@pytest.fixture
def tree(ours):
    return factories.IvrTreeFactory(project=ours)


def test_a_number_that_leads_to_a_queue(api, ours, queue):
    body = {
        "number": "842473082686",
        "nickname": "Hotline",
        "enable_ivr": False,
        "ivr_menu": "",
        "queue_id": queue.public_id,
    }
    created = api.post("/v1/number", body)
    number = Number.objects.get()
    assert (created["r"], created["numberID"], created["message"]) == (0, number.public_id, "Create number success")
    assert number.digits == "842473082686"
    listed = api.get("/v1/number?page=1&limit=100")
    assert listed["message"] == "Load number(s) success"
    assert listed["data"] == {
        "totalCount": "1",
        "totalPages": 1,
        "currentPage": 1,
        "limit": 100,
        "numbers": [
            {
                "id": number.public_id,
                "account": ours.account_id,
                "project": ours.pk,
                "number": "842473082686",
                "nickname": "Hotline",
                "allow_outbound_calls": 1,
                "enable_ivr": 0,
                "ivr_menu": "",
                "queue_id": queue.public_id,
                "record_outbound_calls": 1,
                "all_group_can_make_outbound_call": 1,
            }
        ],
    }


def test_a_number_that_leads_to_a_tree(api, tree):
    body = {
        "number": "+84 24 7308 2686",
        "allow_outbound_calls": "false",
        "enable_ivr": "1",
        "ivr_menu": tree.public_id,
        "record_outbound_calls": 0,
        "all_group_can_make_outbound_call": "0",
    }
    row = api.get(f"/v1/number/{api.post('/v1/number', body)['numberID']}")["data"]
    assert row["number"] == "+84 24 7308 2686"
    assert [row[name] for name in list(body)[1:]] == [0, 1, tree.public_id, 0, 0]
    assert row["queue_id"] == ""
    assert Number.objects.get().digits == "842473082686"


@pytest.mark.parametrize("number", ["842473082686", "+842473082686", "0247 3082 686", "00842473082686"])
def test_a_number_exists_once_in_any_spelling(number, api, ours, queue):
    existing = factories.NumberFactory(project=ours, number="842473082686", queue=queue)
    before = everything()
    answer = api.post("/v1/number", {"number": number, "enable_ivr": 0, "queue_id": queue.public_id})
    assert answer == {
        "r": 2,
        "project": ours.pk,
        "message": "Number existed",
        "msg": "Number existed",
        "numberID": existing.public_id,
    }
    assert everything() == before


def test_a_number_cannot_become_another_one_that_exists(api, ours, queue):
    existing = factories.NumberFactory(project=ours, number="842473082686", queue=queue)
    other = factories.NumberFactory(project=ours, number="842473082687", queue=queue)
    answer = api.put(f"/v1/number/{other.public_id}", {"number": "842473082686"})
    assert (answer["r"], answer["numberID"]) == (2, existing.public_id)


def test_the_destination_is_required(api, ours, queue, tree):
    before = everything()
    for body, text in (
        ({"enable_ivr": True}, "ivr_menu is required when enable_ivr is 1."),
        ({"enable_ivr": True, "queue_id": queue.public_id}, "ivr_menu is required when enable_ivr is 1."),
        ({"enable_ivr": False, "ivr_menu": tree.public_id}, "queue_id is required when enable_ivr is 0."),
        ({}, "queue_id is required when enable_ivr is 0."),
    ):
        answer = api.post("/v1/number", {"number": "842473082686", **body})
        assert (answer["r"], answer["message"]) == (1, text)
    assert everything() == before


def test_an_update_is_judged_by_what_comes_out_of_it(api, ours, queue, tree):
    number = factories.NumberFactory(project=ours, queue=queue)
    path = f"/v1/number/{number.public_id}"
    assert api.put(path, {"nickname": "Head office"})["message"] == "Update number success"
    assert api.put(path, {"enable_ivr": 1})["message"] == "ivr_menu is required when enable_ivr is 1."
    assert api.put(path, {"queue_id": ""})["message"] == "queue_id is required when enable_ivr is 0."
    assert api.put(path, {"ivr_menu": tree.public_id})["r"] == 0
    assert api.put(path, {"enable_ivr": 1, "queue_id": None})["r"] == 0
    assert api.put(path, {"ivr_menu": None})["message"] == "ivr_menu is required when enable_ivr is 1."
    number.refresh_from_db()
    assert (number.nickname, number.enable_ivr, number.ivr_tree, number.queue) == ("Head office", True, tree, None)
    assert api.delete(path)["message"] == "Delete number success"
    assert Number.objects.count() == 0


@pytest.mark.parametrize("number", ["12", "1" * 16, "hotline", "+", "84-abc", "٨٤٩٠٩٩٨٢٨٨٨", "84909982888;ext=1"])
def test_what_is_no_number_is_refused(number, api, queue):
    before = everything()
    answer = api.post("/v1/number", {"number": number, "enable_ivr": 0, "queue_id": queue.public_id})
    assert (answer["r"], answer["message"]) == (1, f"{number} is not a phone number.")
    assert api.post("/v1/blacklistnumber", {"number": number})["r"] == 1
    assert everything() == before


@pytest.mark.parametrize(
    ("sent", "switches"),
    [
        ({}, (1, 1)),
        ({"ivr_blocked": None, "queue_blocked": ""}, (1, 1)),
        ({"ivr_blocked": 1}, (1, 0)),
        ({"queue_blocked": "true"}, (0, 1)),
        ({"ivr_blocked": 0}, (0, 0)),
        ({"ivr_blocked": 1, "queue_blocked": 1}, (1, 1)),
        ({"ivr_blocked": 0, "queue_blocked": "1"}, (0, 1)),
    ],
)
def test_a_switch_alone_means_itself_alone(sent, switches, api, ours):
    created = api.post("/v1/blacklistnumber", {"number": "0909 982 888", **sent})
    blocked = BlockedNumber.objects.get()
    assert (created["r"], created["message"]) == (0, "Create blacklist number success")
    assert created["blacklistNumberID"] == blocked.public_id
    listed = api.get("/v1/blacklistnumber")
    assert listed["message"] == "Load blacklist(s) success"
    assert listed["data"]["blacklistNumbers"] == [
        {
            "id": blocked.public_id,
            "account": ours.account_id,
            "project": ours.pk,
            "number": "+84909982888",
            "ivr_blocked": switches[0],
            "queue_blocked": switches[1],
        }
    ]


def test_a_blocked_number_changes_one_switch_at_a_time(api, ours):
    blocked = factories.BlockedNumberFactory(project=ours)
    path = f"/v1/blacklistnumber/{blocked.public_id}"
    assert api.put(path, {"ivr_blocked": "0"})["message"] == "Update blacklist number success"
    blocked.refresh_from_db()
    assert (blocked.ivr_blocked, blocked.queue_blocked) == (False, True)
    assert api.delete(path)["message"] == "Delete blacklist number success"
    assert BlockedNumber.objects.count() == 0


def test_a_caller_is_blocked_once(api, ours):
    blocked = factories.BlockedNumberFactory(project=ours, number="84909982888")
    answer = api.post("/v1/blacklistnumber", {"number": "+84909982888"})
    assert (answer["r"], answer["blacklistNumberID"]) == (2, blocked.public_id)
    assert answer["message"] == "This number is blocked already."


def test_call_settings(api, ours):
    settings = {
        "account": ours.account_id,
        "project": ours.pk,
        "get_customer_info_url": None,
        "get_customer_info_timeout": 2000,
        "event_url": None,
        "callout_answer_url": None,
    }
    assert api.get("/v1/callsettings") == {
        "r": 0,
        "project": ours.pk,
        "message": "Load call settings success",
        "msg": "Load call settings success",
        "callSetting": settings,
    }
    changes = {"event_url": "https://crm.example.net/pcc/events?k=1", "get_customer_info_timeout": "1500"}
    assert api.put("/v1/callsettings", changes) == {
        "r": 0,
        "project": ours.pk,
        "message": "Update call settings success",
        "msg": "Update call settings success",
    }
    settings |= {"event_url": "https://crm.example.net/pcc/events?k=1", "get_customer_info_timeout": 1500}
    assert api.get("/v1/callsettings/")["callSetting"] == settings
    api.put("/v1/callsettings", {"event_url": "", "get_customer_info_timeout": None})
    settings |= {"event_url": None, "get_customer_info_timeout": 2000}
    assert api.get("/v1/callsettings")["callSetting"] == settings


@pytest.mark.parametrize("url", sorted(HANDLED_HERE_URLS))
def test_the_urls_of_the_original_are_taken_as_they_are(url, api):
    assert api.put("/v1/callsettings", {"event_url": url, "callout_answer_url": url})["r"] == 0
    assert CallSettings.objects.get().event_url == url


@pytest.mark.parametrize("timeout", [99, 10_001, 0, "fast"])
def test_the_customer_info_timeout_has_a_range(timeout, api):
    before = everything()
    answer = api.put("/v1/callsettings", {"get_customer_info_timeout": timeout, "event_url": "https://a.example"})
    assert answer["message"] == "get_customer_info_timeout must be a whole number from 100 to 10000."
    assert everything() == before
