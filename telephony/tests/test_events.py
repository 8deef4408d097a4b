"""Events reach the conductor in the order of their leg, through failures."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError

from telephony import events, port
from telephony.events import CROWDED_TRIES, EventLine

NOTHING: tuple[port.Command, ...] = ()


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch):
    monkeypatch.setattr(events, "LONGEST_PAUSE_S", 0.0)


@pytest.fixture
def database_answers(monkeypatch):
    def answers(value):
        monkeypatch.setattr(events, "_database_answers", lambda: value)

    return answers


class Conductor:
    """Notes what it is given; fails as often as it is told."""

    def __init__(self, *failures: Exception, of: str = "leg-1"):
        self.taken: list[port.Event] = []
        self.tries = 0
        self._failures = list(failures)
        self._of = of

    def __call__(self, event):
        if getattr(event, "leg", "") == self._of:
            self.tries += 1
            if self._failures:
                raise self._failures.pop(0)
        self.taken.append(event)
        return NOTHING


def conduct_all(conductor, *given, executed=None):
    line = EventLine(conductor, [].append if executed is None else executed.append)
    line.start()
    for event in given:
        line.put(event)
    assert line.finish(within_s=60)


def digits(leg, text):
    return [port.Digit(leg, digit) for digit in text]


def test_events_of_a_leg_keep_their_order():
    conductor = Conductor()
    given = [event for pair in zip(digits("a", "0123456789"), digits("b", "9876543210"), strict=True) for event in pair]

    conduct_all(conductor, *given)

    assert [each for each in conductor.taken if each.leg == "a"] == digits("a", "0123456789")
    assert [each for each in conductor.taken if each.leg == "b"] == digits("b", "9876543210")


def test_events_of_several_legs_are_conducted_at_once():
    together = threading.Barrier(2, timeout=60)  # broken when they come one after the other
    legs = ["a", "b", "c", "d", "e", "f", "g", "h"]
    lanes = {leg: events.crc32(leg.encode()) % events.WORKERS for leg in legs}
    first = legs[0]
    second = next(leg for leg in legs if lanes[leg] != lanes[first])

    def conduct(event):
        together.wait()
        return NOTHING

    conduct_all(conduct, port.Ringing(first), port.Ringing(second))

    assert not together.broken


def test_a_snapshot_comes_after_what_was_before_it_and_before_what_comes_after_it():
    conductor = Conductor()
    before = [port.Ringing(f"leg-{number}") for number in range(20)]
    after = [port.Ended(f"leg-{number}") for number in range(20)]
    snapshot = port.Snapshot("engine-1", ())

    conduct_all(conductor, *before, snapshot, *after)

    assert conductor.taken[20] == snapshot
    assert set(conductor.taken[:20]) == set(before)
    assert set(conductor.taken[21:]) == set(after)


def test_what_the_conductor_wants_at_once_is_done():
    executed: list[port.Command] = []

    conduct_all(lambda event: (port.Hangup(event.leg),), port.Answered("stranger"), executed=executed)

    assert executed == [port.Hangup("stranger")]


def test_events_wait_while_the_database_is_away(database_answers):
    database_answers(False)
    conductor = Conductor(*[OperationalError()] * (CROWDED_TRIES + 5))

    conduct_all(conductor, *digits("leg-1", "12"))

    assert conductor.taken == digits("leg-1", "12")


def test_an_event_that_loses_against_others_is_tried_again(database_answers):
    database_answers(True)
    conductor = Conductor(*[OperationalError()] * (CROWDED_TRIES - 1))

    conduct_all(conductor, port.Ringing("leg-1"))

    assert conductor.taken == [port.Ringing("leg-1")]


def test_an_event_that_always_loses_is_given_up(database_answers, caplog):
    database_answers(True)
    conductor = Conductor(*[OperationalError()] * CROWDED_TRIES)

    conduct_all(conductor, *digits("leg-1", "12"))

    assert conductor.taken == digits("leg-1", "2")
    assert [record.message for record in caplog.records].count("engine event is given up") == 1


def test_an_event_that_the_conductor_cannot_take_is_given_up_after_three_tries(caplog):
    conductor = Conductor(*[ValueError("broken")] * 3)

    conduct_all(conductor, *digits("leg-1", "12"), port.Ringing("leg-2"))

    assert sorted(map(str, conductor.taken)) == sorted(map(str, [*digits("leg-1", "2"), port.Ringing("leg-2")]))
    assert conductor.tries == 4
    failed = [record for record in caplog.records if record.message == "engine event failed"]
    assert len(failed) == 3
    assert all(record.exc_info for record in failed)
    assert (failed[0].event, failed[0].leg) == ("Digit", "leg-1")


def test_an_end_in_time_gives_up_what_waits_for_the_database(database_answers):
    database_answers(False)
    asked = threading.Event()

    def conduct(event):
        asked.set()
        raise OperationalError

    line = EventLine(conduct, [].append)
    line.start()
    line.put(port.Ringing("leg-1"))
    line.put(port.Snapshot("engine-1", ()))
    assert asked.wait(60)

    assert line.finish(within_s=0.05) is False
