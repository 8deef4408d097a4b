"""Signing in, staying, coming back and going, as a page's SDK sees it."""

from __future__ import annotations

import dataclasses

import pytest

from projects.verification import SKEW_S, TokenMalformed
from softphone.packets import Service
from softphone.session import SIGN_IN_WITHIN_S
from softphone.tests.rig import ICE, START
from softphone.wires import BusIsBack
from telephony import signals


def login(client, token="nobody's", **fields):
    return client.says(Service.LOGIN, **{"accesstoken": token, "deviceId": "web-1", "sessionId": "session-1", **fields})


def test_login_is_answered_with_what_clients_need(rig):
    client = rig.page()
    assert client.answer(Service.LOGIN) == {
        "r": 0,
        "message": "SUCCESS",
        "userId": "lan",
        "projectId": 7,
        "connectionId": "door-1",
        "clients": [],
        "ping_after_ms": 15000,
        "ice_servers": list(ICE),
    }
    assert client.heard[0][1]["requestId"] == 1
    assert client.closed == ""


def test_refused_login_tells_why_in_both_spellings_and_closes_the_socket(rig):
    client = rig.socket()
    assert login(client) == {
        "r": 6,
        "message": "the token's signature is wrong",
        "msg": "the token's signature is wrong",
        "clients": [],
    }
    assert client.closed == "the login was refused"
    assert rig.bus.listeners == {}
    assert rig.office.devices == set()


@pytest.mark.parametrize(
    "fields", [{"deviceId": 5}, {"sessionId": "x" * 129}, {"deviceId": "a b"}, {"accesstoken": []}]
)
def test_login_with_ids_that_no_client_makes_is_refused(rig, fields):
    assert login(rig.socket(), **fields)["r"] == 7
    assert rig.bus.listeners == {}


def test_oldest_clients_send_nothing_but_a_token(rig):
    rig.page()
    client = rig.socket()
    token = next(iter(rig.office.tokens))
    assert client.says(Service.LOGIN, accesstoken=token)["r"] == 0


def test_nothing_is_done_before_the_login(rig):
    client = rig.socket()
    assert client.says(Service.START_CALL, toNumber="1")["r"] == 6
    assert client.says(Service.SEND_MESSAGE, toUser="lan", message="hello")["r"] == 6
    assert rig.engine_heard() == []


def test_whoever_does_not_sign_in_is_sent_away(rig):
    client = rig.socket()
    client.ticks()
    assert client.closed == ""
    rig.elapsed = SIGN_IN_WITHIN_S + 1
    client.ticks()
    assert client.closed == "nobody has signed in"


def test_unknown_services_are_answered(rig):
    assert rig.page().says(48)["r"] == 9


def test_server_pings_and_does_not_answer_the_answer(rig):
    client = rig.page()
    client.heard.clear()
    client.ticks()
    assert client.told(Service.PING) == []
    rig.elapsed = 15
    client.ticks()
    assert client.told(Service.PING) == [{}]
    client.says(Service.PING)
    assert client.heard == []


def test_silent_socket_is_dead_after_a_ping_and_its_grace(rig):
    client = rig.page()
    rig.elapsed = 24
    client.ticks()
    assert client.closed == ""
    rig.elapsed = 26
    client.ticks()
    assert client.closed == "the client is silent"


# ── Devices ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_agents_page_is_a_device_until_its_socket_is_gone(rig):
    client = rig.page()
    assert rig.office.devices == {("lan", "door-1")}
    client.loses_socket()
    assert rig.office.devices == set()


def test_page_without_the_contact_centers_claim_is_no_device(rig):
    rig.page(agent=False)
    rig.telephone()
    assert rig.office.devices == set()


def test_page_says_again_that_it_is_there(rig, clock):
    client = rig.page()
    rig.office.devices.clear()
    clock.shift(19)
    client.ticks()
    assert rig.office.devices == set()
    clock.shift(2)
    client.ticks()
    assert rig.office.devices == {("lan", "door-1")}


def test_page_whose_key_is_revoked_has_to_go(rig, clock):
    client = rig.page()
    rig.office.revoked = True
    clock.shift(21)
    client.ticks()
    assert client.closed == "what the page was let in with is revoked"


