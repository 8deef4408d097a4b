"""Everything that touches private names of aiortc and aioice. Each patch has a test, and both are pinned exactly.

1. `prepare`: only Opus and telephone keys are negotiated; which addresses are offered is ours to say.
2. `take_packets`: encoded packets and keys straight from the net, without jitter buffer and decoder thread. Saves 80 ms
   each way and two thirds of the cost of a call (measured 2026-11, docs/performance.md).
3. `silent_for`: how long nothing at all has come from a browser.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import aioice.ice
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpTransceiver, codecs
from aiortc.rtcrtpparameters import RTCRtpCodecCapability, RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket

OPUS = "audio/opus"
KEYS = "audio/telephone-event"
CODECS = (
    RTCRtpCodecParameters(OPUS, clockRate=48_000, channels=2, payloadType=96, parameters={"useinbandfec": 1}),
    RTCRtpCodecParameters(KEYS, clockRate=48_000, channels=1, payloadType=110),
    RTCRtpCodecParameters(KEYS, clockRate=8_000, channels=1, payloadType=126),
)
DIGITS = "0123456789*#ABCD"  # by event number (Source: RFC 4733 §3.2)
_HALF = 1 << 31

TakePacket = Callable[[bytes, int], None]
"""One packet of a voice: its payload and its timestamp."""
TakeKey = Callable[[str], None]

log = logging.getLogger(__name__)


def prepare(addresses: Callable[[], list[str]]) -> None:
    """Once in the process, before the first connection; again to change the addresses that are offered."""
    codecs.CODECS["audio"][:] = CODECS
    for library in ("aiortc", "aioice"):  # they tell every step of every connection
        logging.getLogger(library).setLevel(logging.WARNING)
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: addresses()
    aioice.ice.StunProtocol.datagram_received = _datagram_received  # type: ignore[method-assign]


_handle_datagram = aioice.ice.StunProtocol.datagram_received


def _datagram_received(self: aioice.ice.StunProtocol, data: bytes | str, addr: tuple[Any, ...]) -> None:
    self.receiver.heard_at = asyncio.get_running_loop().time()  # type: ignore[attr-defined]
    _handle_datagram(self, data, addr)


def silent_for(connection: RTCPeerConnection, now: float) -> float:
    """Seconds since anything came from the browser. Units: `now` by the loop's clock."""
    (transceiver, *_) = connection.getTransceivers()
    ice = transceiver.receiver.transport.transport._connection
    return float(now - getattr(ice, "heard_at", now))


def prefer_opus(transceiver: RTCRtpTransceiver) -> None:
    """Whatever a browser prefers: voice is Opus, keys are keys."""
    transceiver.setCodecPreferences([_capability(CODECS[0]), _capability(CODECS[1])])


def _capability(codec: RTCRtpCodecParameters) -> RTCRtpCodecCapability:
    return RTCRtpCodecCapability(codec.mimeType, codec.clockRate, codec.channels, codec.parameters)


def take_packets(receiver: RTCRtpReceiver, take_packet: TakePacket, take_key: TakeKey) -> None:
    """Let a receiver give what it receives away as it comes. Its track will receive nothing."""
    intake = _Intake(receiver, take_packet, take_key)
    receiver.receive = intake.receive  # type: ignore[method-assign]
    receiver._handle_rtp_packet = intake.handle  # type: ignore[method-assign]


class _Intake:
    """Stands in for the two methods of a receiver that packets pass through."""

    def __init__(self, receiver: Any, take_packet: TakePacket, take_key: TakeKey) -> None:
        self._receiver = receiver
        self._take_packet = take_packet
        self._take_key = take_key
        self._voice: int | None = None  # payload types
        self._keys: frozenset[int] = frozenset()
        self._key_at: int | None = None  # timestamp of the key before

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        receiver = self._receiver
        if receiver._RTCRtpReceiver__started:
            return
        by_name = [(each.mimeType.lower(), each.payloadType or 0) for each in parameters.codecs]
        self._voice = next((number for name, number in by_name if name == OPUS), None)
        self._keys = frozenset(number for name, number in by_name if name == KEYS)
        receiver._RTCRtpReceiver__transport._register_rtp_receiver(receiver, parameters)
        receiver._RTCRtpReceiver__rtcp_task = asyncio.ensure_future(receiver._run_rtcp())
        receiver._RTCRtpReceiver__started = True

    async def handle(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        if not self._receiver._enabled:
            return
        try:
            if packet.payload_type == self._voice:
                self._count(packet)
                if packet.payload:
                    self._take_packet(packet.payload, packet.timestamp)
            elif packet.payload_type in self._keys:
                self._count(packet)
                self._pressed(packet)
        except Exception:  # it would end the connection's only reader
            log.exception("packet from a browser is not handled")

    def _pressed(self, packet: RtpPacket) -> None:
        """A key is told by many packets of one timestamp; the first counts, whichever gets lost."""
        event = packet.payload[0] if packet.payload else len(DIGITS)
        earlier = self._key_at is not None and not 0 < (packet.timestamp - self._key_at) & 0xFFFFFFFF < _HALF
        if event >= len(DIGITS) or earlier:
            return
        self._key_at = packet.timestamp
        self._take_key(DIGITS[event])

    def _count(self, packet: RtpPacket) -> None:
        """What the browser is told of losses and jitter."""
        streams = self._receiver._RTCRtpReceiver__remote_streams
        if packet.ssrc not in streams:
            streams[packet.ssrc] = StreamStatistics(48_000)
        streams[packet.ssrc].add(packet)
