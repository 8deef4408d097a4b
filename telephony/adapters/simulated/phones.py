"""Which phone does what, and how phones that are scripts ring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from telephony import port
from telephony.adapters.simulated.people import People
from telephony.adapters.simulated.script import Does, PhoneScript
from telephony.port import HangupCause
from telephony.switch.legs import Leg

if TYPE_CHECKING:
    from telephony.adapters.simulated.engine import SimulatedEngine

NOBODY = PhoneScript(does=Does.UNREACHABLE, after_s=0.0)
USUAL_TELEPHONE = PhoneScript(after_s=5.0, talk_s=30.0, rings_after_s=1.0)  # lets a person try a forwarding out

_FATES = {
    Does.REJECTS: HangupCause.REJECTED,
    Does.BUSY: HangupCause.BUSY,
    Does.UNREACHABLE: HangupCause.UNREACHABLE,
    Does.INVALID: HangupCause.INVALID_NUMBER,
}


class KnowsPhones(Protocol):
    """Knows the phones that can be dialled."""

    def script_for(self, endpoint: str, dial: port.Dial) -> PhoneScript:
        """What the phone at an endpoint does with this call. Asked once for each endpoint of a Dial."""


@dataclass(frozen=True, slots=True)
class FixedPhones:
    """Scripts by endpoint. Telephones without one do the usual, users without one have no device."""

    scripts: Mapping[str, PhoneScript] = field(default_factory=dict)
    telephone: PhoneScript = USUAL_TELEPHONE

    def script_for(self, endpoint: str, dial: port.Dial) -> PhoneScript:
        if (script := self.scripts.get(endpoint)) is not None:
            return script
        return self.telephone if endpoint.startswith("tel:") else NOBODY


class ScriptedPhones:
    """Rings phones as their scripts say (`telephony.switch.hooks.Phones`)."""

    def __init__(self, engine: SimulatedEngine, people: People, phones: KnowsPhones) -> None:
        self._engine = engine
        self._people = people
        self._phones = phones

    def ring(self, leg: Leg, endpoint: str, dial: port.Dial) -> None:
        script = self._phones.script_for(endpoint, dial)
        if script.does in (Does.ANSWERS, Does.REJECTS, Does.NEVER_ANSWERS):
            when = self._engine.later(min(script.rings_after_s, script.after_s))
            self._engine.set_timer(leg, f"ring {endpoint}", when, partial(self._engine.rings, leg))
        if script.does is Does.ANSWERS:
            react: Callable[[], object] = partial(self._answered, leg, endpoint, script)
        elif script.does in _FATES:
            react = partial(self._engine.refuse, leg, endpoint, _FATES[script.does])
        else:
            return
        self._engine.set_timer(leg, f"react {endpoint}", self._engine.later(script.after_s), react)

    def stop(self, leg: Leg, endpoint: str, cause: HangupCause) -> None:
        self._engine.forget_timer(leg, f"ring {endpoint}")
        self._engine.forget_timer(leg, f"react {endpoint}")

    def _answered(self, leg: Leg, endpoint: str, script: PhoneScript) -> None:
        self._people.follow(leg.id, script)
        self._engine.answer(leg, endpoint)
