"""What engines, time and losses do to a page's calls."""

from __future__ import annotations

import dataclasses

from softphone import call_words, rooms
from softphone.call_book import Accepting, CallBook, HandledElsewhere, UnknownCall, now, words_of
from softphone.call_packets import ACCEPT_WITHIN_S
from softphone.notices import InfoSent
from softphone.page_calls import MINE, CallState, PageCall
from telephony import signals
from telephony.port import HangupCause

RING_SLACK_S = 5.0  # a page rings at most so much longer than the engine said


class CallSignals:
    """Changes the calls of one page as engines say, and tells the page."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._who = book.who
        self._wires = book.wires

    # ── Signals ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def take(self, signal: signals.FromEngine) -> None:
        """What an engine says. What is about a leg that the page has not, or no longer, is old."""
        if isinstance(signal, signals.Ring):
            await self._ring(signal)
            return
        call = self._book.calls.of_leg(signal.leg)
        if call is None:
            return
        match signal:
            case signals.RingEnds():
                await self._ring_ends(call, signal)
            case signals.Accepted():
                await self._accepted(call, signal)
            case signals.Describe():
                await self._described(call, signal)
            case signals.Progress(_, _, code):
                await self._progress(call, code)
            case signals.Gone(_, _, cause):
                await self._gone(call, cause)

    async def _ring(self, ring: signals.Ring) -> None:
        known = self._book.calls.of_leg(ring.leg)
        if known is None and not await self._show(ring):
            return
        if known is None or known.state is CallState.RINGING:
            rung = signals.Rung(self._who.session, ring.leg, self._who.endpoint)
            await self._book.tell_node(ring.node, rung)

    async def _show(self, ring: signals.Ring) -> bool:
        """Let the page ring. A telephone number is nobody's: only calls of the page's own project come to it."""
        if ring.endpoint != self._who.endpoint:
            return False
        if self._who.identity.phone is not None and not await self._is_ours(ring):
            return False
        if self._book.calls.of_id(ring.call) is not None:  # the page knows calls by this id alone
            busy = signals.Refuse(self._who.session, ring.leg, HangupCause.BUSY, ring.endpoint)
            await self._book.tell_node(ring.node, busy)
            return False
        until = now() + ring.timeout_s
        room = rooms.new() if self._wires.settings.rooms else None
        call = PageCall(ring.leg, ring.call, ring.node, CallState.RINGING, incoming=True, until=until, room=room)
        await self._book.put(call)
        await self._book.send(words_of(call).incoming(call, ring, self._wires.settings.ice_servers))
        return True

    async def _is_ours(self, ring: signals.Ring) -> bool:
        return await self._wires.office.has_call(self._who.identity, ring.call)

    async def _ring_ends(self, call: PageCall, ends: signals.RingEnds) -> None:
        if call.state is not CallState.RINGING or ends.session == self._who.session:
            return  # whoever is accepting is told by `Accepted`
        if not ends.session:
            await self._book.over(call)
        elif ends.cause is HangupCause.NORMAL:
            await self._taken_elsewhere(call)
        else:
            await self._book.send(words_of(call).elsewhere(call, 486))
            await self._book.end(call)

    async def _taken_elsewhere(self, call: PageCall) -> None:
        await self._book.put(dataclasses.replace(call, state=CallState.ELSEWHERE, until=0.0))
        await self._book.send(words_of(call).elsewhere(call, 200))

    async def _accepted(self, call: PageCall, accepted: signals.Accepted) -> None:
        asked = self._book.accepts.pop(call.leg, None)
        packet = asked.packet if asked is not None else None
        if call.state is not CallState.ACCEPTING:
            return
        if accepted.won:
            await self._book.put(dataclasses.replace(call, state=CallState.TALKING, until=0.0))
            await self._book.answer(packet, {"r": 0, "message": "SUCCESS"})
        elif accepted.known:
            await self._book.answer(packet, call_words.refused(HandledElsewhere()))
            await self._taken_elsewhere(call)
        else:
            await self._book.answer(packet, call_words.refused(UnknownCall()))
            await self._book.over(call)

    async def _described(self, call: PageCall, described: signals.Describe) -> None:
        asked = self._book.accepts.get(call.leg)
        if asked is not None and asked.packet is None:  # it was accepted, and then its socket broke
            del self._book.accepts[call.leg]
            call = dataclasses.replace(call, state=CallState.TALKING, until=0.0)
            await self._book.put(call)
        if call in self._book.calls.mine():
            await self._book.send(words_of(call).description(call, described))

    async def _progress(self, call: PageCall, code: int) -> None:
        if code == 200 and call.state is CallState.TALKING:
            return  # told again after a break
        if code == 200:
            await self._book.put(dataclasses.replace(call, state=CallState.TALKING))
        await self._book.send(words_of(call).state(call, code))

    async def _gone(self, call: PageCall, cause: HangupCause) -> None:
        code = call_words.CODE_OF_CAUSE.get(cause)
        if call.state is CallState.PLACED and code is not None:
            await self._book.send(words_of(call).state(call, code))
            await self._book.end(call)
        else:
            failed = cause in (HangupCause.ENGINE_LOST, HangupCause.FAILED)
            await self._book.over(call, call_words.ENGINE_LOST_CODE if failed else 0)

    async def info(self, sent: InfoSent) -> None:
        """Another page in a call has sent something."""
        call = self._book.calls.of_id(sent.call)
        if call is not None and sent.sender != self._who.session:
            await self._book.send(words_of(call).info(call, sent.info))

    # ── Time, and what is lost ───────────────────────────────────────────────────────────────────────────────────
    async def tick(self) -> None:
        """End what nobody will end any more."""
        at = now()
        for call in self._book.calls:
            if call.state is CallState.RINGING and at > call.until + RING_SLACK_S:
                await self._book.over(call)
        for leg, asked in tuple(self._book.accepts.items()):
            expected = self._book.calls.of_leg(leg)
            if at > asked.until:
                del self._book.accepts[leg]
                await self._book.answer(asked.packet, call_words.refused(UnknownCall()))
                if expected is not None:
                    await self._book.tell(expected, signals.Leave(self._who.session, leg))
                    await self._book.over(expected)

    async def engines_lost(self, nodes: frozenset[str]) -> None:
        for call in self._book.calls:
            if call.node in nodes:
                await self._book.over(call, call_words.ENGINE_LOST_CODE)

    async def ended_elsewhere(self, call_id: str) -> None:
        """The user's other page has told that its call is over; this page has been told so already."""
        call = self._book.calls.of_id(call_id)
        if call is not None and call.state is CallState.ELSEWHERE:
            await self._book.end(call)

    # ── Coming back ──────────────────────────────────────────────────────────────────────────────────────────────
    async def resume(self, known: list[PageCall], still_there: frozenset[str] | None) -> None:
        """Take over what an earlier socket of the page knew. `still_there`: the ids that the page itself still has.

        An SDK has all of them, and says nothing about it. A page that was loaded anew may say which it has: what it
        talked in is hung up, what rings is shown again.
        """
        for call in known:
            if still_there is None or call.call in still_there:
                await self._take_over(call)
                continue
            await self._wires.memory.forget_call(self._who.session, call)
            if call.state in MINE:
                await self._book.tell(call, signals.Leave(self._who.session, call.leg))

    async def _take_over(self, call: PageCall) -> None:
        if call.state is CallState.ELSEWHERE:
            await self._wires.memory.forget_call(self._who.session, call)
            return
        self._book.calls.put(call)
        if call.state is CallState.ACCEPTING:
            self._book.accepts[call.leg] = Accepting(None, now() + ACCEPT_WITHIN_S)
        elif call.state is not CallState.RINGING:
            await self._book.hear_call(call.call, True)

    async def tell_engines_back(self) -> None:
        """Ask every engine for what was missed; engines that are gone have taken their calls with them."""
        nodes = {call.node for call in self._book.calls}
        alive = await self._wires.memory.alive(sorted(nodes)) if nodes else {}
        if alive is not None:
            await self.engines_lost(frozenset(nodes - alive.keys()))
        for node in {*await self._wires.office.engines(), *(call.node for call in self._book.calls)}:
            legs = tuple(call.leg for call in self._book.calls if call.node == node)
            await self._book.tell_node(node, signals.SocketBack(self._who.session, self._who.endpoint, legs))

    async def tell_engines_lost(self) -> None:
        """The socket is gone."""
        for node in {call.node for call in self._book.calls}:
            await self._book.tell_node(node, signals.SocketLost(self._who.session))
