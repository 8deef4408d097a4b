"""Writes on queues."""

from __future__ import annotations

from django.db import transaction

from common.deletion import delete_or_refuse, in_use
from queues.entries import EntryState
from queues.models import Queue, QueueEntry

SHOWN_CALLS = 5  # of those inside, so many are named


@transaction.atomic
def delete_queue(queue: Queue) -> None:
    """Delete a queue with what its former calls did in it.

    Raises InUse when something leads calls to it, or when calls are in it now.
    Locks: the queue, so that no call enters meanwhile.
    """
    Queue.objects.select_for_update().get(pk=queue.pk)
    inside = QueueEntry.objects.filter(queue=queue).exclude(state=EntryState.ENDED)
    if entries := list(inside.select_related("call").order_by("pk")[:SHOWN_CALLS]):
        raise in_use(queue, [entry.call for entry in entries])
    delete_or_refuse(queue)
