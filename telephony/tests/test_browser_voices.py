"""Who hears whom, and what is recorded: packets go where the switch says, and are mixed only where they must be."""

from __future__ import annotations

import asyncio
import itertools
import selectors
from functools import partial

import pytest

from telephony.adapters.browser.mixer import GATHERS, Mix
from telephony.adapters.browser.opus import SILENCE
from telephony.adapters.browser.outlet import PATIENCE_S, Outlet
from telephony.adapters.browser.voices import Voices
from telephony.port import Part
from telephony.recording_format import LEFT
from telephony.switch.legs import Leg, State
from tests.contract.pages import tone

STEP = 960


class Tape:
    """Counts what it gets, by number of voice."""

    def __init__(self, leg):
        self.numbers, self.got = {leg: LEFT}, []

    def number_of(self, leg):
        return self.numbers.setdefault(leg, len(self.numbers))

    def add(self, voice, timestamp, payload):
        self.got.append(voice)


class Tapes:
    def __init__(self):
        self.by_leg = {}

    def of(self, leg):
        return self.by_leg.get(leg.id, ())


class NoSounds:
    def prompt(self, leg, media):
        return None


class UncrowdedLoop(asyncio.SelectorEventLoop):
    """Time goes to the next moment at which something is to happen; nothing takes any."""

    def __init__(self):
        self.now = 0.0
        super().__init__(Jumps(self))

    def time(self):
        return self.now


class Jumps(selectors.SelectSelector):
    def __init__(self, loop):
        super().__init__()
        self.loop = loop

    def select(self, timeout=None):
        self.loop.now += max(0.0, timeout or 0.0)
        return []


class Room:
    """A caller and an agent who talk, a guest of the agent, and what each of them is sent."""

    def __init__(self, loop):
        self.voices = Voices(loop, lambda leg, seconds: None)
        self.tapes = Tapes()
        self.voices.tapes = self.tapes  # type: ignore[assignment]
        self.voices.library = NoSounds()  # type: ignore[assignment]
        self.caller, self.agent, self.guest = (Leg(name, State.ANSWERED) for name in ("caller", "agent", "guest"))
        self.legs = (self.caller, self.agent, self.guest)
        self.caller.peer, self.agent.peer = self.agent, self.caller
        self.outlets = {leg.id: Outlet(loop) for leg in self.legs}
        for leg in self.legs:
            self.voices.connect(leg, self.outlets[leg.id])

    def joins(self, part):
        if self.guest.host is None:
            self.agent.guests.append(self.guest)
        self.guest.host, self.guest.part = self.agent, part
        self.changed()

    def leaves(self):
        self.agent.guests.clear()
        self.guest.host = None
        self.changed()

    def changed(self):
        for leg in self.legs:
            self.voices.changed(leg)

    def mixes(self):
        """Who hears a mix."""
        return {leg.id for leg in self.legs if isinstance(self.outlets[leg.id]._program, Mix) and not self.relays(leg)}

    def relays(self, leg):
        return self.outlets[leg.id]._relays

    def decodes(self):
        """Whose voice is decoded."""
        return {name for name, voice in self.voices._voices.items() if voice.speaker.inlets}

    def record(self, *legs):
        for leg in legs:
            self.tapes.by_leg[leg.id] = (Tape(leg.id),)
            self.voices.changed(leg)

    def recorded(self, leg):
        """Whose voices the recording of a leg gets."""
        (tape,) = self.tapes.of(leg)
        tape.got.clear()
        for each in self.legs:
            self.voices.said(each.id, SILENCE, STEP)
        names = {number: name for name, number in tape.numbers.items()}
        return [names[number] for number in tape.got]


@pytest.fixture
def room():
    loop = asyncio.new_event_loop()
    yield Room(loop)
    loop.close()


