"""Bad input gets a clear refusal: never an error of ours, never a row that is half written."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest

from api.bodies import MAX_JSON_BYTES
from api.fields import Choice, Flag, Reference, Whole
from api.tests.samples import SAMPLES, calls, everything, world
from ivr.models import IvrTree

JSON_CALLS = [call for call in calls() if call.described.body]
LISTS = [call for call in calls() if call.action == "list"]

ODD_BODIES = {
    "a list": b"[]",
    "a list of the right objects": b'[{"name": "a"}]',
    "a text": b'"name"',
    "null": b"null",
    "a number": b"7",
    "broken": b'{"name": "a"',
    "a form": b"name=Sales&queue=1",
    "xml": b"<name>Sales</name>",
    "duplicate keys": b'{"name": "a", "name": "b"}',
    "duplicate keys deep inside": b'{"name": {"a": 1, "a": 2}}',
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": -Infinity}',
    "a huge float": b'{"name": 1e400}',
    "2^63": b'{"name": 9223372036854775808}',
    "a number of a megabyte": b'{"name": ' + b"1" * 900_000 + b"}",
    "21 levels": b'{"name": ' + b"[" * 20 + b"{}" + b"]" * 20 + b"}",
    "a hundred thousand levels": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "NUL": b'{"name": "a\\u0000b"}',
    "NUL in a key": b'{"na\\u0000me": "b"}',
    "half a surrogate pair": b'{"name": "\\ud83d"}',
    "the other half": b'{"name": "\\ude00\\ud83d"}',
    "invalid UTF-8": b'{"name": "\xc3\x28"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "a raw control character": b'{"name": "a\x00b"}',
}


@pytest.mark.parametrize("call", JSON_CALLS, ids=str)
def test_odd_json_is_refused(call, api, ours):
    mine = world(ours)
    path = call.path(SAMPLES[call.resource.path].id(mine))
    before = everything()
    for name, body in ODD_BODIES.items():
        answer = api.ask(call.method, path, body)
        assert (answer["r"], answer["project"]) == (1, ours.pk), name
        assert answer["message"] == answer["msg"] != ""
    assert everything() == before


@pytest.mark.parametrize("call", JSON_CALLS, ids=str)
def test_bodies_that_are_too_large_are_refused(call, api, ours):
    mine = world(ours)
    path = call.path(SAMPLES[call.resource.path].id(mine))
    before = everything()
    for body in (b" " * (MAX_JSON_BYTES + 1), json.dumps({"name": "x" * MAX_JSON_BYTES}).encode()):
        response = api.call(call.method, path, body)
        assert response.status_code == 413
        assert response.headers["Content-Type"] == "application/json"
        assert response.json()["r"] == 1
    assert everything() == before


def shows_all_fields(call) -> bool:
    """Updates read the fields that creates read; one of the two is enough."""
    return call.action != "update" or "post" not in call.resource.collection or call.resource.path == "agent"


def wrong_values(field) -> list:
    """Values that a field cannot mean."""
    wrong: list = [[], {}, ["a"], {"a": 1}, "x" * 100_000, 1.5]
    if isinstance(field, Flag):
        return [*wrong, 2, -1, "yes", "2", "on"]
    if isinstance(field, Choice):
        return [*wrong, True, 99, "99", -1]
    if isinstance(field, Whole):
        too_large = [] if field.max_value is None else [field.max_value + 1, str(field.max_value + 1)]
        return [*wrong, True, False, "ten", "1.5", "0x10", "١", 2**63 - 1, *too_large]
    if isinstance(field, Reference):
        return [*wrong, True, "ZZ0UNKNOWN", 5, "' OR 1=1 --", "../../etc/passwd"]
    return [*wrong, True]


@pytest.mark.parametrize("call", [call for call in JSON_CALLS if shows_all_fields(call)], ids=str)
def test_every_field_refuses_what_it_cannot_mean(call, api, ours):
    mine = world(ours)
    path = call.path(SAMPLES[call.resource.path].id(mine))
    body = call.body(mine)
    before = everything()
    for name, field in call.described.body.fields.items():
        for value in wrong_values(field):
            answer = api.ask(call.method, path, {**body, name: value})
            shown = f"{name} = {str(value)[:40]!r}: {answer['message'][:200]}"
            assert answer["r"] in (1, 3), shown
            assert len(answer["message"]) < 500, shown
            if answer["r"] == 1:
                assert name in answer["message"] or field.source in answer["message"], shown
    assert everything() == before


@pytest.mark.parametrize("call", [call for call in JSON_CALLS if call.action == "create"], ids=str)
def test_every_required_field_is_asked_for(call, api, ours):
    mine = world(ours)
    body = call.body(mine)
    before = everything()
    for name, field in call.described.body.fields.items():
        if not field.required:
            continue
        absent = {key: value for key, value in body.items() if key != name}
        for incomplete in (absent, {**body, name: None}, {**body, name: ""}):
            answer = api.post(call.path(""), incomplete)
            assert (answer["r"], answer["message"]) == (1, f"{name} is required.")
    assert everything() == before


ODD_PAGES = {
    "page": ["-1", "0", "abc", "1.5", "1" + "0" * 30, "999999999999", "\x00", "NaN"],
    "limit": ["0", "-5", "all", "1" + "0" * 30],
}


@pytest.mark.parametrize("call", LISTS, ids=str)
def test_odd_pages_are_refused(call, api, ours):
    query = call.required_filters(world(ours))
    for name, values in ODD_PAGES.items():
        for value in values:
            answer = api.get(f"/v1/{call.resource.path}?{urlencode({**query, name: value})}")
            assert answer["r"] == 1, value
            assert answer["message"].startswith(f"{name} must be a whole number "), value


@pytest.mark.parametrize("call", LISTS, ids=str)
def test_limits_are_capped_and_pages_past_the_end_are_empty(call, api, ours):
    query = call.required_filters(world(ours))
    everything_asked = api.get(f"/v1/{call.resource.path}?{urlencode({**query, 'limit': 10**9})}")
    past = api.get(f"/v1/{call.resource.path}?{urlencode({**query, 'page': 10**9, 'limit': 1000})}")
    assert everything_asked["r"] == past["r"] == 0
    assert past["data"][call.resource.array_key] == []
    for key in ("totalCount", "total"):
        assert past["data"].get(key) == everything_asked["data"].get(key)
    if "limit" in past["data"]:
        assert past["data"]["limit"] == (100 if call.resource.path == "blacklistnumber" else 1000)


@pytest.mark.parametrize("call", LISTS, ids=str)
def test_odd_filters_find_nothing_and_break_nothing(call, api, ours):
    query = call.required_filters(world(ours))
    for name in set(call.described.query().fields) - {"page", "limit"}:
        for value in (
            "\x00",
            "x" * 100_000,
            "' OR 1=1 --",
            "%00",
            "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        ):
            answer = api.get(f"/v1/{call.resource.path}?{urlencode({**query, name: value})}")
            assert answer["r"] in (1, 3) or answer["data"][call.resource.array_key] == [], (name, value[:20])
            assert len(answer["message"]) < 500


ODD_IDS = ["\x00", "a\x00b", "x" * 5000, "'", "..", "%2e%2e", "\n", "💥", "<script>", "null", " "]


@pytest.mark.parametrize("call", [call for call in calls() if call.on_item and call.resource.enveloped], ids=str)
def test_odd_ids_in_the_path_are_not_found(call, api, ours):
    before = everything()
    for id in ODD_IDS:
        response = api.call(call.method, f"/v1/{call.resource.path}/{quote(id, safe='')}", {})
        assert (response.status_code, response.json()["r"]) == (200, 3), id[:20]
        assert len(response.json()["message"]) < 200
    assert everything() == before


def test_invalid_utf_8_in_address_and_query_is_refused(api, ours):
    assert api.call("GET", "/v1/agent/%ff%fe").json()["r"] == 3
    assert api.get("/v1/agent?stringee_user_id=%ff%fe")["data"]["agents"] == []


def test_long_names_of_any_script_are_measured_in_characters(api, ours):
    name = "Tổng đài 💬 " * 16 + "cuối cùng"
    assert 180 < len(name) <= 200 < len(name.encode())
    assert api.post("/v1/ivrtree", {"tree_name": name})["r"] == 0
    assert IvrTree.objects.get(project=ours).tree_name == name
    refused = api.post("/v1/ivrtree", {"tree_name": "x" * 201})
    assert refused["message"] == "tree_name must be at most 200 characters long."


def test_our_own_errors_are_json_too(api, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("out of order")

    monkeypatch.setattr("api.views.page_of", broken)
    api.client.raise_request_exception = False
    response = api.call("GET", "/v1/agent")
    assert response.status_code == 500
    assert response.json() == {
        "r": 99,
        "message": "An error on our side; it has been noted.",
        "msg": "An error on our side; it has been noted.",
    }
