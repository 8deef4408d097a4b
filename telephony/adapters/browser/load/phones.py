"""Synthetic browsers: they call, answer, say packets that were encoded once, and count what they hear."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import redis.asyncio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from telephony import signals
from telephony.adapters.browser import patches
from telephony.adapters.browser.network import LOOPBACK
from telephony.adapters.browser.opus import SILENCE
from telephony.adapters.browser.outlet import Outlet
from telephony.adapters.browser.sounds import Prompt
from telephony.signals import SdpKind

HEARD_WITHIN_S = 20.0
FROM_NUMBER, TO_NUMBER = "84900000000", "84240000000"


class SyntheticPhone:
    """One page with one call. Units: instants of the loop's clock."""

    def __init__(self, street: Street, session: str, voice: Prompt) -> None:
        self.session = session
        self.endpoint = f"web:0_{session}"
        self.offered_at = 0.0
        self.heard_at: float | None = None  # the first packet that is not silence
        self.packets = 0
        self.longest_gap_s = 0.0
        self._street = street
        self._last_at: float | None = None
        self._heard = asyncio.Event()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        outlet = Outlet(asyncio.get_running_loop())
        outlet.play(itertools.cycle(voice.packets))
        transceiver = self._peer.addTransceiver(outlet, "sendrecv")
        patches.prefer_opus(transceiver)
        patches.take_packets(transceiver.receiver, self._hear, lambda key: None)

    async def call(self, leg: str) -> None:
        """Call, and come back when the engine's first sound is here."""
        await self._street.listen(signals.session_channel(self.session), self._told)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        self.offered_at = asyncio.get_running_loop().time()
        place = signals.PlaceCall(self.session, leg, leg, 0, self.endpoint, FROM_NUMBER, TO_NUMBER)
        await self._street.say(place)
        await self._street.say(self._description(leg, SdpKind.OFFER))

    async def wait_for_sound(self) -> float:
        """Returns after how many seconds from the offer, ours or theirs, something was heard."""
        await asyncio.wait_for(self._heard.wait(), HEARD_WITHIN_S)
        return (self.heard_at or 0.0) - self.offered_at

    async def be_rung(self) -> None:
        """From now on, answer what rings."""
        for channel in (signals.session_channel(self.session), signals.endpoint_channel(self.endpoint)):
            await self._street.listen(channel, self._told)

    def count_anew(self) -> None:
        self.packets, self.longest_gap_s, self._last_at = 0, 0.0, None

    async def close(self) -> None:
        for channel in (signals.session_channel(self.session), signals.endpoint_channel(self.endpoint)):
            await self._street.unlisten(channel)
        await self._peer.close()

    async def _told(self, signal: signals.Signal) -> None:
        match signal:
            case signals.Ring():
                await self._street.say(signals.Rung(self.session, signal.leg, self.endpoint))
                await self._street.say(signals.Accept(self.session, signal.leg, self.endpoint))
            case signals.Describe(_, leg, kind, sdp):
                await self._peer.setRemoteDescription(RTCSessionDescription(sdp, kind))
                if kind is SdpKind.OFFER:
                    self.offered_at = asyncio.get_running_loop().time()
                    await self._peer.setLocalDescription(await self._peer.createAnswer())
                    await self._street.say(self._description(leg, SdpKind.ANSWER))

    def _description(self, leg: str, kind: SdpKind) -> signals.Describe:
        return signals.Describe(self.session, leg, kind, self._peer.localDescription.sdp)

    def _hear(self, payload: bytes, timestamp: int) -> None:
        now = asyncio.get_running_loop().time()
        self.packets += 1
        if self._last_at is not None:
            self.longest_gap_s = max(self.longest_gap_s, now - self._last_at)
        self._last_at = now
        if self.heard_at is None and payload != SILENCE:
            self.heard_at = now
            self._heard.set()


class Street:
    """Where synthetic phones live: one connection to Redis for all of them."""

    def __init__(self, redis_url: str, node: str) -> None:
        patches.prepare(lambda: [LOOPBACK])
        self._server = redis.asyncio.Redis.from_url(redis_url)
        self._subscription = self._server.pubsub(ignore_subscribe_messages=True)
        self._engine = signals.engine_channel(node)
        self._listeners: dict[str, Callable[[signals.Signal], Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, channel: str, listener: Callable[[signals.Signal], Any]) -> None:
        self._listeners[channel] = listener
        await self._subscription.subscribe(channel)
        if not self._tasks:
            self._start(self._read())

    async def unlisten(self, channel: str) -> None:
        if self._listeners.pop(channel, None) is not None:
            await self._subscription.unsubscribe(channel)

    async def say(self, signal: signals.Signal) -> None:
        await self._server.publish(self._engine, json.dumps(signals.to_json(signal)))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._subscription.aclose()  # type: ignore[no-untyped-call]
        await self._server.aclose()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self) -> None:
        while True:
            message = await self._subscription.get_message(timeout=1.0)
            if message is not None and (listener := self._listeners.get(message["channel"].decode())) is not None:
                self._start(listener(signals.from_json(json.loads(message["data"]))))
