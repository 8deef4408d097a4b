"""Tells pages when the engine that carries their calls is gone: a killed one cannot say so itself."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Protocol

from softphone.memory import Memory
from softphone.session import Session
from softphone.wires import BusIsBack, EnginesLost, Happening

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
        self._lives: dict[str, str] = {}  # of engines that carry calls, as they were seen last
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
        alive = await self._memory.alive(nodes) if nodes else {}
        if alive is None:
            return
        self._ask_those_who_are_others(nodes, alive)
        self._missed = Counter({node: self._missed[node] + 1 for node in nodes if node not in alive})
        lost = frozenset(node for node, misses in self._missed.items() if misses >= MISSES)
        if lost:
            log.warning("engines of pages' calls are gone", extra={"nodes": ",".join(sorted(lost))})
            for socket in tuple(self._sockets):
                socket.post(EnginesLost(lost))

    def _ask_those_who_are_others(self, nodes: Collection[str], alive: Mapping[str, str]) -> None:
        """One that was killed and is up again before it was missed is asked for its calls: it has none of them."""
        known = {node: self._lives[node] for node in nodes if node in self._lives}
        others = {node for node, life in known.items() if alive.get(node, life) != life}
        self._lives = known | {node: alive[node] for node in nodes if node in alive}
        if others:
            log.warning("engines of pages' calls were started anew", extra={"nodes": ",".join(sorted(others))})
            for socket in tuple(self._sockets):
                socket.post(BusIsBack())
