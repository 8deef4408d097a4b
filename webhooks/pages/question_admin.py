"""Questions to customers' URLs, with their answers. The page is completed by the room that asks them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from common import clock
from projects.console.stored import PeriodFilter, moment_text
from webhooks import words
from webhooks.models import Question
from webhooks.pages.lists import LONG_OF_A_CALL, Fact, OutgoingPage, call_link, host_of, pretty, shown_facts
from webhooks.selectors import resting_endpoints


class QuestionPage(OutgoingPage):
    """What calls wanted to know of customers' servers."""

    page_template = "webhooks/question.html"
    list_display = ("wanted_at", "purpose_words", "of_call", "to_host", "now", "came_back", "took")
    list_display_links = ("wanted_at",)
    list_select_related = ("call",)
    only_on_page = ("query", "body", "answer", *LONG_OF_A_CALL)
    list_filter: ClassVar = [
        ("purpose", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        PeriodFilter,
    ]
    search_help_text = gettext_lazy("Call ID")
    empty_text = gettext_lazy(
        "Calls ask your server for a caller's data, and for what to do next, at the URLs of the call settings and of "
        "your numbers. Questions and answers are kept here."
    )
    empty_next = ((gettext_lazy("Go to the call settings"), "admin:projects_callsettings_changelist"),)

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    @display(description=gettext_lazy("Created"), ordering="created_at")
    def wanted_at(self, question: Question) -> str:
        return moment_text(question.created_at)

    @display(description=gettext_lazy("Purpose"), ordering="purpose")
    def purpose_words(self, question: Question) -> str:
        return question.get_purpose_display()

    @display(description=gettext_lazy("Call"))
    def of_call(self, question: Question) -> SafeString | str:
        return call_link(question.call)

    @display(description=gettext_lazy("Goes to"))
    def to_host(self, question: Question) -> SafeString:
        return host_of(question.url)

    @display(description=gettext_lazy("State"), ordering="state", label=words.QUESTION_COLOURS)
    def now(self, question: Question) -> tuple[str, str]:
        return question.state, question.get_state_display()

    @display(description=gettext_lazy("Answer"), ordering="status")
    def came_back(self, question: Question) -> str:
        return words.answer_text(_failure(question), question.status)

    @display(description=gettext_lazy("Took"), ordering="duration_ms")
    def took(self, question: Question) -> str:
        return words.took_text(question.duration_ms)

    # ── One question ─────────────────────────────────────────────────────────────────────────────────────────────
    def shown(self, request: HttpRequest, row: Question) -> dict[str, Any]:
        """What was asked, what came back, and why it was of no use if it was not."""
        return {
            "title": row.get_purpose_display(),
            "facts": _facts(row),
            "colour": words.QUESTION_COLOURS[row.state],
            "failure": _failure(row),
            "body": pretty(row.body),
            "answer": pretty(row.answer),
            "resting": resting_endpoints(row.project_id, clock.now(), row.url),
        }


def _failure(question: Question) -> str:
    return words.unanswered_text(question.failure, question.status, question.duration_ms)


def _facts(question: Question) -> list[Fact]:
    allowed_ms = round((question.deadline_at - question.created_at).total_seconds() * 1000)
    return shown_facts(
        [
            (_("Purpose"), question.get_purpose_display()),
            (_("Call"), call_link(question.call) if question.call else ""),
            (_("Created"), moment_text(question.created_at)),
            (_("Asked"), moment_text(question.asked_at) if question.asked_at else ""),
            (_("Time allowed"), words.took_text(allowed_ms)),
            (_("Took"), words.took_text(question.duration_ms) if question.duration_ms is not None else ""),
            (_("HTTP status"), str(question.status or "")),
        ]
    )
