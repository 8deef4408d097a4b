"""Engines that are killed, or were started anew, while pages have calls there."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from softphone.engine_watch import MISSES, EngineWatch
from softphone.tests.rig import NODE, MemoryMemory
from softphone.wires import BusIsBack, EnginesLost


class Seat:
    """A socket whose page has a call at the engine."""

    def __init__(self) -> None:
        self.session = SimpleNamespace(nodes=frozenset({NODE}))
        self.posted: list[object] = []

    def post(self, happening: object) -> None:
        self.posted.append(happening)


@pytest.fixture
def seat() -> Seat:
    return Seat()


@pytest.fixture
def memory() -> MemoryMemory:
    return MemoryMemory()


@pytest.fixture
def look(seat, memory):
    """Looks, each time at what the engine is then: its life, or None while it is gone."""
    watch = EngineWatch(memory, [seat])

    def looks(*lives: str | None) -> None:
        for life in lives:
            memory.living = {} if life is None else {NODE: life}
            asyncio.run(watch.look())

    return looks


def test_an_engine_that_goes_on_is_left_alone(seat, look):
    look("life-1", "life-1", None, "life-1")
    assert seat.posted == []


def test_an_engine_that_is_gone_takes_its_calls_with_it(seat, look):
    look("life-1", *[None] * (MISSES - 1))
    assert seat.posted == []
    look(None)
    assert seat.posted == [EnginesLost(frozenset({NODE}))]


@pytest.mark.parametrize("missed", [0, 1])
def test_an_engine_that_is_up_again_before_it_was_missed_is_asked_for_its_calls(seat, look, missed):
    look("life-1", *[None] * missed, "life-2")
    assert seat.posted == [BusIsBack()]
    look("life-2")
    assert seat.posted == [BusIsBack()]
