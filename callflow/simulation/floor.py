"""Agents in memory: their states, who of each group is free and since when, and how they spend their time.

What follows what is decided by `agents.domain`, as it is for the rows of agents (agents.activity).
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from agents import domain
from agents.domain import COUNTS_AS_MISSED, Activity, AgentEvent, AgentState, Reach, Unanswered
from callflow.domain.effects import AgentAnswered, AgentCalledOut, AgentEffect, AgentMissed, AgentReleased
from routing.domain.question import Candidate
from telephony.switch.scheduler import VirtualScheduler

Change = Callable[[AgentState], AgentState | None]


class Spends(StrEnum):
    """What an agent spends his time on."""

    TALKING = "talking"
    WRAP_UP = "wrap_up"
    RINGING = "ringing"
    IDLE = "idle"
    AWAY = "away"  # signed in, and no call comes: a break, a pause, set aside
    SIGNED_OUT = "signed_out"


_BUSY_WITH = {
    Activity.ON_CALL: Spends.TALKING,
    Activity.WRAP_UP: Spends.WRAP_UP,
    Activity.OFFERED: Spends.RINGING,
}


def spends(state: AgentState) -> Spends:
    """What an agent does, for the figures."""
    if state.activity in _BUSY_WITH:
        return _BUSY_WITH[state.activity]
    if state.free_since is not None:
        return Spends.IDLE
    return Spends.AWAY if state.reach else Spends.SIGNED_OUT


class FloorWatcher(Protocol):
    """Sees every change of an agent."""

    def agent_moved(self, event: AgentEvent, before: AgentState, after: AgentState, now: dt.datetime) -> None: ...


@dataclass(slots=True)
class Seat:
    """An agent at work. `groups` are his groups, `since` is when he began what he does now."""

    candidate: Candidate
    since: dt.datetime
    spent: dict[Spends, dt.timedelta]

    @property
    def state(self) -> AgentState:
        return self.candidate.state


class Floor:
    """All agents of the project. Told `ring` when a call may come to somebody who could not get it before."""

    def __init__(
        self,
        agents: Iterable[tuple[AgentState, Sequence[int]]],
        scheduler: VirtualScheduler,
        sweep: Callable[[dt.datetime], dt.datetime],
        ring: Callable[[], None],
        watchers: Sequence[FloorWatcher],
        missed_calls_limit: int,
    ) -> None:
        self._scheduler = scheduler
        self._sweep = sweep
        self._ring = ring
        self._watchers = watchers
        self._missed_calls_limit = missed_calls_limit
        self.seats = {
            state.agent_id: Seat(
                Candidate(state, tuple(sorted(groups))), scheduler.now(), dict.fromkeys(Spends, dt.timedelta())
            )
            for state, groups in agents
        }
        all_groups = {group for seat in self.seats.values() for group in seat.candidate.groups}
        self._free: dict[int, list[tuple[dt.datetime, int]]] = {group: [] for group in all_groups}
        self._reachable: Counter[int] = Counter()
        self._members: dict[int, list[int]] = {group: [] for group in all_groups}
        for agent, seat in self.seats.items():
            for group in seat.candidate.groups:
                self._members[group].append(agent)
        self._counts = False

    # ── Reads ────────────────────────────────────────────────────────────────────────────────────────────────────
    def state(self, agent: int) -> AgentState:
        return self.seats[agent].state

    def free_of(self, group: int) -> Sequence[tuple[dt.datetime, int]]:
        """Who of a group is free, the longest idle first: since when, and his number."""
        return self._free.get(group, ())

    def members_of(self, group: int) -> Sequence[int]:
        return self._members.get(group, ())

    def anybody_reachable(self, groups: Iterable[int]) -> bool:
        """Whether a device of somebody of these groups is there."""
        return any(self._reachable[group] for group in groups)

    def freed_at(self) -> dt.datetime | None:
        """When the one of those who are free now became so who did last."""
        return max((line[-1][0] for line in self._free.values() if line), default=None)

    # ── Changes ──────────────────────────────────────────────────────────────────────────────────────────────────
    def apply(self, effect: AgentEffect, call_id: str, now: dt.datetime) -> None:
        """Change an agent as a decision about a call says."""
        match effect:
            case AgentMissed(agent, how):
                self._missed(agent.id, call_id, how, now)
            case AgentAnswered(agent):
                self._change(agent.id, AgentEvent.ANSWERED, lambda state: domain.answered(state, call_id, now), now)
            case AgentCalledOut(agent):
                self._change(agent.id, AgentEvent.CALLED_OUT, lambda state: domain.called_out(state, call_id, now), now)
            case AgentReleased():
                self._released(effect, call_id, now)

    def reserve(self, agent: int, call_id: str, now: dt.datetime) -> bool:
        """Reserve an agent for a call, if he is free."""
        return self._change(agent, AgentEvent.OFFERED, lambda state: domain.offered(state, call_id, now), now)

    def sign_in(self, agent: int, now: dt.datetime) -> None:
        """His page connects, and he says that he is available."""
        self._device(agent, Reach.CONNECTION, now)
        self.choose(agent, domain.AVAILABLE, now)

    def sign_out(self, agent: int, now: dt.datetime) -> None:
        """He says that he is not available, and his page goes. A call that he has is finished."""
        self.choose(agent, None, now)
        self._device(agent, Reach.NONE, now)

    def choose(self, agent: int, status: str | None, now: dt.datetime) -> None:
        """He chooses a manual status."""
        self._change(agent, AgentEvent.MANUAL_STATUS, lambda state: domain.status_chosen(state, status, now), now)

    def come_back(self, agent: int) -> None:
        """Who was set aside says that he is there."""
        now = self._scheduler.now()
        if self.state(agent).set_aside_at is not None:
            self._change(agent, AgentEvent.RETURNED, lambda state: domain.returned(state, now), now)

    def _device(self, agent: int, bits: int, now: dt.datetime) -> None:
        self._keep(agent, None, domain.settled(replace(self.state(agent), device_status=bits), now), now)

    def _missed(self, agent: int, call_id: str, how: Unanswered, now: dt.datetime) -> None:
        limit = self._missed_calls_limit if how in COUNTS_AS_MISSED else 0
        self._change(
            agent, AgentEvent.OFFER_ENDED, lambda state: domain.unanswered(state, call_id, how, limit, now), now
        )

    def _released(self, effect: AgentReleased, call_id: str, now: dt.datetime) -> None:
        event = AgentEvent.WRAP_UP_STARTED if effect.wrap_up_s else AgentEvent.RELEASED

        def change(state: AgentState) -> AgentState | None:
            return domain.released(state, call_id, now, wrap_up_s=effect.wrap_up_s, of_queue=effect.queue_call)

        self._change(effect.agent.id, event, change, now)

    # ── One way to keep a change ─────────────────────────────────────────────────────────────────────────────────
    def _change(self, agent: int, event: AgentEvent, change: Change, now: dt.datetime) -> bool:
        after = change(self.state(agent))
        if after is None:
            return False
        self._keep(agent, event, after, now)
        return True

    def _keep(self, agent: int, event: AgentEvent | None, after: AgentState, now: dt.datetime) -> None:
        seat = self.seats[agent]
        before = seat.state
        if after == before:
            return
        self._count(seat, now)
        seat.candidate = Candidate(after, seat.candidate.groups)
        self._index(seat, before, after)
        self._wake(agent, before, after)
        for watcher in self._watchers:
            if event is not None:
                watcher.agent_moved(event, before, after, now)
        if after.free_since is not None and (before.free_since is None or after.reach & ~before.reach):
            self._ring()

    def _index(self, seat: Seat, before: AgentState, after: AgentState) -> None:
        """Bring what is read by group in line with a changed agent."""
        agent = after.agent_id
        for group in seat.candidate.groups if before.free_since != after.free_since else ():
            line = self._free[group]
            if before.free_since is not None:
                del line[bisect_left(line, (before.free_since, agent))]
            if after.free_since is not None:
                insort(line, (after.free_since, agent))
        if bool(before.reach) != bool(after.reach):
            for group in seat.candidate.groups:
                self._reachable[group] += 1 if after.reach else -1

    def _wake(self, agent: int, before: AgentState, after: AgentState) -> None:
        """Come back when a wrap-up or a pause that has just begun is over; the sweep finds it then."""
        if after.wrap_up_until is not None and after.wrap_up_until != before.wrap_up_until:
            self._scheduler.at(self._sweep(after.wrap_up_until), lambda: self._wrap_up_over(agent))
        if after.paused_until is not None and after.paused_until != before.paused_until:
            self._scheduler.at(self._sweep(after.paused_until), lambda: self._pause_over(agent))

    def _wrap_up_over(self, agent: int) -> None:
        until, now = self.state(agent).wrap_up_until, self._scheduler.now()
        if until is not None and until <= now:
            self._change(agent, AgentEvent.WRAP_UP_ENDED, lambda state: domain.wrap_up_ended(state, now), now)

    def _pause_over(self, agent: int) -> None:
        until, now = self.state(agent).paused_until, self._scheduler.now()
        if until is not None and until <= now:
            self._change(agent, AgentEvent.PAUSE_ENDED, lambda state: domain.settled(state, now), now)

    # ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def count_time(self, *, on: bool) -> None:
        """Count from now on what agents spend their time on, or no longer."""
        now = self._scheduler.now()
        for seat in self.seats.values():
            self._count(seat, now)
        self._counts = on

    def _count(self, seat: Seat, now: dt.datetime) -> None:
        if self._counts:
            seat.spent[spends(seat.state)] += now - seat.since
        seat.since = now
