"""What the rules that give calls to agents are asked, and what they answer: frozen, and JSON both ways (`stored`)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from agents.domain import AgentState, QueueNeeds, Rule

MIN_RING_S = 3  # shorter rings cannot be answered (Source: rest-api.md §7.1)
MAX_RING_S = 600


class GroupTier(IntEnum):
    """`primary_group` of the compatible API. Agents of a customer's list count as primary."""

    PRIMARY = 1
    BACKUP = 0


class PassedOver(StrEnum):
    """Why a call does not go to an agent, beside the rules of his own (`agents.domain.Rule`)."""

    # He could not take the call:
    NOT_READY = "not_ready"  # the customer's server is still being asked about this call
    NO_LIST = "no_list"  # the agent list URL has not answered for this call
    NOT_LISTED = "not_listed"
    NOT_IN_GROUPS = "not_in_groups"  # his groups do not serve the queue
    RESERVED_FOR_EARLIER_CALL = "reserved_for_earlier_call"
    EARLIER_CALLS_FIRST = "earlier_calls_first"  # of another queue of his; they were too many to look at at once
    BACKUP_NOT_OPEN = "backup_not_open"
    TRIED_RECENTLY = "tried_recently"  # he missed this call a moment ago
    # He could, but another comes first:
    TRIED_BEFORE_OTHERS = "tried_before_others"
    PRIMARY_FIRST = "primary_first"
    LAST_AGENT_FIRST = "last_agent_first"
    LONGER_IDLE_FIRST = "longer_idle_first"
    LISTED_LATER = "listed_later"


AnyRule = Rule | PassedOver
Place = tuple[int, dt.datetime, int]  # sorts as calls are served


@dataclass(frozen=True, slots=True)
class Missed:
    """An agent has missed this call so often, and may be tried again from then on."""

    agent: int
    times: int
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the customer's answer for a call: whom to ring, on what, and for how long (seconds).

    `routing_type` None: what the agent has. `phone` counts for routing type 2; empty: the agent's own.
    """

    agent: int
    timeout_s: int
    routing_type: int | None = None
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that waits. `listed` is None until the agent list URL has answered for it."""

    entry: int
    call: int
    call_id: str
    queue: int
    enqueued_at: dt.datetime
    ready_at: dt.datetime
    priority: int = 0
    attempts: int = 0
    last_agent: int | None = None
    tried: tuple[Missed, ...] = ()
    listed: tuple[Listed, ...] | None = None

    @property
    def place(self) -> Place:
        """Where the call stands in the project's order: priority, then the longest wait, then id."""
        return -self.priority, self.enqueued_at, self.entry


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent, with those of his groups that serve a queue in question."""

    state: AgentState
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """How a queue gives out its calls. Units: seconds.

    `list_failed`: the agent list URL gave no usable answer when it was last asked. `cut`: more calls wait behind the
    last one that is given.
    """

    queue: int
    ring_timeout_s: int
    needs: QueueNeeds
    primary: tuple[int, ...] = ()
    backup: tuple[int, ...] = ()
    backup_after_s: int = 0
    last_agent_first: bool = True
    uses_list: bool = False
    fall_back_to_groups: bool = False
    list_failed: bool = False
    cut: bool = False

    @property
    def by_list(self) -> bool:
        """Whether the customer's lists decide about the calls; else the groups do."""
        return self.uses_list and not (self.fall_back_to_groups and self.list_failed)

    def tier_of(self, candidate: Candidate) -> GroupTier | None:
        """The best tier in which an agent serves the queue; None when none of his groups does."""
        if any(group in self.primary for group in candidate.groups):
            return GroupTier.PRIMARY
        if any(group in self.backup for group in candidate.groups):
            return GroupTier.BACKUP
        return None

    def backup_opens_at(self, waiting: Waiting) -> dt.datetime:
        return waiting.enqueued_at + dt.timedelta(seconds=self.backup_after_s)


@dataclass(frozen=True, slots=True)
class Question:
    """Which of these calls go to which of these agents, now? All of one project."""

    project: int
    now: dt.datetime
    waiting: tuple[Waiting, ...]
    candidates: tuple[Candidate, ...]
    policies: tuple[Policy, ...]
    country: str = ""  # two letters: how the agents' telephone numbers are read


@dataclass(frozen=True, slots=True)
class Considered:
    """An agent who was looked at for a call, and the first rule that passed him over; None for the chosen one."""

    agent: int
    tier: GroupTier
    passed_over: AnyRule | None = None


@dataclass(frozen=True, slots=True)
class Overtaken:
    """An earlier call that could not take the agent, and the first rule that forbade it."""

    entry: int
    rule: AnyRule


@dataclass(frozen=True, slots=True)
class Match:
    """A call goes to an agent. `attempt` counts the offers of this call; the agent is rung at all `endpoints` at once.

    `considered` is in the order of looking: who was not available, who came first but was passed over, who would have
    come next; the chosen one is the last.
    """

    entry: int
    call: int
    call_id: str
    queue: int
    agent: int
    tier: GroupTier
    attempt: int
    timeout_s: int
    endpoints: tuple[str, ...]
    considered: tuple[Considered, ...]
    overtook: tuple[Overtaken, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`look_again_at`: the next instant at which more could be given out without anything happening; None: never."""

    matches: tuple[Match, ...] = ()
    look_again_at: dt.datetime | None = None
