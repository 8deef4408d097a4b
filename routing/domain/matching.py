"""Which waiting call goes to which agent: the one place where this is decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from agents.domain import AgentState, availability, endpoints_of, kept_away, settled
from routing.domain.lines import Line, Seat
from routing.domain.question import (
    MAX_RING_S,
    MIN_RING_S,
    Answer,
    AnyRule,
    Candidate,
    Considered,
    GroupTier,
    Listed,
    Match,
    Missed,
    Overtaken,
    PassedOver,
    Place,
    Policy,
    Question,
    Waiting,
)

RUNNERS_UP = 5  # so many agents who would have come next are noted with a match


def match(question: Question) -> Answer:
    """Give waiting calls to free agents: each call in turn takes the best agent whom the rules allow it.

    Order: calls by priority, then time of entering, then id, over all queues of the project. Agents by the fewest
    misses of this call, tier, last agent of this caller (if the queue says so), longest idle, id. With a customer's
    list exactly the list, in its order, those first who have missed this call least often. Backup groups only once the
    call has waited long enough, and after the primary agents who are available for it.
    Cost: near-linear in calls and agents; the explanations of one queue's matches grow with each other, at most
    with the square of its matches.
    """
    run = Run(question)
    run.serve_all()
    return run.answer()


@dataclass(frozen=True, slots=True)
class _Hindrance:
    """A rule that keeps a call from an agent for now; `until` when time alone ends it."""

    rule: AnyRule
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class _Choice:
    state: AgentState
    tier: GroupTier
    timeout_s: int
    considered: tuple[Considered, ...]


class Run:
    """One run of the rules over a question."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.now = question.now
        self.matches: list[Match] = []
        self.reserved: set[int] = set()
        self.candidates = {each.state.agent_id: each for each in question.candidates}
        self.lines = {policy.queue: Line(policy, question.candidates) for policy in question.policies}
        self._passed: list[Waiting] = []  # in the order of calls
        self._wakes: list[tuple[int, dt.datetime]] = []  # agent (0: whoever), instant
        self._seen_up_to = self._ends_of_cut_lines()

    def serve_all(self) -> None:
        """Let every call choose, in the order of calls."""
        for waiting in sorted(self.question.waiting, key=lambda each: each.place):
            if waiting.queue in self.lines:
                self._serve(waiting)

    def answer(self) -> Answer:
        wakes = [at for agent, at in self._wakes if agent not in self.reserved]
        return Answer(tuple(self.matches), min(wakes, default=None))

    def why_not(self, waiting: Waiting, agent: int) -> AnyRule | None:
        """The first rule that keeps a call from an agent; None when it may have him."""
        line = self.lines[waiting.queue]
        if waiting.ready_at > self.now:
            return PassedOver.NOT_READY
        if line.policy.by_list:
            return self._why_not_by_list(waiting, line.policy, agent)
        return self._why_not_by_groups(waiting, line, agent)

    # ── One call ─────────────────────────────────────────────────────────────────────────────────────────────────
    def _serve(self, waiting: Waiting) -> None:
        choice = self._choose(waiting, self.lines[waiting.queue])
        if choice is None:
            self._passed.append(waiting)
        else:
            self._give(waiting, choice)

    def _choose(self, waiting: Waiting, line: Line) -> _Choice | None:
        if waiting.ready_at > self.now:
            self._wakes.append((0, waiting.ready_at))
            return None
        if line.policy.by_list:
            return self._first_of_list(waiting, line.policy)
        return self._best_of_groups(waiting, line)

    def _give(self, waiting: Waiting, choice: _Choice) -> None:
        agent = choice.state.agent_id
        policy = self.lines[waiting.queue].policy
        self.matches.append(
            Match(
                entry=waiting.entry,
                call=waiting.call,
                call_id=waiting.call_id,
                queue=waiting.queue,
                agent=agent,
                tier=choice.tier,
                attempt=waiting.attempts + 1,
                timeout_s=min(max(choice.timeout_s, MIN_RING_S), MAX_RING_S),
                endpoints=endpoints_of(choice.state, policy.needs, self.question.project, self.question.country),
                considered=choice.considered,
                overtook=tuple(self._overtaken(waiting, agent)),
            )
        )
        self.reserved.add(agent)
        for line in self.lines.values():
            line.give_out(agent)

    # ── Groups ───────────────────────────────────────────────────────────────────────────────────────────────────
    def _best_of_groups(self, waiting: Waiting, line: Line) -> _Choice | None:
        missed = _missed(waiting)
        seats = line.in_order(waiting, missed)
        passed: list[Considered] = []
        wakes: list[tuple[int, dt.datetime]] = []
        for seat in seats:
            hindrance = self._hindrance(waiting, line.policy, seat, missed)
            if hindrance is None:
                next_ones = self._runners_up(waiting, line.policy, seat, islice(seats, RUNNERS_UP), missed)
                chosen = Considered(seat.agent, seat.tier)
                considered = (*line.not_free(seat.tier), *passed, *next_ones, chosen)
                return _Choice(self.candidates[seat.agent].state, seat.tier, line.policy.ring_timeout_s, considered)
            passed.append(Considered(seat.agent, seat.tier, hindrance.rule))
            if hindrance.until:
                wakes.append((seat.agent, hindrance.until))
        self._wakes += wakes
        return None

    def _hindrance(self, waiting: Waiting, policy: Policy, seat: Seat, missed: dict[int, Missed]) -> _Hindrance | None:
        """What keeps a free agent of the queue's groups from this call."""
        if self._earlier_calls_first(waiting, seat.agent):
            return _Hindrance(PassedOver.EARLIER_CALLS_FIRST)
        if seat.tier is GroupTier.BACKUP and (opens := policy.backup_opens_at(waiting)) > self.now:
            return _Hindrance(PassedOver.BACKUP_NOT_OPEN, opens)
        return self._tried_recently(seat.agent, missed)

    def _tried_recently(self, agent: int, missed: dict[int, Missed]) -> _Hindrance | None:
        if agent in missed and missed[agent].until > self.now:
            return _Hindrance(PassedOver.TRIED_RECENTLY, missed[agent].until)
        return None

    def _runners_up(
        self, waiting: Waiting, policy: Policy, chosen: Seat, others: Iterable[Seat], missed: dict[int, Missed]
    ) -> Iterator[Considered]:
        for seat in others:
            hindrance = self._hindrance(waiting, policy, seat, missed)
            rule = hindrance.rule if hindrance else _why_behind(waiting, policy, chosen, seat, missed)
            yield Considered(seat.agent, seat.tier, rule)

    def _why_not_by_groups(self, waiting: Waiting, line: Line, agent: int) -> AnyRule | None:
        if agent in line.unavailable:
            return line.unavailable[agent].passed_over
        if agent in line.free:
            hindrance = self._hindrance(waiting, line.policy, line.free[agent], _missed(waiting))
            return hindrance.rule if hindrance else None
        serves = agent in self.candidates and line.policy.tier_of(self.candidates[agent]) is not None
        return PassedOver.RESERVED_FOR_EARLIER_CALL if serves else PassedOver.NOT_IN_GROUPS

    # ── The customer's list ──────────────────────────────────────────────────────────────────────────────────────
    def _first_of_list(self, waiting: Waiting, policy: Policy) -> _Choice | None:
        missed = _missed(waiting)
        passed: list[Considered] = []
        wakes: list[tuple[int, dt.datetime]] = []
        lines = iter(_round(waiting, missed))
        for listed in lines:
            candidate = self.candidates.get(listed.agent)
            if candidate is None:
                continue
            hindrance = self._hindrance_of_listed(waiting, policy, candidate, listed, missed)
            if hindrance is None:
                next_ones = self._listed_later(waiting, policy, islice(lines, RUNNERS_UP), missed)
                chosen = Considered(listed.agent, GroupTier.PRIMARY)
                state = _as_listed(candidate.state, listed, self.now)
                return _Choice(state, GroupTier.PRIMARY, listed.timeout_s, (*passed, *next_ones, chosen))
            passed.append(Considered(listed.agent, GroupTier.PRIMARY, hindrance.rule))
            if hindrance.until:
                wakes.append((listed.agent, hindrance.until))
        self._wakes += wakes
        return None

    def _hindrance_of_listed(
        self, waiting: Waiting, policy: Policy, candidate: Candidate, listed: Listed, missed: dict[int, Missed]
    ) -> _Hindrance | None:
        """What keeps a listed agent from this call. Nothing keeps him away, and he is reached on what the list says."""
        if listed.agent in self.reserved:
            return _Hindrance(PassedOver.RESERVED_FOR_EARLIER_CALL)
        as_listed = _as_listed(candidate.state, listed, self.now)
        if forbidden := kept_away(candidate.state) or availability(as_listed, policy.needs):
            return _Hindrance(forbidden.rule)
        if self._earlier_calls_first(waiting, listed.agent):
            return _Hindrance(PassedOver.EARLIER_CALLS_FIRST)
        return self._tried_recently(listed.agent, missed)

    def _listed_later(
        self, waiting: Waiting, policy: Policy, others: Iterable[Listed], missed: dict[int, Missed]
    ) -> Iterator[Considered]:
        for listed in others:
            if candidate := self.candidates.get(listed.agent):
                hindrance = self._hindrance_of_listed(waiting, policy, candidate, listed, missed)
                rule = hindrance.rule if hindrance else PassedOver.LISTED_LATER
                yield Considered(listed.agent, GroupTier.PRIMARY, rule)

    def _why_not_by_list(self, waiting: Waiting, policy: Policy, agent: int) -> AnyRule | None:
        if waiting.listed is None:
            return PassedOver.NO_LIST
        listed = next((each for each in waiting.listed if each.agent == agent), None)
        if listed is None or agent not in self.candidates:
            return PassedOver.NOT_LISTED
        hindrance = self._hindrance_of_listed(waiting, policy, self.candidates[agent], listed, _missed(waiting))
        return hindrance.rule if hindrance else None

    # ── Order between calls ──────────────────────────────────────────────────────────────────────────────────────
    def _overtaken(self, waiting: Waiting, agent: int) -> Iterator[Overtaken]:
        """Earlier calls, still waiting, that could not take this agent: of the same queue, and where he serves too."""
        for other in self._passed:
            if other.queue == waiting.queue or self._serves(agent, other):
                rule = self.why_not(other, agent)
                assert rule is not None  # noqa: S101 - else that call had taken him
                yield Overtaken(other.entry, rule)

    def _serves(self, agent: int, waiting: Waiting) -> bool:
        """Whether a call's groups or list name an agent."""
        policy = self.lines[waiting.queue].policy
        if policy.by_list:
            return any(listed.agent == agent for listed in waiting.listed or ())
        return policy.tier_of(self.candidates[agent]) is not None

    def _earlier_calls_first(self, waiting: Waiting, agent: int) -> bool:
        """Whether calls that are not given come before this one in a line that this agent serves."""
        return any(
            place < waiting.place and agent in self.lines[queue].free for queue, place in self._seen_up_to.items()
        )

    def _ends_of_cut_lines(self) -> dict[int, Place]:
        """The place of the last given call of each queue that has more, when groups serve it."""
        cut = {policy.queue for policy in self.question.policies if policy.cut and not policy.by_list}
        ends: dict[int, Place] = {}
        for waiting in self.question.waiting:
            if waiting.queue in cut:
                ends[waiting.queue] = max(ends.get(waiting.queue, waiting.place), waiting.place)
        return ends


