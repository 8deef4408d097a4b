"""Periodic work of the installation itself."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.conf import settings
from django.core.management import call_command

from common import clock
from ivr import remote_files
from ivr.greetings import remove_orphaned_greeting_folders
from pcc_console import heartbeats
from routing import agent_lists
from routing import services as routing
from sounds import spoken
from telephony import outbox
from webhooks import services as webhooks

KEEP_MESSAGES = dt.timedelta(days=30)  # what was sent to and asked of customers' servers, for looking into
KEEP_HEALTH = dt.timedelta(days=1)  # of endpoints of customers; who is asked that rarely may be asked anew
KEEP_DECISIONS = dt.timedelta(days=90)  # why an agent was rung; some kilobytes each
KEEP_COMMANDS = dt.timedelta(days=2)  # what engines were told


@shared_task
def record_worker_heartbeat(queue: str) -> None:
    """Show that some worker takes tasks from this queue."""
    heartbeats.record(settings.REDIS_URL, f"worker:{queue}")


@shared_task
def forget_expired_sessions() -> None:
    """Delete the sessions of users who have been signed out by time."""
    call_command("clearsessions")


@shared_task
def forget_orphaned_greeting_files() -> None:
    """Remove audio that no greeting file needs: interrupted uploads, and what a crash left behind."""
    remove_orphaned_greeting_folders()


@shared_task
def forget_what_is_old() -> None:
    """Delete finished deliveries, questions, text messages and engine commands that nobody looks into any more.

    And sounds that no call has heard for long; they can be made again.
    """
    now = clock.now()
    webhooks.forget_old_deliveries(now - KEEP_MESSAGES)
    webhooks.forget_old_questions(now - KEEP_MESSAGES)
    webhooks.forget_old_messages(now - KEEP_MESSAGES)
    webhooks.forget_old_health(now - KEEP_HEALTH)
    agent_lists.forget_old_questions(now - KEEP_MESSAGES)
    routing.forget_old_decisions(now - KEEP_DECISIONS)
    spoken.forget_unused(now)
    remote_files.forget_unused(now)
    outbox.forget_taken(now - KEEP_COMMANDS)
