"""One connection between a party's browser and the engine: offered and answered, connected, lost and made again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

from telephony.adapters.browser.connection import Connection, Unusable
from telephony.adapters.browser.network import fragment_of
from telephony.port import HangupCause
from telephony.signals import SdpKind, Way

OFFER_WITHIN_S = 5.0  # a page that calls and gives up before its microphone is open says nothing more
APART_WITHIN_S = (
    15.0  # the SDK asks for the microphone after it has answered, and its door three times before it offers
)
ANSWER_WITHIN_S = 10.0  # the SDK answers as soon as it has the microphone, which it asked for when it rang
CONNECTED_WITHIN_S = 15.0  # from the answer; several lost packets of DTLS
MOST_WAITING = 8  # descriptions; a page sends the next when it has seen the answer to the last
BACK_WITHIN_S = 4.0  # a page that is loaded anew closes its connection and comes back
NOTHING_SINCE_S, NOTHING_FROM_SILENT_S = 1.0, 3.0  # from a page that is back: it speaks all the time, or only listens

log = logging.getLogger(__name__)


class Holder(Protocol):
    """Whose link it is."""

    leg: str

    def connect(self, link: Link) -> Connection:
        """A new connection for the link."""

    def describe(self, link: Link, kind: SdpKind, sdp: str, name: str) -> None:
        """Tell the page."""

    def changed(self, link: Link) -> None:
        """The link's connection is another one now, or has come up."""

    def offered(self, link: Link) -> None:
        """The page has offered a connection where there was none, and is answered."""

    def lost(self, cause: HangupCause) -> None:
        """The party is gone, as far as this link can tell."""


