"""Scenarios for tests: small, and changed with `dataclasses.replace`."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from callflow.simulation.chance import Exponential, Fixed
from callflow.simulation.scenario import AgentPlan, CallersPlan, NumberPlan, QueuePlan, Rate, Scenario

HOTLINE = "842400000097"
MIDNIGHT = dt.time()

QUEUE = QueuePlan(
    "Sales", primary_groups=("Sellers",), wrap_up_time_limit=10, maximum_queue_size=100, maximum_queue_wait_time=0
)
SELLER = AgentPlan("seller", ("Sellers",), count=2, answers_after=Fixed(3))
CALLERS = CallersPlan("callers", HOTLINE, rates=(Rate(MIDNIGHT, 1.0),), talk=Exponential(60), patience=Exponential(120))
SHOP = Scenario(
    name="Shop",
    starts=dt.datetime(2026, 3, 2, 9),  # noqa: DTZ001 - on the wall
    time_zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    duration=dt.timedelta(hours=1),
    numbers=(NumberPlan(HOTLINE, queue="Sales"),),
    queues=(QUEUE,),
    groups=("Sellers",),
    agents=(SELLER,),
    callers=(CALLERS,),
)
BEGINS = dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)


def after(seconds: float) -> dt.datetime:
    """So many seconds after the shop has opened."""
    return BEGINS + dt.timedelta(seconds=seconds)


def times(*seconds: float) -> tuple[dt.timedelta, ...]:
    return tuple(dt.timedelta(seconds=each) for each in seconds)
