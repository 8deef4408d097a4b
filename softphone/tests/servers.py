"""Doors as processes have them, on real Redis and a real database; scripted sockets and an engine on the bus."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import uvicorn
from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from projects.models import ApiKey
from projects.tokens import agent_token
from softphone.packets import Service
from softphone.socket_io import SocketIo
from softphone.sockets import Door
from softphone.wires import DoorSettings
from telephony import signals

NODE = "browser-of-tests"
SOON_S = 30.0


class Server(threading.Thread):
    """A process's door, in a thread with a loop of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(daemon=True)
        self._options = {"ping_after_s": 1.0, "origins": ["*"], "ws_max_size": 1 << 20, **options}
        self.door: Door | None = None
        self.server: uvicorn.Server | None = None

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.door = Door(settings.REDIS_URL, DoorSettings(self._options["ping_after_s"]), self._options["origins"])
        config = uvicorn.Config(
            SocketIo(self.door, self.door),
            "127.0.0.1",
            0,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=2,
            ws_max_size=self._options["ws_max_size"],
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


def token_of(project: Any, user: str = "lan", **options: Any) -> str:
    return agent_token(ApiKey.objects.get(project=project), user, **{"pcc": True, **options}).token


def signed_in(
    server: Server, project: Any, user: str = "lan", device: str = "web-1", query: str = "", **options: Any
) -> Page:
    page = Page(server.url + query)
    ids = {"deviceId": device, "browserId": "browser-1", "sessionId": f"session of {device}".replace(" ", "-")}
    answer = page.asks(Service.LOGIN, accesstoken=token_of(project, user, **options), platform=3, **ids)
    assert (answer["r"], answer["userId"], answer["projectId"]) == (0, user, project.pk)
    return page
