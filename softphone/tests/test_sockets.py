"""Two doors as two processes have them, on real Redis and a real database; scripted sockets knock at them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import uvicorn
from django.conf import settings
from django.db import connections
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from agents.models import Agent, Device
from common import clock
from projects.models import ApiKey
from projects.tokens import agent_token
from softphone.bus import CLIENT_NAME
from softphone.packets import MAX_BYTES, Service
from softphone.socket_io import SocketIo
from softphone.sockets import MOST_BAD_PACKETS, NOT_ALLOWED, PACKETS_AT_ONCE, TOO_LARGE, Door
from softphone.wires import DoorSettings
from telephony import signals
from telephony.models import EngineNode
from telephony.port import HangupCause
from telephony.signals import SdpKind
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
NODE = "browser-of-tests"
HOTLINE, CUSTOMER = "842473082686", "84909982888"
SOON_S = 10.0


class Server(threading.Thread):
    """A process's door, in a thread with a loop of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(daemon=True)
        self._options = {"ping_after_s": 1.0, "origins": ["*"], **options}
        self.door: Door | None = None
        self.server: uvicorn.Server | None = None

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.door = Door(settings.REDIS_URL, DoorSettings(self._options["ping_after_s"]), self._options["origins"])
        config = uvicorn.Config(
            SocketIo(self.door, self.door), "127.0.0.1", 0, lifespan="off", log_config=None, timeout_graceful_shutdown=2
        )
        self.server = uvicorn.Server(config)
        await self.server.serve()
        await self.door.close()

    @property
    def url(self) -> str:
        until(lambda: self.server is not None and self.server.started)
        assert self.server is not None
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return f"ws://127.0.0.1:{port}/softphone/ws"

    def stop(self) -> None:
        if self.server is not None:
            self.server.should_exit = True
        self.join(SOON_S)


def until(true: Callable[[], Any]) -> Any:
    """Wait for a condition. Returns what it returned."""
    deadline = time.monotonic() + SOON_S
    while time.monotonic() < deadline:
        found = true()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("nothing came")


class Page:
    """A socket of a scripted SDK."""

    def __init__(self, url: str, **options: Any) -> None:
        self.socket: ClientConnection = connect(url, legacy=True, **options)
        self._requests = 0

    def send(self, service: int, **body: Any) -> int:
        self._requests += 1
        self.socket.send(json.dumps({"service": service, "body": {"requestId": self._requests, **body}}))
        return self._requests

    def hears(self, service: int, **fields: Any) -> dict[str, Any]:
        """The next packet of a service with these fields."""
        deadline = time.monotonic() + SOON_S
        while True:
            packet: dict[str, Any] = json.loads(self.socket.recv(timeout=deadline - time.monotonic()))
            if packet["service"] == Service.PING and service != Service.PING:
                self.send(Service.PING)
            body: dict[str, Any] = packet["body"]
            if packet["service"] == service and all(body.get(key) == value for key, value in fields.items()):
                return body

    def asks(self, service: int, **body: Any) -> dict[str, Any]:
        return self.hears(service, requestId=self.send(service, **body))

    def closes_with(self) -> int:
        with contextlib.suppress(TimeoutError):
            while True:
                try:
                    self.socket.recv(timeout=SOON_S)
                except ConnectionClosed as closed:
                    return closed.rcvd.code if closed.rcvd is not None else 0
        raise AssertionError("it stays open")


class Engine:
    """What an engine says and hears on the bus."""

    def __init__(self) -> None:
        self.redis = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
        self.channel = self.redis.pubsub(ignore_subscribe_messages=True)
        self.channel.subscribe(signals.engine_channel(NODE))
        until(lambda: dict(self.redis.pubsub_numsub(signals.engine_channel(NODE)))[signals.engine_channel(NODE)])
        self.lives()

    def lives(self) -> None:
        self.redis.set(signals.alive_key(NODE), 1)

    def dies(self) -> None:
        self.redis.delete(signals.alive_key(NODE))
        self.channel.unsubscribe()

    def says(self, signal: Any, channel: str = "") -> int:
        to = channel or signals.session_channel(signal.session)
        return int(self.redis.publish(to, json.dumps(signals.to_json(signal))))

    def hears(self, kind: type[Any]) -> Any:
        def next_of_kind() -> Any:
            message = self.channel.get_message(timeout=0.1)
            signal = signals.from_json(json.loads(message["data"])) if message else None
            return signal if isinstance(signal, kind) else None

        return until(next_of_kind)


