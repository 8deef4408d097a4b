"""What real clients do (docs/compatibility.md, "Clients"): one test for each habit."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

from agents.models import Agent, Group, GroupMembership
from api.tests.conftest import Program
from api.tests.samples import calls, world
from queues.models import Queue
from tests import factories

PATIENCE_S = 60  # of a test, until it fails instead of hanging


def test_1_an_address_works_with_and_without_slashes_and_never_redirects(api):
    for call in calls():
        plain = call.path("UNKNOWN")
        expected = api.call(call.method, plain)
        assert expected.headers["Content-Type"] == "application/json"
        for path in (f"{plain}/", plain.replace("/v1/", "/v1//"), plain.replace("/", "//")[1:]):
            answer = api.call(call.method, path)
            assert (answer.status_code, answer.json()) == (expected.status_code, expected.json()), call


def test_2_the_token_may_be_in_the_header_or_in_the_query(api):
    assert api.get("/v1/agent")["r"] == 0
    assert Program("").get(f"/v1/agent?access_token={quote(api.token)}")["r"] == 0


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "",
        "application/json; charset=utf-8",
        "nonsense",
        "multipart/form-data",
    ],
)
def test_3_a_body_is_json_whatever_its_type_says(content_type, api, ours):
    answer = api.ask("POST", "/v1/group", {"name": "Bán hàng"}, content_type=content_type)
    assert answer["r"] == 0
    assert Group.objects.get().name == "Bán hàng"


@pytest.mark.parametrize("call", [call for call in calls() if call.action == "list"], ids=str)
def test_3_bodies_of_a_get_are_ignored(call, api, ours):
    path = f"{call.path('')}?{urlencode(call.required_filters(world(ours)))}"
    for body in (b"{}", b"{", b"name=x&page=9", b"[1]", b"\xff\x00", b" " * 3_000_000):
        assert api.ask("GET", path, body, content_type="application/x-www-form-urlencoded")["r"] == 0


def test_4_a_delete_may_have_a_body(api, ours, agent_1):
    group = factories.GroupFactory(project=ours)
    factories.GroupMembershipFactory(project=ours, group=group, agent=agent_1)
    pair = {"agent_id": agent_1.public_id, "group_id": group.public_id}
    assert api.ask("DELETE", "/v1/manage-agents-in-group", pair, content_type="text/plain")["r"] == 0
    assert GroupMembership.objects.count() == 0
    for body in (b"{}", b"a=b", b"{broken"):
        agent = factories.AgentFactory(project=ours)
        assert api.ask("DELETE", f"/v1/agent/{agent.public_id}", body)["r"] == 0
    assert Agent.objects.get() == agent_1


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        ("1", True),
        ("0", False),
        ("true", True),
        ("false", False),
        ("True", True),
    ],
)
def test_5_booleans_come_in_many_spellings(sent, stored, api):
    assert api.post("/v1/queue", {"name": "English", "record_calls": sent})["r"] == 0
    assert Queue.objects.get().record_calls is stored


@pytest.mark.parametrize("sent", [30, "30", 30.0, " 30 "])
def test_5_numbers_come_as_numbers_and_as_digits(sent, api):
    assert api.post("/v1/queue", {"name": "English", "wrap_up_time_limit": sent})["r"] == 0
    assert Queue.objects.get().wrap_up_time_limit == 30


def test_5_texts_may_be_numbers(api):
    assert api.post("/v1/agent", {"name": 7, "stringee_user_id": 1001, "phone_number": 84900000011})["r"] == 0
    agent = Agent.objects.get()
    assert (agent.name, agent.stringee_user_id, agent.phone_number) == ("7", "1001", "84900000011")


def test_6_logical_refusals_have_status_200_and_r_is_a_number(api, ours):
    for response in (
        api.call("POST", "/v1/group", {}),
        api.call("POST", "/v1/group", {"name": "Sales"}),
        api.call("GET", "/v1/group/UNKNOWN"),
    ):
        assert response.status_code == 200
        assert isinstance(response.json()["r"], int)
        assert not isinstance(response.json()["r"], bool)
    assert Program("x").call("GET", "/v1/group").status_code == 403


@pytest.mark.parametrize("call", [call for call in calls() if call.action == "list"], ids=str)
def test_7_and_8_lists_have_their_array_and_totals_even_when_empty(call, api, ours, theirs):
    of = world(ours)
    data = api.get(f"{call.path('')}?{urlencode({**call.required_filters(of), 'page': 1000})}")["data"]
    assert data[call.resource.array_key] == []
    total = data.get("totalCount", data.get("total"))
    assert isinstance(total, int if call.resource.path == "ipphonecommon" else str)
    for key in ("totalPages", "currentPage", "limit"):
        assert isinstance(data.get(key, 0), int)
    for key in ("totalAgents", "totalGroups"):
        assert data.get(key, total) == total


def test_9_unknown_fields_are_not_refused(api):
    body = {
        "name": "English",
        "route_to_backup_groups_after": 15,
        "sla_target_percent": 80,
        "colour": ["red"],
        "": None,
    }
    assert api.post("/v1/queue", body)["r"] == 0
    agent = {"name": "Lan", "stringee_user_id": "lan", "allow_out_of_business_hour_callout": 1, "device": "ipphone"}
    assert api.post("/v1/agent", agent)["r"] == 0


def test_10_the_text_stands_under_both_names(api):
    for call in calls():
        if not call.resource.enveloped:
            continue
        answer = api.ask(call.method, call.path("UNKNOWN"))
        assert answer["message"] == answer["msg"] != "", call


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/agent", 200),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/", 404),
        ("POST", "/v1/agent/x/y", 404),
        ("GET", "/v1/AGENT", 404),
        ("PATCH", "/v1/agent", 405),
        ("POST", "/v1/agent/AGX4M7QT", 405),
        ("PUT", "/v1/queue", 405),
        ("DELETE", "/v1/callsettings", 405),
        ("TRACE", "/v1/agent", 405),
        ("POST", "/v1/group", 200),
    ],
)
def test_11_the_answer_is_json_always(method, path, status, api):
    for accept in ("*/*", "text/html", "application/xml", "nonsense"):
        response = api.call(method, path, b"", Accept=accept)
        assert (response.status_code, response.headers["Content-Type"]) == (status, "application/json")
        assert response.headers["Cache-Control"] == "no-store"
        assert (json.loads(response.content)["r"] == 0) == (method == "GET" and status == 200)
        assert status != 405 or method not in response.headers["Allow"]


def test_texts_do_not_depend_on_the_language_of_a_browser(api):
    vietnamese = {"Accept-Language": "vi"}
    assert (
        api.ask("POST", "/v1/blacklistnumber", {"number": "x"}, **vietnamese)["message"] == "x is not a phone number."
    )


def test_texts_are_utf_8_and_not_escaped(api):
    api.post("/v1/group", {"name": "Chăm sóc 💬"})
    assert "Chăm sóc 💬".encode() in api.call("GET", "/v1/group").content


# ── browsers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_page_of_any_origin_may_ask():
    asking = {
        "Origin": "https://crm.example.net",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-stringee-auth,content-type",
    }
    for path in [*sorted({call.path("X") for call in calls()}), "/v1/nothing", "/v1/call/callout", "/v1"]:
        response = Program("").call("OPTIONS", path, **asking)
        assert (response.status_code, response.content) == (204, b""), path
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "PUT" in response.headers["Access-Control-Allow-Methods"]
        assert "x-stringee-auth" in response.headers["Access-Control-Allow-Headers"].lower()
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_replies_may_be_read_by_a_page_of_any_origin(api):
    for response in (
        api.call("GET", "/v1/agent"),
        api.call("POST", "/v1/agent", {}),
        api.call("GET", "/v1/nothing"),
        api.call("PATCH", "/v1/agent"),
        Program("").call("GET", "/v1/agent"),
    ):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_signed_in_browser_is_nobody_without_a_token(owner, api):
    api.client.force_login(owner)
    api.token = ""
    assert api.call("GET", "/v1/agent").status_code == 403


def test_no_cross_site_token_is_asked_for(api):
    api.client.handler.enforce_csrf_checks = True
    assert api.post("/v1/group", {"name": "Sales"})["r"] == 0


# ── the server as it runs ────────────────────────────────────────────────────────────────────────────────────────────


async def ask_server(method: str, path: str, token: str, chunks: list[bytes], headers: list[tuple[bytes, bytes]]):
    """Send a request in pieces to the real application; returns status, headers and body."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"x-stringee-auth", token.encode()), *headers],
    }
    server = ApplicationCommunicator(get_asgi_application(), scope)
    for number, chunk in enumerate(chunks, 1):
        await server.send_input({"type": "http.request", "body": chunk, "more_body": number < len(chunks)})
    start = await server.receive_output(PATIENCE_S)
    body = await server.receive_output(PATIENCE_S)
    await server.wait(PATIENCE_S)
    return start["status"], dict(start["headers"]), json.loads(body["body"])


