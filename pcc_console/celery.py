"""The Celery application: queues, limits and the periodic work.

Every task can be repeated and lost (design: deadlines are columns, the sweep is the guarantee), so messages are
acknowledged after the work, results are not stored, and whatever is left in Redis may vanish.
"""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

from pcc_console import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pcc_console.settings")

DEFAULT_QUEUE = "default"
# dispatch: who gets which call; timers: deadlines of calls and offers; hooks: customers' URLs; reports: long reading.
HOOKS = "hooks"
OWN_QUEUES = (DEFAULT_QUEUE, "dispatch", "timers", "reports")  # what never waits for somebody else's server
QUEUES = (*OWN_QUEUES, HOOKS)
HEARTBEAT_EVERY_S = 5.0
HEARTBEAT_EXPIRES_S = 15.0  # nobody wants to know later that a worker was alive once
SWEEPS = {
    "callflow.tasks.sweep": 1.0,
    "callflow.tasks.reconcile": 3.0,
    "webhooks.tasks.sweep_deliveries": 1.0,
    "webhooks.tasks.sweep_sms": 5.0,
}
SWEEP_EXPIRES_S = 10.0  # busy workers must still come to one now and then; older ones would only look again
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # due as soon as beat starts
SOFT_LIMIT_S = 60  # the task gets an exception and may tidy up
HARD_LIMIT_S = 75  # the process is killed
# Longer than any task runs: a message that is not acknowledged by then belongs to a dead worker and is given to
# another.
VISIBILITY_TIMEOUT_S = 300


def _heartbeats() -> dict[str, dict[str, Any]]:
    return {
        f"heartbeat of {queue}": {
            "task": "pcc_console.tasks.record_worker_heartbeat",
            "schedule": HEARTBEAT_EVERY_S,
            "args": (queue,),
            "options": {"queue": queue, "expires": HEARTBEAT_EXPIRES_S},
            "last_run_at": LONG_AGO,
        }
        for queue in QUEUES
    }


def _sweeps() -> dict[str, dict[str, Any]]:
    """What looks for everything that a lost message or a dead worker has left behind."""
    return {
        task: {"task": task, "schedule": every_s, "options": {"expires": SWEEP_EXPIRES_S}, "last_run_at": LONG_AGO}
        for task, every_s in SWEEPS.items()
    }


broker.use_for_redis()
app = Celery("pcc_console")
app.config_from_object("django.conf:settings", namespace="CELERY")  # the broker's address
app.conf.update(
    task_default_queue=DEFAULT_QUEUE,
    task_create_missing_queues=True,
    task_routes={
        "callflow.tasks.dispatch": {"queue": "dispatch"},
        "callflow.tasks.ask_*": {"queue": "hooks"},
        "callflow.tasks.finish_recordings": {"queue": "reports"},
        "callflow.tasks.erase_old_recordings": {"queue": "reports"},
        "callflow.tasks.*": {"queue": "timers"},
        "sounds.tasks.*": {"queue": "reports"},
        "webhooks.tasks.*": {"queue": "hooks"},
    },
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    result_backend=None,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=SOFT_LIMIT_S,
    task_time_limit=HARD_LIMIT_S,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=10_000,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT_S,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
    },
    enable_utc=True,
    timezone="UTC",
    # In memory: every schedule is short or a time of day, so there is nothing to remember and no file to spoil.
    beat_scheduler="pcc_console.beat:BeatingScheduler",
    beat_max_loop_interval=HEARTBEAT_EVERY_S,
    beat_schedule={
        **_heartbeats(),
        **_sweeps(),
        "forget what is old": {
            "task": "pcc_console.tasks.forget_what_is_old",
            "schedule": crontab(hour=4, minute=0),
        },
        "erase old recordings": {
            "task": "callflow.tasks.erase_old_recordings",
            "schedule": crontab(minute=40),
        },
        "forget expired sessions": {
            "task": "pcc_console.tasks.forget_expired_sessions",
            "schedule": crontab(hour=3, minute=30),
        },
        "forget orphaned greeting files": {
            "task": "pcc_console.tasks.forget_orphaned_greeting_files",
            "schedule": crontab(hour=3, minute=45),
        },
    },
)
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**kwargs: Any) -> None:
    """Make Celery leave the log settings alone: being connected is what tells it."""
