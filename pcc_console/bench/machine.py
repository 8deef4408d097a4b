"""On what was measured, and how quiet it was; the processor time of processes. Linux tells it in /proc."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.db import connection

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def facts() -> dict[str, Any]:
    """Shape: {"processor", "cores", "python", "postgresql", "load_1m"}."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = cursor.fetchone()[0]
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "postgresql": postgresql,
        "load_1m": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    for line in _lines(PROC / "cpuinfo"):
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def thread_cpu_ns(pid: int) -> int | None:
    """Processor time that a process's first thread has used; None when this machine does not tell."""
    fields = next(_lines(PROC / str(pid) / "schedstat"), "").split()
    return int(fields[0]) if fields else None


def tree_cpu_s(pid: int) -> float:
    """Processor time that a process, its descendants and those of them that have ended have used."""
    parents = {int(each.name): _stat(each) for each in PROC.iterdir() if each.name.isdecimal()}
    return sum(_used_ticks(parents[each]) for each in _descendants(pid, parents) if parents[each]) / TICKS_PER_S


def children_of(pid: int) -> dict[int, str]:
    """The direct children of a process, with their command lines."""
    listed = (int(each.name) for each in PROC.iterdir() if each.name.isdecimal())
    return {each: _command(each) for each in listed if _parent(_stat(PROC / str(each))) == pid}


def resident_kib(pid: int) -> int:
    """Memory that a process holds."""
    for line in _lines(PROC / str(pid) / "status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _descendants(pid: int, stats: dict[int, list[str]]) -> Iterable[int]:
    found, line = [], [pid] if pid in stats else []
    while line:
        found.append(each := line.pop())
        line += [child for child, stat in stats.items() if _parent(stat) == each]
    return found


def _stat(folder: Path) -> list[str]:
    """The fields of /proc/PID/stat behind the command's name; empty when the process has gone."""
    return next(_lines(folder / "stat"), "").rpartition(")")[2].split()


def _parent(stat: list[str]) -> int | None:
    return int(stat[1]) if stat else None


def _used_ticks(stat: list[str]) -> int:
    return sum(int(each) for each in stat[11:15])  # utime, stime, and those of children that were waited for


def _command(pid: int) -> str:
    return next(_lines(PROC / str(pid) / "cmdline"), "").replace("\0", " ").strip()


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text(errors="replace").splitlines()
    except OSError:
        return
