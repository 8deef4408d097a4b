"""An event loop on which time goes faster: a suite of real sound need not take as long as its sounds do."""

from __future__ import annotations

import selectors
import time
from typing import Any

from telephony.adapters.browser.network import MediaLoop

TIMES = 6  # what one core carries for four browsers


class _Selector(selectors.DefaultSelector):
    """Waits shorter than it is told."""

    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / TIMES)


class FastLoop(MediaLoop):
    """Its seconds are shorter; everything that it times agrees on that."""

    def __init__(self) -> None:
        super().__init__(None, _Selector())

    def time(self) -> float:
        return time.monotonic() * TIMES
