"""Scripted people: when they press keys, speak, lose patience and hang up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from telephony.adapters.simulated.script import CallerScript, PartyScript, PhoneScript, Press
from telephony.port import HangupCause
from telephony.switch.hooks import Parties
from telephony.switch.legs import Leg

if TYPE_CHECKING:
    from telephony.adapters.simulated.engine import SimulatedEngine

BETWEEN_KEYS_S = 0.2


@dataclass(slots=True)
class Person:
    """Somebody at the other end of a leg, and where they are in their script."""

    script: PartyScript = field(default_factory=PhoneScript)
    presses: deque[Press] = field(default_factory=deque)
    pressing: str = ""  # keys that are being pressed now
    received: str = ""  # keys that were sent to them


class People(Parties):
    """Does what each leg's script says, through what any party can do."""

    def __init__(self, engine: SimulatedEngine) -> None:
        self._engine = engine
        self._persons: dict[str, Person] = {}

    def follow(self, leg_id: str, script: PartyScript) -> None:
        """From now on, the party of a leg does what this script says."""
        self.at(leg_id).script = script

    def at(self, leg_id: str) -> Person:
        """Who is at the other end of a leg; without a script, somebody who does nothing."""
        person = self._persons.get(leg_id)
        if person is None:
            person = self._persons[leg_id] = Person()
        return person

    def calls(self, leg: Leg) -> None:
        script = self.at(leg.id).script
        if isinstance(script, CallerScript):
            self._leave_after(leg, "patience", script.patience_s)
            self._leave_after(leg, "rings", script.rings_s)

    def answered(self, leg: Leg) -> None:
        self._engine.forget_timer(leg, "rings")
        person = self.at(leg.id)
        person.presses.extend(person.script.keys)
        self._press_unasked(leg, person)

    def asked(self, leg: Leg) -> None:
        person = self.at(leg.id)
        if person.pressing or not person.presses or person.presses[0].unasked:
            return
        self._begin(leg, person)

    def bridged(self, leg: Leg) -> None:
        self._engine.forget_timer(leg, "patience")
        self._leave_after(leg, "talk", self.at(leg.id).script.talk_s)

    def parted(self, leg: Leg) -> None:
        self._engine.forget_timer(leg, "talk")
        script = self.at(leg.id).script
        if isinstance(script, CallerScript):
            self._leave_after(leg, "patience", script.patience_s)

    def leaves_message(self, leg: Leg) -> None:
        script = self.at(leg.id).script
        self._engine.forget_timer(leg, "patience")
        self._engine.speak(leg, script.message_s)
        if not script.waits_after_message:
            self._leave_after(leg, "message", script.message_s)

    def message_ended(self, leg: Leg) -> None:
        self._engine.forget_timer(leg, "message")

    def keys(self, leg: Leg, digits: str) -> None:
        self.at(leg.id).received += digits

    def ended(self, leg: Leg, cause: HangupCause) -> None:
        self._persons.pop(leg.id, None)

    def _leave_after(self, leg: Leg, timer: str, seconds: float | None) -> None:
        if seconds is not None:
            self._engine.set_timer(leg, timer, self._engine.later(seconds), partial(self._engine.leave, leg))

    def _press_unasked(self, leg: Leg, person: Person) -> None:
        if person.presses and person.presses[0].unasked:
            self._begin(leg, person)

    def _begin(self, leg: Leg, person: Person) -> None:
        press = person.presses.popleft()
        person.pressing = press.text
        if press.text:
            when = self._engine.later(press.after_s)
            self._engine.set_timer(leg, "press", when, partial(self._press, leg, person))

    def _press(self, leg: Leg, person: Person) -> None:
        digit, person.pressing = person.pressing[0], person.pressing[1:]
        gather = leg.gather
        self._engine.press(leg, digit)
        if person.pressing:
            when = self._engine.later(BETWEEN_KEYS_S)
            self._engine.set_timer(leg, "press", when, partial(self._press, leg, person))
            return
        self._press_unasked(leg, person)
        if leg.gather is not None and leg.gather is not gather and leg.gather.asked:
            self.asked(leg)
