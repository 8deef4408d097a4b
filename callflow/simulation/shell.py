"""The simulated shell of the conductor: what callflow.services and callflow.dispatch do with rows, done in memory.

Decisions are production's: `advance` for calls, `match` for who gets which call, `agents.domain` for agents. Here is
only what happens between them: who is told what, when timers fire, and what is remembered. As in the durable shell,
deadlines are acted upon by a sweep once a second, offers are given out when a doorbell has rung, and rings of the same
instant are one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Protocol

from agents.domain import AgentEvent, AgentState
from callflow.domain import events as on
from callflow.domain.call import AgentRef, Call, Flow, Leg, Party
from callflow.domain.conductor import Decision, advance, due_timers
from callflow.domain.effects import (
    AgentAnswered,
    AgentCalledOut,
    AgentMissed,
    AgentReleased,
    Ask,
    Effect,
    Publish,
    RecordingBegun,
    RecordingStored,
    RingDoorbell,
    SendSms,
)
from callflow.simulation.arrivals import PlannedCall
from callflow.simulation.asking import Asking
from callflow.simulation.floor import Floor
from callflow.simulation.lines import Lines
from callflow.simulation.people import Desks, Returns, Shifts, people_of, state_of
from callflow.simulation.scenario import DAY, Scenario, ServerPlan
from callflow.simulation.servers import AgentLists, Server
from callflow.simulation.setting import PROJECT, Setting
from calls.domain import CallState, Cause, Direction, LegRole, LegState
from routing.domain.question import Answer, Match, Question
from telephony import port
from telephony.adapters.simulated.engine import SimulatedEngine
from telephony.adapters.simulated.phones import FixedPhones
from telephony.adapters.simulated.script import PhoneScript
from telephony.switch.scheduler import Timer, VirtualScheduler

NODE = "simulation"
SWEEP = dt.timedelta(seconds=1)


class Watcher(Protocol):
    """Sees what happens, to count it or to tell of it. It changes nothing."""

    def call_began(self, planned: PlannedCall, call: Call) -> None: ...
    def call_moved(self, number: int, before: Call, decision: Decision, now: dt.datetime) -> None:
        """A decision about a call was taken; new stays in queues have their numbers."""
        ...

    def agent_moved(self, event: AgentEvent, before: AgentState, after: AgentState, now: dt.datetime) -> None: ...
    def decided(self, question: Question, answer: Answer, now: dt.datetime) -> None: ...


@dataclass(slots=True)
class _Live:
    """A call that goes on. `legs` are those of which more may be heard."""

    number: int
    call: Call
    legs: set[str]
    timer: Timer | None = None
    due_at: dt.datetime | None = None


class Simulation:
    """One run of a scenario. `run` does all of it; afterwards the watchers know what happened."""

    def __init__(
        self, scenario: Scenario, seed: int, calls: Iterator[PlannedCall], watchers: Sequence[Watcher]
    ) -> None:
        begins, _ = scenario.day(0)
        people = people_of(scenario)
        self.scenario = scenario
        self.scheduler = VirtualScheduler(begins)
        self.desks = Desks(people, seed)
        returns = Returns(self.desks, self.scheduler, lambda agent: self.floor.come_back(agent))
        self.floor = Floor(
            [(state_of(person), person.groups) for person in people],
            self.scheduler,
            self.sweep_at,
            self.ring,
            (*watchers, returns),
            scenario.missed_calls_limit,
        )
        self.lines = Lines(range(1, len(scenario.queues) + 1))
        self.setting = Setting(scenario, self.floor, self.lines)
        policies = self.setting.policies()
        self._lists = AgentLists(
            scenario, policies, self.setting.group_numbers, self.scheduler, self.floor, self.lines, self.ring, seed
        )
        self.asking = Asking(PROJECT, self.lines, self.floor, sorted(policies), self._lists.policy_of)
        luck = Random(f"{seed} customer info")  # noqa: S311 - a simulation, not a secret
        self._customer_info = Server(scenario.customer_info or ServerPlan(), scenario, self.scheduler, luck)
        self._shifts = Shifts(scenario, people, self.scheduler, self.floor)
        self._users = {f"web:{PROJECT}_{person.user_id}": person.user_id for person in people}
        self._telephones = FixedPhones()
        self.engine = SimulatedEngine(NODE, self.scheduler, self.hear, self)
        self._begins = begins
        self._watchers = watchers
        self._planned = calls
        self._coming: dict[str, PlannedCall] = {}  # by the leg that calls
        self._calls: dict[int, _Live] = {}
        self._legs: dict[str, int] = {}
        self._going_on = 0
        self._entries = 0
        self._offers = 0
        self._has_rung = False
        self._looks_again_at: dt.datetime | None = None
        self._lists_are_watched = False

    # ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def run(self, *, whole_day: bool) -> dt.datetime:
        """Let everything happen: until the last call has ended, and with `whole_day` not before the day has.

        Who is still there a day after the last call came is hung up on. Returns the instant of the end.
        """
        self._shifts.begin()
        self._begin_day(0)
        self._next_call()
        last_came_at = self._begins
        while self._coming or self._going_on:
            last_came_at = self.scheduler.now() if self._coming else last_came_at
            if self.scheduler.now() > last_came_at + DAY:
                self._hang_up_on_all()
            self.scheduler.step()
        if whole_day:
            self.scheduler.run_until(self.scenario.day(0)[1])
        self.floor.count_time(on=False)
        return self.scheduler.now()

    def sweep_at(self, at: dt.datetime) -> dt.datetime:
        """When the sweep that finds a deadline comes: at the next full second of the run."""
        return self._begins - (self._begins - at) // SWEEP * SWEEP

    def _begin_day(self, number: int) -> None:
        """Agents' time is counted while calls come."""
        _, ends = self.scenario.day(number)
        self.floor.count_time(on=True)
        self.scheduler.at(ends, lambda: self._end_day(number))

    def _end_day(self, number: int) -> None:
        self.floor.count_time(on=False)
        begins, _ = self.scenario.day(number + 1)
        self.scheduler.at(begins, lambda: self._begin_day(number + 1))

    def _hang_up_on_all(self) -> None:
        for live in list(self._calls.values()):
            self._take(live, on.HangUpRequested(Cause.STOPPED))

    # ── Calls come ───────────────────────────────────────────────────────────────────────────────────────────────
    def _next_call(self) -> None:
        """Wait for the next caller; one at a time, so that what waits stays small."""
        planned = next(self._planned, None)
        if planned is not None:
            self._coming[f"in-{planned.number}"] = planned
            self.scheduler.at(planned.at, lambda: self._dial_in(planned))

    def _dial_in(self, planned: PlannedCall) -> None:
        leg, endpoint = f"in-{planned.number}", f"tel:{planned.from_number}"
        self.engine.call(port.Incoming(leg, NODE, planned.from_number, planned.to_number, endpoint), planned.script)
        self._next_call()

    def _begin_call(self, incoming: port.Incoming) -> None:
        planned = self._coming.pop(incoming.leg)
        now = self.scheduler.now()
        leg = Leg(incoming.leg, LegRole.CALLER, LegState.INCOMING, incoming.endpoint, incoming.from_number, now)
        call = Call(
            id=f"call-{planned.number}",
            project_id=PROJECT,
            direction=Direction.INBOUND,
            state=CallState.RINGING_IN,
            from_=Party(incoming.from_number),
            to=Party(incoming.to_number),
            customer=incoming.from_number,
            created_at=now,
            node=NODE,
            legs=(leg,),
            flow=Flow(main_leg=leg.id),
        )
        live = self._calls[planned.number] = _Live(planned.number, call, {leg.id})
        self._legs[leg.id] = planned.number
        self._going_on += 1
        for watcher in self._watchers:
            watcher.call_began(planned, call)
        self._take(live, on.Arrived())

    # ── The engine ───────────────────────────────────────────────────────────────────────────────────────────────
    def script_for(self, endpoint: str, dial: port.Dial) -> PhoneScript:
        """What a phone does that is rung: an agent's device, or a telephone outside."""
        if endpoint in self._users:
            return self.desks.script_for(self._users[endpoint])
        return self._telephones.script_for(endpoint, dial)

    def hear(self, event: port.Event) -> None:
        """Take an event of the engine, as callflow.services.conduct does."""
        match event:
            case port.Incoming():
                self._begin_call(event)
            case port.DeviceUp() | port.DeviceDown() | port.Snapshot():
                return  # shifts say who is there
            case _:
                self._hear_leg(event)

    def _hear_leg(self, event: port.LegEvent) -> None:
        number = self._legs.get(event.leg)
        if number is not None:
            live = self._calls[number]
            self._take(live, event)
            if isinstance(event, port.Ended):
                self._forget_leg(live, event.leg)
        elif isinstance(event, port.Answered):
            self.engine.execute(port.Hangup(event.leg))

    def _forget_leg(self, live: _Live, leg: str) -> None:
        """Nothing that matters is heard of a leg after its end; a call without legs is forgotten, too."""
        del self._legs[leg]
        live.legs.discard(leg)
        if not live.legs and live.call.state is CallState.ENDED:
            del self._calls[live.number]

    # ── Calls move ───────────────────────────────────────────────────────────────────────────────────────────────
    def _take(self, live: _Live, event: on.CallHappening) -> None:
        """Let something happen to a call, keep what it is now, and do what follows."""
        now, before = self.scheduler.now(), live.call
        decision = self._numbered(advance(before, event, self.setting, now))
        after = live.call = decision.call
        self.lines.keep(before.entry, after.entry, live.number, after.id)
        for leg in after.legs[len(before.legs) :]:
            self._legs[leg.id] = live.number
            live.legs.add(leg.id)
        self._note_served(before, after, now)
        self._set_timer(live)
        if after.state is CallState.ENDED and before.state is not CallState.ENDED:
            self._going_on -= 1
        for watcher in self._watchers:
            watcher.call_moved(live.number, before, decision, now)
        for effect in decision.effects:
            self._do(live, effect, now)

    def _numbered(self, decision: Decision) -> Decision:
        """Give a new stay in a queue its number."""
        entry = decision.call.entry
        if entry is None or entry.id:
            return decision
        self._entries += 1
        return replace(decision, call=replace(decision.call, entry=replace(entry, id=self._entries)))

    def _note_served(self, before: Call, after: Call, now: dt.datetime) -> None:
        is_first = before.connected_at is None
        if after.connected_at is not None and (is_first or before.agent != after.agent):
            queue = after.entry.queue if after.entry is not None and is_first else None
            self.setting.served(after.customer, queue, after.agent.id if after.agent is not None else None, now)

    def _set_timer(self, live: _Live) -> None:
        due_at = live.call.next_deadline_at
        if due_at == live.due_at:
            return
        if live.timer is not None:
            live.timer.cancel()
        live.due_at = due_at
        live.timer = self.scheduler.at(self.sweep_at(due_at), lambda: self._fire(live)) if due_at is not None else None

    def _fire(self, live: _Live) -> None:
        live.due_at = live.timer = None
        for timer in list(due_timers(live.call, self.scheduler.now())):
            self._take(live, timer)
        self._set_timer(live)

    def _do(self, live: _Live, effect: Effect, now: dt.datetime) -> None:
        if isinstance(effect, AgentMissed | AgentAnswered | AgentCalledOut | AgentReleased):
            self.floor.apply(effect, live.call.id, now)
        elif isinstance(effect, RingDoorbell):
            self.ring()
        elif isinstance(effect, Ask):
            self._customer_info.ask(effect.timeout_s, partial(self._answered, live, effect.question))
        elif not isinstance(effect, Publish | SendSms | RecordingBegun | RecordingStored):  # nobody listens to these
            self.engine.execute(effect)

    def _answered(self, live: _Live, question: str, well: bool) -> None:
        failure = "" if well else "failed"
        self._take(live, on.QuestionAnswered(question, "{}" if well else None, failure))

    # ── Dispatch ─────────────────────────────────────────────────────────────────────────────────────────────────
    def ring(self) -> None:
        """Let dispatch look. Rings of one instant are one."""
        if not self._has_rung:
            self._has_rung = True
            self.scheduler.at(self.scheduler.now(), self._dispatch)

    def _dispatch(self) -> None:
        """Match what waits with who is free, once, as callflow.dispatch does."""
        self._has_rung = False
        now = self.scheduler.now()
        self._ask_for_lists()
        asked = self.asking.ask(now)
        if asked is None:
            return
        question, answer = asked
        for watcher in self._watchers:
            watcher.decided(question, answer, now)
        for each in answer.matches:
            self._offer(each, now)
        if answer.matches:
            self.ring()  # more may wait than one look takes in
        elif answer.look_again_at is not None:
            self._look_again(self.sweep_at(answer.look_again_at))

    def _look_again(self, at: dt.datetime) -> None:
        """Rules that end by time alone: the sweep rings for them."""
        if self._looks_again_at is None or at < self._looks_again_at:
            self._looks_again_at = at
            self.scheduler.at(at, partial(self._looked_again, at))

    def _looked_again(self, at: dt.datetime) -> None:
        if self._looks_again_at == at:
            self._looks_again_at = None
            self.ring()

    def _ask_for_lists(self) -> None:
        """Let customers' servers be asked, by somebody else than who gives out calls meanwhile; and every second."""
        if not self._lists.are_wanted:
            return
        self.scheduler.at(self.scheduler.now(), self._lists.look)
        if not self._lists_are_watched:
            self._lists_are_watched = True
            self.scheduler.at(self.sweep_at(self.scheduler.now() + SWEEP), self._tick)

    def _tick(self) -> None:
        self._lists_are_watched = False
        self.ring()

    def _offer(self, each: Match, now: dt.datetime) -> None:
        live = self._calls.get(each.call)
        if live is None or live.call.state is not CallState.WAITING:
            return
        if not self.floor.reserve(each.agent, each.call_id, now):
            return
        self._offers += 1
        made = on.OfferMade(
            entry=each.entry,
            offer=self._offers,
            leg=f"offer-{self._offers}",
            agent=AgentRef(each.agent, self.floor.state(each.agent).user_id),
            endpoints=each.endpoints,
            timeout_s=each.timeout_s,
            attempt=each.attempt,
        )
        self._take(live, made)
