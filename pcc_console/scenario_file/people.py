"""Agents and callers of a scenario file."""

from __future__ import annotations

import datetime as dt

from callflow.simulation.arrivals import MOST_CUSTOMERS
from callflow.simulation.chance import NEVER
from callflow.simulation.scenario import DAY, USUAL_ANSWER, USUAL_TALK, AgentPlan, CallersPlan, Rate
from pcc_console.portable.places import Place
from pcc_console.scenario_file.fields import get, need, spread, windows
from pcc_console.scenario_file.names import Names
from pcc_console.scenario_file.values import (
    a_number,
    a_share,
    any_text,
    key_presses,
    phone_digits,
    time_of_day,
    whole_number,
)

MOST_AGENTS = 10_000
MOST_PER_MINUTE = 100_000.0


def agent_plan(names: Names, place: Place) -> AgentPlan:
    place.table(
        {
            "name",
            "groups",
            "count",
            "shifts",
            "breaks",
            "answers_after",
            "misses",
            "rejects",
            "returns_after",
        }
    )
    plan = AgentPlan(
        name=need(place, "name", any_text, ""),
        groups=names.groups_at(place, "groups"),
        count=get(place, "count", whole_number(1, MOST_AGENTS), 1),
        shifts=windows(place, "shifts"),
        breaks=windows(place, "breaks"),
        answers_after=spread(place, "answers_after", USUAL_ANSWER),
        misses=get(place, "misses", a_share, 0.0),
        rejects=get(place, "rejects", a_share, 0.0),
        returns_after=spread(place, "returns_after", NEVER, may_be_never=True),
    )
    if plan.misses + plan.rejects > 1:
        place.refuse("`misses` and `rejects` are more than all offers together")
    return plan


def callers_plan(names: Names, place: Place, starts: dt.datetime, duration: dt.timedelta) -> CallersPlan:
    place.table({"name", "number", "per_minute", "times", "talk", "patience", "keys", "customers", "priority"})
    if (place.something_at("per_minute") is None) == (place.something_at("times") is None):
        place.refuse("needs either `per_minute` or `times`")
    return CallersPlan(
        name=need(place, "name", any_text, ""),
        number=_called(names, place),
        rates=_rates(place),
        times=_times(place, starts, duration),
        talk=spread(place, "talk", USUAL_TALK, may_be_never=True),
        patience=spread(place, "patience", NEVER, may_be_never=True),
        keys=get(place, "keys", key_presses, ()),
        customers=get(place, "customers", whole_number(0, MOST_CUSTOMERS), 0),
        priority=get(place, "priority", whole_number(0, 9), 0),
    )


def _called(names: Names, place: Place) -> str:
    inner = place.something_at("number")
    number = need(place, "number", phone_digits, "")
    if inner is not None and number and number not in names.numbers:
        inner.refuse(f"there is no number {number} in this file")
    return number


def _rates(place: Place) -> tuple[Rate, ...]:
    inner = place.something_at("per_minute")
    if inner is None:
        return ()
    if not inner.is_table:
        return (Rate(dt.time(), get(place, "per_minute", a_number(0.001, MOST_PER_MINUTE), 1.0)),)
    found = [_rate(each, time) for time, each in inner.entries()]
    if not any(rate.per_minute for rate in found):
        inner.refuse("needs at least one rate above 0")
    return tuple(sorted(found, key=lambda rate: rate.begins))


def _times(place: Place, starts: dt.datetime, duration: dt.timedelta) -> tuple[dt.timedelta, ...]:
    found = []
    for inner in place.items_at("times"):
        time = inner.read(time_of_day)
        if time is None:
            continue
        after = dt.datetime.combine(starts.date(), time) - starts
        after = after if after >= dt.timedelta() else after + DAY
        if after >= duration:
            inner.refuse("is not within the duration of the scenario")
        found.append(after)
    return tuple(sorted(found))


def _rate(place: Place, time: str) -> Rate:
    try:
        begins = time_of_day(time)
    except ValueError as error:
        place.refuse(str(error))
        begins = dt.time()
    return Rate(begins, place.read(a_number(0, MOST_PER_MINUTE)) or 0.0)
