"""Tells pages when the engine that carries their calls is gone: a killed one cannot say so itself."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection
from typing import Protocol

from softphone.memory import Memory
from softphone.session import Session
from softphone.wires import EnginesLost, Happening

LOOK_EVERY_S = 1.5
MISSES = 3  # an engine may need this long to be heard again after Redis was away

log = logging.getLogger(__name__)


class Watched(Protocol):
    """A socket whose page may have calls."""

    session: Session

    def post(self, happening: Happening) -> None: ...


class EngineWatch:
    """Looks after the engines of all calls at this process's sockets."""

    def __init__(self, memory: Memory, sockets: Collection[Watched]) -> None:
        self._memory = memory
        self._sockets = sockets
        self._missed: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Idempotent."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_for_ever())

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Cost: two commands to Redis, when there are calls."""
        nodes = sorted(frozenset().union(*(socket.session.nodes for socket in self._sockets)))
        alive = await self._memory.alive(nodes) if nodes else frozenset()
        if alive is None:
            return
        self._missed = Counter({node: self._missed[node] + 1 for node in nodes if node not in alive})
        lost = frozenset(node for node, misses in self._missed.items() if misses >= MISSES)
        if lost:
            log.warning("engines of pages' calls are gone", extra={"nodes": ",".join(sorted(lost))})
            for socket in tuple(self._sockets):
                socket.post(EnginesLost(lost))
