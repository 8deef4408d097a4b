"""Who can be given a queue's calls: the agents of its groups, in the order in which they are looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents.domain import Rule, availability
from routing.domain.question import Candidate, Considered, GroupTier, Missed, PassedOver, Policy, Waiting


@dataclass(frozen=True, slots=True)
class Seat:
    """A free agent of a queue's groups."""

    agent: int
    tier: GroupTier
    free_since: dt.datetime

    @property
    def rank(self) -> tuple[int, dt.datetime, int]:
        """Sorts as agents are looked at: primary groups, then the longest idle, then id."""
        return -self.tier, self.free_since, self.agent


class Line:
    """The agents of one queue during one run of the rules: free ones become fewer as they are given out."""

    def __init__(self, policy: Policy, candidates: Iterable[Candidate]) -> None:
        """Cost: O(candidates · log candidates), once for each queue."""
        self.policy = policy
        self.unavailable: dict[int, Considered] = {}
        self.reserved: list[Considered] = []
        seats = []
        for candidate in candidates:
            tier, state = policy.tier_of(candidate), candidate.state
            if tier is None:
                continue
            if (rule := _forbidden_by(candidate, policy)) is not None:
                self.unavailable[state.agent_id] = Considered(state.agent_id, tier, rule)
            elif state.free_since is not None:
                seats.append(Seat(state.agent_id, tier, state.free_since))
        self.free = {seat.agent: seat for seat in sorted(seats, key=lambda seat: seat.rank)}

    def give_out(self, agent: int) -> None:
        """The agent got a call, of this queue or another."""
        if seat := self.free.pop(agent, None):
            self.reserved.append(Considered(agent, seat.tier, PassedOver.RESERVED_FOR_EARLIER_CALL))

    def not_free(self, tier: GroupTier) -> Iterator[Considered]:
        """Agents down to this tier who cannot be had, best tier first."""
        for looked_at in GroupTier:
            if looked_at >= tier:
                yield from (each for each in self.unavailable.values() if each.tier == looked_at)
                yield from (each for each in self.reserved if each.tier == looked_at)

    def in_order(self, waiting: Waiting, missed: dict[int, Missed]) -> Iterator[Seat]:
        """Free agents as a call looks at them: fewest misses of this call, tier, last agent, longest idle, id.

        Cost: lazily, O(1) for each; who missed this call is sorted at the end.
        """
        last = self._last_agent(waiting)
        fresh = (seat for seat in self.free.values() if seat.agent not in missed)
        again = [self.free[agent] for agent in missed if agent in self.free]
        yield from _first_of_its_tier(last, fresh) if last and last.agent not in missed else fresh
        yield from sorted(again, key=lambda seat: (missed[seat.agent].times, -seat.tier, seat is not last, *seat.rank))

    def _last_agent(self, waiting: Waiting) -> Seat | None:
        if waiting.last_agent is None or not self.policy.last_agent_first:
            return None
        return self.free.get(waiting.last_agent)


def _first_of_its_tier(first: Seat, seats: Iterable[Seat]) -> Iterator[Seat]:
    """The seats, which are sorted by tier and contain `first`, with it in front of its tier."""
    placed = False
    for seat in seats:
        if seat.tier == first.tier and not placed:
            placed = True
            yield first
        if seat is not first:
            yield seat


def _forbidden_by(candidate: Candidate, policy: Policy) -> Rule | None:
    hindrance = availability(candidate.state, policy.needs)
    return hindrance.rule if hindrance else None
