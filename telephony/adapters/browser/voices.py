"""Who hears what: connects what browsers say with what browsers hear, as the switch decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from telephony import port
from telephony.adapters.browser import tones
from telephony.adapters.browser.library import Library
from telephony.adapters.browser.listening import SpeechListener
from telephony.adapters.browser.outlet import Outlet, playlist
from telephony.adapters.browser.sounds import Prompt
from telephony.adapters.browser.tapes import Tape, Tapes
from telephony.recording_format import Side
from telephony.switch.hooks import Ears
from telephony.switch.legs import Leg, Sound, Sounding
from telephony.switch.recorder import VOICEMAIL

HOLD_MUSIC: tuple[port.Media, ...] = (port.Tone("music"),)


@dataclass(slots=True)
class Voice:
    """The sound of one leg."""

    leg: Leg
    outlet: Outlet | None = None
    heard_by: Outlet | None = None
    tapes: tuple[tuple[Tape, Side], ...] = ()
    listener: SpeechListener | None = None
    hears: tuple[Sound, Sounding | None, Leg | None] | None = None

    def said(self, payload: bytes, timestamp: int) -> None:
        """A packet has come from the browser. Fifty times a second for each leg."""
        if self.heard_by is not None:
            self.heard_by.push(payload, timestamp)
        for tape, side in self.tapes:
            tape.add(side, timestamp, payload)
        if self.listener is not None:
            self.listener.hear(payload)


class Voices(Ears):
    """The sounds of all legs."""

    def __init__(self, loop: asyncio.AbstractEventLoop, speaks: Callable[[Leg, float], None]) -> None:
        self._loop = loop
        self._speaks = speaks
        self._voices: dict[str, Voice] = {}
        self.library: Library
        self.tapes: Tapes

    def connect(self, leg: Leg, outlet: Outlet) -> None:
        """A browser is there for a leg now, or another one. It hears what the leg hears from now on."""
        voice = self._voices.setdefault(leg.id, Voice(leg))
        voice.outlet, voice.hears = outlet, None
        self.changed(leg)

    def said(self, leg_id: str, payload: bytes, timestamp: int) -> None:
        """A packet has come from a leg's browser."""
        if (voice := self._voices.get(leg_id)) is not None:
            voice.said(payload, timestamp)

    def forget(self, leg: Leg) -> None:
        """The leg is gone."""
        self._voices.pop(leg.id, None)

    def count(self) -> int:
        return len(self._voices)

    def changed(self, leg: Leg) -> None:
        for each in (leg, leg.peer):
            if each is not None:
                self._route(each)
        voice = self._voices.get(leg.id)
        now = (leg.hears, leg.sounding, leg.peer)
        if voice is None or voice.outlet is None or voice.hears == now:
            return
        voice.hears = now
        self._sound(leg, voice.outlet)

    def beep(self, leg: Leg) -> None:
        self._once(leg, tones.tone("beep"))

    def keys(self, leg: Leg, digits: str) -> None:
        """The party hears keys being pressed."""
        self._once(leg, tones.keys(digits))

    def music_is_ready(self, leg: Leg) -> None:
        """What the leg is to hear on hold was loaded meanwhile."""
        if leg.hears is Sound.HOLD:
            self._voices[leg.id].hears = None
            self.changed(leg)

    def _once(self, leg: Leg, prompt: Prompt | None) -> None:
        voice = self._voices.get(leg.id)
        if voice is not None and voice.outlet is not None and prompt is not None:
            voice.outlet.over(prompt)

    def _sound(self, leg: Leg, outlet: Outlet) -> None:
        match leg.hears:
            case Sound.PARTY:
                outlet.relay()
            case Sound.MEDIA if leg.sounding is not None:
                sounding = leg.sounding
                outlet.play(playlist(self._prompts(leg, sounding.media), sounding.loops, sounding.pause_ms))
            case Sound.HOLD:
                outlet.play(playlist(self._prompts(leg, leg.hold_media) or self._prompts(leg, HOLD_MUSIC), 0, 0))
            case _:
                outlet.play()

    def _prompts(self, leg: Leg, media: tuple[port.Media, ...]) -> list[Prompt]:
        return [prompt for each in media if (prompt := self.library.prompt(leg, each)) is not None]

    def _route(self, leg: Leg) -> None:
        """Where what a leg says goes to: what somebody hears is also what is recorded."""
        voice = self._voices.get(leg.id)
        if voice is None:
            return
        peer = leg.peer
        goes = leg.is_heard and not (peer is not None and peer.held)
        ear = self._voices.get(peer.id) if goes and peer is not None and peer.hears is Sound.PARTY else None
        voice.heard_by = ear.outlet if ear is not None else None
        mine = [(tape, Side.LEFT) for tape in self.tapes.of(leg)]
        others = [(tape, Side.RIGHT) for tape in self.tapes.of(peer)] if peer is not None else []
        voice.tapes = (*mine, *others) if goes else ()
        self._listen(voice)

    def _listen(self, voice: Voice) -> None:
        """Only who leaves a message is listened to: decoding costs as much as the rest of a call."""
        commands = [run.command for run in voice.leg.recordings.values()]
        wanted = any(each.kind == VOICEMAIL and each.silence_s > 0 for each in commands)
        if wanted and voice.listener is None:
            voice.listener = SpeechListener(lambda seconds: self._speaks(voice.leg, seconds))
        elif not wanted:
            voice.listener = None
