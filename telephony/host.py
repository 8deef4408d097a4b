"""The engine process: commands from the table to the adapter, events from the adapter to the conductor."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable

from django.db import Error as AnyDatabaseError
from django.db import close_old_connections

from common import clock
from telephony import nodes, outbox, port
from telephony.adapters.base import Adapter
from telephony.doorbell import Doorbell
from telephony.events import Conduct, EventLine

LOOK_EVERY_S = 0.5  # when nobody rings
BEAT_EVERY_S = 5.0
SNAPSHOT_EVERY_S = 30.0
COMMANDS_AT_ONCE = 200
FINISH_WITHIN_S = 2.5  # the supervisor waits 4 s before it kills

log = logging.getLogger(__name__)


class NameTaken(Exception):
    """Another process has registered under this engine's name."""


class Every:
    """Says when it is time again, by the monotonic clock."""

    def __init__(self, seconds: float, *, at_once: bool) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + (0.0 if at_once else seconds)

    def is_due(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._seconds
        return True


class EngineHost:
    """Runs one engine until it is told to stop. `beat` shows elsewhere that the process lives."""

    def __init__(
        self, node: str, adapter: Adapter, conduct: Conduct, doorbell: Doorbell, beat: Callable[[], None]
    ) -> None:
        self._node = node
        self._adapter = adapter
        self._events = EventLine(conduct, adapter.execute)
        self._doorbell = doorbell
        self._beat = beat
        self._generation = 0
        self._unanswered: list[dt.datetime] = []  # takes of commands of which the database told no result

    def run(self, stop: threading.Event) -> None:
        """Register, serve until `stop`, then end every leg and conduct what is left.

        Raises NameTaken when a second process took over the name, django.db.Error when the database does not answer at
        the start.
        """
        started_at = clock.now()
        self._generation = nodes.register(self._node, self._adapter.kind, self._adapter.reaches, started_at)
        never_dialled = self._legs_of_earlier_commands(started_at)
        self._events.start()
        self._tell(port.Snapshot(self._node, ()))
        for leg in never_dialled:
            self._tell(port.Ended(leg, port.HangupCause.ENGINE_LOST))
        self._adapter.start(self._tell)
        try:
            self._serve(stop)
        finally:
            self._leave()

    def _tell(self, event: port.Event) -> None:
        if isinstance(event, port.Snapshot):
            event = dataclasses.replace(event, at=clock.now().timestamp())
        self._events.put(event)

    def _legs_of_earlier_commands(self, started_at: dt.datetime) -> list[str]:
        """Void what was meant for our earlier life. Returns the legs that were to be dialled."""
        legs: list[str] = []
        while commands := outbox.take_of_earlier_life(self._node, started_at, COMMANDS_AT_ONCE):
            legs += [command.leg for command in commands if isinstance(command, port.Dial)]
        return legs

    def _serve(self, stop: threading.Event) -> None:
        beat, snapshot = Every(BEAT_EVERY_S, at_once=True), Every(SNAPSHOT_EVERY_S, at_once=False)
        log.info("engine is ready", extra={"node": self._node, "kind": self._adapter.kind})
        while not stop.is_set():
            requests = self._doorbell.wait(LOOK_EVERY_S)
            try:
                self._do_commands()
                if beat.is_due():
                    self._show_life()
            except AnyDatabaseError as error:
                close_old_connections()
                log.warning("engine waits for the database", extra={"node": self._node, "reason": type(error).__name__})
            if outbox.SNAPSHOT in requests or snapshot.is_due():
                self._adapter.tell_snapshot()

    def _do_commands(self) -> None:
        for taken_at in list(self._unanswered):
            outbox.give_back(self._node, taken_at)
            self._unanswered.remove(taken_at)
        while commands := self._take():
            for command in commands:
                self._execute(command)
            if len(commands) < COMMANDS_AT_ONCE:
                return

    def _take(self) -> list[port.Command]:
        now = clock.now()
        self._unanswered.append(now)
        commands = outbox.take(self._node, COMMANDS_AT_ONCE, now=now)
        self._unanswered.remove(now)
        return commands

    def _execute(self, command: port.Command) -> None:
        try:
            self._adapter.execute(command)
        except Exception:
            log.exception("engine command failed", extra={"command": type(command).__name__, "leg": command.leg})

    def _show_life(self) -> None:
        if not nodes.see(self._node, self._generation, clock.now()):
            raise NameTaken(self._node)
        self._beat()

    def _leave(self) -> None:
        self._adapter.stop()
        if not self._events.finish(FINISH_WITHIN_S):
            log.error("engine events are left over", extra={"node": self._node})
        try:
            nodes.leave(self._node, self._generation, clock.now())
        except AnyDatabaseError:
            log.warning("engine leaves without saying so", extra={"node": self._node})
