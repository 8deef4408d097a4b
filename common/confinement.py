"""The limits that a program puts on itself before it looks at a byte of what a stranger sent.

Import it first in such a program, and nothing large with it: see `common.confined_program` for how one is started.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from dataclasses import dataclass

NICENESS = 10  # calls go first
PR_SET_NO_NEW_PRIVS = 38  # <linux/prctl.h>


@dataclass(frozen=True)
class Limits:
    """What a program may use. Units: bytes, seconds of processor time."""

    memory_bytes: int
    cpu_s: int
    largest_file_bytes: int


def limit_resources(limits: Limits) -> None:
    """Limit memory, processor time and file size; give up every way to gain privileges."""
    os.nice(NICENESS)
    _limit(resource.RLIMIT_CPU, limits.cpu_s)
    _limit(resource.RLIMIT_FSIZE, limits.largest_file_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":  # macOS does not enforce it, and has no prctl
        _limit(resource.RLIMIT_AS, limits.memory_bytes)
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def open_nothing_more() -> None:
    """From here on no file, socket or pipe can be opened and no process started; what is open stays open."""
    _limit(resource.RLIMIT_NOFILE, 0)
    _limit(resource.RLIMIT_NPROC, 0)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))
