"""People in front of browsers: each has a browser of his own, whose microphone hears a tone of his own."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page

from telephony.adapters.browser import tones
from tests.sounds import tone, wav

EAR = (Path(__file__).parent / "ear.js").read_text()
SOON_S = 30.0
LOOK_EVERY_MS = 50
NEAR_HZ = 15.0
LOUD_DB, SILENT_DB = -50.0, -100.0
LATELY = 18  # looks
# None of the music's notes or overtones.
VOICES_HZ = {"customer": 720.0, "lan": 1120.0, "minh": 1400.0, "chief": 1650.0}
RATE = 48_000
VOICE_S, PAUSE_S = 0.5, 0.1  # a voice is no steady tone: browsers take that for noise and remove it
NOTES = sorted({round(hz, 1) for hz in tones.MELODY})  # of the music on hold
# Where sockets that the page has opened can be broken as a network does it.
SOCKETS = """
(() => {
  const Plain = window.WebSocket;
  window.sockets = [];
  window.WebSocket = class extends Plain { constructor(...given) { super(...given); window.sockets.push(this); } };
})();
"""


def voice_file(folder: Path, hertz: float) -> Path:
    """What a browser takes for its microphone, over and over."""
    path = folder / f"{hertz:.0f}.wav"
    spoken = tone(VOICE_S, rate=RATE, hertz=hertz, loudness=12_000)
    path.write_bytes(wav(np.concatenate([spoken, np.zeros(round(PAUSE_S * RATE), np.int16)]), RATE))
    return path


@dataclass(frozen=True)
class Person:
    """Who sits there, and what his voice is."""

    name: str
    hertz: float
    browser: Browser


class OnPage:
    """A person on one page of the installation, from opening it to closing it."""

    def __init__(self, person: Person, address: str, cookie: tuple[str, str]) -> None:
        self.person = person
        self.context: BrowserContext = person.browser.new_context()
        self.context.set_default_timeout(SOON_S * 1000)
        name, value = cookie
        self.context.add_cookies([{"name": name, "value": value, "url": address}])
        self.context.add_init_script(SOCKETS)
        self.page: Page = self.context.new_page()
        self.page.goto(address + self.path)
        self.is_online()

    path = ""

    # ── Doing ────────────────────────────────────────────────────────────────────────────────────────────────────
    def click(self, id: str) -> None:
        self.page.click(f"#{id}")

    def press(self, keys: str) -> None:
        for key in keys:
            self.page.click(f'#keypad [data-key="{key}"]')

    def break_socket(self) -> None:
        """Lose the connection, as with a network that goes away, and wait until the page has another."""
        before = self.page.evaluate("sockets.forEach((each) => each.close()), sockets.length")
        self.until(f"sockets.length > {before}")
        self.is_online()

    def close(self) -> None:
        self.context.close()

    # ── Seeing ───────────────────────────────────────────────────────────────────────────────────────────────────
    def until(self, expression: str, within_s: float = SOON_S) -> None:
        """Wait until a JavaScript expression is true."""
        self.page.wait_for_function(f"() => {expression}", timeout=within_s * 1000, polling=LOOK_EVERY_MS)

    def is_online(self) -> None:
        self.until('document.documentElement.dataset.connection === "online"')

    def is_in(self, state: str, within_s: float = SOON_S) -> None:
        """Wait until the page's call is in this state; "none" and "ended": there is no call."""
        self.until(f'["{state}"].includes(document.documentElement.dataset.call)', within_s)

    def sees(self, id: str, text: str = "", within_s: float = SOON_S) -> None:
        """Wait until something is shown, and says this."""
        shown = f"document.getElementById({json.dumps(id)})"
        self.until(f"{shown}?.checkVisibility() && {shown}.textContent.includes({json.dumps(text)})", within_s)

    # ── Hearing ──────────────────────────────────────────────────────────────────────────────────────────────────
    def loudest(self) -> float:
        """The loudest frequency that is heard now, in hertz; 0 for silence."""
        return float(self.page.evaluate(f"{EAR}; ear.loudest()"))

    def hears(self, *frequencies: float) -> None:
        """Wait until each of these has been the loudest."""
        left = set(frequencies)

        def heard_all() -> bool:
            now = self.loudest()
            left.difference_update([hz for hz in left if abs(hz - now) < NEAR_HZ])
            return not left

        self._wait(heard_all, lambda: f"{self.person.name} does not hear {sorted(left)} Hz but {self.loudest():.0f}")

    def hears_music(self) -> None:
        """Wait until three notes of the music on hold have been heard, and nothing else between them."""
        notes: list[float] = []

        def heard_three() -> bool:
            note = nearest(self.loudest(), NOTES)
            if note is None:
                notes.clear()
            elif note not in notes:
                notes.append(note)
            return len(notes) >= 3

        self._wait(heard_three, lambda: f"{self.person.name} hears no music but {self.loudest():.0f} Hz")

    def hears_only(self, *frequencies: float) -> None:
        """Wait until these have been there lately, and no other person's voice.

        A voice is loud most of the time; on a busy machine sound has gaps, whose edges are heard at all frequencies.
        """
        looks: deque[dict[float, bool]] = deque(maxlen=LATELY)

        def is_so() -> bool:
            levels = zip(VOICES_HZ.values(), self.levels(*VOICES_HZ.values()), strict=True)
            looks.append({hz: level > LOUD_DB for hz, level in levels})
            often = {hz: sum(look[hz] for look in looks) for hz in VOICES_HZ.values()}
            wanted = all(often[hz] >= LATELY / 2 for hz in frequencies)
            return wanted and all(often[hz] <= LATELY / 6 for hz in VOICES_HZ.values() if hz not in frequencies)

        def failure() -> str:
            often = {name: sum(look[hz] for look in looks) for name, hz in VOICES_HZ.items()}
            state = self.page.evaluate("JSON.stringify(document.documentElement.dataset)")
            return f"{self.person.name} hears {often} of {LATELY} times, not {frequencies} Hz; his page: {state}"

        self._wait(is_so, failure)

    def levels(self, *frequencies: float) -> list[float]:
        """How loud each of these is now, in decibels."""
        found = self.page.evaluate(f"{EAR}; ear.levels({json.dumps(frequencies)})")
        return [max(SILENT_DB, float(level)) for level in found]

    def _wait(self, condition: Callable[[], bool], failure: Callable[[], str]) -> None:
        deadline = time.monotonic() + SOON_S
        while not condition():
            assert time.monotonic() < deadline, failure()
            self.page.wait_for_timeout(LOOK_EVERY_MS)


