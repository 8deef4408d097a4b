"""A contact center on a virtual clock: production code on PostgreSQL, the simulated engine, bells rung by hand.

world = World(project)
world.online("agent_1", answers_after_s=3, talk_s=20)
call = world.call("842400000097", patience_s=60)
world.run_for(60)
assert world.row(call).outcome == "completed"
"""

from __future__ import annotations

import datetime as dt
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Q

from agents.models import Agent
from callflow import agent_lists, doorbell, invariants, services, tasks
from callflow.invariants import Finding
from calls.models import Call, Leg
from common import clock
from projects.models import CallSettings
from queues.models import QueueEntry
from telephony import outbox, port
from telephony.adapters.simulated.engine import SimulatedEngine
from telephony.adapters.simulated.recorder import path_of
from telephony.adapters.simulated.script import CallerScript, Does, PhoneScript, Press
from telephony.models import EngineNode
from telephony.switch.scheduler import VirtualScheduler
from webhooks.client import Answer
from webhooks.failures import FailureReason, FetchFailed
from webhooks.models import Delivery
from webhooks.services import questions

NODE = "simulated-test"
START = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)  # a Monday, nine o'clock in Viet Nam
SWEEP_EVERY = dt.timedelta(seconds=1)
RECONCILE_EVERY_S = 3
SNAPSHOT_EVERY_S = 30  # as `telephony.host`
LONG_QUIET = 8  # sweeps: longer than anything takes that has no deadline
MOST_STEPS = 5000  # at one instant
TWICE = 0.2  # the share of muddled events that come again
DELAYS_S = (0.0, 0.0, 0.0, 0.3, 1.5)
NOWHERE = PhoneScript(does=Does.UNREACHABLE, after_s=0.0)


