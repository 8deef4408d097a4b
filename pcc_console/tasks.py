"""Periodic work of the installation itself."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.core.management import call_command

from ivr.greetings import remove_orphaned_greeting_folders
from pcc_console import heartbeats


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