def test_users_other_pages_hear_of_each_other(rig):
    first, stranger, namesake = rig.page(), rig.page("minh"), rig.page(project=8)
    for client in (first, stranger, namesake):
        client.heard.clear()
    second = rig.page(device="web-2", page="session-2")
    assert second.answer(Service.LOGIN)["clients"] == [
        {"clientId": "web-1", "browserId": "browser-1", "platform": 3, "deviceName": ""}
    ]
    assert first.told(Service.DEVICE_CAME_OR_WENT) == [
        {"clientId": "web-2", "browserId": "browser-1", "status": "connected"}
    ]
    second.loses_socket()
    assert first.told(Service.DEVICE_CAME_OR_WENT)[-1]["status"] == "disconnected"
    assert stranger.heard == namesake.heard == second.told(Service.DEVICE_CAME_OR_WENT) == []


# ── Coming back ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_page_that_comes_back_takes_the_place_of_its_dead_socket(rig):
    first = rig.page()
    second = rig.page()
    assert first.closed == "the page has another socket"
    assert second.closed == ""
    rig.engine_heard()
    first.loses_socket()
    assert rig.office.devices == {("lan", "door-2")}
    assert rig.engine_heard() == []  # its calls are not lost
    assert rig.memory.there["7_lan"].keys() == {second.name}


def test_engines_are_asked_what_a_page_has_missed(rig):
    client = rig.page()
    assert rig.engine_heard() == [signals.SocketBack(client.name, "web:7_lan")]
    client.happens(BusIsBack())
    assert rig.engine_heard() == [signals.SocketBack(client.name, "web:7_lan")]


def test_nobody_gets_the_name_of_anothers_page(rig):
    names = {rig.page(user, project=project).name for user in ("lan", "minh") for project in (7, 8)}
    assert len(names) == 4


def test_page_may_sign_in_again_on_the_same_socket(rig):
    client = rig.page()
    token = next(iter(rig.office.tokens))
    rig.engine_heard()
    assert login(client, token)["r"] == 0
    assert client.closed == ""
    assert rig.office.devices == {("lan", "door-1")}
    assert rig.engine_heard() == []  # nothing was broken


def test_page_may_renew_its_token_while_it_talks(rig, clock, talking):
    rig.office.tokens["newer"] = dataclasses.replace(next(iter(rig.office.tokens.values())), expires_at=START + 500)
    assert login(talking, "newer")["r"] == 0
    clock.shift(501)
    talking.says(Service.HANG_UP, callId="call-1")
    talking.ticks()
    assert talking.closed == "the token has ended"


def test_page_may_sign_in_as_somebody_else(rig):
    client = rig.page()
    rig.office.tokens["minh"] = dataclasses.replace(next(iter(rig.office.tokens.values())), user="minh")
    assert login(client, "minh")["userId"] == "minh"
    assert rig.office.devices == {("minh", "door-1")}
    assert rig.memory.there["7_lan"] == {}


# ── Tokens end ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_page_is_asked_for_a_new_token_when_its_own_ends(rig, clock):
    client = rig.page(expires_at=START + 100)
    clock.shift(99)
    client.ticks()
    client.heard.clear()
    clock.shift(2)
    client.ticks()
    assert client.answer(Service.LOGIN)["r"] == 6
    assert client.closed == "the token has ended"


def test_first_generation_signs_in_again_on_the_open_socket(rig, clock):
    rig.settings = dataclasses.replace(rig.settings, closes_refused=False)
    client = rig.page(expires_at=START + 100)
    clock.shift(101)
    client.ticks()
    assert client.answer(Service.LOGIN)["r"] == 6
    assert client.closed == ""
    assert rig.office.devices == set()
    assert login(client)["r"] == 6
    rig.office.tokens["newer"] = dataclasses.replace(next(iter(rig.office.tokens.values())), expires_at=START + 500)
    assert login(client, "newer")["r"] == 0
    assert login(client)["r"] == 6
    rig.elapsed = SIGN_IN_WITHIN_S + 1
    client.ticks()
    assert client.closed == "nobody has signed in"


