"""L1 and L5: what must have happened by now, were everybody at work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace

from django.db.models import Max

from callflow.invariants.finding import Code, Finding
from callflow.invariants.records import Scope, seconds_between
from calls.models import Call, Subject, Transition
from projects.models import CallSettings
from queues.models import QueueEntry
from routing import selectors
from routing.domain.matching import match
from routing.domain.question import Answer, Question
from telephony import outbox
from telephony.models import EngineCommand, EngineNode
from webhooks.domain import QuestionState
from webhooks.models import Question as AskedQuestion

# The sweep comes every second; it may have looked just before the last thing that was missing came.
OFFERED_WITHIN = dt.timedelta(seconds=2)
PICKED_UP_WITHIN_S = 10.0


# ── L1 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def free_agents_get_calls(project: CallSettings, scope: Scope) -> Iterator[Finding]:
    """Nobody is free for a call that waits, and has been for longer than an offer takes.

    Asks the rules themselves what they would have given out then, of the calls and agents that have not changed since.
    """
    question = selectors.question_for(project.pk, scope.now)
    for each in _given_out(question, scope.now - OFFERED_WITHIN).matches if question is not None else ():
        yield Finding(Code.L1, project.pk, each.call_id, f"waits while agent {each.agent} has been free for it")


def _given_out(question: Question, then: dt.datetime) -> Answer:
    waiting = [each for each in question.waiting if each.enqueued_at <= then and each.ready_at <= then]
    moved_at = _last_moves(each.entry for each in waiting)
    waiting = [each for each in waiting if moved_at[each.entry] <= then]
    free = [each for each in question.candidates if each.state.free_since is None or each.state.free_since <= then]
    return match(replace(question, now=then, waiting=tuple(waiting), candidates=tuple(free)))


def _last_moves(entries: Iterable[int]) -> dict[int, dt.datetime]:
    """When each stay last changed: by its transitions, or by the list that the customer's server has sent."""
    found = {row.pk: _changed_at(row) for row in QueueEntry.objects.filter(pk__in=list(entries))}
    moves = Transition.objects.filter(subject=Subject.ENTRY, subject_id__in=[str(entry) for entry in found])
    for subject_id, at in moves.values_list("subject_id").annotate(Max("at")):
        found[int(subject_id)] = max(found[int(subject_id)], at)
    return found


def _changed_at(entry: QueueEntry) -> dt.datetime:
    return max(entry.entered_at, entry.listed_at or entry.entered_at)


# ── L5 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def nothing_is_overdue(project: CallSettings, scope: Scope) -> Iterator[Finding]:
    """Deadlines, commands and questions are not left lying by a process that died."""
    late = scope.now - dt.timedelta(seconds=PICKED_UP_WITHIN_S)
    for call in Call.objects.filter(project=project.pk, ended_at=None, next_deadline_at__lt=late):
        overdue_s = seconds_between(call.next_deadline_at or late, scope.now)
        yield Finding(Code.L5, project.pk, call.call_id, f"a deadline passed {overdue_s:.1f} s ago: {_overdue(call)}")
    nodes = _living_nodes(scope.now)
    commands = EngineCommand.objects.filter(project=project.pk, taken_at=None, created_at__lt=late, node__in=nodes)
    for command in commands:
        waited_s = seconds_between(command.created_at, scope.now)
        yield Finding(Code.L5, project.pk, command.call_id, f"command {command.pk} was not taken for {waited_s:.1f} s")
    asked = AskedQuestion.objects.filter(project=project.pk, deadline_at__lt=late)
    for question in asked.filter(state__in=[QuestionState.PENDING, QuestionState.ASKED]):
        yield Finding(Code.L5, project.pk, f"question {question.pk}", "is open after its deadline")
    stranded = Call.objects.filter(project=project.pk, ended_at=None, created_at__lt=late).exclude(node__in=nodes)
    for call in stranded.exclude(node__in=_nodes_of_late(late)):
        yield Finding(Code.L5, project.pk, call.call_id, f"its engine {call.node} is gone")


def _overdue(call: Call) -> str:
    return min(call.timers.items(), key=lambda timer: timer[1])[0] if call.timers else "none is set"


def _living_nodes(now: dt.datetime) -> list[str]:
    return list(EngineNode.objects.filter(seen_at__gt=now - outbox.ALIVE_FOR).values_list("name", flat=True))


def _nodes_of_late(late: dt.datetime) -> list[str]:
    """Engines that have only just been found to be gone: their calls are being ended."""
    return list(EngineNode.objects.filter(seen_at__gt=late - outbox.ALIVE_FOR).values_list("name", flat=True))
