"""The switch's scheduler on an event loop. What is due now runs in the order of asking."""

from __future__ import annotations

import asyncio
import datetime as dt

from common import clock
from telephony.switch.scheduler import Callback, Timer


class LoopScheduler:
    """Callbacks on the loop's thread (`telephony.switch.scheduler.Scheduler`), timed by the loop's clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._began = clock.now() - dt.timedelta(seconds=loop.time())

    def now(self) -> dt.datetime:
        """Goes as the loop's clock goes, so that nothing jumps when the host's clock is set."""
        return self._began + dt.timedelta(seconds=self._loop.time())

    def at(self, when: dt.datetime, callback: Callback) -> Timer:
        timer = Timer(callback)
        delay = (when - self.now()).total_seconds()
        if delay <= 0:
            self._loop.call_soon(_run, timer)
        else:
            self._loop.call_later(delay, _run, timer)
        return timer


def _run(timer: Timer) -> None:
    callback, timer.callback = timer.callback, None
    if callback is not None:
        callback()
