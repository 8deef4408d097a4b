"""Whatever a day is like: each call ends once, nobody vanishes or is overtaken without a rule, agents do one thing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callflow.simulation.chance import NEVER, Exponential, Fixed, Uniform
from callflow.simulation.scenario import (
    AgentPlan,
    CallersPlan,
    ListOrder,
    ListPlan,
    NumberPlan,
    QueuePlan,
    Rate,
    ServerPlan,
    WayOutPlan,
    Window,
)
from callflow.simulation.tests.log import logged
from callflow.simulation.tests.places import HOTLINE, MIDNIGHT, SHOP, after, times

OTHER = "842400000098"
shares = st.sampled_from([0.0, 0.1, 0.4])
waits = st.sampled_from([NEVER, Fixed(4), Exponential(30), Exponential(200)])
servers = st.builds(
    ServerPlan,
    latency=st.sampled_from([Fixed(0), Fixed(0.3), Exponential(1.5)]),
    fails=shares,
    down=st.sampled_from([(), (Window(dt.time(9, 10), dt.time(9, 20)),)]),
)
lists = st.builds(
    ListPlan,
    st.just(("A", "B")),
    servers,
    order=st.sampled_from(ListOrder),
    only_free=st.booleans(),
    at_most=st.integers(1, 5),
)
ways_out = st.dictionaries(
    st.sampled_from(["full", "waited_too_long", "nobody_signed_in"]),
    st.sampled_from(
        [
            WayOutPlan("hang_up"),
            WayOutPlan("message", message="Goodbye."),
            WayOutPlan("voicemail"),
            WayOutPlan("queue", to_queue="Help"),
            WayOutPlan("number", to_number="84909982888"),
        ]
    ),
)


def queues(name, primary, backup):
    return st.builds(
        QueuePlan,
        name=st.just(name),
        primary_groups=st.just(primary),
        backup_groups=st.just(backup),
        wait_agent_answer_timeout=st.sampled_from([3, 10]),
        agent_wrap_up_after_calls=st.booleans(),
        wrap_up_time_limit=st.sampled_from([0, 5, 40]),
        maximum_queue_size=st.sampled_from([0, 2, 50]),
        maximum_queue_wait_time=st.sampled_from([0, 20, 90]),
        route_to_backup_groups_after=st.sampled_from([0, 7]),
        announce_position=st.booleans(),
        last_agent_first=st.booleans(),
        outcomes=ways_out if name == "Sales" else st.just({}),
        agent_list=st.none() | lists,
        fall_back_to_groups=st.booleans(),
    )


def agents(name, groups):
    return st.builds(
        AgentPlan,
        name=st.just(name),
        groups=st.just(groups),
        count=st.integers(1, 3),
        shifts=st.sampled_from([(), (Window(dt.time(9, 5), dt.time(9, 25)),)]),
        breaks=st.sampled_from([(), (Window(dt.time(9, 12), dt.time(9, 15)),)]),
        answers_after=st.sampled_from([Fixed(0), Fixed(2), Uniform(1, 14)]),
        misses=shares,
        rejects=shares,
        returns_after=st.sampled_from([NEVER, Fixed(30)]),
    )


def callers(name, number):
    return st.builds(
        CallersPlan,
        name=st.just(name),
        number=st.just(number),
        rates=st.sampled_from([(Rate(MIDNIGHT, 1.0),), (Rate(MIDNIGHT, 6.0),)]),
        talk=st.sampled_from([NEVER, Fixed(10), Exponential(60)]),
        patience=waits,
        customers=st.sampled_from([0, 3]),
        priority=st.sampled_from([0, 5]),
    )


scenarios = st.builds(
    replace,
    st.just(SHOP),
    duration=st.just(dt.timedelta(minutes=30)),
    groups=st.just(("A", "B")),
    numbers=st.just((NumberPlan(HOTLINE, queue="Sales"), NumberPlan(OTHER, queue="Help"))),
    queues=st.tuples(queues("Sales", ("A",), ("B",)), queues("Help", ("B",), ())),
    agents=st.tuples(agents("one", ("A",)), agents("two", ("A", "B"))),
    callers=st.tuples(callers("first", HOTLINE), callers("second", OTHER)),
    customer_info=st.none() | servers,
    missed_calls_limit=st.sampled_from([0, 2]),
)


@settings(max_examples=25)
@given(scenarios, st.integers(0, 1000))
def test_any_day_is_brought_to_its_end(scenario, seed):
    log, figures = logged(scenario, seed, calls=40)
    assert log.broken == []
    assert sum(figures.outcomes.values()) == figures.calls == 40


def test_who_waits_for_nobody_is_hung_up_on_a_day_later():
    deserted = replace(
        SHOP,
        agents=(AgentPlan("nobody", ("Sellers",), shifts=(Window(dt.time(3), dt.time(4)),), misses=1.0),),
        callers=(CallersPlan("one", HOTLINE, times=times(0)),),
        queues=(replace(SHOP.queues[0], outcomes={}),),
    )
    log, figures = logged(deserted)
    assert log.broken == []
    assert figures.causes == {"stopped": 1}
    assert log.ends[0][3] > after(86_400)


@pytest.mark.parametrize("load", [1.0, 5.0])
def test_the_same_seed_gives_the_same_run(load):
    one, _ = logged(SHOP, 3, calls=60, load=load)
    other, _ = logged(SHOP, 3, calls=60, load=load)
    assert (one.moves, one.statuses) == (other.moves, other.statuses)
