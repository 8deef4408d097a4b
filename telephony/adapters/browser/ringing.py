"""Rings browsers: tells everybody who listens at an endpoint, and takes what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from telephony import port, signals
from telephony.adapters.browser.bus import SignalBus
from telephony.port import HangupCause
from telephony.switch.legs import Leg, State
from telephony.switch.switch import Switch

RUNG_WITHIN_S = 3.0  # whoever listens and shows nothing is no device
KINDS = ("web:", "tel:")


@dataclass(slots=True)
class Bell:
    """One endpoint that is rung for one leg. Units: `until` by the loop's clock."""

    leg: Leg
    endpoint: str
    dial: port.Dial
    until: float
    waits: asyncio.TimerHandle | None = None  # for somebody who shows it
    ended_by: str = ""  # the session that took it or refused it


class Ringing:
    """The endpoints that ring (`telephony.switch.hooks.Phones`)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bus: SignalBus) -> None:
        self._loop = loop
        self._bus = bus
        self._bells: dict[str, dict[str, Bell]] = {}  # by leg and endpoint
        self.switch: Switch

    # ── What the switch asks ─────────────────────────────────────────────────────────────────────────────────────────
    def ring(self, leg: Leg, endpoint: str, dial: port.Dial) -> None:
        bell = Bell(leg, endpoint, dial, self._loop.time() + dial.timeout_s)
        self._bells.setdefault(leg.id, {})[endpoint] = bell
        if not endpoint.startswith(KINDS):
            self._refuse_soon(bell, HangupCause.UNREACHABLE)
        elif self._is_busy(endpoint):
            self._refuse_soon(bell, HangupCause.BUSY)
        else:
            bell.waits = self._loop.call_later(RUNG_WITHIN_S, self._nobody, bell)
            channel = signals.endpoint_channel(endpoint)
            self._bus.publish(channel, self._signal(bell), partial(self._listened, bell))

    def stop(self, leg: Leg, endpoint: str, cause: HangupCause) -> None:
        bell = self._bells.get(leg.id, {}).pop(endpoint, None)
        if bell is None:
            return
        if not self._bells[leg.id]:
            del self._bells[leg.id]
        if bell.waits is not None:
            bell.waits.cancel()
        self._bus.publish(signals.endpoint_channel(endpoint), signals.RingEnds(leg.id, cause, bell.ended_by))

    # ── What browsers do ─────────────────────────────────────────────────────────────────────────────────────────────
    def rung(self, signal: signals.Rung) -> None:
        """Somebody shows that it rings."""
        if (bell := self._bell(signal.leg, signal.endpoint)) is not None:
            if bell.waits is not None:
                bell.waits.cancel()
                bell.waits = None
            self.switch.rings(bell.leg)

    def refused(self, session: str, leg: str, endpoint: str, cause: HangupCause) -> None:
        """Somebody does not take it."""
        if (bell := self._bell(leg, endpoint)) is not None:
            bell.ended_by = session
            self.switch.refuse(bell.leg, bell.endpoint, cause)

    def answered(self, session: str, leg: str, endpoint: str) -> bool:
        """Somebody takes it. Returns whether it rang there still."""
        if (bell := self._bell(leg, endpoint)) is None:
            return False
        bell.ended_by = session
        self.switch.answer(bell.leg, bell.endpoint)
        return True

    def ring_again(self, session: str, endpoint: str, known: tuple[str, ...]) -> None:
        """A page is there that has not heard what rings at its endpoint."""
        for bell in self._all():
            if bell.endpoint == endpoint and bell.leg.id not in known:
                self._bus.publish(signals.session_channel(session), self._signal(bell))

    def rings(self, leg: str) -> bool:
        return leg in self._bells

    def count(self) -> int:
        return sum(map(len, self._bells.values()))

    # ── Inside ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def _all(self) -> Iterator[Bell]:
        for bells in self._bells.values():
            yield from bells.values()

    def _bell(self, leg: str, endpoint: str) -> Bell | None:
        """The bell that somebody means; a page need not say which, where there is one."""
        bells = self._bells.get(leg, {})
        if endpoint or len(bells) != 1:
            return bells.get(endpoint)
        return next(iter(bells.values()))

    def _is_busy(self, endpoint: str) -> bool:
        busy = (State.CALLING, State.ANSWERED)
        return any(leg.endpoint == endpoint and leg.state in busy for leg in self.switch.legs.values())

    def _refuse_soon(self, bell: Bell, cause: HangupCause) -> None:
        """Not from within the command that rings it."""
        self._loop.call_soon(self._refuse, bell, cause)

    def _refuse(self, bell: Bell, cause: HangupCause) -> None:
        if self._bells.get(bell.leg.id, {}).get(bell.endpoint) is bell:
            self.switch.refuse(bell.leg, bell.endpoint, cause)

    def _nobody(self, bell: Bell) -> None:
        self._refuse(bell, HangupCause.UNREACHABLE)

    def _listened(self, bell: Bell, count: int) -> None:
        if count == 0:
            self._nobody(bell)

    def _signal(self, bell: Bell) -> signals.Ring:
        dial, seconds_left = bell.dial, max(0.0, bell.until - self._loop.time())
        return signals.Ring(
            self.switch.node,
            bell.leg.id,
            dial.call,
            bell.endpoint,
            dial.from_number,
            dial.from_alias,
            dial.to_number,
            dial.to_alias,
            seconds_left,
            dial.custom_data,
            dial.info,
        )
