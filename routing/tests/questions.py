"""Questions for tests: builders with short names, what Hypothesis may ask, and a slow reference of the rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from agents.domain import AVAILABLE, Activity, AgentState, QueueNeeds, Reach, availability, kept_away, settled
from routing.domain.question import Candidate, GroupTier, Listed, Missed, Policy, Question, Waiting

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
SALES, SUPPORT, LISTS = 1, 2, 3  # queues
EXPERTS, HELPERS = 11, 12  # groups


def ago(seconds: float) -> dt.datetime:
    return NOW - dt.timedelta(seconds=seconds)


def agent(number: int, *, idle_s: float = 60, groups: tuple[int, ...] = (EXPERTS,), **state) -> Candidate:
    """A free agent with a page open, unless `state` says otherwise."""
    facts = {"manual_status": AVAILABLE, "device_status": Reach.CONNECTION, "free_since": ago(idle_s), **state}
    return Candidate(settled(AgentState(agent_id=number, user_id=f"user_{number}", **facts), NOW), groups)


def busy(number: int, *, groups: tuple[int, ...] = (EXPERTS,)) -> Candidate:
    return agent(number, groups=groups, activity=Activity.ON_CALL, system_status=0, call_ref="another")


def call(entry: int, *, queue: int = SALES, waited_s: float = 10, **facts) -> Waiting:
    return Waiting(
        entry=entry,
        call=entry + 1000,
        call_id=f"call-{entry}",
        queue=queue,
        enqueued_at=ago(waited_s),
        ready_at=facts.pop("ready_at", ago(waited_s)),
        **facts,
    )


def policy(queue: int = SALES, **facts) -> Policy:
    defaults = {"ring_timeout_s": 15, "needs": QueueNeeds(), "primary": (EXPERTS,), "backup": (HELPERS,)}
    return Policy(queue=queue, **{**defaults, **facts})


def missed(number: int, times: int = 1, *, until: dt.datetime = NOW) -> Missed:
    return Missed(number, times, until)


def question(waiting: list[Waiting], candidates: list[Candidate], *policies: Policy) -> Question:
    return Question(81234, NOW, tuple(waiting), tuple(candidates), policies or (policy(),))


# ── Anything that may be asked ───────────────────────────────────────────────────────────────────────────────────────
AGENTS = range(1, 7)
seconds = st.integers(0, 90)


@st.composite
def candidates(draw, number: int) -> Candidate:
    state = AgentState(
        agent_id=number,
        user_id=f"user_{number}",
        manual_status=draw(st.sampled_from([AVAILABLE, AVAILABLE, AVAILABLE, "LUNCH BREAK"])),
        device_status=draw(st.sampled_from([Reach.CONNECTION, Reach.SIP, Reach.NONE, Reach.CONNECTION | Reach.SIP])),
        routing_type=draw(st.sampled_from([1, 1, 2])),
        phone_number=draw(st.sampled_from(["", "84900000021"])),
        paused_until=draw(st.none() | seconds.map(lambda s: ago(-s - 1))),
        free_since=ago(draw(seconds)),
    )
    groups = draw(st.lists(st.sampled_from([EXPERTS, HELPERS, 13]), unique=True, max_size=3))
    return Candidate(settled(state, NOW), tuple(sorted(groups)))


misses = st.builds(
    Missed,
    agent=st.sampled_from(AGENTS),
    times=st.integers(1, 3),
    until=st.integers(-5, 5).map(lambda s: ago(-s)),
)
listed = st.builds(
    Listed,
    agent=st.integers(1, 8),  # two of them are nobody
    timeout_s=st.sampled_from([0, 5, 20, 10_000]),
    routing_type=st.sampled_from([None, 1, 2]),
    phone=st.sampled_from(["", "84911111111"]),
)


@st.composite
def calls(draw, entry: int) -> Waiting:
    enqueued = ago(draw(seconds))
    return Waiting(
        entry=entry,
        call=entry + 1000,
        call_id=f"call-{entry}",
        queue=draw(st.sampled_from([SALES, SUPPORT, LISTS])),
        priority=draw(st.integers(0, 2)),
        enqueued_at=enqueued,
        ready_at=draw(st.sampled_from([enqueued, enqueued, enqueued, ago(-3)])),
        attempts=draw(st.integers(0, 3)),
        last_agent=draw(st.none() | st.sampled_from(AGENTS)),
        tried=tuple(draw(st.lists(misses, unique_by=lambda each: each.agent, max_size=4))),
        listed=draw(st.none() | st.lists(listed, max_size=5).map(tuple)),
    )


@st.composite
def policies(draw, queue: int) -> Policy:
    return Policy(
        queue=queue,
        ring_timeout_s=draw(st.sampled_from([3, 15])),
        needs=QueueNeeds(draw(st.sampled_from([1, 2])), draw(st.booleans())),
        primary=tuple(draw(st.sets(st.sampled_from([EXPERTS, 13]), max_size=2))),
        backup=(HELPERS,),
        backup_after_s=draw(st.sampled_from([0, 0, 30])),
        last_agent_first=draw(st.booleans()),
        uses_list=queue == LISTS,
        fall_back_to_groups=draw(st.booleans()),
        list_failed=draw(st.booleans()),
        cut=draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def questions(draw) -> Question:
    return Question(
        project=81234,
        now=NOW,
        waiting=tuple(draw(calls(entry)) for entry in range(1, draw(st.integers(0, 8)) + 1)),
        candidates=tuple(draw(candidates(number)) for number in AGENTS[: draw(st.integers(0, 6))]),
        policies=tuple(draw(policies(queue)) for queue in (SALES, SUPPORT, LISTS)),
        country="VN",
    )


# ── The reference: every pair of call and agent, looked at without any cleverness ────────────────────────────────────
@dataclass(frozen=True)
class Pair:
    """A call could be offered to an agent; the smallest `key` is the best."""

    agent: int
    key: tuple


def reference(asked: Question) -> list[tuple[int, int]]:
    """Pairs of entry and agent, in the order in which calls choose."""
    taken: set[int] = set()
    pairs = []
    for waiting in sorted(asked.waiting, key=lambda each: (-each.priority, each.enqueued_at, each.entry)):
        possible = [pair for each in asked.candidates if (pair := could_take(asked, waiting, each, taken))]
        if possible:
            best = min(possible, key=lambda pair: pair.key)
            taken.add(best.agent)
            pairs.append((waiting.entry, best.agent))
    return pairs


def could_take(asked: Question, waiting: Waiting, candidate: Candidate, taken: set[int]) -> Pair | None:
    state, number = candidate.state, candidate.state.agent_id
    rules = next(each for each in asked.policies if each.queue == waiting.queue)
    by_list = rules.uses_list and not (rules.fall_back_to_groups and rules.list_failed)
    times, until = next(((each.times, each.until) for each in waiting.tried if each.agent == number), (0, NOW))
    if number in taken or waiting.ready_at > NOW or until > NOW or is_kept_for_unseen_calls(asked, waiting, candidate):
        return None
    if by_list:
        lines = [each for each in waiting.listed or () if each.agent == number]
        if not lines or kept_away(state) or availability(as_listed(state, lines[0]), rules.needs):
            return None
        return Pair(number, (times, (waiting.listed or ()).index(lines[0])))
    tier = rules.tier_of(candidate)
    if tier is None or availability(state, rules.needs):
        return None
    if tier is GroupTier.BACKUP and (NOW - waiting.enqueued_at).total_seconds() < rules.backup_after_s:
        return None
    is_last = rules.last_agent_first and waiting.last_agent == number
    return Pair(number, (times, -tier, not is_last, state.free_since, number))


def as_listed(state: AgentState, line: Listed) -> AgentState:
    if line.routing_type is None:
        return state
    return settled(replace(state, routing_type=line.routing_type, phone_number=line.phone or state.phone_number), NOW)


def is_kept_for_unseen_calls(asked: Question, waiting: Waiting, candidate: Candidate) -> bool:
    """Whether an agent serves a queue with more calls than are given, of which the last one comes before this call."""
    for rules in asked.policies:
        places = [each.place for each in asked.waiting if each.queue == rules.queue]
        serves = rules.tier_of(candidate) is not None and availability(candidate.state, rules.needs) is None
        by_list = rules.uses_list and not (rules.fall_back_to_groups and rules.list_failed)
        if rules.cut and not by_list and serves and places and max(places) < waiting.place:
            return True
    return False
