"""The door for clients of the first generation: engine.io 3 by polling and by WebSocket, as ASGI.

To the rest of the door each of them is a WebSocket like any other (`Door.serve`). A client that polls must reach the
same process each time: docs/softphone-protocol.md, "The first generation".
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from softphone import engine_io
from softphone.engine_io import BadPayload
from softphone.packets import MAX_BYTES, Service, write
from softphone.sockets import NOT_ALLOWED, TOO_LARGE, Application, Door, Message, Receive, Send, header

PATH = "/socket.io/"
POLL_S = 20.0  # then a poll is answered with nothing: proxies cut what is silent for longer
LINGERS_S = 10.0  # after its end, so that the last packets can be fetched
MAX_BODY = 4 * MAX_BYTES

log = logging.getLogger(__name__)


class SocketIo:
    """ASGI wrapper: takes what is under `/socket.io/`, and leaves the rest to the application."""

    def __init__(self, door: Door, application: Application) -> None:
        self._door = door
        self._application = application
        self._lines: dict[str, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope["path"] == PATH:
            query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            if query.get("EIO") == "3":
                serve = self._websocket if scope["type"] == "websocket" else self._http
                await serve(scope, receive, send, query)
                return
        await self._application(scope, receive, send)

    def _begin(self) -> Line:
        line = Line(secrets.token_urlsafe(15))
        self._lines[line.sid] = line
        task = asyncio.create_task(self._live(line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return line

    async def _live(self, line: Line) -> None:
        try:
            await self._door.serve(line.receive, line.send, closes_refused=False)
            line.is_over = True
            await asyncio.sleep(LINGERS_S)
        finally:
            del self._lines[line.sid]

    def _opening(self, line: Line, *upgrades: str) -> str:
        settings = self._door.settings
        return engine_io.opening(line.sid, settings.ping_after_s, settings.silence_s - settings.ping_after_s, upgrades)

    # ── Polling ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def _http(self, scope: Any, receive: Receive, send: Send, query: Mapping[str, str]) -> None:
        answer = HttpAnswer(send, header(scope, b"origin"))
        if not self._door.may_open(scope):
            await answer.give(403, "this origin may not come in")
        elif scope["method"] == "OPTIONS":
            await answer.give(200, "")
        elif "sid" not in query:
            await self._shake_hands(scope["method"], query, answer)
        elif (line := self._lines.get(query["sid"])) is None:
            await answer.give(400, '{"code":1,"message":"Session ID unknown"}')
        elif scope["method"] == "POST":
            await self._take(line, receive, answer)
        else:
            await self._poll(line, receive, answer)

    async def _shake_hands(self, method: str, query: Mapping[str, str], answer: HttpAnswer) -> None:
        if method != "GET" or query.get("transport") != "polling" or "j" in query:
            await answer.give(400, '{"code":3,"message":"Bad request"}')
            return
        line = self._begin()
        await answer.give(200, engine_io.join([self._opening(line, "websocket"), engine_io.CONNECTED]))

    async def _take(self, line: Line, receive: Receive, answer: HttpAnswer) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > MAX_BODY:
                line.lost()
                return await answer.give(413, "too large")
            if not message.get("more_body"):
                break
        try:
            for packet in engine_io.split(body.decode()):
                await line.take(packet)
        except (BadPayload, UnicodeDecodeError):
            line.lost()
            return await answer.give(400, '{"code":3,"message":"Bad request"}')
        return await answer.give(200, "ok")

    async def _poll(self, line: Line, receive: Receive, answer: HttpAnswer) -> None:
        """Wait for something to say. Of two polls at once, one is a mistake: the line ends."""
        if line.polls:
            line.lost()
            return await answer.give(400, '{"code":3,"message":"Bad request"}')
        line.polls = True
        tasks = [asyncio.create_task(line.has_something()), asyncio.create_task(_until_gone(receive))]
        try:
            await asyncio.wait(tasks, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            line.polls = False
            for task in tasks:
                task.cancel()
        if tasks[1].done() and not tasks[1].cancelled():
            return None  # nobody would read it
        return await answer.give(200, engine_io.join(line.waiting() or [engine_io.NOOP]))

    # ── WebSocket ────────────────────────────────────────────────────────────────────────────────────────────────
    async def _websocket(self, scope: Any, receive: Receive, send: Send, query: Mapping[str, str]) -> None:
        await receive()
        known = self._lines.get(query.get("sid", ""))
        if not self._door.may_open(scope) or (known is None and "sid" in query):
            await send({"type": "websocket.close", "code": NOT_ALLOWED})
            return
        await send({"type": "websocket.accept"})
        line = known or self._begin()
        if known is None:
            await _say(send, self._opening(line))
            await line.moves_to(send)
            await line.put(engine_io.CONNECTED)
        try:
            await self._read(line, receive, send)
        finally:
            if line.is_at(send):
                line.lost()

    async def _read(self, line: Line, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            if text is None or len(text) > MAX_BODY:
                await send({"type": "websocket.close", "code": TOO_LARGE})
                return
            if line.is_at(send):
                await line.take(text)
            elif text == engine_io.PROBE:
                await _say(send, engine_io.PROBED)
                line.release()
            elif text == engine_io.UPGRADE:
                await line.moves_to(send)


class Line:
    """One client: its packets in both directions, by whatever transport it has just now."""

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self.polls = False
        self.is_over = False  # nobody hears the client any more
        self._out: list[str] = []
        self._something = asyncio.Event()
        self._in: asyncio.Queue[Message] = asyncio.Queue()
        self._websocket: Send | None = None

    # ── As the door sees it: a WebSocket ─────────────────────────────────────────────────────────────────────────
    async def receive(self) -> Message:
        return await self._in.get()

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "websocket.send":
                await self.put(engine_io.event(message["text"]))
            case "websocket.close":
                await self.put(engine_io.CLOSE)  # of the transport alone: then the client comes back by itself
                if self._websocket is not None:
                    await self._websocket(message)

    # ── As the client sees it ────────────────────────────────────────────────────────────────────────────────────
    async def take(self, packet: str) -> None:
        """A packet of engine.io from the client."""
        if packet.startswith(engine_io.PING):
            await self.put(engine_io.PONG + packet[1:])
            self._packet(write(Service.PING, {}))  # a sign of life
        elif packet in (engine_io.CLOSE, engine_io.DISCONNECTED):
            self.lost()
        elif (text := engine_io.packet_in(packet)) is not None:
            self._packet(text)

    def _packet(self, text: str) -> None:
        if not self.is_over:
            self._in.put_nowait({"type": "websocket.receive", "text": text})

    def lost(self) -> None:
        """The client is gone."""
        self._in.put_nowait({"type": "websocket.disconnect"})
        self.release()

    async def put(self, packet: str) -> None:
        """Tell the client something, now or when it asks."""
        if self._websocket is not None:
            await _say(self._websocket, packet)
        else:
            self._out.append(packet)
            self._something.set()

    # ── Transports ───────────────────────────────────────────────────────────────────────────────────────────────
    async def has_something(self) -> None:
        await self._something.wait()

    def waiting(self) -> list[str]:
        """Take what the client has not been told yet."""
        told, self._out = self._out, []
        self._something.clear()
        return told

    def release(self) -> None:
        """Let a poll be answered, so that the client can go over to another transport."""
        self._something.set()

    async def moves_to(self, websocket: Send) -> None:
        self._websocket = websocket
        self.release()
        for packet in self.waiting():
            await _say(websocket, packet)

    def is_at(self, websocket: Send) -> bool:
        return self._websocket is websocket


class HttpAnswer:
    """One answer over polling. Browsers send credentials along, so that the origin has to be named."""

    def __init__(self, send: Send, origin: str) -> None:
        self._send = send
        self._origin = origin

    async def give(self, status: int, text: str) -> None:
        kind = b"application/json" if text.startswith("{") else b"text/plain; charset=UTF-8"
        headers = [(b"content-type", kind), (b"cache-control", b"no-store")]
        if self._origin:
            headers += [
                (b"access-control-allow-origin", self._origin.encode("latin-1")),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-allow-headers", b"content-type"),
                (b"vary", b"origin"),
            ]
        body = text.encode()
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


async def _say(websocket: Send, packet: str) -> None:
    await websocket({"type": "websocket.send", "text": packet})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
