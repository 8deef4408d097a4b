"""The scheduler of Celery beat, with a sign of life."""

from __future__ import annotations

from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from django.conf import settings

from pcc_console import heartbeats

NAME = "beat"


class BeatingScheduler(Scheduler):
    """Keeps the schedule in memory, and notes each time that it has sent a periodic task."""

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        sent = super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        heartbeats.record(settings.REDIS_URL, NAME)
        return sent