def _missed(waiting: Waiting) -> dict[int, Missed]:
    return {each.agent: each for each in waiting.tried}


def _why_behind(waiting: Waiting, policy: Policy, chosen: Seat, seat: Seat, missed: dict[int, Missed]) -> PassedOver:
    """Why an agent who could have taken a call comes after the chosen one."""
    if _times(seat.agent, missed) > _times(chosen.agent, missed):
        return PassedOver.TRIED_BEFORE_OTHERS
    if seat.tier < chosen.tier:
        return PassedOver.PRIMARY_FIRST
    if policy.last_agent_first and waiting.last_agent == chosen.agent:
        return PassedOver.LAST_AGENT_FIRST
    return PassedOver.LONGER_IDLE_FIRST


def _times(agent: int, missed: dict[int, Missed]) -> int:
    return missed[agent].times if agent in missed else 0


def _round(waiting: Waiting, missed: dict[int, Missed]) -> list[Listed]:
    """The list as it is gone through now: those first who have missed this call least often. Each agent once."""
    once: dict[int, Listed] = {}
    for listed in waiting.listed or ():
        once.setdefault(listed.agent, listed)
    return sorted(once.values(), key=lambda listed: _times(listed.agent, missed))


def _as_listed(state: AgentState, listed: Listed, now: dt.datetime) -> AgentState:
    """The agent as the customer's list wants to have him rung."""
    if listed.routing_type is None:
        return state
    wanted = replace(state, routing_type=listed.routing_type, phone_number=listed.phone or state.phone_number)
    return settled(wanted, now)