class Caller(OnPage):
    """The customer, on the test phone."""

    path = "/phone"

    def dial(self, number: str) -> None:
        self.page.select_option("#number", number)
        self.click("call")


class Agent(OnPage):
    """An agent, on the softphone."""

    def __init__(self, person: Person, address: str, cookie: tuple[str, str]) -> None:
        self.path = f"/softphone?agent={person.name}"
        super().__init__(person, address, cookie)

    def is_rung(self, within_s: float = SOON_S) -> None:
        self.sees("incoming", within_s=within_s)


class Supervisor(OnPage):
    """Who may listen, on a call's page of the console."""

    def __init__(self, person: Person, address: str, cookie: tuple[str, str], call_id: str) -> None:
        self.path = f"/listening/{call_id}"
        super().__init__(person, address, cookie)

    def is_online(self) -> None:
        """The page is connected while it listens only."""
        self.sees("listen-listen")

    def takes(self, part: str) -> None:
        """Take a part: listen, whisper or talk."""
        self.click(f"listen-{part}")
        self.until(f'document.getElementById("listen").dataset.part === "{part}"')


def nearest(hertz: float, known: Iterable[float]) -> float | None:
    """Which of these a frequency is; None for none of them."""
    return next((each for each in known if abs(each - hertz) < NEAR_HZ / 2), None)