@pytest.mark.parametrize(
    ("part", "mixed", "decoded"),
    [
        (Part.LISTEN, {"guest"}, {"caller", "agent"}),
        (Part.WHISPER, {"guest", "agent"}, {"caller", "agent", "guest"}),
        (Part.TALK, {"guest", "agent", "caller"}, {"caller", "agent", "guest"}),
    ],
)
def test_only_who_hears_several_hears_a_mix_and_only_so_long(room, part, mixed, decoded):
    assert room.mixes() == set()

    room.joins(part)
    assert (room.mixes(), room.decodes()) == (mixed, decoded)

    room.leaves()
    assert (room.mixes(), room.decodes()) == (set(), set())
    assert [room.relays(leg) for leg in room.legs] == [True, True, False]


def test_nothing_is_left_over_after_guests_have_come_and_gone_often(room):
    for number in range(300):
        room.joins(list(Part)[number % 3])
        room.leaves()

    voices = room.voices._voices
    assert [len(voices[leg.id].ears) for leg in room.legs] == [1, 1, 0]
    assert [voice.mix for voice in voices.values()] == [None] * 3
    assert room.decodes() == set()


def test_a_mix_goes_on_when_one_more_is_heard_in_it(room):
    room.joins(Part.TALK)
    mix = room.voices._voices["agent"].mix
    fourth = Leg("fourth", State.ANSWERED, host=room.caller, part=Part.TALK)
    room.caller.guests.append(fourth)

    room.changed()

    assert room.voices._voices["agent"].mix is mix
    assert len(mix._inlets) == 3


def test_a_page_that_is_connected_anew_hears_what_it_heard(room):
    room.joins(Part.LISTEN)
    again = room.outlets["guest"] = Outlet(asyncio.new_event_loop())
    room.voices.connect(room.guest, again)
    assert room.mixes() == {"guest"}

    room.leaves()
    room.voices.connect(room.caller, Outlet(asyncio.new_event_loop()))

    assert [len(room.voices._voices[leg.id].ears) for leg in room.legs] == [1, 1, 0]


def test_who_is_gone_hears_nobody(room):
    room.joins(Part.TALK)

    room.voices.forget(room.guest)

    assert [len(room.voices._voices[name].speaker.inlets) for name in ("caller", "agent")] == [1, 1]


class Talk:
    """Caller and guest speak all the time; what the agent is sent is kept: instants, places, payloads."""

    def __init__(self):
        self.loop = UncrowdedLoop()
        self.room = Room(self.loop)
        self.silent_until = {"caller": 0.0, "guest": 0.0}  # what they say meanwhile comes then, all at once
        self.heard = []

    def last(self, seconds, **changes):
        """Do something at moments, while they talk."""
        for at, change in changes.get("at", {}).items():
            self.loop.call_at(at, change)
        tasks = [self._speak("caller", 5), self._speak("guest", 3_000_000_000), self._listen()]

        async def talk():
            running = [asyncio.ensure_future(each) for each in tasks]
            await asyncio.sleep(seconds)
            for task in running:
                task.cancel()

        self.loop.run_until_complete(talk())
        self.loop.close()
        return list(zip(*self.heard, strict=True))

    async def _speak(self, name, timestamp):
        began, voice = self.loop.time(), itertools.cycle(tone(700.0, 1.0).packets)
        for number in itertools.count():
            await asyncio.sleep(began + number * 0.02 - self.loop.time())
            await asyncio.sleep(self.silent_until[name] - self.loop.time())
            self.room.voices.said(name, next(voice), timestamp + number * STEP)

    async def _listen(self):
        while True:
            packet = await self.room.outlets["agent"].recv()
            self.heard.append((self.loop.time(), packet.pts, bytes(packet)))


def longest(numbers):
    return max(later - before for before, later in itertools.pairwise(numbers))


def test_a_voice_goes_on_without_a_gap_when_it_becomes_a_mix_and_a_voice_again():
    talk = Talk()
    changes = (lambda: talk.room.joins(Part.WHISPER), talk.room.leaves) * 3

    times, places, payloads = talk.last(3.5, at={0.5 * number: change for number, change in enumerate(changes, 1)})

    assert all(0 < later - before <= STEP for before, later in itertools.pairwise(places))
    assert longest(times) <= 0.041
    assert len(places) == pytest.approx(3.5 / 0.02, abs=5)
    assert payloads.count(SILENCE) <= 3 * GATHERS  # each time, while the voices gather


