"""Event deliveries: what was owed to customers' servers, every attempt, and sending again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from common import clock
from common.refusals import Refusal
from projects.console import OWNERS, Change, bulk_action, needs_project, project_of, role_of
from projects.console.stored import NOTHING, PeriodFilter, moment_text
from webhooks import services, words
from webhooks.domain import DELIVERY_TABLE, DeliveryEvent, DeliveryState
from webhooks.models import Attempt, Delivery, DisabledUrl, EventKind
from webhooks.pages.lists import LONG_OF_A_CALL, Fact, OutgoingPage, call_link, code, host_of, pretty, shown_facts, told
from webhooks.selectors import disabled_urls, is_disabled, recent_endpoints, resting_endpoints
from webhooks.services import UrlDisabled

SHOWN_ATTEMPTS = 100  # far more than a schedule has


class EndpointFilter(DropdownFilter):
    """By address without its query, as far as the newest deliveries went there."""

    title = gettext_lazy("endpoint")
    parameter_name = "endpoint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(endpoint, endpoint) for endpoint in recent_endpoints(project_of(request).pk)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(endpoint=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(OutgoingPage):
    """Deliveries, newest first, and the page of one with its attempts."""

    page_template = "webhooks/delivery.html"
    list_display = ("owed_at", "event", "of_call", "to_host", "now", "attempts", "next_one")
    list_display_links = ("owed_at",)
    list_select_related = ("call",)
    only_on_page = LONG_OF_A_CALL
    list_filter: ClassVar = [
        ("state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        PeriodFilter,
        EndpointFilter,
    ]
    search_fields = ("event_id__exact", "call__call_id__exact")
    search_help_text = gettext_lazy("Event ID or call ID")
    ordering = ("-pk",)
    actions = ("send_again",)
    empty_text = gettext_lazy("Whatever happens to a call is an event. Events go to the event URL, once there is one.")
    empty_next = ((gettext_lazy("Go to the call settings"), "admin:projects_callsettings_changelist"),)

    def get_urls(self) -> list[URLPattern]:
        def inside(view: Any) -> Any:
            return self.admin_site.admin_view(needs_project(view))

        return [
            path("<int:pk>/send-again/", inside(self.send_again_view), name="webhooks_delivery_send_again"),
            path("<int:pk>/enable-url/", inside(self.enable_view), name="webhooks_delivery_enable_url"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        disabled = disabled_urls(project_of(request).pk)
        return super().changelist_view(request, {"disabled": disabled, **(extra_context or {})})

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    @display(description=gettext_lazy("Created"), ordering="created_at")
    def owed_at(self, delivery: Delivery) -> str:
        return moment_text(delivery.created_at)

    @display(description=gettext_lazy("Event"), ordering="kind")
    def event(self, delivery: Delivery) -> SafeString:
        return event_name(delivery)

    @display(description=gettext_lazy("Call"))
    def of_call(self, delivery: Delivery) -> SafeString | str:
        return call_link(delivery.call)

    @display(description=gettext_lazy("Goes to"), ordering="endpoint")
    def to_host(self, delivery: Delivery) -> SafeString:
        return host_of(delivery.url)

    @display(description=gettext_lazy("State"), ordering="state", label=words.DELIVERY_COLOURS)
    def now(self, delivery: Delivery) -> tuple[str, str]:
        if delivery.state == DeliveryState.PENDING and delivery.attempts > 0:
            return words.TRIED_AGAIN, _("Is tried again")
        return delivery.state, delivery.get_state_display()

    @display(description=gettext_lazy("Next attempt"), ordering="next_attempt_at")
    def next_one(self, delivery: Delivery) -> str:
        return moment_text(delivery.next_attempt_at) if delivery.next_attempt_at else NOTHING

    # ── One delivery ─────────────────────────────────────────────────────────────────────────────────────────────
    def shown(self, request: HttpRequest, row: Delivery) -> dict[str, Any]:
        """What was sent where, each attempt, and how the receiver knows that it is ours."""
        return {
            "title": _("Event %(id)s") % {"id": row.event_id},
            "facts": _facts(row),
            "body": pretty(row.body),
            "colour": words.DELIVERY_COLOURS[row.state],
            "tries": _tries(row),
            "disabled": disabled_urls(row.project_id, row.url),
            "resting": resting_endpoints(row.project_id, clock.now(), row.url),
            "may_send_again": self.has_send_again_permission(request) and _can_be_sent_again(row),
            "was_delivered": row.state == DeliveryState.DELIVERED,
            "is_owner": role_of(request) in OWNERS,
        }

    def send_again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: begin the schedule of one delivery anew."""
        delivery: Delivery = self.row_or_404(request, str(pk))
        if not self.has_send_again_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            services.send_again(delivery, clock.now())
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        else:
            self.message_user(request, _("The event is sent again in a moment."), messages.SUCCESS)
        return HttpResponseRedirect(self.address_of(delivery))

    def enable_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: send events to a disabled URL again. `back`: the delivery from whose page this was asked."""
        disabled = DisabledUrl.objects.filter(project=project_of(request), pk=pk).first()
        if disabled is None:
            raise Http404
        if not self.has_send_again_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        services.enable_url(disabled.project_id, disabled.url)
        text = _("%(url)s gets events again. Those of the meantime can be sent again from here.")
        self.message_user(request, text % {"url": disabled.url}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:webhooks_delivery_changelist") + "?state__exact=disabled")

    # ── Many at once ─────────────────────────────────────────────────────────────────────────────────────────────
    def _apply_send_again(self, request: HttpRequest, row: Delivery, data: dict[str, Any]) -> None:
        services.send_again(row, clock.now())

    @bulk_action(
        description=gettext_lazy("Send again"),
        apply=_apply_send_again,
        permissions=("send_again",),
    )
    def send_again(self, request: HttpRequest, row: Delivery) -> Iterable[Change]:
        """The schedule begins anew; a receiver that had the event gets it twice, with the same event ID."""
        if is_disabled(row.project_id, row.url):
            raise UrlDisabled
        if not _can_be_sent_again(row):
            return []
        return [Change(event_name(row), row.get_state_display(), _("Is sent again now"))]


def event_name(delivery: Delivery) -> SafeString:
    """What a delivery tells: `Call event answered`."""
    status = told(delivery.body, "call_status") if delivery.kind == EventKind.CALL_EVENT else ""
    name = delivery.get_kind_display()
    return format_html("{} {}", name, code(status)) if status else format_html("{}", name)


def _can_be_sent_again(delivery: Delivery) -> bool:
    return DELIVERY_TABLE.after(DeliveryState(delivery.state), DeliveryEvent.SEND_AGAIN) is not None


def _facts(delivery: Delivery) -> list[Fact]:
    return shown_facts(
        [
            (_("Event"), event_name(delivery)),
            (_("Call"), call_link(delivery.call) if delivery.call else ""),
            (_("Serial number in the call"), str(delivery.serial) if delivery.serial else ""),
            (_("Event ID"), code(delivery.event_id)),
            (_("Created"), moment_text(delivery.created_at)),
            (_("Attempts of this schedule"), str(delivery.attempts)),
            (_("Next attempt"), moment_text(delivery.next_attempt_at) if delivery.next_attempt_at else ""),
            (_("Given up at the latest"), "" if delivery.finished_at else moment_text(delivery.give_up_at)),
            (_("Finished"), moment_text(delivery.finished_at) if delivery.finished_at else ""),
        ]
    )


def _tries(delivery: Delivery) -> Sequence[dict[str, Any]]:
    """The attempts, newest first. Shape: at, status, took, answer, failure, detail."""
    rows = Attempt.objects.filter(delivery=delivery).order_by("-pk")[:SHOWN_ATTEMPTS]
    return [
        {
            "at": moment_text(row.at),
            "status": row.status,
            "took": words.took_text(row.duration_ms),
            "answer": row.answer,
            "failure": words.failure_text(row.failure, row.status),
            "detail": row.detail,
        }
        for row in rows
    ]