@pytest.fixture
def doors() -> Iterator[tuple[Server, Server]]:
    servers = (Server(), Server())
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        server.stop()
    connections.close_all()


@pytest.fixture
def engine(db) -> Iterator[Engine]:
    now = clock.now()
    EngineNode.objects.create(name=NODE, kind="browser", reaches=["tel", "web"], started_at=now, seen_at=now)
    engine = Engine()
    yield engine
    engine.redis.delete(signals.alive_key(NODE))
    engine.redis.close()


@pytest.fixture
def lan(ours):
    factories.NumberFactory(project=ours, number=HOTLINE)
    return factories.AgentFactory(project=ours, stringee_user_id="lan")


def token_of(project: Any, user: str = "lan", **options: Any) -> str:
    return agent_token(ApiKey.objects.get(project=project), user, **{"pcc": True, **options}).token


def signed_in(server: Server, project: Any, user: str = "lan", device: str = "web-1", **options: Any) -> Page:
    page = Page(server.url)
    ids = {"deviceId": device, "browserId": "browser-1", "sessionId": f"session of {device}".replace(" ", "-")}
    answer = page.asks(Service.LOGIN, accesstoken=token_of(project, user, **options), platform=3, **ids)
    assert (answer["r"], answer["userId"], answer["projectId"]) == (0, user, project.pk)
    return page


def ring(project: Any, leg: str = "leg-1", user: str = "lan") -> signals.Ring:
    return signals.Ring(NODE, leg, "call-1", f"web:{project.pk}_{user}", CUSTOMER, to_number=HOTLINE, timeout_s=20.0)


# ── Presence ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_agent_is_reached_by_his_page_while_its_socket_is_open(doors, ours, lan):
    page = signed_in(doors[0], ours)
    device = until(lambda: Device.objects.filter(project=ours, user_id="lan", kind="web").first())
    assert device.engine_node.startswith("door-")
    assert until(lambda: Agent.objects.get(pk=lan.pk).reach)
    page.socket.close()
    until(lambda: not Device.objects.exists())
    assert Agent.objects.get(pk=lan.pk).reach == 0


def test_agent_whose_page_moves_to_another_process_stays_reached(doors, ours, lan):
    first = signed_in(doors[0], ours)
    until(Device.objects.exists)
    signed_in(doors[1], ours)
    assert first.closes_with() == 1000
    until(lambda: Device.objects.get().engine_node)
    assert Agent.objects.get(pk=lan.pk).reach


def test_dead_socket_is_noticed(ours, lan, monkeypatch):
    monkeypatch.setattr(DoorSettings, "silence_s", property(lambda self: 1.5))
    server = Server()
    server.start()
    page = signed_in(server, ours)
    until(Device.objects.exists)
    page.hears(Service.PING)  # and does not answer
    until(lambda: not Device.objects.exists())
    server.stop()


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_call_is_answered_at_one_of_two_processes_and_ends(doors, engine, ours, lan):
    here, there = (signed_in(server, ours, device=f"web-{each}") for each, server in enumerate(doors))
    engine.hears(signals.SocketBack)
    engine.hears(signals.SocketBack)
    channel = signals.endpoint_channel(f"web:{ours.pk}_lan")
    assert engine.says(ring(ours), channel) == 2
    assert {page.hears(Service.INCOMING_CALL)["callId"] for page in (here, there)} == {"call-1"}
    engine.hears(signals.Rung)
    engine.hears(signals.Rung)
    request = there.send(Service.SET_STATE, callId="call-1", code=200)
    session = engine.hears(signals.Accept).session
    engine.says(signals.RingEnds("leg-1", HangupCause.NORMAL, session), channel)
    engine.says(signals.Accepted(session, "leg-1", won=True))
    engine.says(signals.Describe(session, "leg-1", SdpKind.OFFER, "v=0"))
    assert there.hears(Service.SET_STATE, requestId=request)["r"] == 0
    assert there.hears(Service.DESCRIBED)["data"] == {"type": "offer", "sdp": "v=0"}
    assert here.hears(Service.OTHER_DEVICE)["data"] == {"callId": "call-1", "code": 200}
    engine.says(signals.Gone(session, "leg-1", HangupCause.NORMAL))
    assert there.hears(Service.CALL_ENDED) == {"callId": "call-1"}
    assert here.hears(Service.OTHER_DEVICE)["type"] == "CALL_END"


