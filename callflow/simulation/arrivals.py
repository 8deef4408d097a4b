"""Who calls when, for how long they wait and talk: drawn before anything happens, so that no decision changes it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from callflow.simulation import chance
from callflow.simulation.scenario import DAY, CallersPlan, Scenario
from telephony.adapters.simulated.script import CallerScript, Press

MOST_CUSTOMERS = 1_000_000  # of each kind of callers: their numbers have six digits of their own


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One call that will come. `number` counts the calls of a run from 1."""

    number: int
    at: dt.datetime
    from_number: str
    to_number: str
    callers: str
    script: CallerScript


def planned_calls(scenario: Scenario, seed: int, calls: int | None = None, load: float = 1.0) -> Iterator[PlannedCall]:
    """The calls of a scenario in order, made as they are asked for.

    Without `calls` those of one day; with it, days follow each other until so many have come, at the scenario's own
    rates. `load` multiplies the rates. The first calls are the same for every number of `calls`.
    """
    streams = [_Stream(scenario, index, seed, load) for index in range(len(scenario.callers))]
    days = itertools.takewhile(bool, (_one_day(streams, day) for day in (itertools.count() if calls else (0,))))
    numbered = zip(itertools.count(1), itertools.chain.from_iterable(days), strict=False)
    for number, (at, stream) in itertools.islice(numbered, calls):
        yield stream.call(number, at)


def _one_day(streams: list[_Stream], day: int) -> list[tuple[dt.datetime, _Stream]]:
    """All calls of a day in order; of the same instant, in the order of the file."""
    found = [(at, stream) for stream in streams for at in stream.times(day)]
    return sorted(found, key=lambda each: each[0])


class _Stream:
    """The callers of one plan. When they come and how they are is drawn apart: each stays as it is when the other
    changes."""

    def __init__(self, scenario: Scenario, index: int, seed: int, load: float) -> None:
        self._scenario = scenario
        self._plan: CallersPlan = scenario.callers[index]
        self._index = index
        self._load = load
        self._arriving = Random(f"{seed} arrivals {self._plan.name}")  # noqa: S311 - a simulation, not a secret
        self._being = Random(f"{seed} callers {self._plan.name}")  # noqa: S311
        self._made = 0

    def times(self, day: int) -> Iterator[dt.datetime]:
        begins, ends = self._scenario.day(day)
        if self._plan.times:
            yield from (begins + each for each in self._plan.times)
            return
        for opens, closes, per_minute in self._segments(begins, ends):
            yield from self._poisson(opens, closes, per_minute * self._load)

    def _segments(self, begins: dt.datetime, ends: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime, float]]:
        """Times of a constant rate, in order. Before the first rate of a day, the last one of the day before holds."""
        date = begins.astimezone(self._scenario.time_zone).date() - DAY
        changes = []
        while (midnight := self._scenario.instant(dt.datetime.combine(date, dt.time()))) < ends:
            changes += [(self._at(date, rate.begins), rate.per_minute) for rate in self._plan.rates]
            date, _ = date + DAY, midnight
        for (opens, per_minute), (closes, _) in itertools.pairwise([*changes, (ends, 0.0)]):
            if max(opens, begins) < min(closes, ends) and per_minute:
                yield max(opens, begins), min(closes, ends), per_minute

    def _at(self, date: dt.date, time: dt.time) -> dt.datetime:
        return self._scenario.instant(dt.datetime.combine(date, time))

    def _poisson(self, opens: dt.datetime, closes: dt.datetime, per_minute: float) -> Iterator[dt.datetime]:
        length_s, after_s = (closes - opens).total_seconds(), 0.0
        while (after_s := after_s + self._arriving.expovariate(per_minute / 60)) < length_s:
            yield opens + dt.timedelta(seconds=after_s)

    def call(self, number: int, at: dt.datetime) -> PlannedCall:
        plan = self._plan
        customer = self._being.randrange(plan.customers) if plan.customers else self._made % MOST_CUSTOMERS
        self._made += 1
        script = CallerScript(
            keys=tuple(Press(key) for key in plan.keys),
            talk_s=chance.seconds_or_none(plan.talk, self._being),
            patience_s=chance.seconds_or_none(plan.patience, self._being),
        )
        return PlannedCall(number, at, number_of(self._index, customer), plan.number, plan.name, script)


def number_of(callers: int, customer: int) -> str:
    """A mobile number for a customer of a kind of callers, by the place of that kind in the file."""
    return f"849{callers:02d}{customer:06d}"


def callers_of(number: str) -> int:
    """Which kind of callers a number belongs to."""
    return int(number[3:5])
