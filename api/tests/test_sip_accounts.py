"""/v1/ipphonecommon and /v1/sipphone: two faces of one store."""

from __future__ import annotations

import pytest

from agents.models import SipAccount
from api.tests.samples import everything
from tests import factories


@pytest.fixture
def lan(ours):
    return factories.SipAccountFactory(project=ours, user_name="lan", stringee_user_id="lan", extension=101)


def test_the_newer_address(api, ours):
    body = {"user_name": "lan", "password": "desk phone", "extension": 101, "stringee_user_id": "agent_lan"}
    assert api.post("/v1/ipphonecommon", body) == {
        "r": 0,
        "project": ours.pk,
        "message": "Create SIP account success",
        "msg": "Create SIP account success",
        "res_create_subscriber": 1,
    }
    assert SipAccount.objects.get().password == "desk phone"
    row = {
        "username": "lan",
        "user_name": "lan",
        "project": ours.pk,
        "password": "",
        "stringee_user_id": "agent_lan",
        "extension": "101",
    }
    assert api.get("/v1/ipphonecommon")["data"] == {
        "rows": [row],
        "totalCount": 1,
        "totalPages": 1,
        "currentPage": 1,
        "limit": 50,
    }
    assert api.get("/v1/ipphonecommon/lan")["data"] == row
    assert api.put("/v1/ipphonecommon/lan", {"extension": "102", "password": "new"})["res_update_subscriber"] == 1
    account = SipAccount.objects.get()
    assert (account.extension, account.password, account.stringee_user_id) == (102, "new", "agent_lan")
    assert api.delete("/v1/ipphonecommon/lan")["res_delete_subscriber"] == 1
    assert SipAccount.objects.count() == 0


def test_the_older_address(api, ours):
    login = f"{ours.pk}_lan"
    assert api.post("/v1/sipphone", {"username": "lan", "password": "desk phone"}) == {
        "r": 0,
        "project": ours.pk,
        "message": "Success",
        "msg": "Success",
        "sipusername": login,
    }
    assert api.get("/v1/sipphone")["data"] == {
        "sipphones": [{"username": login, "extension": None, "email_address": None}],
        "total": "1",
    }
    assert SipAccount.objects.get().stringee_user_id == "lan"
    assert api.put(f"/v1/sipphone/{login}", {"password": "new", "extension": 7})["r"] == 0
    assert api.get(f"/v1/sipphone/{login}")["data"]["extension"] == "7"
    assert api.get("/v1/ipphonecommon/lan")["data"]["extension"] == "7"
    assert api.delete(f"/v1/sipphone/{login}") == {
        "r": 0,
        "project": ours.pk,
        "message": "Delete SIP account success",
        "msg": "Delete SIP account success",
    }
    assert SipAccount.objects.count() == 0


@pytest.mark.parametrize("address", ["ipphonecommon", "sipphone"])
@pytest.mark.parametrize("spelling", ["lan", "{project}_lan", "%6Can", "{project}%5Flan"])
def test_both_spellings_name_an_account_everywhere(address, spelling, api, ours, lan):
    path = f"/v1/{address}/{spelling.format(project=ours.pk)}"
    assert api.get(path)["r"] == 0
    assert api.put(path, {"extension": 5})["r"] == 0
    found = api.get(f"/v1/{address}?username={spelling.format(project=ours.pk)}")["data"]
    assert len(found["rows" if address == "ipphonecommon" else "sipphones"]) == 1
    assert api.delete(path)["r"] == 0
    assert SipAccount.objects.count() == 0


@pytest.mark.parametrize("address", ["ipphonecommon", "sipphone"])
@pytest.mark.parametrize("key", ["user_name", "username", "sipusername"])
@pytest.mark.parametrize("spelling", ["lan", "{project}_lan"])
def test_both_spellings_and_all_keys_create_the_same_account(address, key, spelling, api, ours):
    body = {key: spelling.format(project=ours.pk), "password": "x", "extension": 9}
    assert api.post(f"/v1/{address}", body)["r"] == 0
    assert SipAccount.objects.get().login == f"{ours.pk}_lan"


def test_another_projects_prefix_is_part_of_the_name(api, ours, theirs):
    factories.SipAccountFactory(project=theirs, user_name="lan")
    assert api.get(f"/v1/sipphone/{theirs.pk}_lan")["r"] == 3
    api.post("/v1/sipphone", {"username": f"{theirs.pk}_lan", "password": "x"})
    assert SipAccount.objects.get(project=ours).login == f"{ours.pk}_{theirs.pk}_lan"


def test_names_and_extensions_are_unique_in_the_project(api, lan):
    before = everything()
    for path, body, text in (
        ("/v1/ipphonecommon", {"user_name": "lan", "extension": 7}, "A SIP account has this user name already."),
        ("/v1/ipphonecommon", {"user_name": "minh", "extension": 101}, "A SIP account has this extension already."),
        ("/v1/sipphone", {"username": "lan"}, "A SIP account has this user name already."),
    ):
        answer = api.post(path, {"password": "x", **body})
        assert set(answer) == {"r", "project", "message", "msg"}
        assert (answer["r"], answer["message"]) == (2, text)
    assert everything() == before


def test_accounts_are_found_by_what_clients_ask_for(api, ours, lan):
    factories.SipAccountFactory(project=ours, user_name="minh", stringee_user_id="minh", extension=102)

    def found(query: str) -> list[str]:
        return [row["username"] for row in api.get(f"/v1/ipphonecommon?{query}")["data"]["rows"]]

    assert found("") == ["lan", "minh"]
    assert found("stringee_user_id=minh") == ["minh"]
    assert found("extension=101") == ["lan"]
    assert found("username=lan&extension=102") == []
    assert found("limit=1&page=2") == ["minh"]


@pytest.mark.parametrize("name", ["la n", "la/n", "la@n", "la:n", "\n", "x" * 65])
def test_names_that_no_phone_can_register_with_are_refused(name, api):
    before = everything()
    assert api.post("/v1/ipphonecommon", {"user_name": name, "password": "x", "extension": 1})["r"] == 1
    assert api.post("/v1/sipphone", {"username": name, "password": "x"})["r"] == 1
    assert everything() == before


def test_a_name_cannot_be_changed(api, lan):
    assert api.put("/v1/ipphonecommon/lan", {"user_name": "lan", "extension": 5})["r"] == 0
    answer = api.put("/v1/ipphonecommon/lan", {"username": "minh"})
    assert (answer["r"], answer["message"]) == (1, "user_name cannot be changed.")


def test_passwords_are_never_shown(api, lan):
    for path in ("/v1/ipphonecommon", "/v1/ipphonecommon/lan", "/v1/sipphone", "/v1/sipphone/lan"):
        assert lan.password not in str(api.get(path))
