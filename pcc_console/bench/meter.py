"""Counts and times what one piece of work costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from pcc_console.bench.figures import spread
from pcc_console.bench.machine import thread_cpu_ns

NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Reading:
    """What one piece of work took. `server_ns`: its processor time in the database; None when that is elsewhere."""

    clock_ns: int
    cpu_ns: int
    server_ns: int | None
    queries: int
    commits: int


@dataclass(slots=True)
class Meter:
    """Measures work on the default connection, piece by piece. Statements outside of transactions are commits, too."""

    readings: list[Reading] = field(default_factory=list)
    _backend: int = 0
    _queries: int = 0
    _commits: int = 0

    @contextmanager
    def measured(self) -> Iterator[None]:
        self._backend = self._backend or _backend_pid()
        self._queries = self._commits = 0
        with connection.execute_wrapper(self._count_query), self._counted_commits():
            server, cpu, began = thread_cpu_ns(self._backend), time.process_time_ns(), time.perf_counter_ns()
            yield
            took, cpu_after = time.perf_counter_ns() - began, time.process_time_ns()
            server_after = thread_cpu_ns(self._backend)
        on_server = None if server is None or server_after is None else server_after - server
        self.readings.append(Reading(took, cpu_after - cpu, on_server, self._queries, self._commits))

    def facts(self) -> dict[str, Any]:
        """Shape: {"clock_ms": spread, "cpu_ms": spread, "per_second", "queries", "commits"}.

        `cpu_ms`: processor time of this process and of the database together.
        """
        clock = [each.clock_ns / NS_PER_MS for each in self.readings]
        cpu = [(each.cpu_ns + (each.server_ns or 0)) / NS_PER_MS for each in self.readings]
        count = len(self.readings)
        return {
            "clock_ms": spread(clock),
            "cpu_ms": spread(cpu),
            "per_second": round(1000 * count / sum(clock), 1),
            "queries": round(sum(each.queries for each in self.readings) / count, 2),
            "commits": round(sum(each.commits for each in self.readings) / count, 2),
        }

    def _count_query(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self._queries += 1
        self._commits += not connection.in_atomic_block
        return execute(sql, params, many, context)

    @contextmanager
    def _counted_commits(self) -> Iterator[None]:
        commit = connection.commit

        def counting() -> None:
            self._commits += 1
            commit()

        connection.commit = counting  # type: ignore[method-assign]  # Django tells nobody of commits
        try:
            yield
        finally:
            connection.commit = commit  # type: ignore[method-assign]


def _backend_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])
