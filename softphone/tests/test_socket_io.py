"""Clients of the first generation at a door on real servers: by polling, by WebSocket, and from one to the other."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from softphone import engine_io
from softphone.packets import Service, write
from softphone.socket_io import MAX_BODY
from softphone.tests.servers import Server, token_of, until

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = Origin("https://crm.example")


class Poller:
    """A client that polls, as far as it is asked to."""

    def __init__(self, url: str, origin: str = ORIGIN) -> None:
        self.address = urlsplit(url).netloc
        self.origin = origin
        self.heard: list[str] = []
        self.sid = ""
        self.last_headers: dict[str, str] = {}

    def ask(self, method: str, query: str, body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        path = f"/socket.io/?EIO=3&transport=polling{query}"
        connection.request(method, path, body.encode() if body is not None else None, {"Origin": self.origin})
        answer = connection.getresponse()
        self.last_headers = dict(answer.getheaders())
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def opens(self) -> dict[str, Any]:
        status, text = self.ask("GET", "")
        opening, connected = engine_io.split(text)
        assert (status, connected) == (200, "40")
        facts: dict[str, Any] = json.loads(opening[1:])
        self.sid = facts["sid"]
        return facts

    def polls(self) -> list[str]:
        status, text = self.ask("GET", f"&sid={self.sid}")
        assert status == 200, text
        return engine_io.split(text)

    def says(self, *packets: str) -> tuple[int, str]:
        return self.ask("POST", f"&sid={self.sid}", engine_io.join(packets))

    def hears(self, service: int) -> dict[str, Any]:
        """The next packet of a service."""

        def found() -> dict[str, Any] | None:
            while self.heard:
                inner = engine_io.packet_in(self.heard.pop(0))
                packet = json.loads(inner) if inner is not None else {"service": 0}
                if packet["service"] == service:
                    body: dict[str, Any] = json.loads(packet["body"])
                    return body
            self.heard += self.polls()
            return None

        answer: dict[str, Any] = until(found)
        return answer


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server) -> Poller:
    return Poller(server.url)


def login(token: str, number: int = 1) -> str:
    ids = {"deviceId": "web-1", "browserId": "browser-1", "sessionId": "session-1"}
    return engine_io.event(write(Service.LOGIN, {"accesstoken": token, "requestId": number, **ids}))


def test_client_signs_in_by_polling(client, ours):
    facts = client.opens()
    assert facts["upgrades"] == ["websocket"]
    assert facts["pingInterval"] == 1000
    assert client.says(login(token_of(ours)), "2") == (200, "ok")
    answer = client.hears(Service.LOGIN)
    assert (answer["r"], answer["userId"], answer["requestId"]) == (0, "lan", 1)
    assert client.last_headers["access-control-allow-origin"] == ORIGIN
    assert client.last_headers["access-control-allow-credentials"] == "true"


def test_ping_of_the_transport_is_answered_and_is_a_sign_of_life(client, ours):
    client.opens()
    client.says("2probe-of-life")
    assert client.polls() == ["3probe-of-life"]


def test_client_goes_over_to_a_websocket_with_all_it_is_owed(client, server, ours):
    client.opens()
    address = server.url.replace("/softphone/ws", f"/socket.io/?EIO=3&transport=websocket&sid={client.sid}")
    with connect(address, origin=ORIGIN) as socket:
        socket.send("2probe")
        assert socket.recv(timeout=30) == "3probe"
        assert client.polls() == ["6"]
        client.says(login(token_of(ours)))
        socket.send("5")
        inner = engine_io.packet_in(str(socket.recv(timeout=30)))
        assert inner is not None
        assert json.loads(inner)["service"] == Service.LOGIN
        socket.send("2")
        assert until(lambda: socket.recv(timeout=30) == "3")


def test_client_may_begin_with_a_websocket(server, ours):
    address = server.url.replace("/softphone/ws", "/socket.io/?EIO=3&transport=websocket")
    with connect(address) as socket:
        assert str(socket.recv(timeout=30)).startswith('0{"sid":')
        assert socket.recv(timeout=30) == "40"
        socket.send(login(token_of(ours)))
        inner = engine_io.packet_in(str(socket.recv(timeout=30)))
        assert inner is not None
        assert json.loads(json.loads(inner)["body"])["r"] == 0


def test_refused_client_signs_in_again_on_the_same_line(client, ours):
    client.opens()
    client.says(login("hello"))
    assert client.hears(Service.LOGIN)["r"] == 2
    client.says(login(token_of(ours), 2))
    assert client.hears(Service.LOGIN)["r"] == 0


def test_line_ends_with_its_client(client, ours):
    client.opens()
    client.says(login(token_of(ours)))
    assert client.hears(Service.LOGIN)["r"] == 0
    client.says("41")
    assert until(lambda: "1" in client.polls())


@pytest.mark.parametrize(
    ("method", "query", "body"),
    [
        ("GET", "&sid=nobody", None),
        ("POST", "&sid=nobody", "1:2"),
        ("POST", "", "1:2"),
        ("GET", "&j=1", None),
        ("PUT", "", ""),
    ],
)
def test_strangers_are_refused(client, method, query, body):
    assert client.ask(method, query, body)[0] == 400


@pytest.mark.parametrize(("body", "status"), [("x", 400), ("5:2", 400), ("9" * (MAX_BODY + 1), 413)])
def test_rubbish_ends_the_line(client, body, status):
    client.opens()
    assert client.ask("POST", f"&sid={client.sid}", body)[0] == status
    assert until(lambda: "1" in client.polls())


def test_websocket_of_nobody_is_refused(server):
    address = server.url.replace("/softphone/ws", "/socket.io/?EIO=3&transport=websocket&sid=nobody")
    with pytest.raises(InvalidStatus):
        connect(address, legacy=True)


def test_other_origins_stay_outside_where_they_are_named(ours):
    server = Server(origins=["https://else.example"])
    server.start()
    assert Poller(server.url).ask("GET", "")[0] == 403
    assert Poller(server.url, "https://else.example").ask("OPTIONS", "")[0] == 200
    server.stop()
