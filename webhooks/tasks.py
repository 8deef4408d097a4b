"""Doors of the workers: what is owed to customers' servers goes out. Losing a task costs a second (the sweeps)."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from common import clock
from webhooks import services
from webhooks.services.deliveries import next_in_line

SWEEP_LIMIT = 200  # per second and kind; more would only wait in the queue instead


@shared_task
def deliver_event(delivery_id: int) -> None:
    """Make an attempt at a delivery, and ring for the next event of the same call."""
    delivery = services.deliver(delivery_id, clock.now())
    following = next_in_line(delivery, clock.now()) if delivery else None
    if following is not None:
        deliver_event.delay(following)


@shared_task
def sweep_deliveries() -> None:
    """Ring for every delivery whose time has come."""
    for delivery_id in services.due_deliveries(clock.now(), SWEEP_LIMIT):
        deliver_event.delay(delivery_id)


@shared_task
def send_sms(sms_id: str) -> None:
    """Make an attempt at a text message."""
    services.send_sms(UUID(sms_id), clock.now())


@shared_task
def sweep_sms() -> None:
    """Ring for every text message whose time has come."""
    for sms_id in services.due_messages(clock.now(), SWEEP_LIMIT):
        send_sms.delay(str(sms_id))
