"""What the contract suite needs of an engine under test: hands for people, and ears.

A new adapter joins by implementing `Harness` in a module beside this one and naming it in `conftest.py`. Seconds are
those of the engine's clock: a virtual one jumps, a real one takes them, so the suite keeps them short.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from telephony import port

E = TypeVar("E", bound=port.Event)

OURS = 1  # the project that the suite's calls belong to
CALLER = "84901234567"
NUMBER = "842471000001"
SOON_S = 1.0  # long enough for any engine to do what takes no time
WITHIN_S = 30.0  # nothing in the suite takes longer


class Harness(Protocol):
    """One engine, and the people who use it."""

    events: list[port.Event]
    """Everything told so far."""

    def execute(self, *commands: port.Command) -> None:
        """Give commands to the engine, in order."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""

    def advance_until(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Let time pass until something is so. Returns whether it came to be."""

    def ask_snapshot(self) -> None:
        """Ask for a Snapshot."""

    def close(self) -> None:
        """The test is over."""

    # ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def dial_in(self) -> str:
        """Somebody calls NUMBER from CALLER. Returns the leg, whose Incoming has been told."""

    def phones(self, count: int = 1) -> tuple[str, ...]:
        """Endpoints that ring until somebody does something. Each call gives others."""

    def busy_phone(self) -> str:
        """An endpoint that is in a call."""

    def unreachable_phone(self) -> str:
        """An endpoint without a device."""

    def answer(self, leg: str, endpoint: str) -> None:
        """Somebody answers a phone that rings."""

    def reject(self, leg: str, endpoint: str) -> None:
        """Somebody rejects the call at a phone that rings."""

    def is_rung(self, leg: str, endpoint: str) -> bool:
        """Whether a phone rings for a leg."""

    def press(self, leg: str, keys: str) -> None:
        """A party presses keys."""

    def speak(self, leg: str, seconds: float) -> None:
        """A party begins to speak, for so long; returns at once."""

    def hang_up(self, leg: str) -> None:
        """A party hangs up."""

    # ── Sounds ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def sound(self, seconds: float) -> tuple[port.Media, ...]:
        """Something to play that lasts about so long."""

    def nothing_to_play(self) -> tuple[port.Media, ...]:
        """A file that is not there."""

    def hears(self, leg: str) -> str:
        """`silence`, `media`, `hold` or `party` (whoever is in the same conversation)."""

    def voices(self, leg: str) -> set[str]:
        """The legs whose voices a party hears; everybody speaks all the time."""

    def received_keys(self, leg: str) -> str:
        """The keys that were sent to a party."""

    def leftovers(self) -> Sequence[str]:
        """What the engine still holds, in words: legs, bridges, timers, files it writes."""


class Told:
    """What an engine tells, to wait for and to look at."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        self._seen: set[int] = set()

    def wait_for(self, kind: type[E], within_s: float = WITHIN_S, **fields: Any) -> E:
        """The first event of a kind, with these fields, that nobody has waited for yet."""

        def found() -> int | None:
            return next((i for i, each in enumerate(self._harness.events) if self._fits(i, each, kind, fields)), None)

        came = self._harness.advance_until(lambda: found() is not None, within_s)
        assert came, f"no {kind.__name__} with {fields}; told: {self._harness.events}"
        index = found()
        assert index is not None
        self._seen.add(index)
        event = self._harness.events[index]
        assert isinstance(event, kind)
        return event

    def of(self, leg: str) -> list[port.Event]:
        """What was told of a leg. An end that is told again is not told again here."""
        of_leg = [each for each in self._harness.events if getattr(each, "leg", None) == leg]
        return [each for i, each in enumerate(of_leg) if not (isinstance(each, port.Ended) and each in of_leg[:i])]

    def _fits(self, index: int, event: port.Event, kind: type[E], fields: dict[str, Any]) -> bool:
        if index in self._seen or not isinstance(event, kind):
            return False
        return all(getattr(event, name) == value for name, value in fields.items())
