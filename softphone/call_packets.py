"""What a page asks about its calls: services 26 to 36, 100, 101 and 205, and the same of calls in rooms
(docs/softphone-protocol.md).

Nothing here waits for an engine: what it says comes as a signal of its own (softphone.call_signals).
"""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from callflow import refusals
from callflow.domain.call import Party, TransferKind
from common import ids
from common.refusals import Refusal
from softphone import call_words, notices, room_words, rooms
from softphone.call_book import Accepting, CallBook, HandledElsewhere, UnknownCall, now
from softphone.notices import InfoSent
from softphone.packets import MAX_FREE_TEXT, MAX_SDP, BadField, Packet, Service
from softphone.page_calls import CallState, PageCall
from softphone.rooms import Room
from telephony import signals
from telephony.port import HangupCause
from telephony.signals import SdpKind

ACCEPT_WITHIN_S = 5.0  # an engine answers within milliseconds
MOST_CALLS = 10  # at one page
_KEYS = re.compile(r"[0-9*#A-Da-d]{1,64}")
_HELD = re.compile(r"^m=audio.*?^a=(?:sendonly|inactive)\s*$", re.MULTILINE | re.DOTALL)

log = logging.getLogger(__name__)

Answer = Mapping[str, Any]


class CallPackets:
    """Takes packets about calls. What it returns is the answer; None: it comes later."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._who = book.who
        self._wires = book.wires
        self._takers: Mapping[int, Callable[[Packet], Awaitable[Answer | None]]] = {
            Service.START_CALL: self._start,
            Service.START_CALL2: self._start_in_room,
            Service.DESCRIBE: self._describe,
            Service.SET_STATE: self._set_state,
            Service.SET_STATE2: self._set_state,
            Service.HANG_UP: self._hang_up,
            Service.HANG_UP2: self._hang_up,
            Service.PRESS: self._press,
            Service.PRESS2: self._press,
            Service.SEND_INFO: self._send_info,
            Service.HOLD: self._hold,
            Service.HOLD2: self._hold,
            Service.TRANSFER: self._transfer,
            Service.DOES_CALL_EXIST: self._does_exist,
        }

    def knows(self, service: int) -> bool:
        return service in self._takers

    async def take(self, packet: Packet) -> Answer | None:
        """Raises Refusal, BadField."""
        return await self._takers[packet.service](packet)

    # ── Beginning ────────────────────────────────────────────────────────────────────────────────────────────────
    async def _start(self, packet: Packet) -> Answer:
        placed = await self._place(packet, None)
        return call_words.started(placed, self._wires.settings.ice_servers)

    async def _start_in_room(self, packet: Packet) -> Answer:
        room = rooms.new()
        return room_words.started(await self._place(packet, room), room)

    async def _place(self, packet: Packet, room: Room | None) -> signals.PlaceCall:
        try:
            from_number, dialled = packet.text("fromNumber", ""), packet.text("toNumber")
            custom = packet.text("custom", "", limit=MAX_FREE_TEXT)
        except BadField as error:
            raise refusals.NumberFormat from error
        if len(self._book.calls.mine()) >= MOST_CALLS:
            raise refusals.TooManyCalls
        route = await self._wires.office.route_out(self._who.identity, from_number, dialled, custom)
        placed = signals.PlaceCall(
            session=self._who.session,
            leg=ids.leg_id(),
            call=ids.call_id(),
            project_id=self._who.identity.project_id,
            endpoint=route.endpoint,
            from_number=route.from_number,
            to_number=route.to_number,
            user=self._who.identity.user,
            custom=custom,
            apart=room is not None,
        )
        node = await self._give(placed)
        await self._book.put(PageCall(placed.leg, placed.call, node, CallState.PLACED, incoming=False, room=room))
        return placed

    async def _give(self, placed: signals.PlaceCall) -> str:
        """Give a call to the first engine that hears of it. Raises NoEngine."""
        for node in await self._wires.office.engines():
            if await self._book.tell_node(node, placed):
                return node
        raise refusals.NoEngine

    async def _describe(self, packet: Packet) -> Answer:
        call = self._book.mine(packet)
        if call.room is not None:
            raise UnknownCall
        data = packet.inner("data")
        if packet.text("type") == "candidate":
            return {}  # docs/decisions/0011: browsers come to the engine, wherever they are
        kind, sdp = _kind_of(data), data.text("sdp", limit=MAX_SDP)
        await self._book.tell(call, signals.Describe(self._who.session, call.leg, kind, sdp))
        if kind is SdpKind.OFFER and call.state is CallState.TALKING:
            await self._hold_as_described(call, sdp)
        return {}

    async def _hold_as_described(self, call: PageCall, sdp: str) -> None:
        """An agent's SDK holds by offering anew that it only sends: then the customer hears music."""
        held = _HELD.search(sdp) is not None
        if held == call.held or not self._who.identity.agent:
            return
        await self._book.put(dataclasses.replace(call, held=held))
        try:
            await self._wires.office.hold(self._who.identity, call.call, held=held)
        except Refusal as refusal:
            log.info("hold changes nothing", extra={"call_id": call.call, "reason": type(refusal).__name__})

    async def _set_state(self, packet: Packet) -> Answer | None:
        call, code = self._book.find(packet), packet.whole("code")
        if code == 200:
            return await self._accept(call, packet)
        if call.state is CallState.ELSEWHERE:
            raise HandledElsewhere
        if call.state is not CallState.RINGING:
            raise UnknownCall
        if code >= 400:
            await self._refuse(call)
        elif code == 180:
            await self._book.tell(call, signals.Rung(self._who.session, call.leg, self._who.endpoint))
        return {}

    async def _accept(self, call: PageCall, packet: Packet) -> Answer | None:
        match call.state:
            case CallState.ELSEWHERE:
                raise HandledElsewhere
            case CallState.PLACED:
                raise UnknownCall
            case CallState.TALKING | CallState.ACCEPTING:
                return {}
        accept = signals.Accept(self._who.session, call.leg, self._who.endpoint, apart=call.room is not None)
        if not await self._book.tell(call, accept):
            await self._book.over(call)
            raise UnknownCall
        self._book.accepts[call.leg] = Accepting(packet, now() + ACCEPT_WITHIN_S)
        await self._book.put(dataclasses.replace(call, state=CallState.ACCEPTING))
        return None

    async def _refuse(self, call: PageCall) -> None:
        """Whoever has a call already is busy: embedded phones reject a second one by themselves."""
        cause = HangupCause.BUSY if self._book.calls.mine() else HangupCause.REJECTED
        await self._book.tell(call, signals.Refuse(self._who.session, call.leg, cause, self._who.endpoint))
        await self._book.end(call)

    async def _hang_up(self, packet: Packet) -> Answer:
        call_id = packet.text("callId")
        call = self._book.calls.of_id(call_id)
        if call is None:
            if self._book.calls.was_here(call_id):
                return {}  # it ended while the packet was on its way; without this answer the microphone stays open
            raise UnknownCall
        match call.state:
            case CallState.RINGING:
                await self._refuse(call)
            case CallState.ELSEWHERE:
                await self._book.end(call)
            case _:
                await self._book.tell(call, signals.Leave(self._who.session, call.leg))
                await self._book.end(call)
        return {}

    async def _press(self, packet: Packet) -> Answer:
        call, digits = self._book.mine(packet), packet.text("digits")
        if not _KEYS.fullmatch(digits):
            raise BadField("digits")
        await self._book.tell(call, signals.Press(self._who.session, call.leg, digits.upper()))
        return {}

    async def _send_info(self, packet: Packet) -> Answer:
        call = self._book.mine(packet)
        sent = InfoSent(call.call, packet.any("info"), self._who.session)
        await self._wires.bus.publish(notices.call_channel(call.call), notices.to_json(sent))
        return {}

    async def _hold(self, packet: Packet) -> Answer:
        call, held = self._book.mine(packet), packet.flag("hold")
        await self._wires.office.hold(self._book.agent(), call.call, held=held)
        return {}

    async def _transfer(self, packet: Packet) -> Answer:
        call, to = self._book.mine(packet), packet.inner("to")
        internal = to.text("type", "internal") != "external"
        party = Party(to.text("number"), to.text("alias", ""), internal)
        await self._wires.office.transfer(self._book.agent(), call.call, party, TransferKind.BLIND)
        return {}

    async def _does_exist(self, packet: Packet) -> Answer:
        call_id = packet.text("callId")
        return {"callId": call_id, "exist": self._book.calls.of_id(call_id) is not None}


def _kind_of(data: Packet) -> SdpKind:
    try:
        return SdpKind(data.text("type"))
    except ValueError as error:
        raise BadField("type") from error
