"""The limits that the program puts on itself before it looks at a byte of the file."""

from __future__ import annotations

import ctypes
import os
import resource
import sys

MEMORY_BYTES = 1024**3  # the libraries alone map 254 MB, a ten-minute file 22 MB more (measured 2026-11)
CPU_S = 60  # ten minutes of audio take 7 to 9 s on a busy core (measured 2026-11)
LARGEST_FILE_BYTES = 16 * 1024**2  # ten minutes are 9.6 MB as 8 kHz WAV, the largest form
NICENESS = 10  # calls go first
PR_SET_NO_NEW_PRIVS = 38  # <linux/prctl.h>


def limit_resources() -> None:
    """Limit memory, processor time and file size; give up every way to gain privileges."""
    os.nice(NICENESS)
    _limit(resource.RLIMIT_CPU, CPU_S)
    _limit(resource.RLIMIT_FSIZE, LARGEST_FILE_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":  # macOS does not enforce it, and has no prctl
        _limit(resource.RLIMIT_AS, MEMORY_BYTES)
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def open_nothing_more() -> None:
    """From here on no file, socket or pipe can be opened and no process started; what is open stays open."""
    _limit(resource.RLIMIT_NOFILE, 0)
    _limit(resource.RLIMIT_NPROC, 0)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))
