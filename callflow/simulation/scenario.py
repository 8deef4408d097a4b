"""A contact center and its day, as scenario files describe it (docs/simulation.md): frozen, and checked by its reader.

Names of fields are those of project files, so that a setting is called the same everywhere. Units: seconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from callflow.simulation.chance import NEVER, Fixed, Spread
from ivr.domain.tree import Tree

DAY = dt.timedelta(days=1)
USUAL_LATENCY = Fixed(0.1)
USUAL_ANSWER = Fixed(3.0)
USUAL_TALK = Fixed(180.0)


@dataclass(frozen=True, slots=True)
class Window:
    """From `begins` until just before `ends` every day, by the clock on the wall; past midnight if that is earlier."""

    begins: dt.time
    ends: dt.time


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """A number that can be called, and the queue or menu behind it."""

    number: str
    queue: str = ""
    menu: str = ""


class ListOrder(StrEnum):
    """In which order a customer's server lists agents."""

    LONGEST_IDLE = "longest_idle"
    SHUFFLED = "shuffled"
    BY_NAME = "by_name"


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """How a customer's server behaves: how long it takes, the share of requests that fail, and when it is down."""

    latency: Spread = USUAL_LATENCY
    fails: float = 0.0
    down: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class ListPlan:
    """What a queue's agent list URL answers: for each call the agents of some groups, `at_most` so many.

    `only_free`: those alone who are free while it is asked.
    """

    groups: tuple[str, ...]
    server: ServerPlan = ServerPlan()
    order: ListOrder = ListOrder.LONGEST_IDLE
    only_free: bool = True
    at_most: int = 10
    answer_timeout: int = 15


@dataclass(frozen=True, slots=True)
class WayOutPlan:
    """Where a queue sends a caller whom it does not keep. The action's words: `queues.models.OutcomeAction`."""

    action: str
    to_queue: str = ""
    to_number: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue. `open` empty: always; `maximum_queue_wait_time` 0: no limit; `agent_list` None: groups serve it."""

    name: str
    primary_groups: tuple[str, ...] = ()
    backup_groups: tuple[str, ...] = ()
    open: tuple[Window, ...] = ()
    wait_agent_answer_timeout: int = 15
    agent_wrap_up_after_calls: bool = True
    wrap_up_time_limit: int = 10
    maximum_queue_size: int = 5
    maximum_queue_wait_time: int = 60
    route_to_backup_groups_after: int = 0
    last_agent_first: bool = True
    enable_voicemail: bool = False
    announce_position: bool = False
    announce_estimated_wait: bool = False
    announce_every_s: int = 30
    sla_target_percent: int = 80
    sla_answered_within: int = 20
    outcomes: Mapping[str, WayOutPlan] = field(default_factory=dict)
    agent_list: ListPlan | None = None
    fall_back_to_groups: bool = False


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """One agent, or `count` of them who are alike.

    `shifts` empty: always signed in. `misses` and `rejects` are shares of the offers that he gets; `answers_after`
    counts from the ringing, and so does a rejection. `returns_after`: who was set aside comes back so much later.
    """

    name: str
    groups: tuple[str, ...]
    count: int = 1
    shifts: tuple[Window, ...] = ()
    breaks: tuple[Window, ...] = ()
    answers_after: Spread = USUAL_ANSWER
    misses: float = 0.0
    rejects: float = 0.0
    returns_after: Spread = NEVER


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls a minute, as a Poisson process, from a time of day on."""

    begins: dt.time
    per_minute: float


@dataclass(frozen=True, slots=True)
class CallersPlan:
    """People who call a number: at rates, or at given times (after the start).

    `customers`: so many different people; 0: everybody calls once. `keys` are pressed as menus ask for them.
    """

    name: str
    number: str
    rates: tuple[Rate, ...] = ()
    times: tuple[dt.timedelta, ...] = ()
    talk: Spread = USUAL_TALK
    patience: Spread = NEVER
    keys: tuple[str, ...] = ()
    customers: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything of it. Calls come for `duration` from `starts` on; those that are there then are brought to their end.

    `starts` is the time on the wall of `time_zone`. Callers who leave within `short_abandon_s` do not count.
    """

    name: str
    starts: dt.datetime
    time_zone: ZoneInfo
    duration: dt.timedelta
    numbers: tuple[NumberPlan, ...]
    queues: tuple[QueuePlan, ...]
    groups: tuple[str, ...]
    agents: tuple[AgentPlan, ...]
    callers: tuple[CallersPlan, ...]
    menus: tuple[Tree, ...] = ()
    customer_info: ServerPlan | None = None
    seed: int = 1
    short_abandon_s: int = 5
    missed_calls_limit: int = 3

    def day(self, number: int) -> tuple[dt.datetime, dt.datetime]:
        """When calls begin and stop to come in a repetition of the scenario, from 0. Aware UTC.

        Repetitions begin at the same time of day, whole days apart.
        """
        between = -(-self.duration // DAY) * DAY
        begins = self.instant(self.starts + number * between)
        return begins, begins + self.duration

    def instant(self, wall: dt.datetime) -> dt.datetime:
        """The instant at which the clock on the wall shows this."""
        return wall.replace(tzinfo=self.time_zone).astimezone(dt.UTC)

    def windows(self, windows: tuple[Window, ...], date: dt.date) -> tuple[tuple[dt.datetime, dt.datetime], ...]:
        """When daily windows that begin on a date open and close, as instants."""
        found = []
        for each in windows:
            last = date if each.ends > each.begins else date + DAY
            opens = self.instant(dt.datetime.combine(date, each.begins))
            found.append((opens, self.instant(dt.datetime.combine(last, each.ends))))
        return tuple(found)

    def is_in(self, windows: tuple[Window, ...], at: dt.datetime) -> bool:
        """Whether an instant is in one of some daily windows."""
        today = at.astimezone(self.time_zone).date()
        return any(
            opens <= at < closes for date in (today - DAY, today) for opens, closes in self.windows(windows, date)
        )
