"""Customers' servers as a scenario has them: slow, failing, down. Breakers and reading are production's."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from callflow.simulation import chance
from callflow.simulation.floor import Floor
from callflow.simulation.lines import Lines
from callflow.simulation.scenario import ListOrder, ListPlan, Scenario, ServerPlan
from routing.domain.agent_list import DEVICE, VERSION, Asked, KnownAgent, read_answer
from routing.domain.asking import ANSWER_WITHIN_S, FAILURE_COUNTS_FOR_S, MAX_CALLS, Asking, may_ask
from routing.domain.question import Listed, Policy, Waiting
from telephony.switch.scheduler import VirtualScheduler
from webhooks import breaker

Answered = Callable[[bool], None]


class Server:
    """One endpoint. `ask` calls back with whether it has answered in time; while its breaker is open nobody asks."""

    def __init__(self, plan: ServerPlan, scenario: Scenario, scheduler: VirtualScheduler, luck: Random) -> None:
        self._plan = plan
        self._scenario = scenario
        self._scheduler = scheduler
        self._luck = luck
        self.health = breaker.HEALTHY

    def ask(self, within_s: float, answered: Answered) -> None:
        """Ask, and wait for so long at most."""
        now = self._scheduler.now()
        self.health, admission = breaker.admit(self.health, now)
        if admission is breaker.Admission.REFUSED:
            self._later(0.0, lambda: answered(False))
            return
        latency_s = chance.seconds(self._plan.latency, self._luck)
        fails = self._luck.random() < self._plan.fails or self._scenario.is_in(self._plan.down, now)
        well = not fails and latency_s < within_s
        is_probe = admission is breaker.Admission.PROBE
        self._later(min(latency_s, within_s), lambda: self._told(answered, well=well, is_probe=is_probe))

    def _told(self, answered: Answered, *, well: bool, is_probe: bool) -> None:
        now = self._scheduler.now()
        self.health = breaker.succeeded(self.health) if well else breaker.failed(self.health, now, probe=is_probe)
        answered(well)

    def _later(self, after_s: float, callback: Callable[[], None]) -> None:
        self._scheduler.at(self._scheduler.now() + dt.timedelta(seconds=after_s), callback)


@dataclass(slots=True)
class _Flight:
    """What is known of the questions about one queue: the row of `routing.models.AgentListFlight`."""

    plan: ListPlan
    server: Server
    groups: tuple[int, ...]
    asked: frozenset[int] = frozenset()
    asked_at: dt.datetime | None = None
    under_way_since: dt.datetime | None = None
    failed_at: dt.datetime | None = None


class AgentLists:
    """Asks agent list URLs when that is due (`routing.domain.asking`), and keeps what they answer."""

    def __init__(
        self,
        scenario: Scenario,
        policies: Mapping[int, Policy],
        groups_of: Callable[[Sequence[str]], tuple[int, ...]],
        scheduler: VirtualScheduler,
        floor: Floor,
        lines: Lines,
        ring: Callable[[], None],
        seed: int,
    ) -> None:
        self._policies = policies
        self._scheduler = scheduler
        self._floor = floor
        self._lines = lines
        self._ring = ring
        self._luck = Random(f"{seed} agent lists")  # noqa: S311 - a simulation, not a secret
        self._known = {
            seat.state.user_id: KnownAgent(agent, bool(seat.state.phone_number)) for agent, seat in floor.seats.items()
        }
        self._flights = {
            queue: _Flight(
                plan.agent_list,
                Server(plan.agent_list.server, scenario, scheduler, self._luck),
                groups_of(plan.agent_list.groups),
            )
            for queue, plan in enumerate(scenario.queues, 1)
            if plan.agent_list is not None
        }

    def policy_of(self, queue: int) -> Policy:
        """How a queue gives out its calls now."""
        flight, policy = self._flights.get(queue), self._policies[queue]
        return policy if flight is None or flight.failed_at is None else replace(policy, list_failed=True)

    @property
    def are_wanted(self) -> bool:
        """Whether calls wait for which lists are asked: then somebody looks every second."""
        return any(self._lines.length(queue) for queue in self._flights)

    def look(self) -> None:
        """Ask about the queues for which that is due."""
        now = self._scheduler.now()
        for queue, flight in self._flights.items():
            self._forget_old_failure(flight, now)
            if self._lines.length(queue) and may_ask(self._asking(queue, flight), now):
                self._ask(queue, flight, now)

    def _asking(self, queue: int, flight: _Flight) -> Asking:
        return Asking(
            waiting=frozenset(each.entry for each in self._lines.head(queue, MAX_CALLS)),
            asked=flight.asked,
            asked_at=flight.asked_at,
            under_way_since=flight.under_way_since,
            freed_at=self._floor.freed_at(),
            failed=flight.failed_at is not None,
            left_alone_until=flight.server.health.until,
        )

    def _forget_old_failure(self, flight: _Flight, now: dt.datetime) -> None:
        is_old = flight.failed_at is not None and now >= flight.failed_at + dt.timedelta(seconds=FAILURE_COUNTS_FOR_S)
        if is_old and flight.under_way_since is None:
            flight.failed_at = None

    def _ask(self, queue: int, flight: _Flight, now: dt.datetime) -> None:
        calls = self._lines.head(queue, MAX_CALLS)
        flight.asked, flight.asked_at, flight.under_way_since = frozenset(each.entry for each in calls), now, now
        answer = self._answer(flight, calls)
        flight.server.ask(ANSWER_WITHIN_S, lambda well: self._land(queue, flight, calls, answer if well else None))

    def _land(self, queue: int, flight: _Flight, calls: Sequence[Waiting], answer: str | None) -> None:
        now = self._scheduler.now()
        flight.under_way_since = None
        flight.failed_at = None if answer is not None else now
        if answer is not None:
            self._keep(queue, calls, answer)
        if answer is not None or self._policies[queue].fall_back_to_groups:
            self._ring()
        self.look()

    def _keep(self, queue: int, calls: Sequence[Waiting], answer: str) -> None:
        entries = {each.call_id: each.entry for each in calls}
        asked = Asked(frozenset(entries), self._policies[queue].ring_timeout_s)
        for call_id, agents in read_answer(answer, asked, self._known).lists.items():
            listed = [Listed(each.agent, each.timeout_s, each.routing_type, each.phone) for each in agents]
            self._lines.set_list(entries[call_id], listed)

    # ── What the server thinks ───────────────────────────────────────────────────────────────────────────────────
    def _answer(self, flight: _Flight, calls: Sequence[Waiting]) -> str:
        """The customer's answer (Source: webhooks.md §6.2), by whom the server sees when it is asked."""
        return json.dumps(
            {
                "version": VERSION,
                "calls": [{"callId": each.call_id, "agents": self._agents(flight)} for each in calls],
            }
        )

    def _agents(self, flight: _Flight) -> list[dict[str, object]]:
        return [
            {
                "stringee_user_id": self._floor.state(agent).user_id,
                "routing_type": DEVICE,
                "answer_timeout": flight.plan.answer_timeout,
            }
            for agent in self._in_order(flight)[: flight.plan.at_most]
        ]

    def _in_order(self, flight: _Flight) -> list[int]:
        members = {agent for group in flight.groups for agent in self._floor.members_of(group)}
        free = {since_and_agent for group in flight.groups for since_and_agent in self._floor.free_of(group)}
        longest_idle = [agent for _, agent in sorted(free)]
        agents = longest_idle if flight.plan.only_free else longest_idle + sorted(members - set(longest_idle))
        match flight.plan.order:
            case ListOrder.BY_NAME:
                return sorted(agents, key=lambda agent: self._floor.state(agent).user_id)
            case ListOrder.SHUFFLED:
                return self._luck.sample(agents, len(agents))
            case ListOrder.LONGEST_IDLE:
                return agents
