"""Who calls when."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.simulation.arrivals import callers_of, planned_calls
from callflow.simulation.chance import NEVER, Fixed
from callflow.simulation.scenario import CallersPlan, Rate
from callflow.simulation.tests.places import CALLERS, HOTLINE, MIDNIGHT, SHOP, after, times


def calls_of(scenario, seed=1, calls=None, load=1.0):
    return list(planned_calls(scenario, seed, calls, load))


def test_calls_come_at_their_rate_while_the_scenario_lasts():
    day = replace(SHOP, duration=dt.timedelta(hours=20), callers=(replace(CALLERS, rates=(Rate(MIDNIGHT, 5.0),)),))
    planned = calls_of(day)
    assert len(planned) == pytest.approx(6000, rel=0.05)
    assert min(each.at for each in planned) >= after(0)
    assert max(each.at for each in planned) < after(20 * 3600)


def test_rates_follow_the_time_of_day_on_the_wall():
    rates = (Rate(dt.time(9), 10.0), Rate(dt.time(9, 20), 0.0), Rate(dt.time(9, 40), 40.0))
    planned = calls_of(replace(SHOP, callers=(replace(CALLERS, rates=rates),)))
    twenties = Counter(int((each.at - after(0)).total_seconds() // 1200) for each in planned)
    assert twenties[0] == pytest.approx(200, rel=0.25)
    assert twenties[1] == 0
    assert twenties[2] == pytest.approx(800, rel=0.15)


def test_before_the_first_rate_of_a_day_the_last_one_holds():
    night = replace(SHOP, callers=(replace(CALLERS, rates=(Rate(dt.time(20), 10.0),)),))
    assert len(calls_of(night)) == pytest.approx(600, rel=0.15)


def test_so_many_calls_come_day_after_day_at_the_same_times_of_day():
    scenario = replace(SHOP, callers=(CallersPlan("two", HOTLINE, times=times(5, 65)),))
    planned = calls_of(scenario, calls=5)
    assert [each.at for each in planned] == [
        after(5),
        after(65),
        after(86400 + 5),
        after(86400 + 65),
        after(2 * 86400 + 5),
    ]
    assert [each.number for each in planned] == [1, 2, 3, 4, 5]


def test_load_multiplies_how_many_call():
    assert len(calls_of(SHOP, load=20.0)) == pytest.approx(1200, rel=0.1)


def test_when_people_call_does_not_change_how_they_are():
    one, other = calls_of(SHOP, calls=30), calls_of(SHOP, calls=30, load=2.0)
    assert [each.script for each in one] == [each.script for each in other]
    assert [each.at for each in one] != [each.at for each in other]


def test_customers_of_a_small_circle_call_again():
    scenario = replace(SHOP, callers=(replace(CALLERS, customers=3), replace(CALLERS, name="once")))
    planned = calls_of(scenario, calls=100)
    circle = [each.from_number for each in planned if each.callers == "callers"]
    once = [each.from_number for each in planned if each.callers == "once"]
    assert len(set(circle)) == 3
    assert len(set(once)) == len(once)
    assert {callers_of(number) for number in circle} == {0}
    assert {callers_of(number) for number in once} == {1}


def test_callers_press_talk_and_wait_as_their_plan_says():
    plan = CallersPlan("one", HOTLINE, times=times(0), talk=Fixed(20), patience=NEVER, keys=("1", "2#"))
    (planned,) = calls_of(replace(SHOP, callers=(plan,)))
    assert [press.text for press in planned.script.keys] == ["1", "2#"]
    assert (planned.script.talk_s, planned.script.patience_s) == (20, None)


@given(st.integers(0, 50), st.integers(1, 60), st.floats(0.5, 3.0))
def test_calls_come_in_order_exactly_so_many_and_the_first_ones_are_always_the_same(seed, calls, load):
    planned = calls_of(SHOP, seed, calls, load)
    assert len(planned) == calls
    assert all(one.at <= other.at for one, other in pairwise(planned))
    assert planned == calls_of(SHOP, seed, calls + 10, load)[:calls]
