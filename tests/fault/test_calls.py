"""Processes are killed while people call: calls go on or end for a named reason, and nobody stays stuck.

One installation with real processes; callers and agents are simulated. After every fault the invariants of the design
are checked over everything that is stored (`callflow.invariants`), and the limits of time for what began after it.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from pcc_console import static_files
from tests.fault.beside import Away, Beside
from tests.fault.test_supervision import BASE_DIR, Installation, crowd, wait_until
from webhooks.tests.receiver import Handler, Receiver, receiving, say_ok

pytestmark = pytest.mark.fault

HOTLINE, ASKING_HOTLINE = "842473000001", "842473000002"  # of the desk
AGENTS = 6  # for each of them
CALLERS = 10  # some have to wait

SERVES_AGAIN_WITHIN_S = 10.0  # L5 of the design, on a machine that has a core for each who wants one
WITHIN_S = 180.0  # what takes longer does not happen
CALL_EVERY_S = 1.0  # while nobody knows whether calls get through again
TALK = {"talk_s": 1.5, "patience_s": 90}
LONG_TALK = {"talk_s": 300, "patience_s": 300}


log = logging.getLogger(__name__)


class Center:
    """An installation in which people call, and its desk."""

    def __init__(self, data_dir: Path, receiver: Receiver) -> None:
        self.receiver = receiver
        self.installation = Installation(data_dir)
        self.installation.environment.update(PCC_DEMO="0", DJANGO_SETTINGS_MODULE="pcc_console.settings")

    def open(self) -> None:
        (self.installation.data_dir / "run").mkdir(parents=True)
        (self.installation.data_dir / "static").mkdir()
        static_files.note_collected(BASE_DIR, self.installation.data_dir)  # nobody looks at pages here
        self.installation.ensure_ready()
        self._desk = Beside("tests.fault.desk", self.installation.environment)
        self.users = self.ask("set_up", self.receiver.url)

    def close(self) -> None:
        self._desk.close()
        if self.installation.run.poll() is None:
            self.installation.stop()

    # ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def call(self, callers: int, number: str = HOTLINE, script: Any = TALK, **agents: Any) -> list[str]:
        """So many people call; agents are online as long, and answer soon if nothing else is said."""
        online = {"users": self.users, "answer_after_s": 0.3, **agents}
        legs: list[str] = self.ask("call", number, callers, {**script, "agents": online})
        return legs

    # ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def ask(self, name: str, *arguments: Any) -> Any:
        """Ask the desk. Raises Away."""
        return self._desk.ask(name, *arguments)

    def wait(self, condition: Callable[[], Any], within_s: float = WITHIN_S) -> None:
        """Wait until it is so; a database that is away says nothing."""

        def is_so() -> bool:
            try:
                return bool(condition())
            except Away:
                return False

        wait_until(is_so, within_s, self.installation.log)

    def database(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.installation.services()["DATABASE_URL"])

    # ── Faults ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and everything that it has started."""
        os.killpg(self.installation.pids()[name], number)

    def kill(self, name: str) -> None:
        self.send(name, signal.SIGKILL)

    # ── Afterwards ───────────────────────────────────────────────────────────────────────────────────────────────────
    def serves_again(self, since: float) -> None:
        """Wait until somebody who called after the fault has been answered, and nothing is late any more."""
        legs: list[str] = []

        def served() -> bool:
            if time.monotonic() > since + len(legs) * CALL_EVERY_S:
                legs.extend(self.call(1))
            return bool(self.ask("connected", legs) > 0) and self.ask("overdue") == []

        self.wait(served)
        took_s = time.monotonic() - since
        log.info("serves again after %.1f s, with %.1f processes for each core", took_s, crowd())
        assert took_s < SERVES_AGAIN_WITHIN_S * max(1.0, crowd())

    def is_sound(self) -> None:
        """Everybody gets through, nobody stays stuck, and the invariants hold."""
        since = self.ask("now")
        legs = self.call(AGENTS)
        self.wait(lambda: self.ask("connected", legs) == AGENTS)
        self.wait(self.is_quiet)
        assert self.ask("findings", "", False) == []
        assert self.ask("findings", since, True) == []

    def is_quiet(self) -> bool:
        left = ("alive", "occupied", "open_offers", "untaken", "running_recordings")
        return not any(self.ask(name) for name in left) and self.ask("overdue") == []


@pytest.fixture(scope="module")
def _center() -> Iterator[Center]:
    # Not pytest's folder: root's PostgreSQL runs as another user, who may not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="pcc-fault-"))
    folder.chmod(0o711)
    with receiving() as receiver:
        made = Center(folder / "data", receiver)
        try:
            made.open()
            yield made
        finally:
            made.close()
    shutil.rmtree(folder)


