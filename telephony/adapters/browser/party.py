"""One leg's browser: the page that has it, and how it speaks and hears: by one connection, or by one for each."""

from __future__ import annotations

import asyncio
from typing import Protocol

from telephony import signals
from telephony.adapters.browser.connection import Connection
from telephony.adapters.browser.link import Link
from telephony.adapters.browser.outlet import Outlet
from telephony.port import HangupCause
from telephony.signals import SdpKind, Way

SILENT_FOR_S = 5.0  # with its socket gone too, it is gone: browsers send something every 2.5 s


class Owner(Protocol):
    """Who has the parties."""

    def connect(self, party: Party, link: Link) -> Connection:
        """A new connection for a link of a party; its packets and keys go to the party's leg."""

    def say(self, party: Party, signal: signals.Signal) -> None:
        """Tell the party's page."""

    def heard(self, party: Party) -> None:
        """What the party hears by is another connection now, or has come up."""

    def offered(self, party: Party) -> None:
        """A page that calls has made its first usable offer to speak."""

    def lost(self, party: Party, cause: HangupCause) -> None:
        """The party cannot be heard any more."""


class Party:
    """The browser at the end of a leg. `close` forgets its deadlines."""

    def __init__(
        self, owner: Owner, loop: asyncio.AbstractEventLoop, leg: str, session: str, *, apart: bool = False
    ) -> None:
        self.leg = leg
        self.session = session
        self.socket_is_lost = False
        self.keys_from = ""  # the first of several ways by which keys come; the other would tell them twice
        self._owner = owner
        ways = (Way.SPEAKS, Way.HEARS) if apart else (Way.BOTH,)
        self._links = {way: Link(self, loop, way) for way in ways}
        self.speaks, self.hears = self._links[ways[0]], self._links[ways[-1]]

    @property
    def connected(self) -> asyncio.Event:
        """Whether the page hears."""
        return self.hears.connected

    @property
    def outlet(self) -> Outlet | None:
        """What the page is sent by, once there is a connection for it."""
        return self.hears.connection.outlet if self.hears.connection is not None else None

    # ── What the page does ───────────────────────────────────────────────────────────────────────────────────────────
    def has_called(self) -> None:
        """It is to offer."""
        for link in self._links.values():
            link.await_offer()

    def has_answered(self) -> None:
        """It is offered a connection; a page that has two offers them."""
        if self.speaks is self.hears:
            self.hears.offer()
        else:
            self.has_called()

    def described(self, way: Way, kind: SdpKind, sdp: str, name: str) -> None:
        """It offers or answers. A way that it has not is none of its own."""
        if (link := self._links.get(way)) is not None:
            link.described(kind, sdp, name)

    def withdrawn(self, name: str) -> None:
        """It speaks no more by the connection that it calls so."""
        if self.speaks is not self.hears:
            self.speaks.withdraw(name)

    def socket_back(self) -> None:
        self.socket_is_lost = False
        for link in self._links.values():
            link.socket_back()

    # ── What is noticed ──────────────────────────────────────────────────────────────────────────────────────────────
    def look(self) -> None:
        """Once a second: a page whose socket is gone is gone, when nothing comes from it."""
        connection = self.speaks.connection or self.hears.connection
        if self.socket_is_lost and connection is not None and connection.silent_s() > SILENT_FOR_S:
            self.lost(HangupCause.FAILED)

    def close(self) -> list[asyncio.Task[None]]:
        """The leg has ended. Returns what is still to be done."""
        return [link.close() for link in self._links.values()]

    # ── Its links (`link.Holder`) ────────────────────────────────────────────────────────────────────────────────────
    def connect(self, link: Link) -> Connection:
        return self._owner.connect(self, link)

    def describe(self, link: Link, kind: SdpKind, sdp: str, name: str) -> None:
        self._owner.say(self, signals.Describe(self.session, self.leg, kind, sdp, link.way, name))

    def changed(self, link: Link) -> None:
        if link is self.hears:
            self._owner.heard(self)

    def offered(self, link: Link) -> None:
        if link is self.speaks:
            self._owner.offered(self)

    def lost(self, cause: HangupCause) -> None:
        self._owner.lost(self, cause)
