"""The browser engine under the contract: real connections, real sound, people by hand. Time goes faster than usual."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from telephony import port, signals
from telephony.adapters.browser import patches, tones
from telephony.adapters.browser.bus import MemoryBus
from telephony.adapters.browser.engine import BrowserEngine
from telephony.adapters.browser.network import LOOPBACK, Network
from telephony.adapters.browser.opus import Samples
from telephony.adapters.browser.sounds import Prompt
from telephony.port import HangupCause
from tests.contract.fast_loop import FastLoop
from tests.contract.harness import CALLER, NUMBER
from tests.contract.pages import WINDOW, Line, Page, contains, keys_in, loudest_hz, tone

NODE = "engine-1"
MEDIA_HZ = 3300.0
FIRST_VOICE_HZ, VOICES_HZ = 1500.0, 60.0  # above every note of the music on hold
NEAR_HZ = 15.0
POLL_S = 0.02
PACKETS = 13  # a few that were on their way, and a window of the spectrum
LISTEN_WITHIN_S = 10.0  # silence comes in packets, too


@cache
def shared_loop() -> FastLoop:
    """One loop for all tests; it runs only while somebody waits."""
    patches.prepare(lambda: [LOOPBACK])
    return FastLoop()


@cache
def _media(seconds: float) -> Prompt:
    return tone(MEDIA_HZ, seconds)


class NamedSounds:
    """Files whose names are their lengths."""

    def load(self, media: port.Media) -> Prompt | None:
        assert isinstance(media, port.AudioFile)
        return None if media.name == "missing" else _media(float(media.name))


class BrowserHarness:
    """Pages do nothing by themselves but show that they ring, and describe themselves."""

    def __init__(self) -> None:
        self.events: list[port.Event] = []
        self.loop = shared_loop()
        self.bus = MemoryBus()
        self.pages: dict[str, Page] = {}  # by endpoint
        self.folder = tempfile.TemporaryDirectory()
        self._numbers = itertools.count(1)
        self._page_of: dict[str, Page] = {}  # by leg
        self.engine = BrowserEngine(
            NODE, self.loop, self.events.append, self.bus, NamedSounds(), Path(self.folder.name), Network((LOOPBACK,))
        )
        self.run(self.engine.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def do(self, work: Callable[[], Any]) -> Any:
        """On the running loop, as the adapter does."""

        async def now() -> Any:
            return work()

        return self.run(now())

    def close(self) -> None:
        self.run(self._close())
        self.folder.cleanup()

    async def _close(self) -> None:
        await asyncio.gather(*(page.close() for page in self.pages.values()))
        await self.engine.stop()

    # ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    def execute(self, *commands: port.Command) -> None:
        for command in commands:
            self.do(lambda command=command: self.engine.execute(command))

    def advance(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    def advance_until(self, condition: Callable[[], bool], within_s: float) -> bool:
        async def until() -> bool:
            limit = self.loop.time() + within_s
            while not condition():
                if self.loop.time() > limit:
                    return False
                await asyncio.sleep(POLL_S)
            return True

        return bool(self.run(until()))

    def ask_snapshot(self) -> None:
        self.do(self.engine.switch.tell_snapshot)

    # ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def page(self, endpoint: str) -> Page:
        number = next(self._numbers)
        page = Page(self.bus, NODE, f"session-{number}", endpoint, FIRST_VOICE_HZ + number * VOICES_HZ)
        self.pages[endpoint] = page
        return page

    def dial_in(self) -> str:
        leg = f"in-{next(self._numbers)}"
        page = self._page_of[leg] = self.page(f"tel:{CALLER}")
        self.do(lambda: page.place_call(leg, CALLER, NUMBER))
        assert self.advance_until(lambda: any(_is_incoming(each, leg) for each in self.events), 5)
        return leg

    def phones(self, count: int = 1) -> tuple[str, ...]:
        return tuple(self.page(f"web:1_phone{next(self._numbers)}").endpoint for _ in range(count))

    def busy_phone(self) -> str:
        page = self.page(f"web:1_busy{next(self._numbers)}")
        page.busy = True
        return page.endpoint

    def unreachable_phone(self) -> str:
        return "web:1_away"

    def answer(self, leg: str, endpoint: str) -> None:
        page = self.pages[endpoint]
        self._page_of.setdefault(leg, page)
        self.do(lambda: page.accept(leg))

    def reject(self, leg: str, endpoint: str) -> None:
        page = self.pages[endpoint]
        self.do(lambda: page.say(signals.Refuse(page.session, leg, HangupCause.REJECTED, endpoint)))

    def is_rung(self, leg: str, endpoint: str) -> bool:
        self.advance(POLL_S)
        return leg in self.pages[endpoint].rings

    def press(self, leg: str, keys: str) -> None:
        page = self._page_of[leg]
        self.do(lambda: page.say(signals.Press(page.session, leg, keys)))

    def speak(self, leg: str, seconds: float) -> None:
        self.do(lambda: self._line(leg).speak(seconds))

    def hang_up(self, leg: str) -> None:
        page = self._page_of[leg]
        self.do(lambda: page.say(signals.Leave(page.session, leg)))

    # ── Sounds ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def sound(self, seconds: float) -> tuple[port.Media, ...]:
        return (port.AudioFile(1, f"{seconds}"),)

    def nothing_to_play(self) -> tuple[port.Media, ...]:
        return (port.AudioFile(1, "missing"),)

    def hears(self, leg: str) -> str:
        line = self._page_of[leg].lines.get(leg)
        connected = line is not None and line.peer.connectionState == "connected"
        hz = loudest_hz(self._listen(line)) if connected else 0.0
        company = {self._page_of[each.id].hz: "party" for each in self.engine.switch.legs[leg].company}
        known = {0.0: "silence", MEDIA_HZ: "media", **dict.fromkeys(_notes(), "hold"), **company}
        return next((name for each, name in known.items() if abs(each - hz) <= NEAR_HZ), f"{hz:.0f} Hz")

    def voices(self, leg: str) -> set[str]:
        sound = self._listen(self._line(leg), 3 * PACKETS)
        parts = [sound[start : start + WINDOW] for start in range(0, len(sound), WINDOW)]
        there = [(each, page.hz) for each, page in self._page_of.items() if each in page.lines]
        return {each for each, hz in there if any(contains(part, hz) for part in parts)}

    def _listen(self, line: Line, packets: int = PACKETS) -> Samples:
        """What comes from now on: the tests may run while the machine does other things."""
        until = len(line.heard) + packets
        self.advance_until(lambda: len(line.heard) >= until, LISTEN_WITHIN_S)
        return line.samples(packets)

    def received_keys(self, leg: str) -> str:
        line = self._line(leg)
        return keys_in(line.samples(len(line.heard)))

    def leftovers(self) -> Sequence[str]:
        return [f"{count} {name}" for name, count in self.engine.leftovers().items() if count]

    def _line(self, leg: str) -> Line:
        return self._page_of[leg].lines[leg]


def _notes() -> set[float]:
    return {hz * harmonic for hz in tones.MELODY for harmonic in (1, 2)}


def _is_incoming(event: port.Event, leg: str) -> bool:
    return isinstance(event, port.Incoming) and event.leg == leg
