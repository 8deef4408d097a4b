"""What a page asks about its rooms: services 108 to 150 that only calls in rooms have (docs/softphone-protocol.md).

What calls of both kinds have, under numbers of their own, is in softphone.call_packets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from callflow import refusals
from callflow.domain.call import Party, TransferKind
from common.refusals import Refusal
from softphone import notices, room_words, rooms
from softphone.call_book import CallBook, UnknownCall
from softphone.notices import InfoSent
from softphone.packets import MAX_SDP, BadField, Packet, Service
from softphone.page_calls import PageCall
from softphone.rooms import Room
from telephony import signals
from telephony.signals import SdpKind

FAREWELLS = frozenset(
    {Service.LEAVE_ROOM, Service.UNPUBLISH, Service.UNSUBSCRIBE, Service.SWITCH_TRACK, Service.TRACK_STATE}
)
Answer = Mapping[str, Any]


class UnknownRoom(Refusal):
    """The page has no such room; whose else it may be is nobody's business here."""

    code = 1

    def __init__(self) -> None:
        super().__init__("there is no such room")


class UnknownTrack(Refusal):
    code = 1

    def __init__(self) -> None:
        super().__init__("there is no such track")


class RoomPackets:
    """Takes packets about rooms. Returns the answer."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._who = book.who
        self._wires = book.wires
        self._takers: Mapping[int, Callable[[Packet], Awaitable[Answer]]] = {
            Service.ENTER_ROOM: self._enter,
            Service.LEAVE_ROOM: self._leave,
            Service.PUBLISH: self._publish,
            Service.UNPUBLISH: self._unpublish,
            Service.SUBSCRIBE: self._subscribe,
            Service.UNSUBSCRIBE: self._unsubscribe,
            Service.DESCRIBE_TRACK: self._describe,
            Service.TRACK_CANDIDATE: self._take_note,
            Service.TRACK_STATE: self._take_note,
            Service.SWITCH_TRACK: self._switch,
            Service.SEND_ROOM_INFO: self._send_info,
            Service.TRANSFER2: self._transfer,
            Service.JOIN_CALL2: self._join,
            Service.UPDATE_CALL: self._update,
        }

    def knows(self, service: int) -> bool:
        return service in self._takers

    async def take(self, packet: Packet) -> Answer:
        """Raises Refusal, BadField."""
        if packet.service in FAREWELLS and self._book.calls.was_here(packet.text("roomId")):
            return {}  # the SDK closes its connections when it is told so, after its call has ended
        return await self._takers[packet.service](packet)

    # ── The room ─────────────────────────────────────────────────────────────────────────────────────────────────
    async def _enter(self, packet: Packet) -> Answer:
        call = self._book.calls.of_token(packet.text("roomToken"))
        return room_words.entered(self._mine(call)[1])

    async def _leave(self, packet: Packet) -> Answer:
        """Nobody stays in a call without his room."""
        call, _ = self._room(packet)
        await self._book.tell(call, signals.Leave(self._who.session, call.leg))
        await self._book.over(call)
        return {}

    async def _send_info(self, packet: Packet) -> Answer:
        call, _ = self._room(packet)
        sent = InfoSent(call.call, packet.any("msg"), self._who.session)
        await self._wires.bus.publish(notices.call_channel(call.call), notices.to_json(sent))
        return {}

    # ── Tracks and their connections ─────────────────────────────────────────────────────────────────────────────
    async def _publish(self, packet: Packet) -> Answer:
        """Video that is announced is answered as not there: some SDKs announce it in calls without."""
        _, room = self._room(packet)
        if packet.body.get("screen") is True:
            raise refusals.NotPossibleNow("Screens cannot be shared in calls of a contact center.")
        return room_words.published(room, packet.text("localPcId"))

    async def _unpublish(self, packet: Packet) -> Answer:
        call, room = self._room(packet)
        name = room.name_of(packet.text("serverTrackId"))
        await self._book.tell(call, signals.Withdraw(self._who.session, call.leg, name))
        return {}

    async def _subscribe(self, packet: Packet) -> Answer:
        _, room = self._room(packet)
        if packet.text("subscribeTrackId") != room.far_track:
            raise UnknownTrack
        return room_words.subscribed(packet.text("localPcId"))

    async def _unsubscribe(self, packet: Packet) -> Answer:
        """The page closes its connection itself."""
        _, room = self._room(packet)
        if packet.text("serverTrackId") != room.far_track:
            raise UnknownTrack
        return {}

    async def _describe(self, packet: Packet) -> Answer:
        call, _ = self._room(packet)
        way, name = rooms.connection_of(packet.text("serverPcId"))
        data = packet.inner("data")
        if data.text("type") != SdpKind.OFFER:
            raise BadField("type")
        sdp = data.text("sdp", limit=MAX_SDP)
        await self._book.tell(call, signals.Describe(self._who.session, call.leg, SdpKind.OFFER, sdp, way, name))
        return {}

    async def _switch(self, packet: Packet) -> Answer:
        """A page switches its own sound off and on by itself, and only says so."""
        _, room = self._room(packet)
        room.name_of(packet.text("serverTrackId"))
        return {}

    async def _take_note(self, packet: Packet) -> Answer:
        """Of addresses, which engines do not need (docs/decisions/0011), and of what a page notices of its sound."""
        self._room(packet)
        return {}

    # ── The call ─────────────────────────────────────────────────────────────────────────────────────────────────
    async def _transfer(self, packet: Packet) -> Answer:
        """To an agent or a telephone at once, after a consultation, or into the conversation; to a queue at once."""
        call, agent, office = self._book.mine(packet), self._book.agent(), self._wires.office
        number, kind = packet.text("toNumber"), packet.text("toType")
        party, way = Party(number, internal=kind == "agent"), packet.text("transferType", TransferKind.BLIND)
        match kind, way:
            case "queue", TransferKind.BLIND:
                await office.transfer_to_queue(agent, call.call, number)
            case "agent" | "external", TransferKind.BLIND | TransferKind.ATTENDED:
                await office.transfer(agent, call.call, party, TransferKind(way))
            case "agent" | "external", "conference":
                await office.add_person(agent, call.call, party)
            case _:
                raise refusals.NotPossibleNow(f"Transfers of this kind are not known here: {kind}, {way}.")
        return {}

    async def _join(self, packet: Packet) -> Answer:
        if self._book.calls.of_id(packet.text("callid")) is None:
            raise UnknownCall
        raise refusals.NotPossibleNow("A running call cannot be joined from a page. Supervisors do it in the console.")

    async def _update(self, packet: Packet) -> Answer:
        self._room(packet)
        raise refusals.NotPossibleNow("There is no video in calls of a contact center.")

    # ── Whose ────────────────────────────────────────────────────────────────────────────────────────────────────
    def _room(self, packet: Packet) -> tuple[PageCall, Room]:
        """The call that a packet is about, and the page's room in it. Raises UnknownRoom, BadField."""
        return self._mine(self._book.calls.of_room(packet.text("roomId")))

    def _mine(self, call: PageCall | None) -> tuple[PageCall, Room]:
        """Raises UnknownRoom also for the room of a call that only rings."""
        if call is None or call.room is None or call not in self._book.calls.mine():
            raise UnknownRoom
        return call, call.room