@dataclass
class World:
    """One engine, and everything that production does with it. Time moves only in `run_for` and `run_until`."""

    project: Any
    monkeypatch: pytest.MonkeyPatch
    phones: dict[str, PhoneScript] = field(default_factory=dict)
    # By URL: the answer, or what makes it from the question; None: there is none.
    answers: dict[str, str | Callable[[Any], str | None] | None] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)  # bells that do not ring: dispatch, ask, ask_agents, engine
    muddle: Random | None = None  # of events, some come twice, late, or before those of other legs

    def __post_init__(self) -> None:
        self.scheduler = VirtualScheduler(START)
        self.events: deque[port.Event] = deque()
        self.rings: set[int] = set()
        self.questions: deque[Any] = deque()
        self.list_questions: deque[int] = deque()
        self.engine_is_rung = False
        self.is_sweeping = False
        self.quiet_sweeps = 0
        self.next_sweep = START + SWEEP_EVERY
        self.legs = 0
        self.steps = 0
        self.devices: dict[tuple[str, str], port.DeviceUp] = {}
        self.lanes: dict[str, dt.datetime] = {}  # no event of a leg comes before an earlier one of it
        self.engine = self._new_engine()
        self.engine_is_dead = False
        self.monkeypatch.setattr(clock, "now", self.scheduler.now)
        self.monkeypatch.setattr(doorbell, "ring", self._ring)
        self.monkeypatch.setattr(doorbell, "ask", self._ask)
        self.monkeypatch.setattr(doorbell, "ask_agents", self._ask_agents)
        self.monkeypatch.setattr(doorbell, "deliver", lambda key: None)
        self.monkeypatch.setattr(doorbell, "send_sms", lambda key: None)
        self.monkeypatch.setattr(doorbell, "answered", lambda project: None)
        self.monkeypatch.setattr(doorbell, "was_asked_again", lambda project: False)
        self.monkeypatch.setattr(outbox, "ring", self._ring_engine)
        self.monkeypatch.setattr(questions, "fetch_signed", self._fetch)
        self.monkeypatch.setattr(agent_lists, "fetch_signed", self._fetch)
        EngineNode.objects.create(
            name=NODE,
            kind="simulated",
            reaches=["web", "sip", "tel"],
            started_at=START,
            seen_at=START + dt.timedelta(days=365),
        )

    # ── People ───────────────────────────────────────────────────────────────────────────────────────────────────
    def script_for(self, endpoint: str, dial: port.Dial) -> PhoneScript:
        return self.phones.get(endpoint, NOWHERE)

    def online(self, user: str, *, kind: str = "web", **script: Any) -> None:
        """An agent's browser (or SIP phone) is there, and does what the script says when it is rung."""
        self.phones[f"{kind}:{self.project.pk}_{user}"] = PhoneScript(**script)
        self.devices[user, kind] = port.DeviceUp(NODE, self.project.pk, user, kind, f"{kind}-{user}")
        self.events.append(self.devices[user, kind])
        self.settle()

    def offline(self, user: str, *, kind: str = "web") -> None:
        self.devices.pop((user, kind), None)
        self.events.append(port.DeviceDown(NODE, self.project.pk, user, kind, f"{kind}-{user}"))
        self.settle()

    def phone(self, digits: str, **script: Any) -> None:
        """A telephone outside."""
        self.phones[f"tel:{digits}"] = PhoneScript(**script)

    def call(self, to: str, from_: str = "84900000012", *, keys: str = "", **script: Any) -> str:
        """Somebody calls one of our numbers, presses keys when asked ("1 2"). Returns the leg's id."""
        self.legs += 1
        leg = f"in-{self.legs}"
        presses = tuple(Press(key) for key in keys.split())
        incoming = port.Incoming(leg, NODE, from_, to, f"tel:{from_}")
        self.engine.call(incoming, CallerScript(keys=presses, **script))
        self.settle()
        return leg

    def device_calls(self, user: str, to: str, from_: str = "", *, custom: str = "", **script: Any) -> str:
        """A signed-in user's device calls out, showing one of our numbers. Returns the leg's id."""
        self.legs += 1
        leg = f"out-{self.legs}"
        endpoint = f"web:{self.project.pk}_{user}"
        incoming = port.Incoming(leg, NODE, from_ or user, to, endpoint, self.project.pk, user, custom)
        self.engine.call(incoming, CallerScript(**script))
        self.settle()
        return leg

    def hangs_up(self, leg: str) -> None:
        """A party leaves now."""
        found = self.engine.legs.get(leg)
        if found is not None:
            self.engine.leave(found)
        self.settle()

    # ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────
    def row(self, leg: str) -> Call:
        """The call of a leg, as it is stored."""
        return Call.objects.get(legs__leg_id=leg)

    def row_of(self, call_id: str) -> Call:
        return Call.objects.get(call_id=call_id)

    def told(self, leg: str) -> list[str]:
        """The statuses of the events that the customer's server is owed for a call, in order."""
        deliveries = Delivery.objects.filter(call__legs__leg_id=leg, kind="call_event").order_by("serial")
        return [json.loads(each.body)["call_status"] for each in deliveries]

    def legs_of(self, leg: str) -> list[tuple[str, str, str]]:
        return list(Leg.objects.filter(call=self.row(leg)).order_by("pk").values_list("role", "state", "cause"))

    def findings(self) -> list[Finding]:
        """What does not hold of all that happened so far."""
        before = START - dt.timedelta(seconds=1)
        CallSettings.objects.update(updated_at=before)  # of which Django says when it was in our time
        return invariants.check(now=self.scheduler.now())

    # ── Faults ───────────────────────────────────────────────────────────────────────────────────────────────────
    def kill_engine(self) -> None:
        """The engine's process is gone, with its legs and with what it had to tell."""
        self.engine_is_dead = True
        self.events.clear()
        self.engine = self._new_engine()
        EngineNode.objects.filter(name=NODE).update(seen_at=self.scheduler.now())

    def start_engine(self) -> None:
        """It is there again, as `telephony.host` starts it, and devices connect to it again."""
        self.engine_is_dead = False
        started_at = self.scheduler.now()
        seen_at = started_at + dt.timedelta(days=365)
        EngineNode.objects.filter(name=NODE).update(started_at=started_at, seen_at=seen_at, missed_at=None)
        never_dialled = [each.leg for each in outbox.take_of_earlier_life(NODE, started_at) if _dials(each)]
        self.events.append(port.Snapshot(NODE, (), started_at.timestamp()))
        self.events.extend(port.Ended(leg, port.HangupCause.ENGINE_LOST) for leg in never_dialled)
        self.events.extend(self.devices.values())
        self.settle()

    # ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def run_for(self, seconds: float) -> None:
        self.run_until(self.scheduler.now() + dt.timedelta(seconds=seconds))

    def run_out(self, most_s: int = 120) -> None:
        """Until every call has ended and every agent is idle, for so many seconds at most."""
        for _ in range(most_s):
            self.run_for(1)
            if not (Call.objects.filter(ended_at=None).exists() or Agent.objects.exclude(activity="idle").exists()):
                return

    def run_until(self, when: dt.datetime) -> None:
        while True:
            self.settle()
            following = min(self.scheduler.next_at() or self.next_sweep, self.next_sweep)
            if following > when:
                self.scheduler.run_until(when)
                return
            self.scheduler.run_until(following)
            if following == self.next_sweep:
                self.next_sweep += SWEEP_EVERY
                self.sweep()

    def sweep(self) -> None:
        """What beat has done every second. When nothing has happened for a while, nothing is looked for."""
        before, second = self.steps, round(self.scheduler.now().timestamp())
        if self.quiet_sweeps > LONG_QUIET and not self._is_something_due():
            return
        self._after_commit()
        self.is_sweeping = True
        tasks.sweep()
        if second % RECONCILE_EVERY_S == 0:
            tasks.reconcile()
        self._after_commit()
        self.is_sweeping = False
        if second % SNAPSHOT_EVERY_S == 0:
            self.engine.tell_snapshot()
        self._tell_engine(by_itself=True)
        self.settle()
        self.quiet_sweeps = self.quiet_sweeps + 1 if self.steps == before else 0

    def _is_something_due(self) -> bool:
        now = self.scheduler.now()
        return (
            self.engine_is_dead
            or bool(self.lost)
            or Call.objects.filter(next_deadline_at__lte=now, ended_at=None).exists()
            or Agent.objects.filter(Q(wrap_up_until__lte=now) | Q(paused_until__lte=now)).exists()
            or QueueEntry.objects.exclude(queue__get_list_agents_url="").exclude(state="ended").exists()
        )

    def settle(self) -> None:
        """Do everything that can be done now."""
        self._after_commit()
        before = self.steps
        while self._tell_engine() or self._hear_engine() or self._answer_bells():
            self._after_commit()
            self.steps += 1
            self.quiet_sweeps = 0
            assert self.steps - before < MOST_STEPS, "it goes round in circles"

    def happen(self, leg: str, event: Any) -> None:
        """Let something be asked of a call."""
        services.happen(self.row(leg).pk, event)
        self._after_commit()
        self.settle()

    def _tell_engine(self, *, by_itself: bool = False) -> bool:
        if self.engine_is_dead or not (self.engine_is_rung or by_itself):
            return False
        self.engine_is_rung = False
        commands = outbox.take(NODE)
        for command in commands:
            self.engine.execute(command)
        if commands:
            self.scheduler.run_until(self.scheduler.now())
        return bool(commands)

    def _hear_engine(self) -> bool:
        self.scheduler.run_until(self.scheduler.now())
        if not self.events or self.engine_is_dead:
            return False
        event = self.events.popleft()
        for command in services.conduct(event):
            self.engine.execute(command)
        if self.muddle is not None and self.muddle.random() < TWICE:
            again = self.scheduler.now() + dt.timedelta(seconds=self.muddle.choice(DELAYS_S))
            self.scheduler.at(again, lambda: self.events.append(event))
        return True

    def _new_engine(self) -> SimulatedEngine:
        """An engine tells its events only while it is the present one."""
        engine = SimulatedEngine(
            NODE, self.scheduler, lambda event: self._told(engine, event), self, write_recording=_write
        )
        return engine

    def _told(self, engine: SimulatedEngine, event: port.Event) -> None:
        if engine is not self.engine:
            return
        if isinstance(event, port.Snapshot):
            event = replace(event, at=self.scheduler.now().timestamp())
        if self.muddle is None:
            self.events.append(event)
            return
        lane = getattr(event, "leg", "")
        late = self.scheduler.now() + dt.timedelta(seconds=self.muddle.choice(DELAYS_S))
        before = max(self.lanes.values(), default=late) if isinstance(event, port.Snapshot) else late
        self.lanes[lane] = max(late, before, self.lanes.get(lane, late))
        self.scheduler.at(self.lanes[lane], lambda: self.events.append(event))

    def _answer_bells(self) -> bool:
        if self.rings:
            tasks.dispatch(self.rings.pop())
            return True
        if self.questions:
            tasks.ask_question(str(self.questions.popleft()))
            return True
        if self.list_questions:
            tasks.ask_agent_lists(self.list_questions.popleft())
            return True
        return False

    def _after_commit(self) -> None:
        """Tests run in a transaction that is never committed; what waits for the commit is done here."""
        while connection.run_on_commit:
            _, callback, *_ = connection.run_on_commit.pop(0)
            callback()

    def _is_heard(self, bell: str) -> bool:
        """What the sweep rings for is heard: else it would not have come itself."""
        return bell not in self.lost or self.is_sweeping

    def _ring(self, project_id: int) -> None:
        if self._is_heard("dispatch"):
            self.rings.add(project_id)

    def _ring_engine(self, nodes: Any) -> None:
        self.engine_is_rung = "engine" not in self.lost

    def _ask(self, question_id: Any) -> None:
        if self._is_heard("ask"):
            self.questions.append(question_id)

    def _ask_agents(self, queue_id: int) -> None:
        if self._is_heard("ask_agents") and queue_id not in self.list_questions:
            self.list_questions.append(queue_id)

    def _fetch(self, project_id: int, request: Any, **facts: Any) -> Answer:
        told = json.loads(request.body) if request.body else dict(request.query or {})
        self.asked.append((request.url, told))
        answer = self.answers.get(request.url)
        if callable(answer):
            answer = answer(told)
        if answer is None:
            raise FetchFailed(FailureReason.TIMEOUT)
        return Answer(200, answer.encode(), "application/json", 5)


def _dials(command: port.Command) -> bool:
    return isinstance(command, port.Dial)


def _write(command: port.StartRecording, seconds: float) -> tuple[str, int]:
    """A file that is there, with nothing to hear in it."""
    path = Path(settings.MEDIA_ROOT) / path_of(command)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0")
    return path_of(command), 1
