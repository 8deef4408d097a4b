"""Sounds are loaded beside the calls, and what goes wrong with one is that sound's."""

from __future__ import annotations

import asyncio
import threading

import pytest

from telephony import port
from telephony.adapters.browser import library as library_module
from telephony.adapters.browser.library import KEPT, Library
from telephony.adapters.browser.sounds import Prompt
from telephony.switch.legs import Leg, State
from tests.contract.fast_loop import FastLoop

BEEP = port.Tone("beep")


class Source:
    """Sounds as long as their names; some are odd."""

    def __init__(self):
        self.may_load = threading.Event()
        self.may_load.set()

    def load(self, media):
        assert self.may_load.wait(5)
        if media.name == "broken":
            raise RuntimeError
        return None if media.name == "missing" else Prompt((b"x",) * len(media.name))


@pytest.fixture(scope="module")
def loop():
    made = FastLoop()
    yield made
    made.close()


@pytest.fixture
def leg():
    return Leg("leg-1", State.ANSWERED)


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def online():
    return asyncio.Event()


@pytest.fixture
def library(loop, source, online):
    online.set()
    made = Library(loop, source, lambda leg: online.is_set(), lambda leg: online.wait())
    yield made
    made.close()


def file(name):
    return port.AudioFile(1, name)


def prepared(loop, library, leg, *media):
    """Prepare, and wait for it."""

    async def prepare():
        done = asyncio.Event()
        library.prepare(leg, media, done.set)
        await asyncio.wait_for(done.wait(), 20)

    loop.run_until_complete(prepare())


def test_tones_and_nothing_are_always_ready(library, leg):
    assert library.ready(leg, ())
    assert library.ready(leg, (BEEP,))
    assert library.length(leg, BEEP) == 0.4
    assert library.length(leg, port.Tone("whale")) is None


def test_a_file_is_ready_for_the_leg_that_it_was_prepared_for(loop, library, leg):
    media = (file("hello"), BEEP, file("missing"), file("broken"))
    assert not library.ready(leg, media)

    prepared(loop, library, leg, *media)

    assert library.ready(leg, media)
    assert [library.length(leg, each) for each in media] == [0.1, 0.4, None, None]
    assert not library.ready(Leg("leg-2", State.ANSWERED), media)


def test_what_does_not_come_in_time_is_left_out_and_asked_for_again(loop, library, leg, source, monkeypatch):
    monkeypatch.setattr(library_module, "LOADED_WITHIN_S", 0.05)
    slow, media = file("slow"), (file("slow"), BEEP)
    source.may_load.clear()
    prepared(loop, library, leg, *media)
    assert [library.length(leg, each) for each in media] == [None, 0.4]
    assert not library.ready(leg, media)

    source.may_load.set()
    monkeypatch.undo()
    prepared(loop, library, leg, *media)
    assert library.length(leg, slow) == 0.08


def test_nothing_is_ready_for_whom_nobody_would_hear(loop, library, leg, online):
    online.clear()

    assert not library.ready(leg, (BEEP,))
    assert library.ready(leg, ())
    loop.call_later(0.05, online.set)
    prepared(loop, library, leg, BEEP)
    assert library.ready(leg, (BEEP,))


def test_a_leg_keeps_its_last_sounds_only(loop, library, leg):
    names = [f"file{number}" for number in range(KEPT + 2)]
    for name in names:
        prepared(loop, library, leg, file(name))

    assert [library.ready(leg, (file(name),)) for name in names] == [False, False] + [True] * KEPT


def test_a_leg_that_is_gone_is_told_nothing_and_keeps_nothing(loop, library, leg, source):
    async def leaves():
        called = []
        source.may_load.clear()
        library.prepare(leg, (file("hello"),), lambda: called.append(1))
        await asyncio.sleep(0.05)
        library.forget(leg.id)
        source.may_load.set()
        await asyncio.sleep(0.2)
        return called

    assert loop.run_until_complete(leaves()) == []
    assert not library.ready(leg, (file("hello"),))
