"""Who hears what: connects what browsers say with what browsers hear, as the switch decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from telephony import port
from telephony.adapters.browser import tones
from telephony.adapters.browser.library import Library
from telephony.adapters.browser.listening import SpeechListener
from telephony.adapters.browser.mixer import Mix, Speaker
from telephony.adapters.browser.outlet import Outlet, playlist
from telephony.adapters.browser.sounds import Prompt
from telephony.adapters.browser.tapes import Tape, Tapes
from telephony.switch.hooks import Ears
from telephony.switch.legs import Leg, Sound, Sounding
from telephony.switch.recorder import VOICEMAIL

HOLD_MUSIC: tuple[port.Media, ...] = (port.Tone("music"),)


@dataclass(slots=True)
class Voice:
    """The sound of one leg."""

    leg: Leg
    outlet: Outlet | None = None
    hears: tuple[Sound, Sounding | None, tuple[Leg, ...]] | None = None
    passed_on: Voice | None = None  # what it hears, when that is one voice
    mix: Mix | None = None  # or several
    ears: list[Outlet] = field(default_factory=list)  # that its packets are passed on to
    speaker: Speaker = field(default_factory=Speaker)  # for mixes
    tapes: dict[Tape, int] = field(default_factory=dict)  # and by which number of voice
    listener: SpeechListener | None = None

    def said(self, payload: bytes, timestamp: int) -> None:
        """A packet has come from the browser. Fifty times a second for each leg."""
        for ear in self.ears:
            ear.push(payload, timestamp)
        self.speaker.said(payload, timestamp)
        for tape, number in self.tapes.items():
            tape.add(number, timestamp, payload)
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
        voice = self._of(leg)
        self._hear_nobody(voice)
        voice.outlet, voice.hears = outlet, None
        self.changed(leg)

    def said(self, leg_id: str, payload: bytes, timestamp: int) -> None:
        """A packet has come from a leg's browser."""
        if (voice := self._voices.get(leg_id)) is not None:
            voice.said(payload, timestamp)

    def forget(self, leg: Leg) -> None:
        """The leg is gone. Who heard it was told before."""
        if (voice := self._voices.pop(leg.id, None)) is not None:
            self._hear_nobody(voice)

    def count(self) -> int:
        return len(self._voices)

    def changed(self, leg: Leg) -> None:
        voice = self._of(leg)
        for each in (leg, *leg.company):
            self._record(each)
        self._listen(voice)
        now = (leg.hears, leg.sounding, leg.voices if leg.hears is Sound.PARTY else ())
        if voice.outlet is None or voice.hears == now:
            return
        voice.hears = now
        self._sound(voice, voice.outlet)

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

    def _of(self, leg: Leg) -> Voice:
        return self._voices.setdefault(leg.id, Voice(leg))

    def _sound(self, voice: Voice, outlet: Outlet) -> None:
        leg = voice.leg
        if leg.hears is Sound.PARTY:
            self._hear([self._of(each) for each in leg.voices], voice, outlet)
            return
        self._hear_nobody(voice)
        match leg.hears:
            case Sound.MEDIA if leg.sounding is not None:
                sounding = leg.sounding
                outlet.play(playlist(self._prompts(leg, sounding.media), sounding.loops, sounding.pause_ms))
            case Sound.HOLD:
                outlet.play(playlist(self._prompts(leg, leg.hold_media) or self._prompts(leg, HOLD_MUSIC), 0, 0))
            case _:
                outlet.play()

    def _hear(self, speakers: list[Voice], voice: Voice, outlet: Outlet) -> None:
        """One voice is passed on; several are mixed."""
        if len(speakers) == 1:
            self._hear_nobody(voice)
            (voice.passed_on,) = speakers
            voice.passed_on.ears.append(outlet)
            outlet.relay()
            return
        mix = voice.mix or Mix(outlet.hurry)
        mix.hear(tuple(each.speaker for each in speakers))
        if voice.mix is None:
            self._hear_nobody(voice)
            voice.mix = mix
            outlet.play(mix, mix.is_ready)

    def _hear_nobody(self, voice: Voice) -> None:
        if voice.passed_on is not None and voice.outlet is not None:
            voice.passed_on.ears.remove(voice.outlet)
        if voice.mix is not None:
            voice.mix.hear(())
        voice.passed_on = voice.mix = None

    def _prompts(self, leg: Leg, media: tuple[port.Media, ...]) -> list[Prompt]:
        return [prompt for each in media if (prompt := self.library.prompt(leg, each)) is not None]

    def _record(self, leg: Leg) -> None:
        """Which recordings get what a leg says: its own, and those of whom it talks with."""
        tapes = {tape: tape.number_of(leg.id) for tape in self.tapes.of(leg)} if leg.is_recorded else {}
        for other in leg.company:
            if leg in other.recorded_voices:
                tapes |= {tape: tape.number_of(leg.id) for tape in self.tapes.of(other)}
        self._of(leg).tapes = tapes

    def _listen(self, voice: Voice) -> None:
        """Only who leaves a message is listened to: decoding costs as much as the rest of a call."""
        commands = [run.command for run in voice.leg.recordings.values()]
        wanted = any(each.kind == VOICEMAIL and each.silence_s > 0 for each in commands)
        if wanted and voice.listener is None:
            voice.listener = SpeechListener(lambda seconds: self._speaks(voice.leg, seconds))
        elif not wanted:
            voice.listener = None
