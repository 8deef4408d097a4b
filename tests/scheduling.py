"""Which tests run together when several processes share them, and in which order.

Whole installations are started by one process after the other, beside the rest: they wait a lot, and two at a time
would miss their limits. What drives a browser comes last in every process: Playwright leaves an event loop running,
beside which asyncio starts no other.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

import pytest
from xdist.scheduler import LoadFileScheduling

FAULT, BROWSER = PurePath("tests/fault"), PurePath("tests/browser")
VOICE = BROWSER / "voice"


def unit_of(file: PurePath) -> str:
    """What is run by one process, one test after the other: most often a file."""
    return next((str(folder) for folder in (FAULT, VOICE) if folder in file.parents), str(file))


def place_of(file: PurePath) -> int:
    """Lower comes first: what takes longest, but browsers after everything else."""
    if FAULT in file.parents:
        return 0
    if BROWSER not in file.parents:
        return 1
    return 2 if VOICE in file.parents else 3


def in_order(items: list[pytest.Item], root: PurePath) -> list[pytest.Item]:
    """By place; in each, what has the most tests first, so that no process is left with much at the end."""
    files = [PurePath(item.path.relative_to(root)) for item in items]
    tests = Counter(map(unit_of, files))
    keys = [(place_of(file), -tests[unit_of(file)], number) for number, file in enumerate(files)]
    return [items[number] for *_rank, number in sorted(keys)]


class Scheduling(LoadFileScheduling):
    """Hands out units in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(PurePath(super()._split_scope(nodeid)))
