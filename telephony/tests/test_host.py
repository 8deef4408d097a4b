"""The engine process serves its adapter, and leaves in order."""

from __future__ import annotations

import queue
import threading
import time

import pytest
from django.db import OperationalError, connections

from common import clock
from telephony import host, nodes, outbox, port
from telephony.host import EngineHost, NameTaken
from telephony.models import EngineCommand, EngineNode

pytestmark = pytest.mark.django_db(transaction=True)

NODE = "engine-1"
WITHIN_S = 30.0


class FakeAdapter:
    """Notes its commands; tells what the test lets it tell."""

    kind = "fake"
    reaches = ("web", "tel")

    def __init__(self):
        self.commands: list[port.Command] = []
        self.started = threading.Event()
        self.emit = None

    def start(self, emit):
        self.emit = emit
        self.started.set()

    def execute(self, command):
        if command == port.Answer("poison"):
            raise ValueError("no such command")
        self.commands.append(command)

    def tell_snapshot(self):
        self.emit(port.Snapshot(NODE, ("leg-1",)))

    def stop(self):
        self.emit(port.Ended("leg-1", port.HangupCause.ENGINE_LOST))


class FakeDoorbell:
    def __init__(self):
        self._rings: queue.Queue[str] = queue.Queue()

    def ring(self, request=outbox.RING):
        self._rings.put(request)

    def wait(self, seconds):
        try:
            return frozenset({self._rings.get(timeout=0.02)})
        except queue.Empty:
            return frozenset()


class Running:
    """A host on a thread of its own."""

    def __init__(self):
        self.adapter, self.doorbell = FakeAdapter(), FakeDoorbell()
        self.conducted: list[port.Event] = []
        self.beats = 0
        self.failure: BaseException | None = None
        self.stop = threading.Event()
        self._host = EngineHost(NODE, self.adapter, self._conduct, self.doorbell, self._beat)
        self._thread = threading.Thread(target=self._run)

    def start(self):
        self._thread.start()
        assert self.adapter.started.wait(WITHIN_S)
        return self

    def end(self):
        self.stop.set()
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()

    def _conduct(self, event):
        self.conducted.append(event)
        return (port.Hangup(event.leg),) if isinstance(event, port.Answered) else ()

    def _beat(self):
        self.beats += 1

    def _run(self):
        try:
            self._host.run(self.stop)
        except NameTaken as taken:
            self.failure = taken
        finally:
            connections.close_all()


@pytest.fixture
def running():
    made = Running()
    yield made
    if made.adapter.started.is_set():
        made.end()


def wait_until(condition):
    limit = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)  # another thread works meanwhile


def put(project, *commands):
    outbox.put(NODE, project.pk, "call-1", commands)


def dial(leg):
    return port.Dial(leg, "call-1", ("web:1_lan",), "8424")


def test_an_engine_registers_and_says_first_that_it_has_no_legs(running):
    running.start()

    wait_until(lambda: running.conducted)
    assert running.conducted[0] == port.Snapshot(NODE, ())
    row = EngineNode.objects.get()
    assert (row.name, row.kind, row.reaches, row.generation) == (NODE, "fake", ["web", "tel"], 1)
    assert outbox.node_for({"web", "tel"}) == NODE
    wait_until(lambda: running.beats == 1)


def test_an_engine_that_starts_again_is_a_new_generation():
    now = clock.now()
    assert [nodes.register(NODE, "fake", ("web",), now) for _ in range(3)] == [1, 2, 3]
    assert [nodes.see(NODE, generation, now) for generation in (1, 2, 3)] == [False, False, True]


def test_commands_reach_the_adapter_in_order_without_a_ring(running, ours):
    running.start()
    put(ours, dial("leg-1"), port.Answer("poison"), port.Answer("leg-2"))
    put(ours, port.Hangup("leg-1"))

    wait_until(lambda: len(running.adapter.commands) == 3)
    assert running.adapter.commands == [dial("leg-1"), port.Answer("leg-2"), port.Hangup("leg-1")]
    assert not EngineCommand.objects.filter(taken_at=None).exists()


