"""The door: websockets of browsers' SDKs, as an ASGI application of its own. Any path; one JSON text a packet.

What strangers may do to it is limited here: who may open a socket, how large packets are, and how many.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import Error as AnyDatabaseError

from softphone import packets
from softphone.bus import RedisBus
from softphone.engine_watch import EngineWatch
from softphone.memory import RedisMemory
from softphone.office import DatabaseOffice
from softphone.packets import MAX_BYTES, BadPacket
from softphone.session import Session
from softphone.wires import BusIsBack, DoorSettings, Happening, Tick, Wires

Message = Any  # dictionaries of many shapes, each as the ASGI specification says
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

PACKETS_PER_S = 50.0  # a call begins with some twenty candidates at once
PACKETS_AT_ONCE = 200.0
MOST_BAD_PACKETS = 20
MOST_WAITING = 1_000  # happenings that a client is too slow for
STUCK_AFTER_S = 30.0  # the longest work on one happening: a client that takes no bytes holds it up for ever
FINISH_WITHIN_S = 5.0
TICK_S = 2.0
CLOSE_AFTER_S = 0.5  # long enough for the last packet to be read

NORMAL, NOT_ALLOWED, TOO_LARGE, TRY_AGAIN = 1000, 1008, 1009, 1013

log = logging.getLogger(__name__)


class Door:
    """ASGI application for the scope `websocket`. One for each process; its parts begin with the first socket."""

    def __init__(self, redis_url: str, settings: DoorSettings, origins: Sequence[str]) -> None:
        self.settings = settings
        self._origins = frozenset(origins)
        self._bus = RedisBus(redis_url)
        self._memory = RedisMemory(redis_url)
        self._office = DatabaseOffice()
        self._sockets: set[Socket] = set()
        self._watch = EngineWatch(self._memory, self._sockets)
        self._bus.on_back.append(self._tell_all_bus_is_back)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        await receive()  # the connection is asked for
        if not self.may_open(scope):
            await send({"type": "websocket.close", "code": NOT_ALLOWED})
            return
        await send({"type": "websocket.accept"})
        await self.serve(receive, send, rooms=_takes_calls_in_rooms(scope))

    async def serve(self, receive: Receive, send: Send, *, closes_refused: bool = True, rooms: bool = False) -> None:
        """A socket that is open, until it is gone. What is received and sent are ASGI's messages of a WebSocket."""
        self._watch.begin()
        settings = dataclasses.replace(self.settings, closes_refused=closes_refused, rooms=rooms)
        socket = Socket(send, settings, self._wires_of)
        self._sockets.add(socket)
        try:
            await socket.serve(receive)
        finally:
            self._sockets.discard(socket)

    async def close(self) -> None:
        """Let go of Redis; sockets are closed by the server."""
        await self._watch.end()
        await self._bus.close()
        await self._memory.close()

    def _wires_of(self, socket: Socket) -> Wires:
        connection = "door-" + secrets.token_hex(8)
        return Wires(socket, self._bus, self._memory, self._office, socket.settings, connection, socket.post)

    def may_open(self, scope: Any) -> bool:
        """Tokens are what protects the door. Whoever wants may name the pages from which browsers may come."""
        origin = header(scope, b"origin")
        if not origin or "*" in self._origins or origin in self._origins:
            return True
        ours = urlsplit(origin).netloc == header(scope, b"host")
        if not ours:
            log.warning("a socket is refused for its origin", extra={"origin": origin[:100]})
        return ours

    def _tell_all_bus_is_back(self) -> None:
        for socket in tuple(self._sockets):
            socket.post(BusIsBack())