def test_call_goes_out_and_gets_on(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    answer = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)
    assert (answer["r"], answer["toType"]) == (0, "external")
    place = engine.hears(signals.PlaceCall)
    assert (place.call, place.project_id, place.user, place.to_number) == (answer["callId"], ours.pk, "lan", CUSTOMER)
    engine.says(signals.Progress(place.session, place.leg, 200))
    assert page.hears(Service.CALL_STATE)["code"] == 200


@pytest.mark.parametrize(
    ("options", "from_number", "dialled", "code"),
    [
        ({"pcc": False}, HOTLINE, CUSTOMER, 11),
        ({}, "842473000000", CUSTOMER, 4),
        ({}, HOTLINE, "", 14),
        ({}, HOTLINE, 5, 10),
        ({"user": "nobody"}, HOTLINE, CUSTOMER, 20),
    ],
)
def test_call_that_may_not_be_placed_says_why(doors, engine, ours, lan, options, from_number, dialled, code):
    page = signed_in(doors[0], ours, **options)
    answer = page.asks(Service.START_CALL, fromNumber=from_number, toNumber=dialled)
    assert (answer["r"], answer["customDataFromYourServer"]) == (code, "{}")


def test_page_comes_back_at_another_process_in_the_middle_of_a_call(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    call = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)["callId"]
    place = engine.hears(signals.PlaceCall)
    page.socket.close()
    engine.hears(signals.SocketLost)
    back = signed_in(doors[1], ours)
    assert engine.hears(signals.SocketBack).legs == (place.leg,)
    assert back.asks(Service.PRESS, callId=call, digits="5")["r"] == 0
    assert engine.hears(signals.Press).digits == "5"


def test_hang_up_with_the_last_breath_is_heard(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    call = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)["callId"]
    place = engine.hears(signals.PlaceCall)
    page.send(Service.HANG_UP, callId=call)
    page.socket.close()
    assert engine.hears(signals.Leave).leg == place.leg


def test_engine_that_is_killed_ends_its_calls_on_the_pages(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    call = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)["callId"]
    engine.dies()
    assert page.hears(Service.CALL_ENDED) == {"callId": call, "code": 500}


def test_what_got_lost_with_redis_is_asked_for_again(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    call = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)["callId"]
    place = engine.hears(signals.PlaceCall)
    for client in engine.redis.client_list(_type="pubsub"):
        if client["name"] == CLIENT_NAME:
            engine.redis.client_kill_filter(_id=client["id"])
    assert engine.hears(signals.SocketBack).legs == (place.leg,)
    engine.says(signals.Progress(place.session, place.leg, 200))
    assert page.hears(Service.CALL_STATE)["callId"] == call


# ── Strangers ────────────────────────────────────────────────────────────────────────────────────────────────────────
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


def test_packet_that_is_too_large_closes_the_socket(doors):
    page = Page(doors[0].url)
    page.socket.send("x" * (MAX_BYTES + 1))
    assert page.closes_with() == TOO_LARGE


def test_bytes_are_no_packet(doors):
    page = Page(doors[0].url)
    page.socket.send(b"{}")
    assert page.closes_with() == TOO_LARGE


def test_flood_closes_the_socket(doors, ours):
    page = signed_in(doors[0], ours)
    with contextlib.suppress(ConnectionClosed):
        for _ in range(int(PACKETS_AT_ONCE) * 3):
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
