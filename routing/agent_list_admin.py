"""Questions to agent list URLs: what was asked, what came back, and what a developer should know about it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from common import clock
from projects.console.columns import link_to
from projects.console.stored import NOTHING, moment_text, period_of
from routing.agent_list_pages import outcome_text, shown
from routing.domain.asking import ListState
from routing.models import AgentListQuestion
from webhooks.pages.lists import Fact, OutgoingPage, host_of, pretty, shown_facts
from webhooks.selectors import resting_endpoints
from webhooks.words import answer_text, took_text

COLOURS = {
    ListState.ASKED.value: "info",
    ListState.ANSWERED.value: "success",
    ListState.FAILED.value: "danger",
}


@admin.register(AgentListQuestion)
class AgentListQuestionAdmin(OutgoingPage):
    """Questions of queues, newest first."""

    page_template = "routing/agent_list_question.html"
    list_display = ("asked_when", "of_queue", "calls", "to_host", "now", "came_back", "took", "to_look_at")
    list_display_links = ("asked_when",)
    list_select_related = ("queue",)
    only_on_page = ("request", "answer", "lists")
    list_filter: ClassVar = [
        ("queue", RelatedDropdownFilter),
        ("state", ChoicesDropdownFilter),
        period_of("asked_at"),
    ]
    search_fields = ("queue__name",)
    search_help_text = gettext_lazy("Queue")
    ordering = ("-asked_at", "-pk")
    empty_text = gettext_lazy(
        "A queue with an agent list URL asks your server which agents should get its calls. Questions and answers "
        "are kept here, with what is wrong about them."
    )
    empty_next = ((gettext_lazy("Go to the queues"), "admin:queues_queue_changelist"),)

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    @display(description=gettext_lazy("Asked"), ordering="asked_at")
    def asked_when(self, question: AgentListQuestion) -> str:
        return moment_text(question.asked_at)

    @display(description=gettext_lazy("Queue"), ordering="queue__name")
    def of_queue(self, question: AgentListQuestion) -> SafeString:
        return link_to(question.queue)

    @display(description=gettext_lazy("Goes to"))
    def to_host(self, question: AgentListQuestion) -> SafeString:
        return host_of(question.url)

    @display(description=gettext_lazy("State"), ordering="state", label=COLOURS)
    def now(self, question: AgentListQuestion) -> tuple[str, str]:
        return question.state, question.get_state_display()

    @display(description=gettext_lazy("Answer"), ordering="status")
    def came_back(self, question: AgentListQuestion) -> str:
        return answer_text(outcome_text(question), question.status)

    @display(description=gettext_lazy("Took"), ordering="duration_ms")
    def took(self, question: AgentListQuestion) -> str:
        return took_text(question.duration_ms)

    @display(description=gettext_lazy("To look at"))
    def to_look_at(self, question: AgentListQuestion) -> str:
        return str(len(question.findings) or NOTHING)

    # ── One question ─────────────────────────────────────────────────────────────────────────────────────────────
    def shown(self, request: HttpRequest, row: AgentListQuestion) -> dict[str, Any]:
        """Request, answer, what is wrong with it, and the lists that calls got from it."""
        return {
            "title": _("Question about %(queue)s") % {"queue": row.queue},
            "facts": _facts(row),
            "colour": COLOURS[row.state],
            "failure": outcome_text(row),
            "read": shown(row),
            "request_body": pretty(row.request),
            "answer": pretty(row.answer),
            "resting": resting_endpoints(row.project_id, clock.now(), row.url),
        }


def _facts(question: AgentListQuestion) -> list[Fact]:
    return shown_facts(
        [
            (_("Queue"), link_to(question.queue)),
            (_("Asked"), moment_text(question.asked_at)),
            (_("Calls"), str(question.calls)),
            (_("Took"), took_text(question.duration_ms) if question.duration_ms is not None else ""),
            (_("HTTP status"), str(question.status or "")),
        ]
    )
