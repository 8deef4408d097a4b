"""Everything that happens in a run, kept for tests, and the invariants of the design checked from it."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from agents.domain import Activity
from callflow.simulation.arrivals import planned_calls
from callflow.simulation.figures import Figures
from callflow.simulation.scenario import Scenario
from callflow.simulation.shell import Simulation
from queues.entries import EntryState
from routing.domain.question import Policy

BUSY = (Activity.OFFERED, Activity.ON_CALL)


@dataclass
class Log:
    """A watcher that forgets nothing. `broken`: what the invariants say against the run."""

    simulation: Simulation | None = None
    began: list[int] = field(default_factory=list)
    moves: list[tuple[dt.datetime, int, str, str, str, str, str]] = field(default_factory=list)
    offers: list[tuple[int, str, dt.datetime]] = field(default_factory=list)  # call, user, opened
    closed: list[tuple[int, str, dt.datetime]] = field(default_factory=list)  # call, how, ended
    ends: list[tuple[int, str, str, dt.datetime]] = field(default_factory=list)  # call, outcome, cause, when
    statuses: list[tuple[str, str, str, dt.datetime]] = field(default_factory=list)  # user, event, activity, when
    broken: list[str] = field(default_factory=list)
    rung: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))  # live legs by agent

    def call_began(self, planned, call):
        self.began.append(planned.number)

    def call_moved(self, number, before, decision, now):
        after = decision.call
        for moved in decision.moved:
            self.moves.append((now, number, moved.subject, moved.subject_id, moved.event, moved.before, moved.after))
            if moved.subject == "offer":
                self.closed.append((number, moved.after, now))
            if moved.subject == "call" and moved.after == "ended":
                self.ends.append((number, after.outcome.value, after.cause, now))
        self._look_at_legs(after)
        connected = [leg for leg in after.live_legs if leg.agent is not None and leg.answered_at is not None]
        if len(connected) > 1:
            self.broken.append(f"S2: call {number} has {len(connected)} connected agents")
        if after.ended_at is not None and (after.live_legs or after.timers):
            self.broken.append(f"S3: call {number} has ended, and something of it goes on")
        waits = after.entry is not None and after.entry.state is not EntryState.ENDED
        if after.ended_at is not None and waits:
            self.broken.append(f"S4: call {number} has ended in a queue")

    def _look_at_legs(self, call):
        for leg in call.legs:
            if leg.agent is None:
                continue
            legs = self.rung[leg.agent.id]
            legs.add(leg.id) if leg.alive else legs.discard(leg.id)
            if len(legs) > 1:
                self.broken.append(f"S1: {leg.agent.user_id} has {len(legs)} legs")

    def agent_moved(self, event, before, after, now):
        self.statuses.append((after.user_id, event.value, after.activity.value, now))
        if before.activity in BUSY and after.activity in BUSY and before.call_ref != after.call_ref:
            self.broken.append(f"S1: {after.user_id} went from {before.call_ref} to {after.call_ref}")

    def decided(self, question, answer, now):
        users = {each.state.agent_id: each.state.user_id for each in question.candidates}
        taken = Counter(each.agent for each in answer.matches)
        if any(count > 1 for count in taken.values()):
            self.broken.append("S1: an agent was given two calls at once")
        asked = {each.entry for each in question.waiting}
        policies: dict[int, Policy] = {policy.queue: policy for policy in question.policies}
        matched = {each.entry for each in answer.matches}
        for each in answer.matches:
            self.offers.append((each.call, users[each.agent], now))
            place = next(waiting.place for waiting in question.waiting if waiting.entry == each.entry)
            named = {overtaken.entry for overtaken in each.overtook} | matched
            for earlier in self.simulation.lines.calls(each.queue) if self.simulation is not None else ():
                by_list = policies[each.queue].by_list and earlier.entry not in asked
                if earlier.place < place and earlier.entry not in named and not by_list:
                    self.broken.append(f"S5: entry {each.entry} overtook {earlier.entry}, and no rule says why")


def logged(scenario: Scenario, seed: int = 1, calls: int | None = None, load: float = 1.0) -> tuple[Log, Figures]:
    """Run a scenario and keep everything. At its end it has been looked whether somebody is lost."""
    log, figures = Log(), Figures(scenario)
    log.simulation = Simulation(scenario, seed, planned_calls(scenario, seed, calls, load), (figures, log))
    log.simulation.run(whole_day=calls is None)
    log.broken += lost(log, figures)
    return log, figures


def lost(log: Log, figures: Figures) -> list[str]:
    """S3 and S4: each call ends once; each stay in a queue ends once, with a name. S1: each offer ends once."""
    found = []
    ends = Counter(number for number, *_ in log.ends)
    found += [f"S3: call {number} ended {ends[number]} times" for number in log.began if ends[number] != 1]
    stays: dict[str, list[str]] = defaultdict(list)
    for _, _, subject, subject_id, event, _, after in log.moves:
        if subject == "entry" and event != "enter":
            stays[subject_id].append(after)
    entered = sum(queue.entered for queue in figures.queues.values())
    found += [f"S4: stay {stay}: {moves}" for stay, moves in stays.items() if moves.count("ended") != 1]
    if len(stays) != entered:
        found.append(f"S4: {entered} callers entered queues, {len(stays)} left them")
    if len(log.offers) != len(log.closed):
        found.append(f"S1: {len(log.offers)} offers were made, {len(log.closed)} ended")
    seats = log.simulation.floor.seats.values() if log.simulation is not None else ()
    found += [f"S1: {seat.state.user_id} is still busy" for seat in seats if seat.state.activity in BUSY]
    return found
