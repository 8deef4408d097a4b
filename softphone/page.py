"""A page that is signed in: its presence, its user's other pages, what pages tell each other, and its calls."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from common.refusals import InvalidInput, Refusal
from softphone import notices
from softphone.call_book import CallBook, SignedIn, now
from softphone.call_packets import CallPackets
from softphone.call_signals import CallSignals
from softphone.hearing import Hearing
from softphone.identity import Identity
from softphone.memory import Page
from softphone.notices import InfoSent, Notice, Pass, TakenOver
from softphone.packets import MAX_FREE_TEXT, Packet, Service
from softphone.room_packets import RoomPackets
from softphone.wires import BusIsBack, EnginesLost, Tick, Wires
from telephony import signals
from telephony.signals import FromEngine

RENEW_EVERY_S = 20.0  # how often a page says that it is still there
DEVICE_EXPIRES_S = 45  # two renewals may be missed: only pages of a killed process end so

Answer = Mapping[str, Any]


class UnknownService(Refusal):
    code = 9

    def __init__(self) -> None:
        super().__init__("this service is not known here")


class UserNotThere(Refusal):
    code = 1

    def __init__(self) -> None:
        super().__init__("no page of the user is signed in")


class LivePage:
    """Takes what happens to a page after its login. `facts` are what its user's other pages are told of it."""

    def __init__(self, wires: Wires, who: SignedIn, facts: Page) -> None:
        self.who = who
        self.replaced = False  # the page has another socket by now: this one changes nothing any more
        self._wires = wires
        self._facts = facts
        self._renewed_at = now()
        self._hearing = Hearing(wires.bus, wires.post)
        self._book = CallBook(wires, who, self._hear_call)
        self._packets = CallPackets(self._book)
        self._room_packets = RoomPackets(self._book)
        self._signals = CallSignals(self._book)
        self._others: Mapping[int, Callable[[Packet], Awaitable[Answer]]] = {
            Service.ADD_PUSH_TOKEN: self._add_push_token,
            Service.REMOVE_PUSH_TOKEN: self._remove_push_token,
            Service.SEND_MESSAGE: self._send_message,
            Service.CHANGE_ATTRIBUTE: self._change_attribute,
        }

    @property
    def talks(self) -> bool:
        return bool(self._book.calls.mine())

    @property
    def nodes(self) -> frozenset[str]:
        """The engines that carry its calls."""
        return frozenset(call.node for call in self._book.calls)

    def is_like(self, other: LivePage) -> bool:
        """Whether the other is this page with a newer token."""
        mine, its = self.who, other.who
        renewed = dataclasses.replace(mine.identity, expires_at=its.identity.expires_at)
        return (mine.session, renewed) == (its.session, its.identity)

    # ── Coming and going ─────────────────────────────────────────────────────────────────────────────────────────
    async def enter(self) -> list[Page]:
        """Be heard from now on, also instead of an earlier socket. Returns the user's other pages."""
        session, identity = self.who.session, self.who.identity
        await self._hearing.notices_at(notices.page_channel(session))
        await self._publish(notices.page_channel(session), TakenOver(self._wires.connection))
        await self._hearing.signals_at(signals.session_channel(session))
        if identity.endpoint:
            await self._hearing.signals_at(signals.endpoint_channel(identity.endpoint))
        await self._hearing.notices_at(notices.user_channel(identity.user_key))
        for topic in identity.topics:
            await self._hearing.notices_at(notices.topic_channel(identity.project_id, topic))
        others = await self.others()
        await self._wires.memory.keep_page(identity.user_key, self._facts)
        return others

    async def others(self) -> list[Page]:
        """The user's other pages."""
        pages = await self._wires.memory.pages(self.who.identity.user_key, now())
        return [page for page in pages if page.session != self.who.session]

    async def begin(self, still_there: frozenset[str] | None) -> None:
        """After the login is answered: be there for others, and learn what was missed."""
        await self._tell_siblings("connected")
        await self._be_there()
        await self._signals.resume(await self._wires.memory.calls(self.who.session), still_there)
        await self._signals.tell_engines_back()

    async def leave(self) -> None:
        """The socket is gone; the page may come back."""
        await self._hearing.nothing()
        if self.who.identity.agent:
            await self._wires.office.device_is_down(self.who.identity, self.who.session, self._wires.connection)
        if self.replaced:
            return
        await self._signals.tell_engines_lost()
        await self._wires.memory.forget_page(self.who.identity.user_key, self.who.session)
        await self._tell_siblings("disconnected")

    async def _be_there(self) -> None:
        if self.who.identity.agent:
            await self._wires.office.device_is_up(
                self.who.identity, self.who.session, self._wires.connection, DEVICE_EXPIRES_S
            )

    async def _tell_siblings(self, status: str) -> None:
        body = {"clientId": self._facts.client_id, "browserId": self._facts.browser_id, "status": status}
        told = Pass(Service.DEVICE_CAME_OR_WENT, body, self.who.session)
        await self._publish(notices.user_channel(self.who.identity.user_key), told)

    # ── What happens ─────────────────────────────────────────────────────────────────────────────────────────────
    async def packet(self, packet: Packet) -> Answer | None:
        """Returns the answer; None: it comes later. Raises Refusal, BadField."""
        if self._packets.knows(packet.service):
            return await self._packets.take(packet)
        if self._room_packets.knows(packet.service):
            return await self._room_packets.take(packet)
        if packet.service not in self._others:
            raise UnknownService
        return await self._others[packet.service](packet)

    async def happen(self, happening: FromEngine | Notice | Tick | BusIsBack | EnginesLost) -> None:
        match happening:
            case Tick():
                await self._tick()
            case Pass():
                await self._pass_on(happening)
            case InfoSent():
                await self._signals.info(happening)
            case TakenOver(connection):
                if connection != self._wires.connection:
                    self.replaced = True
                    self._wires.outlet.close("the page has another socket")
            case BusIsBack():
                await self._keep_again()
                await self._signals.tell_engines_back()
            case EnginesLost(nodes):
                await self._signals.engines_lost(nodes)
            case _:
                await self._signals.take(happening)

    async def _tick(self) -> None:
        await self._signals.tick()
        if now() > self._renewed_at + RENEW_EVERY_S:
            self._renewed_at = now()
            if not await self._wires.office.may_stay(self.who.identity):
                await self._shut_out()
                return
            await self._wires.memory.keep_page(self.who.identity.user_key, self._facts.seen(now()))
            await self._be_there()

    async def _shut_out(self) -> None:
        """What the page was let in with is revoked. An agent's call goes on; a page of ours hears no more of it."""
        if not self.who.identity.is_user:
            for call in self._book.calls.mine():
                await self._book.tell(call, signals.Leave(self.who.session, call.leg))
        self._wires.outlet.close("what the page was let in with is revoked")

    async def _keep_again(self) -> None:
        """Redis may have come back with nothing."""
        await self._wires.memory.keep_page(self.who.identity.user_key, self._facts.seen(now()))
        for call in self._book.calls:
            await self._wires.memory.keep_call(self.who.session, call)

    async def _pass_on(self, told: Pass) -> None:
        if told.sender == self.who.session:
            return
        await self._wires.outlet.send(told.service, told.body)
        if told.service == Service.OTHER_DEVICE and told.body.get("type") == "CALL_END":
            await self._signals.ended_elsewhere(str(told.body.get("data", {}).get("callId")))

    async def _hear_call(self, call: str, hear: bool) -> None:
        channel = notices.call_channel(call)
        await (self._hearing.notices_at(channel) if hear else self._hearing.nothing_at(channel))

    # ── Packets that are about no call ───────────────────────────────────────────────────────────────────────────
    async def _add_push_token(self, packet: Packet) -> Answer:
        await self._wires.office.add_push_token(self._as_user(), _push_token(packet))
        return {}

    async def _remove_push_token(self, packet: Packet) -> Answer:
        await self._wires.office.remove_push_token(self._as_user(), _push_token(packet))
        return {}

    async def _send_message(self, packet: Packet) -> Answer:
        """Any JSON from page to page within the project."""
        user, message = packet.text("toUser"), packet.any("message")
        told = Pass(Service.MESSAGE, {"fromUser": self._as_user().user, "message": message}, self.who.session)
        to = notices.user_channel(f"{self.who.identity.project_id}_{user}")
        if not await self._publish(to, told):
            raise UserNotThere
        return {}

    async def _change_attribute(self, packet: Packet) -> Answer:
        """Tell the topics that the token names for the attribute."""
        attribute, value = packet.text("attribute"), packet.any("value")
        identity = self._as_user()
        for topic in [topic for name, topic in identity.publishes if name == attribute]:
            message = {"userId": identity.user, "attribute": attribute, "value": value}
            told = Pass(Service.TOPIC_MESSAGE, {"topic": topic, "message": message}, self.who.session)
            await self._publish(notices.topic_channel(identity.project_id, topic), told)
        return {}

    def _as_user(self) -> Identity:
        """Raises InvalidInput: a customer's telephone, and a page that listens, is nobody."""
        if not self.who.identity.is_user:
            raise InvalidInput("This page cannot do this.")
        return self.who.identity

    async def _publish(self, channel: str, notice: Notice) -> int:
        return await self._wires.bus.publish(channel, notices.to_json(notice))


def _push_token(packet: Packet) -> str:
    """Mobile clients call it `deviceToken`."""
    key = "deviceToken" if "deviceToken" in packet.body else "token"
    token = packet.text(key, limit=MAX_FREE_TEXT)
    if not token:
        raise InvalidInput("the token is empty")
    return token