class Link:
    """Deadlines run on the event loop; `close` forgets them. A page that has its links apart offers each itself."""

    def __init__(self, holder: Holder, loop: asyncio.AbstractEventLoop, way: Way) -> None:
        self.way = way
        self.connection: Connection | None = None
        self.connected = asyncio.Event()
        self._holder = holder
        self._loop = loop
        self._unanswered = ""  # our offer
        self._answered, self._name = "", ""  # our answer, and what the page calls its connection
        self._closed = False
        self._deadline: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # descriptions are looked at one after the other

    # ── Descriptions ─────────────────────────────────────────────────────────────────────────────────────────────────
    def await_offer(self) -> None:
        """The page is to offer."""
        self._set_deadline(OFFER_WITHIN_S if self.way is Way.BOTH else APART_WITHIN_S, HangupCause.FAILED)

    def offer(self) -> None:
        """Make a connection, and offer it to the page."""
        self._do(self._offer)

    def described(self, kind: SdpKind, sdp: str, name: str) -> None:
        """The page offers or answers."""
        if len(self._tasks) >= MOST_WAITING:
            log.warning("descriptions come too fast", extra={"leg": self._holder.leg})
            return
        self._do(partial(self._answer, sdp, name) if kind is SdpKind.OFFER else partial(self._take_answer, sdp))

    def withdraw(self, name: str) -> None:
        """The page uses its connection no more, when it is still that; it may offer another."""
        self._do(partial(self._withdraw, name))

    def socket_back(self) -> None:
        """The page may have missed what it was to answer, or its connection has gone with the page that was before."""
        if self.connection is None:
            return
        we_offer = self.way is Way.BOTH
        if self.connection.state in ("closed", "failed"):
            if we_offer:
                self.offer()
        elif self.connected.is_set():
            if we_offer:
                seconds = NOTHING_SINCE_S if self.connection.speaks else NOTHING_FROM_SILENT_S
                self._loop.call_later(seconds, self._offer_to_newcomer, self.connection, seconds)
        elif self._unanswered:
            self._describe(SdpKind.OFFER, self._unanswered)
        elif self._answered:
            self._describe(SdpKind.ANSWER, self._answered)

    def _offer_to_newcomer(self, connection: Connection, seconds: float) -> None:
        """Browsers do not say that a page was loaded anew. From one that was, nothing has come since it is back."""
        if not self._closed and connection is self.connection and connection.silent_s() >= seconds:
            self.offer()

    async def _offer(self) -> None:
        connection = self._holder.connect(self)
        await self._take(connection)
        self._unanswered, self._answered = await connection.offer(), ""
        self._set_deadline(ANSWER_WITHIN_S, HangupCause.FAILED)
        self._describe(SdpKind.OFFER, self._unanswered)

    async def _take_answer(self, sdp: str) -> None:
        if self.connection is None or not self._unanswered:
            return
        await self.connection.answered(sdp)
        self._unanswered = ""
        if not self.connected.is_set():
            self._set_deadline(CONNECTED_WITHIN_S, HangupCause.FAILED)

    async def _answer(self, sdp: str, name: str) -> None:
        """A page that holds offers its connection anew; one that was loaded anew offers another."""
        first, connection = self.connection is None, self.connection
        if connection is None or connection.remote != fragment_of(sdp):
            answer = await self._answer_anew(sdp)
        else:
            answer = await connection.answer(sdp)
        self._unanswered, self._answered, self._name = "", answer, name
        if not self.connected.is_set():
            self._set_deadline(CONNECTED_WITHIN_S, HangupCause.FAILED)
        self._describe(SdpKind.ANSWER, self._answered)
        if first:
            self._holder.offered(self)

    async def _answer_anew(self, sdp: str) -> str:
        connection = self._holder.connect(self)
        try:
            answer = await connection.answer(sdp)
        except Unusable:
            await connection.close()
            raise
        await self._take(connection)
        return answer

    def _describe(self, kind: SdpKind, sdp: str) -> None:
        if not self._closed:
            self._holder.describe(self, kind, sdp, self._name)

    # ── The connection ───────────────────────────────────────────────────────────────────────────────────────────────
    async def _take(self, connection: Connection) -> None:
        """From now on, this is the link's connection."""
        old, self.connection = self.connection, connection
        if old is connection:
            return
        self.connected.clear()
        self._holder.changed(self)
        if old is not None:
            await old.close()

    async def _withdraw(self, name: str) -> None:
        if name != self._name:
            return
        old, self.connection = self.connection, None
        self._unanswered = self._answered = ""
        self._forget_deadline()
        self.connected.clear()
        if old is not None:
            await old.close()

    def has_changed(self, connection: Connection) -> None:
        """A connection of the link has come up, or is lost."""
        if connection is not self.connection or self._closed:
            return
        if connection.state == "connected":
            self._forget_deadline()
            self.connected.set()
            self._holder.changed(self)
        elif connection.state == "closed":
            self.connected.clear()
            self._set_deadline(BACK_WITHIN_S, HangupCause.NORMAL)
        elif connection.state == "failed":
            self._holder.lost(HangupCause.FAILED)

    def close(self) -> asyncio.Task[None]:
        """The leg has ended. Returns what is still to be done."""
        self._closed = True
        self._forget_deadline()
        return self._loop.create_task(self._finish())

    async def _finish(self) -> None:
        """What is half made is made before it is closed: sockets that are being opened would stay open."""
        await asyncio.gather(*self._tasks)
        if self.connection is not None:
            await self.connection.close()

    # ── Inside ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = self._loop.create_task(self._safely(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _safely(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Whatever a browser describes: at most its own leg ends for it, and one that is heard goes on."""
        try:
            async with self._turn:
                if not self._closed:
                    await work()
        except Unusable as error:
            log.warning("description is not usable", extra={"leg": self._holder.leg, "reason": str(error)})
            if not self.connected.is_set():
                self._holder.lost(HangupCause.FAILED)
        except Exception:
            log.exception("connection is not made", extra={"leg": self._holder.leg})
            self._holder.lost(HangupCause.FAILED)

    def _set_deadline(self, seconds: float, cause: HangupCause) -> None:
        self._forget_deadline()
        if not self._closed:
            self._deadline = self._loop.call_later(seconds, self._holder.lost, cause)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
