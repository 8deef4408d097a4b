"""What `routing.domain.matching.match` is asked, put together from memory as routing.selectors does it from tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice

from callflow.simulation.floor import Floor
from callflow.simulation.lines import Lines
from routing.domain.matching import match
from routing.domain.question import Answer, Candidate, Policy, Question, Waiting
from routing.lines import LOOKED_AT_FOR_BUSY, MOST_SEATS, MOST_TRIED, SHOWN_BUSY, SPARE
from routing.selectors import SPARE_HEADS

PolicyOf = Callable[[int], Policy]


class Asking:
    """Asks who gets which call. Reads the heads of lines and the longest idle agents, hardly more of the ones than of
    the others: what it costs depends on neither how many wait nor how many agents there are.

    Every agent is rung on a page, which every queue may ring: who is free can be had.
    """

    def __init__(self, project: int, lines: Lines, floor: Floor, queues: Sequence[int], policy_of: PolicyOf) -> None:
        self._project = project
        self._lines = lines
        self._floor = floor
        self._queues = queues
        self._policy_of = policy_of
        self.shows_busy = False  # whether agents who are not free are read too, to explain why they got no call

    def ask(self, now: dt.datetime) -> tuple[Question, Answer] | None:
        """The question as it is now, and its answer; None when nobody waits or nobody can be had."""
        policies = self._to_look_at()
        asked = None
        for spare in SPARE_HEADS if policies else ():
            asked = self._question(policies, spare, now)
            if asked is None:
                return None
            answer = match(asked)
            if answer.matches or not any(policy.cut for policy in asked.policies):
                return asked, answer
        if asked is None:
            return None
        uncut = replace(asked, policies=tuple(replace(each, cut=False) for each in asked.policies))
        return uncut, match(uncut)

    def _to_look_at(self) -> list[tuple[Policy, int]]:
        """Queues where calls wait and agents are free, or the customer's list may name some; with the free seats."""
        found = []
        for queue in self._queues:
            if self._lines.length(queue):
                policy = self._policy_of(queue)
                seats = self._seats(policy)
                if seats or policy.uses_list:
                    found.append((policy, seats))
        return found

    def _seats(self, policy: Policy) -> int:
        groups = policy.primary + policy.backup
        return sum(min(len(self._floor.free_of(group)), MOST_SEATS) for group in groups)

    def _question(self, policies: Sequence[tuple[Policy, int]], spare: int, now: dt.datetime) -> Question | None:
        waiting: list[Waiting] = []
        asked: list[Policy] = []
        for policy, seats in policies:
            most = (MOST_SEATS if policy.by_list else seats) + spare
            head = self._head(policy, most + 1)
            waiting += head[:most]
            asked.append(replace(policy, cut=True) if len(head) > most else policy)
        if not waiting:
            return None
        waiting.sort(key=lambda each: each.place)
        return Question(self._project, now, tuple(waiting), self._candidates(asked, waiting), tuple(asked))

    def _head(self, policy: Policy, most: int) -> list[Waiting]:
        """The first calls of a line; of a queue that goes by lists, of those that name a free agent."""
        if not policy.by_list:
            return self._lines.head(policy.queue, most)
        return list(islice((each for each in self._lines.calls(policy.queue) if self._names_a_free_one(each)), most))

    def _names_a_free_one(self, waiting: Waiting) -> bool:
        return any(self._floor.state(listed.agent).free_since is not None for listed in waiting.listed or ())

    def _candidates(self, policies: Iterable[Policy], waiting: Sequence[Waiting]) -> tuple[Candidate, ...]:
        """Everybody who can be the best one for some of these calls, as in `routing.lines.candidates_for`."""
        most = len(waiting) + min(max(len(each.tried) for each in waiting), MOST_TRIED) + SPARE
        found = {each.last_agent for each in waiting if each.last_agent is not None}
        found |= {listed.agent for each in waiting for listed in each.listed or ()}
        for policy in policies:
            groups = () if policy.by_list else policy.primary + policy.backup
            for group in groups:
                found.update(agent for _, agent in self._floor.free_of(group)[:most])
                if self.shows_busy:
                    found.update(self._busy_of(group, max(SHOWN_BUSY // len(groups), 1)))
        return tuple(self._floor.seats[agent].candidate for agent in sorted(found))

    def _busy_of(self, group: int, most: int) -> Iterable[int]:
        looked_at = self._floor.members_of(group)[:LOOKED_AT_FOR_BUSY]
        return islice((agent for agent in looked_at if self._floor.state(agent).free_since is None), most)