def test_what_was_meant_for_an_earlier_life_is_void_and_its_legs_have_ended(running, ours):
    put(ours, dial("leg-old"), port.Answer("leg-older"))

    running.start()
    put(ours, port.Answer("leg-new"))
    wait_until(lambda: running.adapter.commands)

    assert running.adapter.commands == [port.Answer("leg-new")]
    wait_until(lambda: len(running.conducted) == 2)
    assert running.conducted == [port.Snapshot(NODE, ()), port.Ended("leg-old", port.HangupCause.ENGINE_LOST)]


def test_events_go_to_the_conductor_and_its_answer_to_the_adapter(running):
    running.start()
    running.adapter.emit(port.Answered("stranger"))

    wait_until(lambda: running.adapter.commands)
    assert running.conducted[1:] == [port.Answered("stranger")]
    assert running.adapter.commands == [port.Hangup("stranger")]


def test_a_snapshot_is_told_when_somebody_asks(running):
    running.start()
    running.doorbell.ring(outbox.SNAPSHOT)

    wait_until(lambda: len(running.conducted) == 2)
    assert running.conducted[1] == port.Snapshot(NODE, ("leg-1",))
    assert 0 <= time.time() - running.conducted[1].at < WITHIN_S


def test_a_snapshot_is_told_from_time_to_time(running, monkeypatch):
    monkeypatch.setattr(host, "SNAPSHOT_EVERY_S", 0.01)
    running.start()

    wait_until(lambda: running.conducted.count(port.Snapshot(NODE, ("leg-1",))) >= 2)


def test_an_engine_that_stops_ends_its_legs_conducts_what_is_left_and_takes_no_more_calls(running):
    running.start()
    running.end()

    assert running.conducted[-1] == port.Ended("leg-1", port.HangupCause.ENGINE_LOST)
    assert outbox.node_for({"web"}) is None


def test_an_engine_gives_way_to_another_process_of_its_name(running, monkeypatch):
    monkeypatch.setattr(host, "BEAT_EVERY_S", 0.01)
    running.start()
    wait_until(lambda: running.beats)

    nodes.register(NODE, "fake", ("web",), clock.now())

    wait_until(lambda: running.failure is not None)
    assert outbox.node_for({"web"}) == NODE  # the other one


def test_a_database_that_is_away_for_a_moment_loses_no_command(running, ours, monkeypatch):
    """The worst case: the database took the commands out, and its answer was lost."""
    real_take = outbox.take
    lost: list[list[port.Command]] = []

    def take(node, limit, *, now):
        commands = real_take(node, limit, now=now)
        if commands and not lost:
            lost.append(commands)
            raise OperationalError("server closed the connection unexpectedly")
        return commands

    monkeypatch.setattr(outbox, "take", take)
    running.start()
    put(ours, port.Answer("leg-1"), port.Answer("leg-2"))

    wait_until(lambda: len(running.adapter.commands) == 2)
    assert running.adapter.commands == [port.Answer("leg-1"), port.Answer("leg-2")]
    assert lost == [running.adapter.commands]


def test_the_real_doorbell_wakes_the_engine(settings):
    from telephony.doorbell import RedisDoorbell

    bell = RedisDoorbell(settings.REDIS_URL, "engine-bell", threading.Event())
    bell.wait(0)  # subscribes
    outbox.ring(["engine-bell", "another"])
    outbox.ask_snapshot(["engine-bell"])

    heard: set[str] = set()
    while len(heard) < 2:
        heard |= bell.wait(WITHIN_S)
    assert heard == {"commands", "snapshot"}


def test_a_doorbell_without_redis_lets_time_pass():
    from telephony.doorbell import RedisDoorbell

    bell = RedisDoorbell("redis://127.0.0.1:1/0", "engine-1", threading.Event())
    began = time.monotonic()

    assert bell.wait(0.05) == frozenset()
    assert time.monotonic() - began >= 0.05
