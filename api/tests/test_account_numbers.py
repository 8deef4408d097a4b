"""/v1/number as the account's inventory, and how it is told apart from the contact center's configuration."""

from __future__ import annotations

import pytest

from api.tests.conftest import Program, account_token, key_of
from api.tests.samples import everything
from numbers_app.models import Number
from projects.tokens import rest_token
from tests import factories

ATTACH = {
    "answer_url": "http://v2.stringee.com:8282/answer_url",
    "event_url": "http://v2.stringee.com:8282/event_url",
}


@pytest.fixture
def sister(ours):
    """Another project of our account."""
    return factories.ProjectFactory(account=ours.account, name="Sister")


@pytest.fixture
def number(ours):
    return factories.NumberFactory(
        project=ours, number="842473082686", nickname="Hotline", queue=factories.QueueFactory(project=ours)
    )


def test_the_inventory_to_the_letter(account_api, ours, number):
    assert account_api.get("/v1/number") == {
        "r": 0,
        "message": "Load number success",
        "msg": "Load number success",
        "account_sid": ours.account.sid,
        "data": {
            "numbers": [
                {
                    "id": number.public_id,
                    "account": ours.account_id,
                    "country_code": "84",
                    "phone_number_no_country_code": "2473082686",
                    "phone_number": "842473082686",
                    "callout_to_prefix": "",
                    "voice_enabled": 1,
                    "sms_enabled": 0,
                    "sip_trunk": "",
                    "project_id": ours.pk,
                    "answer_url": "",
                    "event_url": "",
                    "monthly_price": "0",
                    "country_iso_code": "VN",
                    "country_name": "Vietnam",
                    "telco_name": "",
                    "project_name": "Ours",
                }
            ],
            "totalPages": 1,
            "totalCount": "1",
            "activePage": 1,
            "limit": 10,
        },
    }


def test_the_inventory_has_pages_and_a_filter(account_api, ours, sister):
    for project in (ours, ours, sister):
        factories.NumberFactory(project=project)
    assert account_api.get("/v1/number?limit=2")["data"]["totalPages"] == 2
    assert account_api.get("/v1/number?limit=1000")["data"]["limit"] == 100
    assert len(account_api.get("/v1/number?limit=2&page=2")["data"]["numbers"]) == 1
    rows = account_api.get(f"/v1/number?project_id={sister.pk}")["data"]["numbers"]
    assert [row["project_name"] for row in rows] == ["Sister"]
    assert account_api.get("/v1/number?page=0")["r"] == 1


def test_a_number_of_no_known_plan_is_shown_whole(account_api, ours):
    factories.NumberFactory(project=ours, number="+2222")
    row = account_api.get("/v1/number/2222")["data"]
    assert (row["phone_number"], row["country_name"]) == ("2222", "")
    assert row["country_code"] + row["phone_number_no_country_code"] == "2222"


def told_apart(program, method="GET", path="/v1/number", body=None) -> str:
    """Which of the two meanings answers."""
    message = program.ask(method, path, body)["message"]
    return {"Load number success": "account", "Load number(s) success": "contact center"}[message]


def test_the_host_name_decides_first(ours, number):
    token = rest_token(key_of(ours)).token
    for host, meaning in (
        ("localhost", "contact center"),
        ("icc-api.example.net", "contact center"),
        ("ICC-API.example.net:8000", "contact center"),
        ("api.example.net", "account"),
        ("api.example.net:8000", "account"),
        ("apis.example.net", "contact center"),
        ("console.example.net", "contact center"),
    ):
        assert told_apart(Program(token, host)) == meaning, host


def test_the_kind_of_token_decides_where_hosts_do_not(api, account_api, ours, number):
    assert told_apart(api) == "contact center"
    assert told_apart(account_api) == "account"
    assert told_apart(Program(account_token(ours.account), "api.example.net")) == "account"
    refused = Program(account_token(ours.account), "icc-api.example.net").call("GET", "/v1/number")
    assert (refused.status_code, refused.json()["r"]) == (403, 5)


def test_a_project_sees_its_own_part_of_the_inventory(ours, sister, number):
    factories.NumberFactory(project=sister)
    program = Program(rest_token(key_of(ours)).token, "api.example.net")
    rows = program.get("/v1/number")["data"]["numbers"]
    assert [row["id"] for row in rows] == [number.public_id]


@pytest.mark.parametrize("program", ["api", "account_api"])
@pytest.mark.parametrize("name", ["id", "phone"])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_number_gets_its_urls(program, name, method, request, ours, number):
    path = f"/v1/number/{number.public_id if name == 'id' else '842473082686'}"
    answer = request.getfixturevalue(program).ask(method, path, {"project_id": str(ours.pk), **ATTACH})
    assert (answer["r"], answer["numberID"], answer["message"]) == (0, number.public_id, "Update number success")
    queue = number.queue
    number.refresh_from_db()
    assert (number.answer_url, number.event_url) == (ATTACH["answer_url"], ATTACH["event_url"])
    assert (number.nickname, number.queue) == ("Hotline", queue)