@pytest.fixture
def center(_center: Center) -> Center:
    """A contact center in which everything runs and nobody calls, whatever the test before has done to it."""
    _center.installation.ensure_ready()
    _center.receiver.answer = say_ok
    _center.ask("agents_are", "AVAILABLE")
    _center.wait(_center.is_quiet)
    return _center


@contextmanager
def nobody_writes(center: Center, table: str) -> Iterator[Callable[[], bool]]:
    """Hold up whoever wants to write to a table. Gives: whether somebody waits for it."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = %s::regclass AND NOT granted)"
    with center.database() as holder, center.database() as watcher:
        holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
        yield lambda: watcher.execute(waiting, [table]).fetchone() == (True,)


def callers_who_wait(center: Center) -> list[str]:
    """One for each agent, while none is there. When they come, nobody rings: the sweep lets a worker look."""
    center.ask("agents_are", "NOT AVAILABLE")
    legs = center.call(AGENTS)
    center.wait(lambda: center.ask("calls_of", legs) == {"waiting": AGENTS})
    return legs


def test_a_worker_killed_between_match_and_commit_leaves_no_half_offer(center):
    legs = callers_who_wait(center)
    with nobody_writes(center, "routing_decision") as somebody_waits:
        center.ask("agents_are", "AVAILABLE")
        center.wait(somebody_waits)
        center.kill("worker")
        killed_at = time.monotonic()

    assert center.ask("open_offers") == 0
    assert center.ask("calls_of", legs) == {"waiting": AGENTS}
    center.serves_again(killed_at)
    center.wait(lambda: center.ask("calls_of", legs) == {"completed: normal": AGENTS})
    center.is_sound()


def test_offers_of_a_worker_that_died_before_they_were_dialled_are_dialled(center):
    legs = callers_who_wait(center)
    center.send("simulator", signal.SIGSTOP)
    center.ask("agents_are", "AVAILABLE")
    center.wait(lambda: center.ask("open_offers") == AGENTS)

    center.kill("worker")
    killed_at = time.monotonic()
    center.send("simulator", signal.SIGCONT)

    center.wait(lambda: center.ask("connected", legs) == AGENTS)
    center.serves_again(killed_at)
    center.is_sound()


def test_calls_of_an_engine_that_is_killed_end_and_free_their_agents(center):
    legs = center.call(CALLERS, script=LONG_TALK)
    center.wait(lambda: center.ask("calls_of", legs) == {"connected": AGENTS, "waiting": CALLERS - AGENTS})

    center.kill("simulator")
    killed_at = time.monotonic()

    center.wait(lambda: center.ask("calls_of", legs) == {"failed: engine_lost": CALLERS})
    log.info("calls have ended after %.1f s", time.monotonic() - killed_at)
    center.serves_again(killed_at)
    center.is_sound()


def test_an_emptied_redis_takes_nothing_away(center):
    legs = center.call(CALLERS)
    center.wait(lambda: center.ask("connected", legs) > 0)

    with redis.Redis.from_url(center.installation.services()["REDIS_URL"]) as server:
        server.flushall()
    emptied_at = time.monotonic()

    center.serves_again(emptied_at)
    center.wait(lambda: center.ask("calls_of", legs) == {"completed: normal": CALLERS})
    center.is_sound()


@pytest.mark.parametrize("name", ["valkey", "beat", "worker", "postgres"])
def test_calls_go_on_when_a_process_is_killed(center, name):
    legs = center.call(CALLERS)
    center.wait(lambda: center.ask("connected", legs) > 0)

    center.kill(name)
    killed_at = time.monotonic()

    center.serves_again(killed_at)
    center.wait(lambda: center.ask("calls_of", legs) == {"completed: normal": CALLERS})
    center.is_sound()


def test_a_sender_that_is_killed_loses_neither_events_nor_callers(center):
    answers = threading.Event()

    def answer_late(handler: Handler) -> None:
        answers.wait(WITHIN_S)
        say_ok(handler)

    center.receiver.received.clear()
    center.receiver.answer = answer_late
    legs = center.call(AGENTS, ASKING_HOTLINE)
    center.wait(lambda: {each.method for each in center.receiver.received} == {"GET", "POST"})

    center.kill("hooks")
    killed_at = time.monotonic()
    center.receiver.answer = say_ok
    answers.set()

    center.serves_again(killed_at)
    center.wait(lambda: center.ask("calls_of", legs) == {"completed: normal": AGENTS})
    center.is_sound()
    center.ask("a_minute_passes_for_claims")
    center.wait(lambda: set(center.ask("deliveries")) == {"delivered"})
