"""The simulated engine under the contract, on a virtual clock."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence

from telephony import port
from telephony.adapters.simulated.engine import SimulatedEngine
from telephony.adapters.simulated.script import CallerScript, Does, PhoneScript
from telephony.adapters.simulated.sounds import Sounds
from telephony.port import HangupCause
from telephony.switch.legs import Leg
from telephony.switch.scheduler import VirtualScheduler
from tests.contract.harness import CALLER, NUMBER

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
RINGS = PhoneScript(does=Does.NEVER_ANSWERS)
SILENT = CallerScript(message_s=0.0, waits_after_message=True)


class SimulatedHarness:
    """Phones do nothing by themselves; people are moved by hand."""

    def __init__(self) -> None:
        self.events: list[port.Event] = []
        self._clock = VirtualScheduler(START)
        self._engine = SimulatedEngine("engine-1", self._clock, self.events.append, self, Sounds(_length_by_name))
        self._numbers = itertools.count(1)

    def script_for(self, endpoint: str, dial: port.Dial) -> PhoneScript:
        if endpoint.startswith("tel:"):
            return PhoneScript(does=Does.BUSY, after_s=0.2)
        return RINGS if "ring" in endpoint else PhoneScript(does=Does.UNREACHABLE, after_s=0.0)

    def execute(self, *commands: port.Command) -> None:
        for command in commands:
            self._engine.execute(command)

    def advance(self, seconds: float) -> None:
        self._clock.run_for(seconds)

    def advance_until(self, condition: Callable[[], bool], within_s: float) -> bool:
        limit = self._clock.now() + dt.timedelta(seconds=within_s)
        while not condition():
            if (next_at := self._clock.next_at()) is None or next_at > limit:
                return False
            self._clock.step()
        return True

    def ask_snapshot(self) -> None:
        self._engine.tell_snapshot()

    def close(self) -> None:
        """Nothing is open."""

    def dial_in(self) -> str:
        leg = f"in-{next(self._numbers)}"
        self._engine.call(port.Incoming(leg, "engine-1", CALLER, NUMBER, f"tel:{CALLER}"), SILENT)
        self._clock.run_for(0)
        return leg

    def phones(self, count: int = 1) -> tuple[str, ...]:
        return tuple(f"web:1_ring{next(self._numbers)}" for _ in range(count))

    def busy_phone(self) -> str:
        return "tel:84911111111"

    def unreachable_phone(self) -> str:
        return "web:1_away"

    def answer(self, leg: str, endpoint: str) -> None:
        self._engine.answer(self._leg(leg), endpoint)

    def reject(self, leg: str, endpoint: str) -> None:
        self._engine.refuse(self._leg(leg), endpoint, HangupCause.REJECTED)

    def is_rung(self, leg: str, endpoint: str) -> bool:
        return leg in self._engine.legs and endpoint in self._leg(leg).branches

    def press(self, leg: str, keys: str) -> None:
        for key in keys:
            self._engine.press(self._leg(leg), key)

    def speak(self, leg: str, seconds: float) -> None:
        self._engine.speak(self._leg(leg), seconds)

    def hang_up(self, leg: str) -> None:
        self._engine.leave(self._leg(leg))

    def sound(self, seconds: float) -> tuple[port.Media, ...]:
        return (port.AudioFile(1, f"{seconds}"),)

    def nothing_to_play(self) -> tuple[port.Media, ...]:
        return (port.AudioFile(1, "missing"),)

    def hears(self, leg: str) -> str:
        return self._engine.hears(leg)

    def voices(self, leg: str) -> set[str]:
        return {each.id for each in self._leg(leg).voices} if self.hears(leg) == "party" else set()

    def received_keys(self, leg: str) -> str:
        return self._engine.people.at(leg).received

    def leftovers(self) -> Sequence[str]:
        legs = [f"leg {name}" for name in self._engine.legs]
        return legs + [f"{waiting} timers" for waiting in (self._clock.waiting(),) if waiting]

    def _leg(self, leg: str) -> Leg:
        return self._engine.legs[leg]


def _length_by_name(file: port.AudioFile) -> float | None:
    return None if file.name == "missing" else float(file.name)
