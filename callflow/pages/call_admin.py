"""The list of calls, and the page of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from callflow import requests
from callflow.pages import simulating, waiting, words
from callflow.pages.call_page import page_of
from callflow.pages.lists import ONLY_SHOWS, PeriodFilter, StoredPage, by_words, is_asked_to_write
from calls.domain import CallState
from calls.models import Call
from common import clock
from common.refusals import Refusal
from projects.console import SUPERVISORS_AND_OWNERS, needs_project, project_of, role_of
from projects.console.columns import in_one_line, link_to, links_to
from projects.console.resource import Column, ProjectResource
from projects.console.sheets import SheetsMixin
from queues.models import QueueEntry

CUSTOMER = (
    '<span class="call-customer"><span class="material-symbols-outlined" aria-hidden="true" title="{}">{}</span>'
    '<span class="sr-only">{}</span> <span>{}</span> <span class="call-quiet">{}</span></span>'
)


class NowFilter(DropdownFilter):
    """Calls that go on, and others."""

    title = gettext_lazy("state")
    parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", gettext_lazy("Going on")), ("ended", gettext_lazy("Ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        match self.value():
            case "live":
                return queryset.exclude(state=CallState.ENDED)
            case "ended":
                return queryset.filter(state=CallState.ENDED)
        return queryset


class Waited(Column):
    """Seconds until an agent answered, or until the caller was no longer in the queue."""

    def get_value(self, instance: Any, **kwargs: Any) -> int | None:
        seconds = waited_s(instance, clock.now())
        return None if seconds is None else round(seconds)


class Talked(Column):
    def get_value(self, instance: Any, **kwargs: Any) -> int | None:
        seconds = talked_s(instance, clock.now())
        return None if seconds is None else round(seconds)


class CallResource(ProjectResource):
    """For export only. Moments are ISO 8601 in UTC, lengths of time in seconds."""

    model: ClassVar[type[Model]] = Call
    key = "call_id"
    key_column = "call_id"

    call_id = Column("call_id")
    created_at = Column("created_at")
    direction = Column("direction")
    customer_number = Column("customer_number")
    from_number = Column("from_number")
    to_number = Column("to_number")
    agent_user_id = Column("agent_user_id")
    state = Column("state")
    outcome = Column("outcome")
    cause = Column("cause")
    waited_s = Waited("waited_s")
    talked_s = Talked("talked_s")
    ended_at = Column("ended_at")


@admin.register(Call)
class CallAdmin(SheetsMixin, StoredPage):
    """Calls: looked at, exported, and ended by supervisors. Nothing about them is written by hand."""

    resource = CallResource
    can_import = False
    list_display = (
        "began",
        "customer",
        "in_queues",
        "talks_with",
        "now",
        "why",
        "waited",
        "talked",
    )
    list_display_links = ("began",)
    list_select_related = ("agent",)
    list_filter: ClassVar = [
        NowFilter,
        by_words("outcome", gettext_lazy("outcome"), words.OUTCOMES),
        by_words("direction", gettext_lazy("direction"), words.DIRECTIONS),
        PeriodFilter,
        ("entries__queue", RelatedDropdownFilter),
        ("number", RelatedDropdownFilter),
        ("agent", RelatedDropdownFilter),
    ]
    list_filter_submit = True
    search_fields = ("call_id", "customer_number", "from_number", "to_number", "agent_user_id", "agent__name")
    search_digits_fields = ("customer_number",)
    search_help_text = gettext_lazy("Number in any spelling, call ID or agent")
    ordering = ("-created_at", "-pk")
    actions = SheetsMixin.actions
    empty_text = gettext_lazy("Every call is kept here. You need no phone to see one: simulate a call to your number.")
    empty_next_to_write = ((gettext_lazy("Simulate a call"), "admin:calls_call_simulate"),)

    def get_urls(self) -> list[URLPattern]:
        def inside(view: Any) -> Any:
            return self.admin_site.admin_view(needs_project(view))

        return [
            path("waiting/", inside(waiting.waiting_calls), name="calls_call_waiting"),
            path("simulate/", inside(simulating.simulate), name="calls_call_simulate"),
            path("simulate/<str:ticket>/", inside(simulating.simulated), name="calls_call_simulated"),
            path("<int:pk>/end/", inside(self.end_view), name="calls_call_end"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        stays = QueueEntry.objects.select_related("queue").order_by("pk")
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer("client_custom_data", "custom_data").prefetch_related(Prefetch("entries", stays))

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        """Whoever may listen to calls finds the way to it beside their agents."""
        may_listen = role_of(request) in SUPERVISORS_AND_OWNERS
        names = {"talks_with": "talks_with_and_is_heard"} if may_listen else {}
        return [names.get(each, each) for each in self.list_display]

    @display(description=gettext_lazy("Began"), ordering="created_at")
    def began(self, call: Call) -> str:
        return words.moment_text(call.created_at)

    @display(description=gettext_lazy("Customer"), ordering="customer_number")
    def customer(self, call: Call) -> SafeString:
        """Whether he called or was called, he, and below him our number."""
        way = words.DIRECTIONS[call.direction]
        customer, ours = in_one_line(words.customer_text(call)), in_one_line(words.number_text(call))
        return format_html(CUSTOMER, way, words.DIRECTION_ICONS[call.direction], way, customer, ours)

    @display(description=gettext_lazy("Queue"))
    def in_queues(self, call: Any) -> SafeString | str:
        return links_to({entry.queue_id: entry.queue for entry in call.entries.all()}.values()) or words.NOTHING

    @display(description=gettext_lazy("Agent"), ordering="agent__name")
    def talks_with(self, call: Call) -> SafeString | str:
        return _agent(call)

    @display(description=gettext_lazy("Agent"), ordering="agent__name")
    def talks_with_and_is_heard(self, call: Call) -> SafeString | str:
        if call.state != CallState.CONNECTED:
            return _agent(call)
        icon = '<span class="material-symbols-outlined" aria-hidden="true">hearing</span>'
        link = f'{{}} <a class="call-listen" href="{{}}#listen">{icon}{{}}</a>'
        return format_html(link, _agent(call), self.address_of(call), _("Listen"))

    @display(description=gettext_lazy("State"), ordering="state", label=words.COLOURS)
    def now(self, call: Call) -> tuple[str, str]:
        return words.colour_key(call), words.outcome_text(call)

    @display(description=gettext_lazy("Why"))
    def why(self, call: Call) -> str:
        return words.reason_text(call) or words.NOTHING

    @display(description=gettext_lazy("Waited"))
    def waited(self, call: Call) -> str:
        return words.span_text(waited_s(call, clock.now()))

    @display(description=gettext_lazy("Talked"))
    def talked(self, call: Call) -> str:
        return words.span_text(talked_s(call, clock.now()))

    # ── One call ─────────────────────────────────────────────────────────────────────────────────────────────────
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of a call; for htmx, the part of it that changes while the call lives."""
        call: Call = self.row_or_404(request, object_id)
        if not self.has_view_permission(request, call):
            raise PermissionDenied
        if is_asked_to_write(request):
            return HttpResponseNotAllowed(ONLY_SHOWS)
        page = page_of(call, clock.now(), may_end=role_of(request) in SUPERVISORS_AND_OWNERS)
        if request.headers.get("HX-Request"):
            response = TemplateResponse(request, "callflow/call/live.html", {"page": page})
            response["X-Live"] = "call"
            return response
        context = {
            **self.admin_site.each_context(request),
            "title": page.title,
            "opts": self.opts,
            "media": self.media + page.media,
            "page": page,
        }
        return TemplateResponse(request, "callflow/call.html", context)

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: end a call, as a supervisor."""
        call: Call = self.row_or_404(request, str(pk))
        if role_of(request) not in SUPERVISORS_AND_OWNERS:
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            requests.stop(project_of(request).pk, call.call_id)
        except Refusal:
            self.message_user(request, _("The call was over already."), messages.INFO)
        else:
            self.message_user(request, _("The call was ended."), messages.SUCCESS)
        return HttpResponseRedirect(self.address_of(call))


def _agent(call: Call) -> SafeString | str:
    return link_to(call.agent) if call.agent is not None else words.NOTHING


def waited_s(call: Call, now: dt.datetime) -> float | None:
    """Seconds in queues until somebody answered, else until the caller left them; None without any queue."""
    entries = list(call.entries.all())
    if not entries:
        return None
    ends = [entry.ended_at for entry in entries if entry.ended_at is not None]
    left = max(ends) if len(ends) == len(entries) else now
    until = call.connected_at or left
    return max(0.0, (until - min(entry.entered_at for entry in entries)).total_seconds())


def talked_s(call: Call, now: dt.datetime) -> float | None:
    """Seconds since the first conversation began; None when there was none."""
    if call.connected_at is None:
        return None
    return ((call.ended_at or now) - call.connected_at).total_seconds()
