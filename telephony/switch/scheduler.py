"""When things happen: on a virtual clock (tests, simulations), or in real time."""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from common import clock

Callback = Callable[[], object]

log = logging.getLogger(__name__)


class Timer:
    """Something that will happen, unless it is cancelled."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callback) -> None:
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        self.callback = None


class Scheduler(Protocol):
    """Callbacks run one at a time, in the order of their instants; of the same instant, in the order of asking."""

    def now(self) -> dt.datetime:
        """The present instant as aware UTC."""

    def at(self, when: dt.datetime, callback: Callback) -> Timer:
        """Run a callback at this instant, or soon when it has passed; never from within this call."""


class VirtualScheduler:
    """Time that jumps from one callback to the next. Cost: O(log waiting) for each."""

    def __init__(self, start: dt.datetime) -> None:
        self._now = start
        self._waiting: list[tuple[dt.datetime, int, Timer]] = []
        self._numbers = itertools.count()

    def now(self) -> dt.datetime:
        return self._now

    def at(self, when: dt.datetime, callback: Callback) -> Timer:
        timer = Timer(callback)
        heapq.heappush(self._waiting, (max(when, self._now), next(self._numbers), timer))
        return timer

    def next_at(self) -> dt.datetime | None:
        """When the next callback is due; None when nothing will happen any more."""
        while self._waiting and self._waiting[0][2].callback is None:
            heapq.heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else None

    def step(self) -> bool:
        """Go to the next callback and run it. Returns False when there is none."""
        if self.next_at() is None:
            return False
        self._now, _, timer = heapq.heappop(self._waiting)
        callback, timer.callback = timer.callback, None
        if callback is not None:
            callback()
        return True

    def run(self) -> None:
        """Run until nothing is left to happen."""
        while self.step():
            pass

    def run_until(self, when: dt.datetime) -> None:
        """Run what is due up to and at this instant; then it is this instant."""
        while (next_at := self.next_at()) is not None and next_at <= when:
            self.step()
        self._now = max(self._now, when)

    def run_for(self, seconds: float) -> None:
        self.run_until(self._now + dt.timedelta(seconds=seconds))

    def waiting(self) -> int:
        """How many callbacks will still run."""
        return sum(timer.callback is not None for _, _, timer in self._waiting)


class RealScheduler:
    """Callbacks on a thread of its own, timed by the monotonic clock."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def now(self) -> dt.datetime:
        return clock.now()

    def at(self, when: dt.datetime, callback: Callback) -> Timer:
        due = time.monotonic() + max(0.0, (when - self.now()).total_seconds())
        timer = Timer(callback)
        with self._changed:
            heapq.heappush(self._waiting, (due, next(self._numbers), timer))
            self._changed.notify()
        return timer

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Run what is due, forget the rest, and return when the thread has ended."""
        self.at(self.now(), self._forget_the_rest)
        if self._thread.is_alive():
            self._thread.join()

    def _forget_the_rest(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            callback = self._next()
            try:
                if callback is not None:
                    callback()
            except Exception:
                log.exception("scheduled callback failed")

    def _next(self) -> Callback | None:
        with self._changed:
            while not self._waiting or (delay := self._waiting[0][0] - time.monotonic()) > 0:
                self._changed.wait(delay if self._waiting else None)
            _, _, timer = heapq.heappop(self._waiting)
        callback, timer.callback = timer.callback, None
        return callback
