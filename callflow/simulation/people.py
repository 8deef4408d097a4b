"""The agents of a scenario: who they are, when they are there, and what they do when they are rung."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from agents.domain import AVAILABLE, AgentEvent, AgentState
from callflow.simulation import chance
from callflow.simulation.floor import Floor
from callflow.simulation.scenario import DAY, AgentPlan, Scenario
from telephony.adapters.simulated.script import Does, PhoneScript
from telephony.switch.scheduler import VirtualScheduler

ON_BREAK = "BREAK"  # the manual status of who is on a break


@dataclass(frozen=True, slots=True)
class Person:
    """An agent of the scenario. `id` is his number; `groups` are numbers, too."""

    id: int
    user_id: str
    groups: tuple[int, ...]
    plan: AgentPlan


def people_of(scenario: Scenario) -> list[Person]:
    """The agents in the order of the file, numbered from 1. Several who are alike are called `name-1`, `name-2` …"""
    groups = {name: number for number, name in enumerate(scenario.groups, 1)}
    found: list[Person] = []
    for plan in scenario.agents:
        of_plan = tuple(sorted(groups[name] for name in plan.groups))
        for number in range(1, plan.count + 1):
            user_id = plan.name if plan.count == 1 else f"{plan.name}-{number}"
            found.append(Person(len(found) + 1, user_id, of_plan, plan))
    return found


def state_of(person: Person) -> AgentState:
    """A person before his first day: signed out."""
    return AgentState(person.id, person.user_id)


class Desks:
    """What agents do when they are rung. Each draws by himself: what others get changes nothing for him."""

    def __init__(self, people: list[Person], seed: int) -> None:
        self._plans = {person.user_id: person.plan for person in people}
        self._chances = {
            user_id: Random(f"{seed} agent {user_id}")  # noqa: S311 - a simulation, not a secret
            for user_id in self._plans
        }

    def script_for(self, user_id: str) -> PhoneScript:
        """What he does with the offer that he gets now."""
        plan, luck = self._plans[user_id], self._chances[user_id]
        does = _does(plan, luck.random())
        after_s = chance.seconds(plan.answers_after, luck)
        return PhoneScript(does=does, after_s=after_s)

    def returns_after_s(self, user_id: str) -> float | None:
        """How long somebody who was set aside stays away; None: until he signs in again."""
        return chance.seconds_or_none(self._plans[user_id].returns_after, self._chances[user_id])


def _does(plan: AgentPlan, luck: float) -> Does:
    if luck < plan.misses:
        return Does.NEVER_ANSWERS
    return Does.REJECTS if luck < plan.misses + plan.rejects else Does.ANSWERS


class Shifts:
    """Lets people sign in and out and have their breaks, day after day."""

    def __init__(self, scenario: Scenario, people: list[Person], scheduler: VirtualScheduler, floor: Floor) -> None:
        self._scenario = scenario
        self._people = people
        self._scheduler = scheduler
        self._floor = floor

    def begin(self) -> None:
        """Let those sign in who are there now, and come back whenever somebody comes or goes."""
        for person in self._people:
            self._review(person)
        today = self._scheduler.now().astimezone(self._scenario.time_zone).date()
        self._plan(today - DAY)
        self._plan_days(today)

    def _plan_days(self, date: dt.date) -> None:
        """Plan a day when it begins, or now, and the next one after it."""
        self._plan(date)
        tomorrow = self._scenario.instant(dt.datetime.combine(date + DAY, dt.time()))
        self._scheduler.at(tomorrow, lambda: self._plan_days(date + DAY))

    def _plan(self, date: dt.date) -> None:
        """Look at everybody at each beginning and end of what begins on this date."""
        for person in self._people:
            edges = {
                edge
                for window in self._scenario.windows(person.plan.shifts + person.plan.breaks, date)
                for edge in window
            }
            for edge in sorted(edges):
                if edge > self._scheduler.now():
                    self._scheduler.at(edge, self._reviewer(person))

    def _reviewer(self, person: Person) -> Callable[[], None]:
        return lambda: self._review(person)

    def _review(self, person: Person) -> None:
        """Bring where somebody is in line with the time of day."""
        now, plan = self._scheduler.now(), person.plan
        should_be = not plan.shifts or self._scenario.is_in(plan.shifts, now)
        if not should_be:
            self._floor.sign_out(person.id, now)
            return
        if not self._floor.state(person.id).reach:
            self._floor.sign_in(person.id, now)
        on_break = self._scenario.is_in(plan.breaks, now)
        if on_break != (self._floor.state(person.id).manual_status == ON_BREAK):
            self._floor.choose(person.id, ON_BREAK if on_break else AVAILABLE, now)


class Returns:
    """Lets people who were set aside come back. Watches the floor; `come_back` does it."""

    def __init__(self, desks: Desks, scheduler: VirtualScheduler, come_back: Callable[[int], None]) -> None:
        self._desks = desks
        self._scheduler = scheduler
        self._come_back = come_back

    def agent_moved(self, event: AgentEvent, before: AgentState, after: AgentState, now: dt.datetime) -> None:
        if after.set_aside_at is None or before.set_aside_at is not None:
            return
        after_s = self._desks.returns_after_s(after.user_id)
        if after_s is not None:
            self._scheduler.at(now + dt.timedelta(seconds=after_s), lambda: self._come_back(after.agent_id))
