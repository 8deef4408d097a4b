"""A scenario's configuration as the conductor reads it (callflow.domain.config), and what is true in it now."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from agents.domain import QueueNeeds, endpoints_of
from callflow.domain.config import AgentConfig, NumberConfig, QueueConfig, Settings, WayOut
from callflow.live_config import ANY_DEVICE, MOST_ANNOUNCED_PLACE, RECENT_CALLS, expected_wait_s
from callflow.simulation.arrivals import callers_of
from callflow.simulation.floor import Floor, Spends, spends
from callflow.simulation.lines import Lines
from callflow.simulation.scenario import QueuePlan, Scenario, Window
from callflow.spoken_texts import SpokenTexts
from calls.domain import Cause
from common.phone import InvalidPhoneNumber, digits_of
from ivr.domain.tree import Tree
from queues.domain import Hours, Range, WeeklyRange, is_open
from queues.models import OutcomeAction, OutcomeCause
from queues.outcomes import Outcome, usual_outcome
from routing.domain.question import Policy

PROJECT = 1
COUNTRY = "VN"
CUSTOMER_INFO_URL = "https://simulated.invalid/customer-info"
DAYS_OF_WEEK = 7


class Setting:
    """Implements `callflow.domain.config.Config` in memory. Rows have numbers as in a database: from 1, in order."""

    project_id = PROJECT

    def __init__(self, scenario: Scenario, floor: Floor, lines: Lines) -> None:
        self.settings = Settings(customer_info_url=CUSTOMER_INFO_URL if scenario.customer_info else "")
        self.texts = SpokenTexts("en")
        self._scenario = scenario
        self._floor = floor
        self._lines = lines
        self._plans = dict(enumerate(scenario.queues, 1))
        self._queue_numbers = {plan.name: number for number, plan in self._plans.items()}
        self._queues = {number: _queue(number, plan) for number, plan in self._plans.items()}
        self._numbers = {
            plan.number: NumberConfig(
                index, plan.number, tree=plan.menu, queue=self._queue_numbers[plan.queue] if plan.queue else None
            )
            for index, plan in enumerate(scenario.numbers, 1)
        }
        self._trees = {tree.id: tree for tree in scenario.menus}
        self._hours = {number: _hours(plan.open, scenario.time_zone) for number, plan in self._plans.items()}
        self._ways_out = {
            (number, cause): self._way_out(plan, cause)
            for number, plan in self._plans.items()
            for cause in OutcomeCause
        }
        self._groups = {name: number for number, name in enumerate(scenario.groups, 1)}
        self._last_served: dict[str, int | None] = {}
        self._answered: dict[int, deque[dt.datetime]] = {queue: deque(maxlen=RECENT_CALLS) for queue in self._queues}

    # ── Numbers and callers ──────────────────────────────────────────────────────────────────────────────────────
    def digits(self, number: str) -> str:
        try:
            return digits_of(number, COUNTRY)
        except InvalidPhoneNumber:
            return ""

    def number(self, digits: str) -> NumberConfig | None:
        return self._numbers.get(digits)

    def ivr_blocked(self, caller: str) -> bool:
        return False

    def queue_blocked(self, caller: str) -> bool:
        return False

    def priority_of(self, caller: str) -> int:
        return self._scenario.callers[callers_of(caller)].priority

    def last_agent_of(self, customer: str) -> int | None:
        return self._last_served.get(customer)

    def served(self, customer: str, queue: int | None, agent: int | None, now: dt.datetime) -> None:
        """A customer talks with somebody: remember who it is, and the pace of the queue that he comes from."""
        self._last_served[customer] = agent
        if queue is not None:
            self._answered[queue].appendleft(now)

    # ── Menus and queues ─────────────────────────────────────────────────────────────────────────────────────────
    def tree(self, public_id: str) -> Tree | None:
        return self._trees.get(public_id)

    def queue(self, queue: int) -> QueueConfig | None:
        return self._queues.get(queue)

    def queue_id(self, public_id: str) -> int | None:
        return self._queue_numbers.get(public_id)

    def way_out(self, queue: int, cause: str) -> WayOut | None:
        return self._ways_out.get((queue, OutcomeCause(cause)))

    def _way_out(self, plan: QueuePlan, cause: OutcomeCause) -> Outcome | None:
        chosen = plan.outcomes.get(cause)
        if chosen is None:
            return usual_outcome(cause, voicemail=plan.enable_voicemail)
        return Outcome(
            OutcomeAction(chosen.action),
            to_queue_id=self._queue_numbers.get(chosen.to_queue),
            to_number=chosen.to_number,
            message=chosen.message,
        )

    def is_open(self, queue: int, now: dt.datetime) -> bool:
        hours = self._hours[queue]
        return hours is None or is_open(hours, now).open

    def is_full(self, queue: int) -> bool:
        return self._lines.length(queue) >= self._plans[queue].maximum_queue_size

    def anybody_signed_in(self, queue: int) -> bool:
        plan = self._plans[queue]
        groups = self._scenario.groups if plan.agent_list else plan.primary_groups + plan.backup_groups
        return self._floor.anybody_reachable(self._groups[name] for name in groups)

    def place_of(self, entry: int) -> int:
        return min(self._lines.place_of(entry), MOST_ANNOUNCED_PLACE)

    def estimated_wait_s(self, queue: int, place: int) -> int | None:
        return expected_wait_s(tuple(self._answered[queue]), place)

    # ── Agents and limits ────────────────────────────────────────────────────────────────────────────────────────
    def agent(self, user_id: str) -> AgentConfig | None:
        state = next((seat.state for seat in self._floor.seats.values() if seat.state.user_id == user_id), None)
        if state is None:
            return None
        busy = spends(state) in (Spends.RINGING, Spends.TALKING)
        return AgentConfig(state.agent_id, user_id, user_id, busy, endpoints_of(state, ANY_DEVICE, PROJECT, COUNTRY))

    def may_call_out(self, user_id: str, now: dt.datetime) -> bool:
        """Agents of scenarios call nobody by themselves."""
        return True

    def outbound_refusal(self, digits: str, now: dt.datetime) -> Cause | None:
        """Scenarios have no limits on outbound calls."""
        return None if digits else Cause.INVALID_NUMBER

    # ── What dispatch reads ──────────────────────────────────────────────────────────────────────────────────────
    def policies(self) -> dict[int, Policy]:
        """How each queue gives out its calls."""
        return {
            number: Policy(
                queue=number,
                ring_timeout_s=plan.wait_agent_answer_timeout,
                needs=QueueNeeds(),
                primary=self.group_numbers(plan.primary_groups),
                backup=self.group_numbers(plan.backup_groups),
                backup_after_s=plan.route_to_backup_groups_after,
                last_agent_first=plan.last_agent_first,
                uses_list=plan.agent_list is not None,
                fall_back_to_groups=plan.fall_back_to_groups,
            )
            for number, plan in self._plans.items()
        }

    def group_numbers(self, names: Sequence[str]) -> tuple[int, ...]:
        """Groups by their numbers, in the order of these."""
        return tuple(sorted(self._groups[name] for name in names))


def _queue(number: int, plan: QueuePlan) -> QueueConfig:
    return QueueConfig(
        id=number,
        public_id=plan.name,
        name=plan.name,
        wrap_up_s=plan.wrap_up_time_limit if plan.agent_wrap_up_after_calls else None,
        max_wait_s=plan.maximum_queue_wait_time,
        backup_after_s=plan.route_to_backup_groups_after,
        announce_position=plan.announce_position,
        announce_estimated_wait=plan.announce_estimated_wait,
        announce_every_s=plan.announce_every_s,
    )


def _hours(windows: tuple[Window, ...], zone: ZoneInfo) -> Hours | None:
    ranges = [Range(each.begins, each.ends) for each in windows]
    return Hours(zone, [WeeklyRange(day, each) for day in range(DAYS_OF_WEEK) for each in ranges]) if ranges else None
