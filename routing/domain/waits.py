"""What a waiting call waits for, now: by the same rules that will give it to an agent."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from routing.domain.matching import Run
from routing.domain.question import AnyRule, Candidate, GroupTier, Question, Waiting


class WaitsFor(StrEnum):
    """What has to happen before the call can be offered."""

    OFFER = "offer"  # an agent is there for it; the offer is being made
    SERVER = "server"  # the customer's server is being asked about it
    LIST = "list"  # the agent list URL has not answered for it
    LISTED_AGENTS = "listed_agents"  # the list names nobody we know
    GROUPS = "groups"  # nobody is in the groups of its queue
    AGENT = "agent"  # nobody of those who could take it can be had


@dataclass(frozen=True, slots=True)
class Kept:
    """So many agents of a tier are kept from the call by a rule."""

    tier: GroupTier
    rule: AnyRule
    agents: int


@dataclass(frozen=True, slots=True)
class Waits:
    """`ahead`: calls before it in its queue. `list_failed`: the agent list URL gave no answer when it was last asked.

    `until`: when time alone changes something for it; None when something must happen. `kept` is sorted: primary
    agents first, then the most frequent rule.
    """

    entry: int
    reason: WaitsFor
    ahead: int
    kept: tuple[Kept, ...] = ()
    backup_opens_at: dt.datetime | None = None
    list_failed: bool = False
    until: dt.datetime | None = None


def why_waiting(question: Question, entry: int, ahead: int | None = None) -> Waits | None:
    """What a call waits for; None when it does not wait. `ahead` None: as many as the question has."""
    waiting = next((each for each in question.waiting if each.entry == entry), None)
    if waiting is None:
        return None
    run = Run(question)
    run.serve_all()
    return _waits(run, waiting, _before(question, waiting) if ahead is None else ahead)


def why_each_waits(question: Question) -> dict[int, Waits]:
    """What each of the calls waits for, by its entry; `ahead` counts those of the question. Cost: calls x agents."""
    run = Run(question)
    run.serve_all()
    return {each.entry: _waits(run, each, _before(question, each)) for each in question.waiting}


def _waits(run: Run, waiting: Waiting, ahead: int) -> Waits:
    kept = _kept(run, waiting)
    policy = run.lines[waiting.queue].policy
    opens = policy.backup_opens_at(waiting)
    has_closed_backup = any(each.tier is GroupTier.BACKUP for each in kept) and opens > run.now
    return Waits(
        entry=waiting.entry,
        reason=_reason(run, waiting, kept),
        ahead=ahead,
        kept=kept,
        backup_opens_at=opens if has_closed_backup else None,
        list_failed=policy.uses_list and policy.list_failed,
        until=waiting.ready_at if waiting.ready_at > run.now else run.answer().look_again_at,
    )


def _reason(run: Run, waiting: Waiting, kept: tuple[Kept, ...]) -> WaitsFor:
    by_list = run.lines[waiting.queue].policy.by_list
    if any(match.entry == waiting.entry for match in run.matches):
        return WaitsFor.OFFER
    if waiting.ready_at > run.now:
        return WaitsFor.SERVER
    if by_list and waiting.listed is None:
        return WaitsFor.LIST
    if kept:
        return WaitsFor.AGENT
    return WaitsFor.LISTED_AGENTS if by_list else WaitsFor.GROUPS


def _kept(run: Run, waiting: Waiting) -> tuple[Kept, ...]:
    """Who could take the call, counted by what keeps them from it."""
    found: Counter[tuple[GroupTier, AnyRule]] = Counter()
    for candidate in run.question.candidates:
        tier = _tier(run, waiting, candidate)
        rule = run.why_not(waiting, candidate.state.agent_id) if tier is not None else None
        if tier is not None and rule is not None:
            found[tier, rule] += 1
    kept = (Kept(tier, rule, agents) for (tier, rule), agents in found.items())
    return tuple(sorted(kept, key=lambda each: (-each.tier, -each.agents, each.rule)))


def _tier(run: Run, waiting: Waiting, candidate: Candidate) -> GroupTier | None:
    policy = run.lines[waiting.queue].policy
    if not policy.by_list:
        return policy.tier_of(candidate)
    listed = any(each.agent == candidate.state.agent_id for each in waiting.listed or ())
    return GroupTier.PRIMARY if listed else None


def _before(question: Question, waiting: Waiting) -> int:
    return sum(other.queue == waiting.queue and other.place < waiting.place for other in question.waiting)
