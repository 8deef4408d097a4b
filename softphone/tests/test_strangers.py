"""What strangers try at a door on real servers: refused, logged without their tokens, and nothing breaks."""

from __future__ import annotations

import contextlib
import json

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agents.models import Device
from common import clock
from projects.models import ApiKey
from softphone.packets import MAX_BYTES, Service
from softphone.sockets import MOST_BAD_PACKETS, NOT_ALLOWED, PACKETS_AT_ONCE, TOO_LARGE
from softphone.tests.servers import Page, Server, signed_in, token_of, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_messages_stay_in_their_project(doors, ours, theirs):
    page, colleague = signed_in(doors[0], ours), signed_in(doors[1], ours, "minh")
    outsider = signed_in(doors[1], theirs, "minh")
    assert page.asks(Service.SEND_MESSAGE, toUser="minh", message="hello")["r"] == 0
    assert colleague.hears(Service.MESSAGE) == {"fromUser": "lan", "message": "hello"}
    assert page.asks(Service.SEND_MESSAGE, toUser="hoa", message="hello")["r"] == 1
    outsider.socket.send("{}")
    assert outsider.hears(Service.PING) == {}


@pytest.mark.parametrize("spoil", ["empty", "word", "signature", "revoked"])
def test_token_that_opens_nothing_is_told_so_and_the_socket_is_closed(doors, ours, spoil):
    token = token_of(ours)
    if spoil == "revoked":
        ApiKey.objects.filter(project=ours).update(revoked_at=clock.now())
    spoilt = {"empty": "", "word": "hello", "signature": token[:-4] + "AAAA", "revoked": token}[spoil]
    page = Page(doors[0].url)
    code = {"empty": 1, "word": 2, "signature": 6, "revoked": 5}[spoil]
    assert page.asks(Service.LOGIN, accesstoken=spoilt)["r"] == code
    assert page.closes_with() == 1000
    assert not Device.objects.exists()


@pytest.mark.parametrize("limit_of_server", [MAX_BYTES, 2 * MAX_BYTES])
def test_packet_that_is_too_large_closes_the_socket_and_is_logged(ours, caplog, limit_of_server):
    server = Server(ws_max_size=limit_of_server)
    server.start()
    page = Page(server.url)
    page.socket.send("x" * (MAX_BYTES + 1))
    assert page.closes_with() == TOO_LARGE
    until(lambda: "a socket is dropped" in caplog.messages)
    server.stop()


def test_bytes_are_no_packet(doors):
    page = Page(doors[0].url)
    page.socket.send(b"{}")
    assert page.closes_with() == TOO_LARGE


def test_flood_closes_the_socket(doors, ours):
    page = signed_in(doors[0], ours)
    with contextlib.suppress(ConnectionClosed):
        for _ in range(int(PACKETS_AT_ONCE) * 100):  # until it is closed, however slow this machine is
            page.send(Service.PING)
    assert page.closes_with() == NOT_ALLOWED


def test_rubbish_is_passed_by_and_then_sent_away(doors, ours):
    page = signed_in(doors[0], ours)
    for _ in range(MOST_BAD_PACKETS - 1):
        page.socket.send("[" * 1000)
    assert page.asks(Service.DOES_CALL_EXIST, callId="call-1")["exist"] is False
    page.socket.send("{}")
    assert page.closes_with() == NOT_ALLOWED


def test_pages_of_other_origins_stay_outside_where_they_are_named(ours):
    server = Server(origins=["https://crm.example"])
    server.start()
    with pytest.raises(InvalidStatus) as refused:
        Page(server.url, origin="https://evil.example")
    assert refused.value.response.status_code == 403
    own = server.url.replace("ws:", "http:").removesuffix("/softphone/ws")
    for origin in ("https://crm.example", own, None):
        assert Page(server.url, origin=origin).asks(Service.LOGIN, accesstoken="")["r"] == 1
    server.stop()


def test_no_token_is_ever_logged(doors, ours, caplog):
    token = token_of(ours)
    page = Page(doors[0].url)
    page.asks(Service.LOGIN, accesstoken=token + "x")
    page.socket.send(json.dumps({"service": token, "body": token}))
    page.closes_with()
    assert token[:40] not in caplog.text
