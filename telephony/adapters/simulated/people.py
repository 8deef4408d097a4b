"""Scripted people: when they press keys, speak, lose patience and hang up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from telephony.adapters.simulated.legs import Leg
from telephony.adapters.simulated.script import CallerScript

if TYPE_CHECKING:
    from telephony.adapters.simulated.engine import SimulatedEngine

BETWEEN_KEYS_S = 0.2


class People:
    """Does what each leg's script says, through what any party can do."""

    def __init__(self, engine: SimulatedEngine) -> None:
        self._engine = engine

    def calls(self, leg: Leg) -> None:
        if isinstance(leg.script, CallerScript):
            self._leave_after(leg, "patience", leg.script.patience_s)
            self._leave_after(leg, "rings", leg.script.rings_s)

    def answered(self, leg: Leg) -> None:
        self._engine.forget_timer(leg, "rings")
        leg.presses.extend(leg.script.keys)
        self._press_unasked(leg)

    def asked(self, leg: Leg) -> None:
        """The party is to press keys, and may."""
        if leg.pressing or not leg.presses or leg.presses[0].unasked:
            return
        self._begin(leg)

    def bridged(self, leg: Leg) -> None:
        self._engine.forget_timer(leg, "patience")
        self._leave_after(leg, "talk", leg.script.talk_s)

    def parted(self, leg: Leg) -> None:
        self._engine.forget_timer(leg, "talk")
        if isinstance(leg.script, CallerScript):
            self._leave_after(leg, "patience", leg.script.patience_s)

    def leaves_message(self, leg: Leg) -> None:
        """What the party says is being recorded as its message."""
        self._engine.forget_timer(leg, "patience")
        self._engine.speak(leg, leg.script.message_s)
        if not leg.script.waits_after_message:
            self._leave_after(leg, "message", leg.script.message_s)

    def _leave_after(self, leg: Leg, timer: str, seconds: float | None) -> None:
        if seconds is not None:
            self._engine.set_timer(leg, timer, self._engine.later(seconds), partial(self._engine.leave, leg))

    def _press_unasked(self, leg: Leg) -> None:
        if leg.presses and leg.presses[0].unasked:
            self._begin(leg)

    def _begin(self, leg: Leg) -> None:
        press = leg.presses.popleft()
        leg.pressing = press.text
        if press.text:
            self._engine.set_timer(leg, "press", self._engine.later(press.after_s), partial(self._press, leg))

    def _press(self, leg: Leg) -> None:
        digit, leg.pressing = leg.pressing[0], leg.pressing[1:]
        gather = leg.gather
        self._engine.press(leg, digit)
        if leg.pressing:
            self._engine.set_timer(leg, "press", self._engine.later(BETWEEN_KEYS_S), partial(self._press, leg))
            return
        self._press_unasked(leg)
        if leg.gather is not None and leg.gather is not gather and leg.gather.asked:
            self.asked(leg)