@pytest.mark.django_db(transaction=True)
def test_a_chunked_body_without_a_length_is_read(api, ours):
    chunks = [b'{"na', b'me": "Sa', b'les"}']
    status, headers, answer = async_to_sync(ask_server)(
        "POST", "/v1/group", api.token, chunks, [(b"transfer-encoding", b"chunked")]
    )
    assert (status, headers[b"Content-Type"], answer["r"]) == (200, b"application/json", 0)
    assert Group.objects.get(project=ours).name == "Sales"


@pytest.mark.parametrize("length", [b"-5", b"abc", b"99999999999999999999", b"0"])
@pytest.mark.django_db(transaction=True)
def test_odd_lengths_are_survived(length, api, ours):
    status, headers, answer = async_to_sync(ask_server)(
        "POST", "/v1/group", api.token, [b'{"name": "Sales"}'], [(b"content-length", length)]
    )
    assert status in (200, 413)
    assert headers[b"Content-Type"] == b"application/json"
    assert answer["r"] in (0, 1)


@pytest.mark.parametrize("path", ["//v1/group", "//v1//group//", "/v1/group/"])
@pytest.mark.django_db(transaction=True)
def test_doubled_slashes_are_forgiven(path, api, ours):
    answer = async_to_sync(ask_server)("POST", path, api.token, [b'{"name": "Sales"}'], [])
    assert (answer[0], answer[2]["r"]) == (200, 0)
    assert Group.objects.get(project=ours).name == "Sales"
