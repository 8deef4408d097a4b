"""The browser engine: a switch whose parties are browsers. All of it on one event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from telephony import port, signals
from telephony.adapters.base import Emit
from telephony.adapters.browser.bus import SignalBus
from telephony.adapters.browser.connection import Connection
from telephony.adapters.browser.library import Library
from telephony.adapters.browser.link import Link
from telephony.adapters.browser.network import Network
from telephony.adapters.browser.party import Party
from telephony.adapters.browser.ringing import Ringing
from telephony.adapters.browser.scheduler import LoopScheduler
from telephony.adapters.browser.sounds import SoundSource
from telephony.adapters.browser.tapes import Tapes
from telephony.adapters.browser.voices import Voices
from telephony.gather import TONES
from telephony.port import HangupCause
from telephony.switch.hooks import Parties
from telephony.switch.legs import Leg, Sound, State
from telephony.switch.switch import Switch

LOOK_EVERY_S = 1.0
STOPPED_WITHIN_S = 1.2  # to write recordings, and then to tell pages

CALLING, SOMETHING_IS_HEARD, ANSWERED = 100, 183, 200  # as of SIP

log = logging.getLogger(__name__)


class BrowserEngine(Parties):
    """Legs that are browsers."""

    def __init__(
        self,
        node: str,
        loop: asyncio.AbstractEventLoop,
        emit: Emit,
        bus: SignalBus,
        sounds: SoundSource,
        media_root: Path,
        network: Network,
    ) -> None:
        self._loop = loop
        self._bus = bus
        self._network = network
        self._parties: dict[str, Party] = {}
        self._placed: dict[str, signals.PlaceCall] = {}  # calls of pages, by leg
        self._progress: dict[str, int] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.ringing = Ringing(loop, bus)
        self.voices = Voices(loop, lambda leg, seconds: self.switch.speak(leg, seconds))
        self.library = self.voices.library = Library(loop, sounds, self._is_connected, self._connected)
        self.tapes = self.voices.tapes = Tapes(media_root, loop, self.voices.changed)
        self.switch = self.ringing.switch = Switch(
            node, LoopScheduler(loop), emit, self.ringing, self, self.library, self.voices, self.tapes
        )
        self._on_signal: dict[type[signals.Signal], Callable[..., None]] = {
            signals.PlaceCall: self._place_call,
            signals.Rung: self.ringing.rung,
            signals.Refuse: self._refuse,
            signals.Accept: self._accept,
            signals.Leave: self._leave,
            signals.Press: self._press,
            signals.Withdraw: self._withdraw,
            signals.SocketLost: self._socket_lost,
            signals.SocketBack: self._socket_back,
            signals.Describe: self._describe,
        }

    async def start(self) -> None:
        await self._bus.open(self.switch.node, self.hear)
        self._watch = self._loop.call_later(LOOK_EVERY_S, self._look)

    async def stop(self) -> None:
        """End every leg, and return when everybody was told."""
        self._watch.cancel()
        self.switch.stop()
        for party in list(self._parties.values()):
            self.lost(party, HangupCause.ENGINE_LOST)
        until = self._loop.time() + STOPPED_WITHIN_S
        while self.tapes.count() and self._loop.time() < until:
            await asyncio.sleep(0.01)
        await asyncio.wait([asyncio.ensure_future(self._bus.close()), *self._closing], timeout=STOPPED_WITHIN_S)
        self.tapes.close()
        self.library.close()
        await asyncio.sleep(0)  # what was told last is emitted now

    def execute(self, command: port.Command) -> None:
        """Do a command of the port."""
        self.switch.execute(command)
        leg = self.switch.legs.get(command.leg)
        if leg is not None and isinstance(command, port.Hold):
            self._prepare_hold(leg, command)
        elif leg is not None and isinstance(command, port.Play) and leg.state is State.CALLING:
            self._tell_progress(leg.id, SOMETHING_IS_HEARD)

    def hear(self, signal: signals.Signal) -> None:
        """A browser's door says something. What is about a page's leg that is not its own is ignored."""
        if (handle := self._on_signal.get(type(signal))) is not None:
            handle(signal)

    # ── Calls of pages ───────────────────────────────────────────────────────────────────────────────────────────────
    def _place_call(self, signal: signals.PlaceCall) -> None:
        if signal.leg in self._parties or self.switch.knows(signal.leg):
            return
        self._placed[signal.leg] = signal
        party = self._parties[signal.leg] = Party(self, self._loop, signal.leg, signal.session, apart=signal.apart)
        party.has_called()

    def offered(self, party: Party) -> None:
        signal = self._placed.get(party.leg)
        if signal is None or party.leg not in self._parties:
            return
        self.switch.call(
            port.Incoming(
                signal.leg,
                self.switch.node,
                signal.from_number,
                signal.to_number,
                signal.endpoint,
                signal.project_id,
                signal.user,
                signal.custom,
                signal.call,
            )
        )
        self.heard(party)
        self._tell_progress(party.leg, CALLING)

    def _tell_progress(self, leg: str, code: int) -> None:
        """Each code once, and none after a later one."""
        party = self._parties.get(leg)
        if party is None or leg not in self._placed or self._progress.get(leg, 0) >= code:
            return
        self._progress[leg] = code
        self.say(party, signals.Progress(party.session, leg, code))

    # ── Calls to pages ───────────────────────────────────────────────────────────────────────────────────────────────
    def _accept(self, signal: signals.Accept) -> None:
        party = self._parties.get(signal.leg)
        won = party is not None and party.session == signal.session
        if party is None and self.ringing.answered(signal.session, signal.leg, signal.endpoint):
            won, party = True, Party(self, self._loop, signal.leg, signal.session, apart=signal.apart)
            self._parties[signal.leg] = party
            party.has_answered()
        known = won or self.switch.knows(signal.leg)
        channel = signals.session_channel(signal.session)
        self._bus.publish(channel, signals.Accepted(signal.session, signal.leg, won, known))

    def _refuse(self, signal: signals.Refuse) -> None:
        cause = HangupCause.BUSY if signal.cause is HangupCause.BUSY else HangupCause.REJECTED
        self.ringing.refused(signal.session, signal.leg, signal.endpoint, cause)

    # ── What pages do in calls ───────────────────────────────────────────────────────────────────────────────────────
    def _of(self, signal: Any) -> Party | None:
        """The party that a page may speak for."""
        party = self._parties.get(signal.leg)
        return party if party is not None and party.session == signal.session else None

    def _describe(self, signal: signals.Describe) -> None:
        if (party := self._of(signal)) is not None:
            party.described(signal.way, signal.kind, signal.sdp, signal.name)

    def _withdraw(self, signal: signals.Withdraw) -> None:
        if (party := self._of(signal)) is not None:
            party.withdrawn(signal.name)

    def _leave(self, signal: signals.Leave) -> None:
        if self.ringing.rings(signal.leg):
            self.ringing.refused(signal.session, signal.leg, "", HangupCause.REJECTED)
        elif (party := self._of(signal)) is not None:
            self._left(party)

    def _left(self, party: Party) -> None:
        if (leg := self.switch.legs.get(party.leg)) is not None:
            self.switch.leave(leg)
        else:
            self._forget(party.leg, HangupCause.CANCELLED)

    def _press(self, signal: signals.Press) -> None:
        if (party := self._of(signal)) is not None:
            self._pressed(party, "page", signal.digits)

    def _pressed(self, party: Party, way: str, digits: str) -> None:
        party.keys_from = party.keys_from or way
        if party.keys_from != way:
            return
        for digit in digits:
            if digit in TONES and (leg := self.switch.legs.get(party.leg)) is not None:
                self.switch.press(leg, digit)

    def _socket_lost(self, signal: signals.SocketLost) -> None:
        for party in self._of_session(signal.session):
            party.socket_is_lost = True

    def _socket_back(self, signal: signals.SocketBack) -> None:
        for leg in signal.legs:
            party = self._parties.get(leg)
            if party is not None and party.session == signal.session:
                party.socket_back()
                if (code := self._progress.get(leg)) is not None:
                    self.say(party, signals.Progress(party.session, leg, code))
            elif not self.ringing.rings(leg):
                cause = self.switch.end_of(leg) or HangupCause.ENGINE_LOST  # of an earlier life
                self._bus.publish(signals.session_channel(signal.session), signals.Gone(signal.session, leg, cause))
        self.ringing.ring_again(signal.session, signal.endpoint, signal.legs)

    def _of_session(self, session: str) -> list[Party]:
        return [party for party in self._parties.values() if party.session == session]

    # ── Connections (`party.Owner`) ──────────────────────────────────────────────────────────────────────────────────
    def connect(self, party: Party, link: Link) -> Connection:
        return Connection(
            self._loop,
            self._network.public_address,
            link.way,
            partial(self.voices.said, party.leg),
            lambda key: self._pressed(party, "sound", key),
            link.has_changed,
        )

    def say(self, party: Party, signal: signals.Signal) -> None:
        self._bus.publish(signals.session_channel(party.session), signal)

    def heard(self, party: Party) -> None:
        if (leg := self.switch.legs.get(party.leg)) is not None and party.outlet is not None:
            self.voices.connect(leg, party.outlet)

    def lost(self, party: Party, cause: HangupCause) -> None:
        if self._parties.get(party.leg) is not party:
            return
        if (leg := self.switch.legs.get(party.leg)) is None:
            self._forget(party.leg, cause)
        elif cause is HangupCause.NORMAL:
            self.switch.leave(leg)
        else:
            self.switch.end(leg, cause)

    def _look(self) -> None:
        self._watch = self._loop.call_later(LOOK_EVERY_S, self._look)
        for party in list(self._parties.values()):
            party.look()

    # ── What the switch tells (`hooks.Parties`) ──────────────────────────────────────────────────────────────────────
    def answered(self, leg: Leg) -> None:
        self._tell_progress(leg.id, ANSWERED)

    def keys(self, leg: Leg, digits: str) -> None:
        self.voices.keys(leg, digits)

    def ended(self, leg: Leg, cause: HangupCause) -> None:
        self.voices.forget(leg)
        self.library.forget(leg.id)
        self._forget(leg.id, cause)

    def _forget(self, leg_id: str, cause: HangupCause) -> None:
        """A page's leg is gone, or never came to be."""
        self._placed.pop(leg_id, None)
        self._progress.pop(leg_id, None)
        party = self._parties.pop(leg_id, None)
        if party is None:
            return
        self.say(party, signals.Gone(party.session, leg_id, cause))
        for task in party.close():
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    # ── Sounds ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def _is_connected(self, leg: Leg) -> bool:
        return (party := self._parties.get(leg.id)) is not None and party.connected.is_set()

    async def _connected(self, leg: Leg) -> None:
        party = self._parties.get(leg.id)
        if party is not None:
            await party.connected.wait()

    def _prepare_hold(self, leg: Leg, command: port.Hold) -> None:
        """Until a company's hold music is there, ours sounds."""
        if leg.hears is Sound.HOLD and not self.library.ready(leg, command.media):
            self.library.prepare(leg, command.media, partial(self.voices.music_is_ready, leg))

    def leftovers(self) -> dict[str, int]:
        """What the engine holds, by name."""
        return {
            "legs": len(self.switch.legs),
            "parties": len(self._parties),
            "connections closing": len(self._closing),
            "bells": self.ringing.count(),
            "voices": self.voices.count(),
            "recordings": self.tapes.count(),
        }
