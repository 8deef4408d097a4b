"""Who waits now: the first calls of every queue, and what each of them waits for."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from callflow.pages import words
from callflow.pages.call_rows import agent_text
from callflow.pages.lists import SCRIPT, STYLE
from common import clock
from common.validation import row_number
from projects.console import SUPERVISORS_AND_OWNERS, project_of, role_of
from projects.console.columns import address_of
from projects.models import Project
from queues.entries import EntryState
from queues.models import Queue, QueueEntry
from routing.domain.offers import OfferState
from routing.explain import explain_waiting
from routing.models import Offer
from routing.selectors import waits_of_lines

MOST_ROWS = 100
OPEN = (EntryState.WAITING, EntryState.OFFERED)


@dataclass(frozen=True, slots=True)
class Row:
    """A call in a queue. `place` counts the calls that wait; empty while an agent is rung for it.

    `most` is how long the queue lets it wait at most, empty without a limit; `used_percent` how much of that is over.
    """

    call_address: str
    caller: str
    queue: Queue
    place: str
    since: str
    waited: str
    most: str
    used_percent: int
    priority: int
    lines: Sequence[str]
    is_rung: bool
    offers: int


@dataclass(frozen=True, slots=True)
class Chip:
    """A queue with its calls, to look at that queue only."""

    queue: Queue
    count: int
    is_chosen: bool


@require_safe
def waiting_calls(request: HttpRequest) -> HttpResponse:
    """Calls that wait or are being offered, by queue and place in line. `queue`: of that queue only."""
    project, now = project_of(request), clock.now()
    counts = _counts(project)
    chosen = row_number(request.GET.get("queue", "")) or 0
    chosen = chosen if chosen in counts else 0
    rows = _rows(project, chosen, now)
    found = {queue.pk: queue for queue in Queue.objects.filter(project=project, pk__in=list(counts)).order_by("name")}
    context = {
        "rows": rows,
        "chips": [Chip(queue, counts[pk], pk == chosen) for pk, queue in found.items()],
        "chosen": chosen,
        "all": sum(counts.values()),
        "more": max(0, (counts.get(chosen, 0) if chosen else sum(counts.values())) - len(rows)),
        "address": request.get_full_path(),
        "may_simulate": role_of(request) in SUPERVISORS_AND_OWNERS,
    }
    if request.headers.get("HX-Request"):
        response = TemplateResponse(request, "callflow/waiting/live.html", context)
        response["X-Live"] = "waiting"
        return response
    frame = {
        **admin.site.each_context(request),
        "title": _("Waiting now"),
        "media": forms.Media(js=[SCRIPT], css={"all": [STYLE]}),
    }
    return TemplateResponse(request, "callflow/waiting.html", {**frame, **context})


def _counts(project: Project) -> Mapping[int, int]:
    counted = QueueEntry.objects.filter(project=project, state__in=OPEN).order_by().values_list("queue")
    return Counter(dict(counted.annotate(Count("pk"))))


def _rows(project: Project, queue: int, now: dt.datetime) -> list[Row]:
    """Cost: at most eight queries."""
    entries = list(_entries(project, queue)[:MOST_ROWS])
    rung = Offer.objects.filter(project=project, state=OfferState.OPEN, entry__in=entries).select_related("agent")
    offers = {offer.entry_id: offer for offer in rung}
    waits = waits_of_lines(project.pk, entries, now) if entries else {}
    rows = []
    for entry in entries:
        offer, waiting = offers.get(entry.pk), waits.get(entry.pk)
        if offer is not None:
            lines: Sequence[str] = (_rung_text(offer),)
        else:
            lines = explain_waiting(waiting, entry)[1:] if waiting is not None else ()
        most_s = entry.queue.maximum_queue_wait_time
        rows.append(
            Row(
                call_address=address_of(entry.call),
                caller=words.customer_text(entry.call),
                queue=entry.queue,
                place=str(waiting.ahead + 1) if waiting is not None else "",
                since=words.clock_text(entry.enqueued_at),
                waited=words.span_text((now - entry.enqueued_at).total_seconds()),
                most=words.span_text(most_s) if most_s else "",
                used_percent=_percent((now - entry.entered_at).total_seconds(), most_s) if most_s else 0,
                priority=entry.priority,
                lines=lines,
                is_rung=offer is not None,
                offers=entry.attempts,
            )
        )
    return rows


def _percent(part: float, whole: float) -> int:
    return max(0, min(100, round(100 * part / whole)))


def _entries(project: Project, queue: int) -> QuerySet[QueueEntry]:
    rows = QueueEntry.objects.filter(project=project, state__in=OPEN)
    rows = rows.filter(queue=queue) if queue else rows
    ordered = rows.order_by("queue__name", "queue", "-priority", "enqueued_at", "pk")
    return ordered.select_related("call", "queue", "project")


def _rung_text(offer: Offer) -> str:
    values = {"agent": agent_text(offer.agent), "until": words.clock_text(offer.deadline_at)}
    return _("%(agent)s is being rung, until %(until)s.") % values
