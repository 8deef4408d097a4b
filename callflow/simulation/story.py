"""What happened to one call of a run, line by line, with the reasons of each decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from agents.domain import AgentEvent, AgentState
from callflow.domain.call import Call
from callflow.domain.conductor import Decision
from callflow.domain.turn import Moved
from callflow.simulation.arrivals import PlannedCall
from callflow.simulation.scenario import Scenario
from calls.domain import LegRole
from common.phone import shown
from routing.domain.question import Answer, Match, Question
from routing.domain.waits import Waits, WaitsFor, why_waiting
from routing.explain import of_agent, of_call, of_kept, of_reason


class Story:
    """Watches one call of a run. `lines` is its story so far."""

    def __init__(self, scenario: Scenario, number: int) -> None:
        self.lines: list[str] = []
        self._scenario = scenario
        self._number = number
        self._queues = {queue: plan.name for queue, plan in enumerate(scenario.queues, 1)}
        self._told: tuple[WaitsFor, int] | None = None

    # ── Watching ─────────────────────────────────────────────────────────────────────────────────────────────────
    def call_began(self, planned: PlannedCall, call: Call) -> None:
        if planned.number != self._number:
            return
        script = planned.script
        caller, called = shown(planned.from_number), shown(planned.to_number)
        self._tell(call.created_at, f"{caller} ({planned.callers}) calls {called}")
        self._tell(
            call.created_at,
            f"the caller would wait for {_seconds(script.patience_s)} and talk for {_seconds(script.talk_s)}",
        )

    def call_moved(self, number: int, before: Call, decision: Decision, now: dt.datetime) -> None:
        if number != self._number:
            return
        for moved in decision.moved:
            for line in self._words(moved, before, decision.call):
                self._tell(now, line)

    def agent_moved(self, event: AgentEvent, before: AgentState, after: AgentState, now: dt.datetime) -> None:
        if self._call_id in (before.call_ref, after.call_ref):
            self._tell(now, f"agent {after.user_id}: {before.activity} → {after.activity} ({event})")

    def decided(self, question: Question, answer: Answer, now: dt.datetime) -> None:
        waiting = next((each for each in question.waiting if each.call == self._number), None)
        if waiting is None:
            return
        made = next((each for each in answer.matches if each.call == self._number), None)
        if made is not None:
            self._tell_match(question, made, now)
        elif (waits := why_waiting(question, waiting.entry)) is not None:
            self._tell_waits(waits, now)

    # ── Telling ──────────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def _call_id(self) -> str:
        return f"call-{self._number}"

    def _tell(self, at: dt.datetime, line: str) -> None:
        clock = at.astimezone(self._scenario.time_zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        self.lines.append(f"{clock}  {line}")

    def _tell_match(self, question: Question, made: Match, now: dt.datetime) -> None:
        states = {each.state.agent_id: each.state for each in question.candidates}
        zone = self._scenario.time_zone
        self._tell(now, f"decision: offer {made.attempt} to {states[made.agent].user_id}, for {made.timeout_s} s")
        for each in made.considered:
            self._tell(now, "  " + of_agent(each, states[each.agent], "", zone))
        calls = {each.entry: each.call_id for each in question.waiting}
        for overtaken in made.overtook:
            self._tell(now, "  " + of_call(overtaken, calls[overtaken.entry]))

    def _tell_waits(self, waits: Waits, now: dt.datetime) -> None:
        if self._told == (waits.reason, waits.ahead):
            return
        self._told = waits.reason, waits.ahead
        self._tell(now, f"waits behind {waits.ahead}: {of_reason(waits, self._scenario.time_zone)}")
        for each in waits.kept:
            self._tell(now, "  " + of_kept(each))

    def _words(self, moved: Moved, before: Call, after: Call) -> Iterator[str]:
        """A change of state, for those who know calls and not our code."""
        match moved.subject:
            case "call":
                why = ", ".join(str(value) for value in moved.details.values() if value)
                yield f"call: {moved.before} → {moved.after}" + (f" ({why})" if why else "")
                menu = after.flow.menu
                if menu is not None and menu.path and before.flow.menu != menu:
                    yield "  keys: " + ", ".join(f"{each.node_name} {each.key}" for each in menu.path)
            case "entry" if moved.event == "enter" and after.entry is not None:
                yield f"enters queue {self._queues[after.entry.queue]}, priority {after.entry.priority}"
            case "entry" if "outcome" in moved.details:
                yield f"leaves the queue: {moved.details['outcome']}"
            case "offer":
                yield f"offer {before.entry.attempts if before.entry is not None else ''}: {moved.after}"
            case "leg":
                leg = after.leg(moved.subject_id)
                if leg is not None and leg.role is not LegRole.CALLER:
                    yield f"  leg of {shown(leg.number)}: {moved.after}" + (f" ({leg.cause})" if leg.cause else "")


def _seconds(value: float | None) -> str:
    return "ever" if value is None else f"{value:.1f} s"
