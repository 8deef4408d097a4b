"""One WebRTC connection to one browser: descriptions, packets and keys in, an outlet out, or only one of these."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from telephony.adapters.browser import patches
from telephony.adapters.browser.network import fragment_of, is_plausible, with_public_address, without_candidates
from telephony.adapters.browser.outlet import Outlet
from telephony.signals import Way

DIRECTIONS = {Way.BOTH: "sendrecv", Way.SPEAKS: "recvonly", Way.HEARS: "sendonly"}  # as the engine sees them
SPEECH_GAP_S = 0.2  # more than the net lets pass between two packets

log = logging.getLogger(__name__)


class Unusable(Exception):
    """A browser's description cannot be used, or we have none."""


class Connection:
    """`changed` is called when it is connected, and when it is lost. It lives until `close`.

    `outlet`: what the browser hears; it never comes to life in a connection by which the browser only speaks.
    One thing at a time: whoever has it waits for one description before the next.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        public_address: str,
        way: Way,
        take_packet: patches.TakePacket,
        take_key: patches.TakeKey,
        changed: Callable[[Connection], None],
    ) -> None:
        self.outlet = Outlet(loop)
        self.remote = ""  # what tells this connection of the browser from its others
        self._loop = loop
        self._public_address = public_address
        self._take_packet = take_packet
        self._spoke_at = loop.time()
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._peer = RTCPeerConnection(configuration)
        media: Outlet | str = self.outlet if way is not Way.SPEAKS else "audio"
        transceiver = self._peer.addTransceiver(media, DIRECTIONS[way])
        patches.prefer_opus(transceiver)
        patches.take_packets(transceiver.receiver, self._heard, take_key)
        self._peer.on("connectionstatechange", lambda: changed(self))

    @property
    def state(self) -> str:
        """`new`, `connecting`, `connected`, `failed`, `closed` (by the browser)."""
        return self._peer.connectionState

    def silent_s(self) -> float:
        """How long nothing has come."""
        return patches.silent_for(self._peer, self._loop.time())

    @property
    def speaks(self) -> bool:
        """Whether the last that came was voice, which comes without a pause."""
        return self._loop.time() - self._spoke_at <= self.silent_s() + SPEECH_GAP_S

    async def offer(self) -> str:
        """Our offer, with all addresses. Raises Unusable when there is none."""
        await self._peer.setLocalDescription(await self._peer.createOffer())
        return self._described()

    async def answered(self, sdp: str) -> None:
        """The browser answers our offer; an answer that came before is ignored. Raises Unusable."""
        if self._peer.signalingState == "have-local-offer":
            await self._believe(sdp, "answer")

    async def answer(self, sdp: str) -> str:
        """The answer to a browser's offer, its first or another: it hears and speaks as it wants, within what the
        connection is for. Raises Unusable."""
        await self._believe(sdp, "offer")
        for transceiver in self._peer.getTransceivers():
            if transceiver.kind == "video":
                transceiver.direction = "inactive"
        try:
            await self._peer.setLocalDescription(await self._peer.createAnswer())
        except Exception as error:
            raise Unusable(type(error).__name__) from error
        return self._described()

    async def close(self) -> None:
        await self._peer.close()

    async def _believe(self, sdp: str, kind: str) -> None:
        """The library has an exception for everything that can be wrong; all of them mean the same to us."""
        if not is_plausible(sdp):
            raise Unusable("size")
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(without_candidates(sdp), kind))
        except Exception as error:
            raise Unusable(type(error).__name__) from error
        self.remote = fragment_of(sdp)

    def _heard(self, payload: bytes, timestamp: int) -> None:
        self._spoke_at = self._loop.time()
        self._take_packet(payload, timestamp)

    def _described(self) -> str:
        sdp = self._peer.localDescription.sdp
        if "a=candidate:" not in sdp:  # a browser would wait in vain
            raise Unusable("no port is free for sound")
        return with_public_address(sdp, self._public_address)