def test_page_of_a_slow_clock_is_not_asked_at_once(rig, clock):
    client = rig.page(expires_at=START - SKEW_S + 1)
    client.ticks()
    assert client.closed == ""


def test_page_is_not_interrupted_while_it_talks(rig, clock):
    client = rig.page(expires_at=START + 100)
    rig.rings()
    rig.accepts(client)
    clock.shift(101)
    client.ticks()
    assert client.closed == ""
    client.says(Service.HANG_UP, callId="call-1")
    client.ticks()
    assert client.answer(Service.LOGIN)["r"] == 6
    assert client.closed == "the token has ended"


def test_ended_token_lets_nobody_in_but_who_was_in_a_call(rig, clock):
    client = rig.page(expires_at=START + 100)
    clock.shift(101 + SKEW_S)
    token = next(iter(rig.office.tokens))
    assert login(rig.socket(), token)["r"] == 6
    rig.rings()
    rig.accepts(client)
    client.loses_socket()
    assert login(rig.socket(), token)["r"] == 0
    assert login(rig.socket(), token, sessionId="session-2")["r"] == 6


def test_token_that_cannot_be_read_has_its_own_code(rig, monkeypatch):
    async def refuse(token):
        raise TokenMalformed("the token's format is invalid")

    monkeypatch.setattr(rig.office, "sign_in", refuse)
    assert login(rig.socket())["r"] == 3


# ── Between pages ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_messages_reach_the_users_pages_within_the_project(rig):
    lan, minh, namesake = rig.page(), rig.page("minh"), rig.page("minh", project=8)
    for client in (minh, namesake):
        client.heard.clear()
    assert lan.says(Service.SEND_MESSAGE, toUser="minh", message={"hello": 1})["r"] == 0
    assert minh.told(Service.MESSAGE) == [{"fromUser": "lan", "message": {"hello": 1}}]
    assert namesake.heard == []
    assert lan.says(Service.SEND_MESSAGE, toUser="hoa", message=1)["r"] == 1


def test_changed_attribute_reaches_the_topics_that_the_token_names(rig):
    lan = rig.page(publishes=(("manual_status", "agents"), ("mood", "moods")))
    wall, foreign = rig.page("wall", topics=("agents",)), rig.page("wall", project=8, topics=("agents",))
    for client in (wall, foreign):
        client.heard.clear()
    lan.says(Service.CHANGE_ATTRIBUTE, attribute="manual_status", value="AVAILABLE")
    lan.says(Service.CHANGE_ATTRIBUTE, attribute="mood", value="good")
    message = {"userId": "lan", "attribute": "manual_status", "value": "AVAILABLE"}
    assert wall.told(Service.TOPIC_MESSAGE) == [{"topic": "agents", "message": message}]
    assert foreign.heard == []


def test_push_tokens_are_kept_and_forgotten(rig):
    client = rig.page()
    assert client.says(Service.ADD_PUSH_TOKEN, deviceToken="abc")["r"] == 0
    assert client.says(Service.REMOVE_PUSH_TOKEN, deviceToken="abc")["r"] == 0
    assert client.says(Service.ADD_PUSH_TOKEN)["r"] == 3
    assert rig.office.done == [("push", "lan", "abc"), ("no push", "lan", "abc")]


def test_telephone_is_nobody(rig):
    phone = rig.telephone()
    for service, fields in [
        (Service.SEND_MESSAGE, {"toUser": "lan", "message": 1}),
        (Service.ADD_PUSH_TOKEN, {"deviceToken": "abc"}),
        (Service.CHANGE_ATTRIBUTE, {"attribute": "a", "value": 1}),
    ]:
        assert phone.says(service, **fields)["r"] == 1
    assert rig.office.done == []


def test_page_leaves_nothing_behind(rig):
    client = rig.page(topics=("agents",))
    rig.rings()
    rig.accepts(client)
    client.says(Service.HANG_UP, callId="call-1")
    client.loses_socket()
    assert rig.bus.listeners == {}
    assert rig.memory.kept[client.name] == {}
    assert rig.memory.there["7_lan"] == {}
