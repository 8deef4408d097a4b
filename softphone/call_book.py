"""The book of one page's calls: found, changed, kept for the page's next socket, ended, and told of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from callflow import refusals
from common import clock
from common.refusals import Refusal
from softphone import call_words, notices
from softphone.call_words import PlainWords, Told, Words
from softphone.identity import Identity
from softphone.notices import Pass
from softphone.packets import Packet, Service
from softphone.page_calls import CallState, PageCall, PageCalls
from softphone.room_words import RoomWords
from softphone.wires import Wires
from telephony import signals

PLAIN_WORDS, ROOM_WORDS = PlainWords(), RoomWords()
TALKS = (CallState.PLACED, CallState.TALKING)  # hears what the other pages in the call send


class UnknownCall(Refusal):
    """The page has no such call; whose else it may be is nobody's business here."""

    code = 1

    def __init__(self) -> None:
        super().__init__("there is no such call")


class HandledElsewhere(Refusal):
    code = 2

    def __init__(self) -> None:
        super().__init__("the call has been answered on another device")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A page and whose it is."""

    identity: Identity
    session: str

    @property
    def endpoint(self) -> str:
        """Where it is rung."""
        return self.identity.endpoint


@dataclass(frozen=True, slots=True)
class Accepting:
    """Somebody has answered here; the engine has not said yet whether he was the first. Units: seconds since 1970.

    `packet` waits for that; None: it was sent by an earlier socket, and nobody waits.
    """

    packet: Packet | None
    until: float


class CallBook:
    """`hear_call` listens, or no longer, to what the other pages in a call send."""

    def __init__(self, wires: Wires, who: SignedIn, hear_call: Callable[[str, bool], Awaitable[None]]) -> None:
        self.wires = wires
        self.who = who
        self.hear_call = hear_call
        self.calls = PageCalls()
        self.accepts: dict[str, Accepting] = {}  # by leg

    def find(self, packet: Packet) -> PageCall:
        """The call that a packet is about. Raises UnknownCall, BadField."""
        call = self.calls.of_id(packet.text("callId"))
        if call is None:
            raise UnknownCall
        return call

    def mine(self, packet: Packet) -> PageCall:
        """A call that this page takes part in. Raises UnknownCall, HandledElsewhere, BadField."""
        call = self.find(packet)
        if call.state is CallState.ELSEWHERE:
            raise HandledElsewhere
        if call not in self.calls.mine():
            raise UnknownCall
        return call

    def agent(self) -> Identity:
        """Raises NotPossibleNow: a customer's telephone has no keys for what agents do."""
        if not self.who.identity.agent:
            raise refusals.NotPossibleNow("Only an agent can do this.")
        return self.who.identity

    async def put(self, call: PageCall) -> None:
        before = self.calls.of_leg(call.leg)
        self.calls.put(call)
        await self.wires.memory.keep_call(self.who.session, call)
        if call.state in TALKS and (before is None or before.state not in TALKS):
            await self.hear_call(call.call, True)

    async def end(self, call: PageCall) -> None:
        """Forget a call of which the page knows that it is over."""
        self.calls.end(call)
        asked = self.accepts.pop(call.leg, None)
        if asked is not None:  # it ended before anybody knew whether it was answered here
            await self.answer(asked.packet, call_words.refused(UnknownCall()))
        await self.wires.memory.forget_call(self.who.session, call)
        await self.hear_call(call.call, False)
        if call.incoming and call.state is CallState.TALKING:
            told = Pass(Service.OTHER_DEVICE, call_words.end_elsewhere(call.call), self.who.session)
            await self.wires.bus.publish(notices.user_channel(self.who.identity.user_key), notices.to_json(told))

    async def over(self, call: PageCall, code: int = 0) -> None:
        """End a call of which the page does not know it yet. `code`: why, when it was nobody's wish."""
        await self.end(call)
        await self.send(words_of(call).over(call, code))

    async def tell(self, call: PageCall, signal: signals.FromBrowser) -> int:
        """Signal to the call's engine. Returns how many hear it."""
        return await self.tell_node(call.node, signal)

    async def tell_node(self, node: str, signal: signals.FromBrowser) -> int:
        return await self.wires.bus.publish(signals.engine_channel(node), signals.to_json(signal))

    async def send(self, told: Told) -> None:
        await self.wires.outlet.send(*told)

    async def answer(self, packet: Packet | None, body: Mapping[str, Any]) -> None:
        """Answer a packet later than it came."""
        if packet is not None:
            await self.wires.outlet.send(packet.service, {"requestId": packet.request_id, **body})


def words_of(call: PageCall) -> Words:
    """How the page wants to be told of a call."""
    return PLAIN_WORDS if call.room is None else ROOM_WORDS


def now() -> float:
    """Seconds since 1970: deadlines of calls outlive the process."""
    return clock.now().timestamp()