class Socket:
    """One socket: reads packets, lets its session work on one happening after the other, and closes."""

    def __init__(self, send: Send, settings: DoorSettings, wires_of: Callable[[Socket], Wires]) -> None:
        self.settings = settings
        self._send = send
        self._tick_s = min(TICK_S, settings.ping_after_s / 4)
        self._inbox: asyncio.Queue[Happening] = asyncio.Queue()
        self._closing = asyncio.Event()
        self._code = NORMAL
        self._working_since = 0.0
        self._flood = Bucket(PACKETS_PER_S, PACKETS_AT_ONCE)
        self.session = Session(wires_of(self))

    def post(self, happening: Happening) -> None:
        """Let something happen to the page, in its turn."""
        self._inbox.put_nowait(happening)

    # ── To the client ────────────────────────────────────────────────────────────────────────────────────────────
    async def send(self, service: int, body: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # the client has gone: its last packets are still worked on
            await self._send({"type": "websocket.send", "text": packets.write(service, body)})

    def close(self, why: str) -> None:
        log.info("a socket is closed", extra={"why": why})
        asyncio.get_running_loop().call_later(CLOSE_AFTER_S, self._closing.set)

    # ── Its life ─────────────────────────────────────────────────────────────────────────────────────────────────
    async def serve(self, receive: Receive) -> None:
        """Returns when the socket is gone, and its session with it."""
        tasks = [
            asyncio.create_task(each)
            for each in (self._read(receive), self._work(), self._tell_time(), self._closing.wait())
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                self._note(task)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._shut()

    async def _shut(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # it was closed by the other side
            await self._send({"type": "websocket.close", "code": self._code})
        try:
            await self.session.gone()
        except AnyDatabaseError as error:
            log.warning("a page leaves unnoticed", extra={"reason": type(error).__name__})

    def _note(self, task: asyncio.Task[Any]) -> None:
        error = task.exception()
        if error is None or isinstance(error, OSError):
            return
        self._code = TRY_AGAIN
        if isinstance(error, AnyDatabaseError):
            log.warning("a page is sent away: no database", extra={"reason": type(error).__name__})
        else:
            log.error("a socket fails", exc_info=error)

    async def _read(self, receive: Receive) -> None:
        bad = 0
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                if message.get("code") == TOO_LARGE:  # the server has a limit of its own, and has closed the socket
                    self._drop(TOO_LARGE, "a packet is too large")
                return await self._finish_work()
            text = message.get("text")
            if text is None or len(text.encode()) > MAX_BYTES:
                return self._drop(TOO_LARGE, "a packet is no text, or too large")
            if not self._flood.take(time.monotonic()):
                return self._drop(NOT_ALLOWED, "too many packets")
            try:
                self.post(packets.parse(text))
            except BadPacket as error:
                log.info("a packet is not read", extra={"reason": str(error)})
                bad += 1
                if bad >= MOST_BAD_PACKETS:
                    return self._drop(NOT_ALLOWED, "too many bad packets")

    async def _finish_work(self) -> None:
        """A page that is closed hangs up with its last breath."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._inbox.join(), FINISH_WITHIN_S)

    def _drop(self, code: int, why: str) -> None:
        self._code = code
        log.warning("a socket is dropped", extra={"why": why})

    async def _work(self) -> None:
        while True:
            happening = await self._inbox.get()
            self._working_since = time.monotonic()
            await self.session.take(happening)
            self._working_since = 0.0
            self._inbox.task_done()

    async def _tell_time(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            stuck = self._working_since and time.monotonic() > self._working_since + STUCK_AFTER_S
            if stuck or self._inbox.qsize() > MOST_WAITING:
                return self._drop(TRY_AGAIN, "the client is too slow")
            self.post(Tick())


class Bucket:
    """Counts against floods: so many a second, after so many at once."""

    def __init__(self, per_s: float, at_once: float) -> None:
        self._per_s, self._at_once = per_s, at_once
        self._left, self._at = at_once, 0.0

    def take(self, now: float) -> bool:
        """Whether one more is within the limit. Units: `now` in seconds of the monotonic clock."""
        self._left = min(self._at_once, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _takes_calls_in_rooms(scope: Any) -> bool:
    """A page says so in the address that it opens, which SDKs keep as it is given: `?calls=2`."""
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return asked.get("calls") == ["2"]


def header(scope: Any, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
