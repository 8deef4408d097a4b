"""An engine in a process of its own, driven through a pipe, as a measurement needs it: nobody conducts its calls."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from telephony import port
from telephony.adapters.browser.adapter import BrowserAdapter
from telephony.adapters.browser.bus import RedisBus
from telephony.adapters.browser.network import LOOPBACK, Network
from telephony.adapters.browser.opus import encode
from telephony.adapters.browser.sounds import SAMPLE_RATE, Prompt

PROMPT_S = 10.0


class NoiseSource:
    """One sound for everything: as many bits as speech."""

    def __init__(self) -> None:
        self._prompt = noise(PROMPT_S)

    def load(self, media: port.Media) -> Prompt | None:
        return self._prompt


def noise(seconds: float) -> Prompt:
    """A tone in noise, which no encoder finds easy."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hiss = np.random.default_rng(1).normal(0, 600, len(times))
    return encode((8000 * np.sin(2 * np.pi * 440 * times) + hiss).astype(np.int16))


def serve(pipe: Connection, redis_url: str, node: str, folder: str, core: int | None) -> None:
    """Run an engine until the pipe says None. Commands come and events go as JSON; first of all, it says "up"."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    adapter = BrowserAdapter(node, RedisBus(redis_url), NoiseSource(), Path(folder), Network((LOOPBACK,)))
    adapter.start(lambda event: pipe.send(port.to_json(event)))
    pipe.send("up")
    while (command := pipe.recv()) is not None:
        adapter.execute(port.from_json(command))
    adapter.stop()
