"""The one place that asks for the time, so that tests can move it by hand."""

from __future__ import annotations

import datetime as dt


def now() -> dt.datetime:
    """The present instant as aware UTC."""
    return dt.datetime.now(dt.UTC)


def epoch_ms(at: dt.datetime | None) -> int:
    """Milliseconds since 1970 of an aware instant; 0 for "never" (Source: call-control-api §4, answer_time)."""
    return int(at.timestamp() * 1000) if at else 0
