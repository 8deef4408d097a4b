"""A contact center on a virtual clock: production code on PostgreSQL, the simulated engine, bells that are rung by hand.

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
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection

from callflow import dispatch, doorbell, services, tasks
from calls.models import Call, Leg
from common import clock
from telephony import outbox, port
from telephony.adapters.simulated.engine import SimulatedEngine
from telephony.adapters.simulated.scheduler import VirtualScheduler
from telephony.adapters.simulated.script import CallerScript, Does, PhoneScript, Press
from telephony.models import EngineNode
from webhooks.client import Answer
from webhooks.failures import FailureReason, FetchFailed
from webhooks.models import Delivery
from webhooks.services import questions

NODE = "simulated-test"
START = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)  # a Monday, nine o'clock in Viet Nam
SWEEP_EVERY = dt.timedelta(seconds=1)
NOWHERE = PhoneScript(does=Does.UNREACHABLE, after_s=0.0)


@dataclass
class World:
    """One engine, and everything that production does with it. Time moves only in `run_for` and `run_until`."""

    project: Any
    monkeypatch: pytest.MonkeyPatch
    phones: dict[str, PhoneScript] = field(default_factory=dict)
    answers: dict[str, str | None] = field(default_factory=dict)  # by URL; None: it does not answer
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)  # kinds of bells that do not ring: dispatch, ask, engine

    def __post_init__(self) -> None:
        self.scheduler = VirtualScheduler(START)
        self.events: deque[port.Event] = deque()
        self.rings: set[int] = set()
        self.questions: deque[Any] = deque()
        self.next_sweep = START + SWEEP_EVERY
        self.legs = 0
        self.engine = SimulatedEngine(NODE, self.scheduler, self.events.append, self)
        self.monkeypatch.setattr(clock, "now", self.scheduler.now)
        self.monkeypatch.setattr(doorbell, "ring", self._ring)
        self.monkeypatch.setattr(doorbell, "ask", self._ask)
        self.monkeypatch.setattr(doorbell, "deliver", lambda key: None)
        self.monkeypatch.setattr(doorbell, "send_sms", lambda key: None)
        self.monkeypatch.setattr(doorbell, "answered", lambda project: None)
        self.monkeypatch.setattr(doorbell, "was_asked_again", lambda project: False)
        self.monkeypatch.setattr(outbox, "ring", lambda nodes: None)
        self.monkeypatch.setattr(questions, "fetch_signed", self._fetch)
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

    def online(self, user: str, **script: Any) -> None:
        """An agent's browser is there, and does what the script says when it is rung."""
        self.phones[f"web:{self.project.pk}_{user}"] = PhoneScript(**script)
        self.events.append(port.DeviceUp(NODE, self.project.pk, user, "web", f"browser-{user}"))
        self.settle()

    def offline(self, user: str) -> None:
        self.events.append(port.DeviceDown(NODE, self.project.pk, user, "web", f"browser-{user}"))
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

    # ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────
    def row(self, leg: str) -> Call:
        """The call of a leg, as it is stored."""
        return Call.objects.get(legs__leg_id=leg)

    def told(self, leg: str) -> list[str]:
        """The statuses of the events that the customer's server is owed for a call, in order."""
        deliveries = Delivery.objects.filter(call__legs__leg_id=leg, kind="call_event").order_by("serial")
        return [json.loads(each.body)["call_status"] for each in deliveries]

    def legs_of(self, leg: str) -> list[tuple[str, str, str]]:
        return list(Leg.objects.filter(call=self.row(leg)).order_by("pk").values_list("role", "state", "cause"))

    # ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def run_for(self, seconds: float) -> None:
        self.run_until(self.scheduler.now() + dt.timedelta(seconds=seconds))

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
        tasks.sweep()
        self._after_commit()
        self.settle()

    def settle(self) -> None:
        """Do everything that can be done now."""
        while self._tell_engine() or self._hear_engine() or self._answer_bells():
            self._after_commit()
        self._after_commit()

    def happen(self, leg: str, event: Any) -> None:
        """Let something be asked of a call."""
        services.happen(self.row(leg).pk, event)
        self._after_commit()
        self.settle()

    def _tell_engine(self) -> bool:
        commands = [] if "engine" in self.lost else outbox.take(NODE)
        for command in commands:
            self.engine.execute(command)
        if commands:
            self.scheduler.run_until(self.scheduler.now())
        return bool(commands)

    def _hear_engine(self) -> bool:
        self.scheduler.run_until(self.scheduler.now())
        if not self.events:
            return False
        for command in services.conduct(self.events.popleft()):
            self.engine.execute(command)
        return True

    def _answer_bells(self) -> bool:
        if self.rings:
            dispatch.dispatch(self.rings.pop())
            return True
        if self.questions:
            tasks.ask_question(str(self.questions.popleft()))
            return True
        return False

    def _after_commit(self) -> None:
        """Tests run in a transaction that is never committed; what waits for the commit is done here."""
        while connection.run_on_commit:
            _, callback, *_ = connection.run_on_commit.pop(0)
            callback()

    def _ring(self, project_id: int) -> None:
        if "dispatch" not in self.lost:
            self.rings.add(project_id)

    def _ask(self, question_id: Any) -> None:
        if "ask" not in self.lost:
            self.questions.append(question_id)

    def _fetch(self, project_id: int, request: Any, **facts: Any) -> Answer:
        self.asked.append((request.url, dict(request.query or {})))
        answer = self.answers.get(request.url)
        if answer is None:
            raise FetchFailed(FailureReason.TIMEOUT)
        return Answer(200, answer.encode(), "application/json", 5)