def test_no_voice_has_a_hole_for_which_the_engine_itself_is_late():
    """Then packets wait to be read, and packets are due to be sent, at once."""
    talk = Talk()
    talk.room.joins(Part.WHISPER)

    def stands_still():
        talk.loop.now += 0.15

    times, places, payloads = talk.last(3.0, at={1.0: stands_still, 2.0: stands_still})

    assert payloads[5:].count(SILENCE) == 0
    assert {later - before for before, later in itertools.pairwise(places)} == {STEP}
    assert len(places) == pytest.approx(3.0 / 0.02, abs=5)
    assert longest(times) < 0.2


def test_a_voice_that_is_late_is_waited_for_and_one_that_stops_is_not_missed_for_long():
    talk = Talk()
    talk.room.joins(Part.WHISPER)
    pauses = {1.0: 1.05, 2.0: 3.0}

    def pause(until):
        talk.silent_until["guest"] = until

    times, places, payloads = talk.last(3.0, at={at: partial(pause, until) for at, until in pauses.items()})

    assert payloads[5:].count(SILENCE) == 0
    assert {later - before for before, later in itertools.pairwise(places)} == {STEP}
    assert longest(times) < 0.02 + PATIENCE_S + 0.02
    assert len(places) == pytest.approx(3.0 / 0.02, abs=5)


# ── What is recorded ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_who_talks_is_recorded_and_who_listens_or_whispers_is_not(room):
    room.record(room.caller, room.agent)
    for part, with_guest in ((Part.LISTEN, []), (Part.WHISPER, []), (Part.TALK, ["guest"])):
        room.joins(part)
        assert room.recorded(room.caller) == ["caller", "agent", *with_guest]
        assert room.recorded(room.agent) == ["caller", "agent", *with_guest]

    (tape,) = room.tapes.of(room.caller)
    assert tape.numbers == {"caller": LEFT, "agent": 1, "guest": 2}


@pytest.mark.parametrize("part", [Part.LISTEN, Part.WHISPER])
def test_what_is_said_while_the_other_one_is_held_is_not_recorded_for_somebody_who_listens(room, part):
    room.record(room.caller, room.agent)
    room.joins(part)
    room.caller.held = True
    room.changed()

    assert (room.recorded(room.caller), room.recorded(room.agent)) == ([], [])


def test_a_third_person_and_the_host_are_recorded_while_the_other_one_is_held_but_not_for_him(room):
    room.record(room.caller, room.agent)
    room.joins(Part.TALK)
    room.caller.held = True
    room.changed()

    assert (room.recorded(room.caller), room.recorded(room.agent)) == ([], ["agent", "guest"])


def test_who_is_muted_is_not_recorded(room):
    room.record(room.caller)
    room.joins(Part.TALK)
    room.guest.muted = True
    room.changed()

    assert room.recorded(room.caller) == ["caller", "agent"]


def test_a_voice_that_is_recorded_alone_is_recorded_whoever_listens(room):
    room.caller.peer = room.agent.peer = None
    room.record(room.agent)
    room.changed()
    assert room.recorded(room.agent) == ["agent"]

    room.joins(Part.LISTEN)
    assert room.recorded(room.agent) == ["agent"]


def test_recordings_that_have_ended_get_nothing_more(room):
    room.record(room.caller)
    (tape,) = room.tapes.by_leg.pop("caller")
    room.voices.changed(room.caller)
    for leg in room.legs:
        room.voices.said(leg.id, SILENCE, STEP)

    assert tape.got == []


def test_nobody_hears_a_leg_that_has_no_browser_yet(room):
    newcomer = Leg("newcomer", State.ANSWERED, host=room.agent, part=Part.TALK)
    room.agent.guests.append(newcomer)
    room.changed()
    room.voices.changed(newcomer)

    room.voices.connect(newcomer, Outlet(asyncio.new_event_loop()))
    room.voices.said("newcomer", SILENCE, STEP)

    assert room.decodes() == {"caller", "agent", "newcomer"}
