"""Tokens at the door of `/v1`: where they are looked for, how refusals look, and that no token reaches the log.

What makes a token good or bad is tested in projects/tests/test_verification.py.
"""

from __future__ import annotations

import logging
import time

import jwt
import pytest
from auditlog.models import LogEntry

from agents.models import Group
from api.tests.conftest import Program, account_token, key_of
from api.tests.samples import calls, everything
from projects import services
from projects.tokens import agent_token, rest_token

CTY = {"cty": "stringee-api;v=1"}


def refusal(program: Program, path: str = "/v1/group") -> tuple[int, dict]:
    before = everything()
    response = program.call("POST", path, {"name": "Intruders"})
    assert response.headers["Content-Type"] == "application/json"
    assert everything() == before
    return response.status_code, response.json()


def test_the_header_goes_before_the_query(api, ours):
    other = services.issue_key(ours)
    services.revoke_key(other)
    good, bad = api.token, rest_token(other).token
    assert Program(good).get(f"/v1/group?access_token={bad}")["r"] == 0
    assert Program(bad).call("GET", f"/v1/group?access_token={good}").status_code == 403
    assert Program("").get(f"/v1/group?access_token={good}")["r"] == 0


def test_the_header_may_be_spelled_in_any_case(api):
    assert Program("").ask("GET", "/v1/group", **{"x-stringee-auth": api.token})["r"] == 0


@pytest.mark.django_db
def test_no_token():
    assert refusal(Program("")) == (
        403,
        {"r": 1, "message": "access token is missing", "msg": "access token is missing"},
    )


def test_a_good_token_of_another_kind(ours):
    text = "the token lacks rest_api: true"
    expected = (200, {"r": 45, "message": text, "msg": text})
    assert refusal(Program(agent_token(key_of(ours), "lan", pcc=True).token)) == expected


@pytest.mark.parametrize("rest_api", [False, None, 1, "true", "false", {}])
def test_rest_api_must_be_true(ours, rest_api):
    key = key_of(ours)
    claims = {"iss": key.sid, "exp": int(time.time()) + 60, "rest_api": rest_api}
    status, answer = refusal(Program(jwt.encode(claims, key.secret, "HS256", headers=CTY)))
    assert (status, answer["r"]) == (200, 45)


def test_one_token_may_serve_a_softphone_and_a_program(ours):
    key = key_of(ours)
    claims = {"iss": key.sid, "exp": int(time.time()) + 60, "rest_api": True, "userId": "lan", "icc_api": True}
    assert Program(jwt.encode(claims, key.secret, "HS256", headers=CTY)).get("/v1/agent")["r"] == 0


def test_a_revoked_key(api, ours):
    services.revoke_key(key_of(ours))
    text = "keySid invalid"
    assert refusal(api) == (403, {"r": 5, "message": text, "msg": text})


def test_a_missing_cty(ours):
    key = key_of(ours)
    token = jwt.encode({"iss": key.sid, "exp": int(time.time()) + 60, "rest_api": True}, key.secret, "HS256")
    status, answer = refusal(Program(token))
    assert (status, answer["r"], answer["message"]) == (403, 5, "keySid invalid")


def test_an_expired_token(ours):
    key = key_of(ours)
    claims = {"iss": key.sid, "exp": int(time.time()) - 3600, "rest_api": True}
    status, answer = refusal(Program(jwt.encode(claims, key.secret, "HS256", headers=CTY)))
    assert (status, answer["r"], answer["message"]) == (403, 6, "the token has expired")


def test_a_token_of_the_wrong_algorithm(ours):
    key = key_of(ours)
    claims = {"iss": key.sid, "exp": int(time.time()) + 60, "rest_api": True}
    status, answer = refusal(Program(jwt.encode(claims, key.secret * 2, "HS512", headers=CTY)))
    assert (status, answer["r"]) == (403, 4)


@pytest.mark.parametrize("token", ["garbage", "Bearer a.b.c", "a.b.c", "x" * 5000, "é.é.é", "a b.c.d"])
@pytest.mark.django_db
def test_garbage(token):
    status, answer = refusal(Program("", "localhost"), f"/v1/group?access_token={token}")
    assert status == 403
    assert answer["r"] in (2, 3)


def test_every_address_wants_a_project_token(ours):
    nobody, account = Program(""), Program(account_token(ours.account))
    for call in calls():
        refused = nobody.call(call.method, call.path("X"))
        assert (refused.status_code, refused.json()["r"]) == (403, 1), call
        if call.resource.path != "number":  # an account's token means its own side of this address
            refused = account.call(call.method, call.path("X"))
            assert (refused.status_code, refused.json()["r"]) == (403, 5), call


def test_refusals_are_logged_without_the_token(ours, caplog):
    token = rest_token(key_of(ours)).token
    services.revoke_key(key_of(ours))
    with caplog.at_level(logging.INFO, "api"):
        Program(token).call("GET", "/v1/agent")
    records = [record for record in caplog.records if record.name.startswith("api")]
    assert [(record.getMessage(), record.r, record.reason) for record in records] == [
        ("token refused", 5, "keySid invalid")
    ]
    assert not any(token in str(vars(record)) for record in caplog.records if record.name.startswith("api"))


def test_the_history_names_the_key(api, ours):
    api.post("/v1/group", {"name": "Sales"})
    group = Group.objects.get(name="Sales")
    entry = LogEntry.objects.get_for_object(group).get()
    assert entry.additional_data == {"project": ours.pk, "actor": f"API key {key_of(ours).sid}"}


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "not an address"},
        {"X-Forwarded-For": "1.2.3.4:99999, evil"},
        {"X-Forwarded-For": "[::1"},
        {"X-Forwarded-For": "fe80::1%eth0"},
        {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Port": "99999999999999"},
        {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Port": "-1"},
    ],
)
def test_odd_headers_of_proxies_do_no_harm(api, headers):
    assert api.ask("POST", "/v1/group", {"name": "Sales"}, **headers)["r"] == 0
