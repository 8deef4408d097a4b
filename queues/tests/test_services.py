"""Deleting queues."""

from __future__ import annotations

import pytest

from common import clock
from common.refusals import InUse
from projects.models import Project
from queues.models import Queue, QueueEntry
from queues.services import delete_queue
from tests import factories
from tests.console import page, sign_in

pytestmark = pytest.mark.django_db


def test_a_queue_in_which_a_caller_waits_cannot_be_deleted(ours):
    queue = factories.QueueFactory(project=ours, name="Support")
    entry = factories.QueueEntryFactory(project=ours, queue=queue)

    with pytest.raises(InUse, match=f"Queue Support cannot be deleted.*call {entry.call.call_id}"):
        delete_queue(queue)

    assert Queue.objects.get() == queue
    assert QueueEntry.objects.get() == entry


def test_a_queue_goes_with_the_stays_of_former_calls(ours):
    queue = factories.QueueFactory(project=ours)
    entry = factories.QueueEntryFactory(
        project=ours, queue=queue, state="ended", outcome="answered", ended_at=clock.now()
    )

    delete_queue(queue)

    assert not QueueEntry.objects.exists()
    entry.call.refresh_from_db()
    assert entry.call.project == ours


def test_a_project_can_go_with_everything_in_it(ours):
    factories.QueueEntryFactory(project=ours, queue=factories.QueueFactory(project=ours))
    ours.delete()
    assert not Project.objects.exists()
    assert not QueueEntry.objects.exists()


def test_the_console_says_which_calls_are_in_the_queue(supervisor, ours):
    queue = factories.QueueFactory(project=ours, name="Support")
    entry = factories.QueueEntryFactory(project=ours, queue=queue)
    client = sign_in(supervisor, ours)

    answer = client.post(page("queues_queue", "delete", queue.pk), {"post": "yes"}, follow=True)

    assert entry.call.call_id in answer.content.decode()
    assert Queue.objects.get() == queue
