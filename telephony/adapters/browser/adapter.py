"""The browser engine as the engine process runs it: an event loop on a thread of its own."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from telephony import port
from telephony.adapters.base import Emit
from telephony.adapters.browser import patches
from telephony.adapters.browser.bus import SignalBus
from telephony.adapters.browser.engine import BrowserEngine
from telephony.adapters.browser.network import MediaLoop, Network
from telephony.adapters.browser.sounds import SoundSource

KIND = "browser"
# The process also decides and writes, on other threads. Python lets each go on for 5 ms before another has its turn;
# sound comes late by that, several times over. With three busy threads, the median of how late fell from 38 to 6 ms
# (measured 2026-11, on a crowded machine).
SWITCH_S = 0.0005
STOP_WITHIN_S = 3.0  # it takes less; the supervisor kills after 4


class BrowserAdapter:
    """Implements `telephony.adapters.base.Adapter`."""

    kind = KIND
    reaches = ("web", "tel")

    def __init__(
        self, node: str, bus: SignalBus, sounds: SoundSource, media_root: Path, network: Network | None = None
    ) -> None:
        self._node = node
        self._bus = bus
        self._sounds = sounds
        self._media_root = media_root
        self._network = network or Network()
        self._loop = MediaLoop(self._network.ports)
        self._thread = threading.Thread(target=self._run, name="media", daemon=True)

    def start(self, emit: Emit) -> None:
        sys.setswitchinterval(SWITCH_S)
        patches.prepare(self._network.offered)
        self._engine = BrowserEngine(
            self._node, self._loop, emit, self._bus, self._sounds, self._media_root, self._network
        )
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._engine.start(), self._loop).result()

    def execute(self, command: port.Command) -> None:
        self._soon(lambda: self._engine.execute(command))

    def tell_snapshot(self) -> None:
        self._soon(self._engine.switch.tell_snapshot)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._engine.stop(), self._loop).result(STOP_WITHIN_S)
        self._soon(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _soon(self, work: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(work)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
