"""The way of events from an engine to the conductor: those of one leg in order, those of several at once.

Nothing is lost while the database is away: events wait. An event that the conductor cannot take is given up after a few
tries, so that it does not hold up the others; the reconciler finds what it leaves behind.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32

from django.db import Error as AnyDatabaseError
from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections

from telephony import port

WORKERS = 4  # they wait for the database most of the time
TRIES = 3
CROWDED_TRIES = 20  # deadlocks and lock time-outs: others win, then it is our turn
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0

Conduct = Callable[[port.Event], tuple[port.Command, ...]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _AllTogether:
    """An event that comes after all events before it and before all after it: a Snapshot."""

    event: port.Event
    everybody: threading.Barrier


@dataclass(frozen=True, slots=True)
class _Last:
    """Nothing follows."""


_Item = port.Event | _AllTogether | _Last


@dataclass(slots=True)
class _Tries:
    """How often one event has failed, and for how long to wait."""

    failed: int = 0
    crowded: int = 0
    pause_s: float = FIRST_PAUSE_S


@dataclass(slots=True)
class EventLine:
    """Gives events to `conduct` on threads of its own; what comes back goes to `execute`."""

    conduct: Conduct
    execute: Callable[[port.Command], None]
    workers: int = WORKERS
    _queues: list[queue.SimpleQueue[_Item]] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _putting: threading.Lock = field(default_factory=threading.Lock)
    _hurry: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._queues = [queue.SimpleQueue() for _ in range(self.workers)]
        self._threads = [
            threading.Thread(target=self._work, args=[each], name=f"events-{number}", daemon=True)
            for number, each in enumerate(self._queues)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, event: port.Event) -> None:
        """Take an event from the engine. From any thread; never waits."""
        with self._putting:
            if isinstance(event, port.Snapshot):
                item = _AllTogether(event, threading.Barrier(self.workers, action=lambda: self._surely(event)))
                for each in self._queues:
                    each.put(item)
            else:
                self._queues[crc32(_lane(event).encode()) % self.workers].put(event)

    def finish(self, within_s: float) -> bool:
        """Conduct what is there; what is left after so long is given up. Returns whether everything was conducted."""
        with self._putting:
            for each in self._queues:
                each.put(_Last())
        timer = threading.Timer(within_s, self._hurry.set)
        timer.start()
        for thread in self._threads:
            thread.join()
        timer.cancel()
        return not self._hurry.is_set()

    def _work(self, events: queue.SimpleQueue[_Item]) -> None:
        try:
            while not isinstance(item := events.get(), _Last):
                if isinstance(item, _AllTogether):
                    item.everybody.wait()
                else:
                    self._surely(item)
        finally:
            connections.close_all()

    def _surely(self, event: port.Event) -> None:
        """Conduct an event, again and again while the database is away."""
        tries = _Tries()
        while not self._hurry.is_set():
            if self._once(event, tries):
                return
            if tries.failed >= TRIES or tries.crowded >= CROWDED_TRIES:
                log.error("engine event is given up", extra=_named(event))
                return
            self._hurry.wait(tries.pause_s)
            tries.pause_s = min(2 * tries.pause_s, LONGEST_PAUSE_S)

    def _once(self, event: port.Event, tries: _Tries) -> bool:
        try:
            for command in self.conduct(event):
                self.execute(command)
        except (OperationalError, InterfaceError) as error:
            close_old_connections()
            if _database_answers():
                tries.crowded += 1
            log.warning("engine event waits for the database", extra={**_named(event), "reason": type(error).__name__})
            return False
        except Exception:
            log.exception("engine event failed", extra=_named(event))
            tries.failed += 1
            return False
        return True


def _lane(event: port.Event) -> str:
    if isinstance(event, port.Snapshot):
        return event.node
    if isinstance(event, port.DeviceUp | port.DeviceDown):
        return f"{event.project_id}_{event.user}"
    return event.leg


def _named(event: port.Event) -> dict[str, str]:
    return {"event": type(event).__name__, "leg": getattr(event, "leg", "")}


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except AnyDatabaseError:
        close_old_connections()
        return False
    return True
