"""Doors of the workers: doorbells, timers and sweeps of running calls. Any of them may be lost or run twice."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from agents import activity, devices
from callflow import agent_lists, doorbell, reconciler, services
from callflow import dispatch as dispatching
from callflow.recording import finishing
from calls import erasing
from calls.models import Call
from common import clock
from common.acting import acting_as
from webhooks import services as webhooks
from webhooks.domain import QuestionState
from webhooks.services.questions import unasked_questions

SWEEP_LIMIT = 500  # of each kind and second; what is left comes a second later
FINISHING_LIMIT_S = 4 * 3600  # the program has limits of its own; the longest call is a day
ERASE_LIMIT = 2000  # in an hour; about ten seconds of work
HINT_EXPIRES_S = 10  # of a question that busy workers did not come to; the sweep rings for it every second


@shared_task
def dispatch(project_id: int) -> None:
    """Match what waits with who is free in a project."""
    agent_lists.ring(project_id)
    dispatching.dispatch(project_id)


@shared_task(expires=HINT_EXPIRES_S)
def ask_agent_lists(queue_id: int) -> None:
    """Ask a customer's server which agents may take the calls of a queue."""
    if agent_lists.ask_agent_lists(queue_id, clock.now()):
        doorbell.ask_agents(queue_id)


@shared_task(expires=HINT_EXPIRES_S)
def ask_question(question_id: str) -> None:
    """Ask a customer's server, and tell the call what it answered."""
    question = webhooks.ask(UUID(question_id), clock.now())
    if question.call_id is not None and question.is_settled:
        text = question.answer if question.state == QuestionState.ANSWERED else None
        services.question_answered(question.call_id, question_id, text, question.failure)


@shared_task(acks_late=False, expires=HINT_EXPIRES_S, soft_time_limit=FINISHING_LIMIT_S, time_limit=FINISHING_LIMIT_S)
def finish_recordings() -> None:
    """Finish what engines have recorded. Acknowledged at once: a long recording would be given to a second worker."""
    finishing.finish_recordings()


@shared_task
def erase_old_recordings() -> None:
    """Every hour: erase what projects do not keep any longer, and whatever was left behind by interruptions."""
    now = clock.now()
    with acting_as("retention"):
        erasing.erase_old(now, ERASE_LIMIT)
    erasing.erase_marked()
    finishing.forget_left_behind(now)


@shared_task
def sweep() -> None:
    """Every second: deadlines that have come, agents who are free again, calls that wait while somebody is free.

    What hints have not done by now is done here: the guarantee behind all of them.
    """
    now = clock.now()
    due = Call.objects.filter(next_deadline_at__lte=now, ended_at=None).order_by("next_deadline_at")
    for call_pk in due.values_list("pk", flat=True)[:SWEEP_LIMIT]:
        services.fire_timers(call_pk)
    rings = activity.end_due_wrap_ups(now, SWEEP_LIMIT) | activity.end_due_pauses(now, SWEEP_LIMIT)
    services.ring_all(rings | dispatching.projects_to_look_at())
    for question_id in unasked_questions(now, SWEEP_LIMIT):
        doorbell.ask(question_id)
    agent_lists.sweep(now)


@shared_task
def reconcile() -> None:
    """Every few seconds: engines, recordings and questions that are lost, agents whom nothing holds, old devices."""
    reconciler.end_calls_of_lost_nodes()
    reconciler.free_stuck_agents()
    reconciler.give_up_recordings()
    if finishing.some_wait(clock.now()):
        doorbell.finish_recordings()
    services.ring_all(devices.forget_expired_devices(clock.now()))
    for question in webhooks.fail_overdue_questions(clock.now(), SWEEP_LIMIT):
        if question.call_id is not None:
            services.question_answered(question.call_id, str(question.pk), None, question.failure)
