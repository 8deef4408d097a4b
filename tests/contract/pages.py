"""Browsers for tests: pages with a microphone that says a tone, and ears that know tones."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from telephony import signals
from telephony.adapters.browser import patches, tones
from telephony.adapters.browser.bus import MemoryBus
from telephony.adapters.browser.opus import Decoder, encode, loudness
from telephony.adapters.browser.outlet import Outlet
from telephony.adapters.browser.sounds import SAMPLE_RATE, Prompt
from telephony.port import HangupCause
from telephony.signals import SdpKind

WINDOW = 8192  # samples, 170 ms: tones are told apart to 6 Hz
QUIET = 100.0  # of 32767
AUDIBLE = 1500.0  # of the amplitude of a tone; voices have 8000


def tone(hz: float, seconds: float) -> Prompt:
    return encode((tones.sine(hz, seconds) * 8000).astype(np.int16))


def loudest_hz(samples: np.ndarray) -> float:
    """The loudest tone; 0 for silence."""
    if len(samples) < WINDOW or loudness(samples) < QUIET:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples[-WINDOW:] * np.hanning(WINDOW)))
    return float(spectrum.argmax() * SAMPLE_RATE / WINDOW)


def contains(samples: np.ndarray, hz: float) -> bool:
    """Whether a tone of a voice is in it, whatever else is."""
    if len(samples) < WINDOW:
        return False
    window = np.hanning(WINDOW)
    turning = np.exp(-2j * np.pi * hz * np.arange(WINDOW) / SAMPLE_RATE)
    return bool(abs(np.dot(samples[-WINDOW:] * window, turning)) > AUDIBLE * window.sum() / 2)


def keys_in(samples: np.ndarray) -> str:
    """The telephone keys that are heard, each once."""
    found, last = "", ""
    for start in range(0, len(samples) - 1920, 960):
        block = samples[start : start + 1920].astype(float)
        key = _key(block) if loudness(block) > QUIET else ""
        found += key if key and key != last else ""
        last = key
    return found


def _key(block: np.ndarray) -> str:
    times = np.arange(len(block)) / SAMPLE_RATE
    window = np.hanning(len(block))

    def strength(hz: float) -> float:
        return float(abs(np.dot(block * window, np.exp(-2j * np.pi * hz * times))))

    rows, columns = [strength(hz) for hz in tones.ROWS_HZ], [strength(hz) for hz in tones.COLUMNS_HZ]
    both = max(rows) + max(columns)
    alone = both > 0.8 * (sum(rows) + sum(columns))
    return tones.KEYS[4 * rows.index(max(rows)) + columns.index(max(columns))] if alone else ""


class Line:
    """A page's connection for one leg."""

    def __init__(self, loop: asyncio.AbstractEventLoop, voice: Prompt, speaks: bool) -> None:
        self.outlet = Outlet(loop)
        self.heard: list[bytes] = []
        self._voice = voice
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = self.peer.addTransceiver(self.outlet, "sendrecv")
        patches.prefer_opus(transceiver)
        patches.take_packets(transceiver.receiver, lambda payload, _: self.heard.append(payload), lambda key: None)
        if speaks:
            self.outlet.play(itertools.cycle(voice.packets))

    def speak(self, seconds: float) -> None:
        self.outlet.play(itertools.islice(itertools.cycle(self._voice.packets), round(seconds * 50)))

    def samples(self, packets: int) -> np.ndarray:
        decoder = Decoder()
        parts = [decoder.decode(payload) for payload in self.heard[-packets:]]
        return np.concatenate(parts) if parts else np.zeros(0)


class Page:
    """A browser that is signed in, or plays a telephone: does what people do with it, and answers for itself."""

    def __init__(self, bus: MemoryBus, node: str, session: str, endpoint: str, hz: float) -> None:
        self.session, self.endpoint, self.hz = session, endpoint, hz
        self.told: list[signals.Signal] = []
        self.rings: set[str] = set()
        self.lines: dict[str, Line] = {}
        self.busy = False
        self.answers = True  # descriptions
        self._bus, self._node = bus, node
        self._voice = tone(hz, 1.0)
        self._tasks: set[asyncio.Task[None]] = set()
        bus.listen(signals.session_channel(session), self.hear)
        bus.listen(signals.endpoint_channel(endpoint), self.hear)

    def say(self, signal: signals.Signal) -> None:
        self._bus.publish(signals.engine_channel(self._node), signal)

    def hear(self, signal: signals.Signal) -> None:
        self.told.append(signal)
        match signal:
            case signals.Ring() if self.busy:
                self.say(signals.Refuse(self.session, signal.leg, HangupCause.BUSY, self.endpoint))
            case signals.Ring():
                self.rings.add(signal.leg)
                self.say(signals.Rung(self.session, signal.leg, self.endpoint))
            case signals.RingEnds():
                self.rings.discard(signal.leg)
            case signals.Describe() if self.answers:
                self._do(self._described(signal))
            case signals.Gone() if signal.leg in self.lines:
                self._do(self.lines.pop(signal.leg).peer.close())

    def place_call(self, leg: str, from_number: str, to_number: str, **fields: str) -> None:
        self.say(
            signals.PlaceCall(self.session, leg, f"call-{leg}", 0, self.endpoint, from_number, to_number, **fields)
        )
        self._do(self.offer(leg))

    async def offer(self, leg: str) -> None:
        peer = self.line(leg).peer
        await peer.setLocalDescription(await peer.createOffer())
        self.say(signals.Describe(self.session, leg, SdpKind.OFFER, peer.localDescription.sdp))

    def line(self, leg: str) -> Line:
        if leg not in self.lines:
            self.lines[leg] = Line(asyncio.get_running_loop(), self._voice, speaks=True)
        return self.lines[leg]

    def accept(self, leg: str) -> None:
        self.rings.discard(leg)
        self.say(signals.Accept(self.session, leg, self.endpoint))

    def of(self, kind: type) -> Iterator:
        return (each for each in self.told if isinstance(each, kind))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(line.peer.close() for line in self.lines.values()))

    def _do(self, work) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _described(self, signal: signals.Describe) -> None:
        peer = self.line(signal.leg).peer
        await peer.setRemoteDescription(RTCSessionDescription(signal.sdp, signal.kind))
        if signal.kind is SdpKind.OFFER:
            await peer.setLocalDescription(await peer.createAnswer())
            self.say(signals.Describe(self.session, signal.leg, SdpKind.ANSWER, peer.localDescription.sdp))
