"""What a run comes to: how long callers waited, what became of them and of the offers, how agents spent their time.

How each figure is counted is said in docs/simulation.md, and under the printed report.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agents.domain import AgentEvent, AgentState
from callflow.domain.call import Call, Entry
from callflow.domain.conductor import Decision
from callflow.domain.turn import Moved
from callflow.simulation.arrivals import PlannedCall
from callflow.simulation.floor import Spends
from callflow.simulation.scenario import QueuePlan, Scenario
from queues.entries import EntryEvent, EntryOutcome, EntryState
from routing.domain.question import Answer, Question

ENTER = "enter"
TALKED = frozenset({AgentEvent.RELEASED, AgentEvent.WRAP_UP_STARTED})


@dataclass(slots=True)
class QueueFigures:
    """One queue, or several together. Units: waits and times in seconds; `in_time` of `answered`."""

    entered: int = 0
    answered: list[float] = field(default_factory=list)
    abandoned: list[float] = field(default_factory=list)
    sent_elsewhere: list[float] = field(default_factory=list)
    short_abandons: int = 0
    in_time: int = 0
    handled: int = 0
    talk_s: float = 0.0
    wrap_up_s: float = 0.0
    offers: Counter[str] = field(default_factory=Counter)

    def add(self, other: QueueFigures) -> None:
        self.entered += other.entered
        self.answered += other.answered
        self.abandoned += other.abandoned
        self.sent_elsewhere += other.sent_elsewhere
        self.short_abandons += other.short_abandons
        self.in_time += other.in_time
        self.handled += other.handled
        self.talk_s += other.talk_s
        self.wrap_up_s += other.wrap_up_s
        self.offers += other.offers

    @property
    def counted(self) -> int:
        """Stays that count: all that have come to an answer or an end, without short abandons."""
        return len(self.answered) + len(self.abandoned) + len(self.sent_elsewhere)

    @property
    def service_level(self) -> float | None:
        """The share of the counted stays that was answered in time."""
        return _ratio(self.in_time, self.counted)

    @property
    def abandon_rate(self) -> float | None:
        return _ratio(len(self.abandoned), self.counted)

    @property
    def asa_s(self) -> float | None:
        """Average speed of answer: the mean wait of those who were answered, the ringing included."""
        return _ratio(sum(self.answered), len(self.answered))

    @property
    def aht_s(self) -> float | None:
        """Average handle time: talk and wrap-up."""
        return _ratio(self.talk_s + self.wrap_up_s, self.handled)

    @property
    def longest_wait_s(self) -> float | None:
        return max((*self.answered, *self.abandoned, *self.sent_elsewhere), default=None)


class Figures:
    """Watches a run and counts."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._plans: dict[int, QueuePlan] = dict(enumerate(scenario.queues, 1))
        self._serving: dict[int, int] = {}  # by agent, the queue of the call that he has or has just had
        self._callers: dict[int, str] = {}  # by call that goes on
        self.queues = {queue: QueueFigures() for queue in self._plans}
        self.callers = {plan.name: QueueFigures() for plan in scenario.callers}  # without times of agents and offers
        self.calls = 0
        self.outcomes: Counter[str] = Counter()
        self.causes: Counter[str] = Counter()

    @property
    def total(self) -> QueueFigures:
        """All queues together; each stay is in time by the threshold of its own queue."""
        found = QueueFigures()
        for each in self.queues.values():
            found.add(each)
        return found

    # ── Watching ─────────────────────────────────────────────────────────────────────────────────────────────────
    def call_began(self, planned: PlannedCall, call: Call) -> None:
        self.calls += 1
        self._callers[planned.number] = planned.callers

    def call_moved(self, number: int, before: Call, decision: Decision, now: dt.datetime) -> None:
        for moved in decision.moved:
            if moved.subject == "entry":
                self._entry_moved(number, moved, before, decision.call, now)
            elif moved.subject == "offer" and before.entry is not None:
                self.queues[before.entry.queue].offers[moved.after] += 1
        if decision.call.outcome is not None and before.outcome is None:
            self.outcomes[decision.call.outcome] += 1
            self.causes[decision.call.cause] += 1
            del self._callers[number]

    def agent_moved(self, event: AgentEvent, before: AgentState, after: AgentState, now: dt.datetime) -> None:
        queue = self._serving.get(before.agent_id)
        if queue is None or before.activity_since is None:
            return
        if event in TALKED:
            self.queues[queue].handled += 1
            self.queues[queue].talk_s += (now - before.activity_since).total_seconds()
        if event is AgentEvent.WRAP_UP_ENDED:
            self.queues[queue].wrap_up_s += (now - before.activity_since).total_seconds()

    def decided(self, question: Question, answer: Answer, now: dt.datetime) -> None:
        return

    def _entry_moved(self, number: int, moved: Moved, before: Call, after: Call, now: dt.datetime) -> None:
        stay = before.entry if before.entry is not None and moved.subject_id == str(before.entry.id) else after.entry
        if stay is None:
            return
        for figures in (self.queues[stay.queue], self.callers[self._callers[number]]):
            if moved.event == ENTER:
                figures.entered += 1
            elif moved.event == EntryEvent.CONNECT:
                self._answered(figures, stay, now)
            elif moved.event == EntryEvent.LEAVE and moved.before != EntryState.CONNECTED:
                self._left(figures, stay, EntryOutcome(moved.details["outcome"]), now)
        if moved.event == EntryEvent.CONNECT and after.agent is not None:
            self._serving[after.agent.id] = stay.queue

    def _answered(self, figures: QueueFigures, stay: Entry, now: dt.datetime) -> None:
        waited_s = (now - stay.entered_at).total_seconds()
        figures.answered.append(waited_s)
        figures.in_time += waited_s <= self._plans[stay.queue].sla_answered_within

    def _left(self, figures: QueueFigures, stay: Entry, outcome: EntryOutcome, now: dt.datetime) -> None:
        waited_s = (now - stay.entered_at).total_seconds()
        if outcome is not EntryOutcome.ABANDONED:
            figures.sent_elsewhere.append(waited_s)
        elif waited_s < self._scenario.short_abandon_s:
            figures.short_abandons += 1
        else:
            figures.abandoned.append(waited_s)


# ── Time of agents ───────────────────────────────────────────────────────────────────────────────────────────────────
def time_of(spent: Iterable[dict[Spends, dt.timedelta]]) -> dict[Spends, float]:
    """The time of several agents together, in seconds."""
    together = dict.fromkeys(Spends, dt.timedelta())
    for each in spent:
        for what, time in each.items():
            together[what] += time
    return {what: time.total_seconds() for what, time in together.items()}


def occupancy(spent: dict[Spends, float]) -> float | None:
    """Handling time ÷ (handling + idle time); while he is rung, an agent handles no call yet."""
    handling = spent[Spends.TALKING] + spent[Spends.WRAP_UP]
    return _ratio(handling, handling + spent[Spends.IDLE] + spent[Spends.RINGING])


# ── Histogram ────────────────────────────────────────────────────────────────────────────────────────────────────────
EDGES_S = (0, 1, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600)  # fine where service levels are looked at


def histogram(waits: Sequence[float]) -> list[int]:
    """How many waits lie from each of EDGES_S to the next; the last one has no end."""
    found = [0] * len(EDGES_S)
    for wait in waits:
        found[sum(edge <= wait for edge in EDGES_S) - 1] += 1
    return found


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
