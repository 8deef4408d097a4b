"""Dispatch close by: the process that conducts calls looks for their agents itself, on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.db import close_old_connections, connections

from callflow import doorbell

log = logging.getLogger(__name__)


class NearbyDispatch:
    """Use as a context: while it is open, this process answers its own dispatch bells, and needs no worker for it.

    A look that fails goes to the workers. What is left when it closes, or when the process dies, the sweep finds.
    """

    def __init__(self, look: Callable[[int], object]) -> None:
        self._look = look
        self._wanted: dict[int, None] = {}  # projects, in the order of the first ring
        self._changed = threading.Condition()
        self._open = False
        self._thread = threading.Thread(target=self._work, name="dispatch", daemon=True)

    def __enter__(self) -> Self:
        self._open = True
        self._thread.start()
        doorbell.answer_here(self.ring)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        doorbell.answer_here(None)
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join()

    def ring(self, project_id: int) -> None:
        """Look at a project soon. From any thread; never waits. Rings coalesce until the look begins."""
        with self._changed:
            self._wanted[project_id] = None
            self._changed.notify()

    def _work(self) -> None:
        try:
            while (project_id := self._next()) is not None:
                self._surely(project_id)
        finally:
            connections.close_all()

    def _next(self) -> int | None:
        """The project that has waited longest for a look; None when no more looks are wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or not self._open)
            project_id = next(iter(self._wanted), None) if self._open else None
            if project_id is not None:
                del self._wanted[project_id]
            return project_id

    def _surely(self, project_id: int) -> None:
        try:
            self._look(project_id)
        except Exception:  # whatever it was, calls wait: somebody else must look
            log.exception("dispatch failed", extra={"project_id": project_id})
            close_old_connections()
            doorbell.ring_workers(project_id)
