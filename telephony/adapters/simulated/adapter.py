"""The simulated engine in real time, as the engine process runs it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from telephony import outbox, port
from telephony.adapters.base import Emit
from telephony.adapters.simulated.recorder import WriteRecording, write_nothing
from telephony.adapters.simulated.simulator import Simulator
from telephony.adapters.simulated.sounds import Sounds
from telephony.switch.scheduler import RealScheduler


class SimulatedAdapter:
    """Implements `telephony.adapters.base.Adapter`: everything happens on one thread of its own."""

    kind = outbox.SIMULATED
    reaches = ("web", "sip", "tel")

    def __init__(
        self, node: str, sounds: Sounds | None = None, write_recording: WriteRecording = write_nothing
    ) -> None:
        self._node = node
        self._sounds = sounds
        self._write_recording = write_recording
        self._scheduler = RealScheduler()

    def start(self, emit: Emit) -> None:
        self._simulator = Simulator(self._node, self._scheduler, emit, self._sounds, self._write_recording)
        self._scheduler.start()

    def execute(self, command: port.Command) -> None:
        self._soon(partial(self._simulator.execute, command))

    def tell_snapshot(self) -> None:
        self._soon(self._simulator.engine.tell_snapshot)

    def stop(self) -> None:
        told = threading.Event()
        self._soon(self._simulator.engine.stop)
        # What the ends of legs bring about is told after they are; twice, for what is told because of that.
        self._soon(lambda: self._soon(lambda: self._soon(told.set)))
        told.wait()
        self._scheduler.stop()

    def _soon(self, callback: Callable[[], object]) -> None:
        self._scheduler.at(self._scheduler.now(), callback)