def test_urls_are_cleared_by_empty_text(account_api, ours, number):
    account_api.put(f"/v1/number/{number.public_id}", {"project_id": ours.pk, **ATTACH})
    account_api.put(f"/v1/number/{number.public_id}", {"project_id": ours.pk, "answer_url": "", "event_url": None})
    number.refresh_from_db()
    assert (number.answer_url, number.event_url) == ("", "")


def test_moving_to_another_project_leaves_the_way_of_calls_behind(account_api, sister, number):
    assert account_api.put(f"/v1/number/{number.public_id}", {"project_id": sister.pk})["r"] == 0
    number.refresh_from_db()
    assert (number.project, number.enable_ivr, number.ivr_tree, number.queue) == (sister, False, None, None)


def test_a_number_cannot_move_to_where_it_is_already(account_api, sister, number):
    existing = factories.NumberFactory(project=sister, number="842473082686")
    before = everything()
    answer = account_api.put(f"/v1/number/{number.public_id}", {"project_id": sister.pk})
    assert (answer["r"], answer["message"], answer["numberID"]) == (2, "Number existed", existing.public_id)
    assert everything() == before


def test_an_attached_number_is_configured_by_the_first_create(api, ours):
    """Programs attach a number to its project before they add it to the contact center."""
    attached = api.post("/v1/number/842473082686", {"project_id": ours.pk, **ATTACH})
    assert attached["r"] == 0
    queue = factories.QueueFactory(project=ours)
    body = {"number": "842473082686", "nickname": "Hotline", "enable_ivr": 0, "queue_id": queue.public_id}
    created = api.post("/v1/number", body)
    assert (created["r"], created["numberID"]) == (0, attached["numberID"])
    number = Number.objects.get()
    assert (number.nickname, number.queue, number.answer_url) == ("Hotline", queue, ATTACH["answer_url"])
    assert api.post("/v1/number", body)["r"] == 2


@pytest.mark.parametrize("body", [{}, {"nickname": "x"}, {"project_id": 1, "number": "84"}, {"colour": "red"}])
def test_other_bodies_mean_the_contact_center(body, api, number):
    path = f"/v1/number/{number.public_id}"
    assert api.call("POST", path, body).status_code == 405
    assert api.put(path, {**body, "project_id": 999_999, "nickname": "New"})["r"] in (0, 1, 2)
    number.refresh_from_db()
    assert number.answer_url == ""


def test_an_account_must_say_which_project(account_api, number):
    answer = account_api.put(f"/v1/number/{number.public_id}", ATTACH)
    assert (answer["r"], answer["message"]) == (1, "project_id is required.")


@pytest.mark.parametrize("program", ["api", "account_api"])
def test_bad_input_is_refused(program, request, ours, number):
    ask = request.getfixturevalue(program).ask
    before = everything()
    for path, body, r in (
        (number.public_id, {"project_id": ours.pk, "answer_url": "ftp://x"}, 1),
        (number.public_id, {"project_id": "ours", "answer_url": "https://x.example"}, 1),
        (number.public_id, {"project_id": [], "answer_url": "https://x.example"}, 1),
        (number.public_id, {"project_id": 999_999}, 3),
        ("UNKNOWN", {"project_id": ours.pk}, 3),
        ("84900000000", {"project_id": ours.pk}, 3),
    ):
        assert ask("PUT", f"/v1/number/{path}", body)["r"] == r, body
    assert ask("POST", "/v1/number/nonsense", {"project_id": ours.pk})["r"] == 1
    assert everything() == before


# ── other accounts and projects ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def their_number(theirs):
    return factories.NumberFactory(project=theirs, number="842473000000")


def test_another_accounts_numbers_do_not_exist(account_api, ours, theirs, number, their_number):
    shown = account_api.get("/v1/number")["data"]["numbers"]
    assert [row["id"] for row in shown] == [number.public_id]
    assert account_api.get(f"/v1/number?project_id={theirs.pk}")["data"]["numbers"] == []
    before = everything()
    for id in (their_number.public_id, their_number.number):
        for answer in (
            account_api.get(f"/v1/number/{id}"),
            account_api.put(f"/v1/number/{id}", {"project_id": ours.pk}),
        ):
            assert (answer["r"], answer["message"]) == (3, f"There is no number {id}.")
    assert everything() == before


@pytest.mark.parametrize("program", ["api", "account_api"])
def test_no_number_goes_into_another_accounts_project(program, request, theirs, number):
    ask = request.getfixturevalue(program).ask
    before = everything()
    for method, path in (("PUT", number.public_id), ("POST", number.public_id), ("POST", "84900000000")):
        foreign = ask(method, f"/v1/number/{path}", {"project_id": theirs.pk})
        absent = ask(method, f"/v1/number/{path}", {"project_id": 999_999})
        assert foreign["r"] == 3
        assert str(foreign).replace(str(theirs.pk), "999999") == str(absent)
    assert everything() == before


def test_a_projects_key_does_not_move_numbers_to_sister_projects(api, sister, number):
    before = everything()
    assert api.put(f"/v1/number/{number.public_id}", {"project_id": sister.pk})["r"] == 3
    assert everything() == before


def test_another_accounts_key_sees_nothing(theirs, number):
    program = Program(account_token(theirs.account))
    assert program.get("/v1/number")["data"]["numbers"] == []
    assert program.get(f"/v1/number/{number.public_id}")["r"] == 3
