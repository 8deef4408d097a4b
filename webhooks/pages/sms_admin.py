"""Text messages: what became of each, and sending again what did not go out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from common import clock, phone
from common.refusals import Refusal
from projects.console import Change, bulk_action, needs_project, project_of
from projects.console.columns import in_one_line, link_to
from projects.console.stored import NOTHING, PeriodFilter, moment_text
from webhooks import services, words
from webhooks.domain import SMS_TABLE, SmsEvent, SmsState
from webhooks.models import EndpointHealth, Sms
from webhooks.pages.lists import LONG_OF_A_CALL, Fact, OutgoingPage, call_link, shown_facts
from webhooks.selectors import has_sms_gateway, resting_endpoints
from webhooks.services.messages import why_not_again

SHOWN_TEXT = 60  # letters of a message in the list


@admin.register(Sms)
class SmsAdmin(OutgoingPage):
    """Text messages, newest first."""

    page_template = "webhooks/sms.html"
    list_display = ("said_at", "receiver", "beginning", "now", "attempts", "next_one", "why")
    list_display_links = ("said_at",)
    list_select_related = ("call",)
    only_on_page = LONG_OF_A_CALL
    list_filter: ClassVar = [("state", ChoicesDropdownFilter), PeriodFilter]
    search_fields = ("to_number", "call__call_id__exact")
    search_digits_fields = ("to_number",)
    search_help_text = gettext_lazy("Receiver in any spelling, or call ID")
    actions = ("send_again",)
    empty_text = gettext_lazy("IVR keys can send a text message to the caller. Messages are kept here.")
    empty_next = ((gettext_lazy("Go to the IVR trees"), "admin:ivr_ivrtree_changelist"),)

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(needs_project(self.send_again_view))
        return [path("<str:object_id>/send-again/", again, name="webhooks_sms_send_again"), *super().get_urls()]

    def is_key(self, text: str) -> bool:
        try:
            UUID(text)
        except ValueError:
            return False
        return True

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"no_gateway": not _gateway(request), **(extra_context or {})})

    def resting(self, request: HttpRequest) -> Sequence[EndpointHealth]:
        """Of all servers, the gateway alone has to do with messages."""
        gateway = _gateway(request)
        return resting_endpoints(project_of(request).pk, clock.now(), gateway) if gateway else ()

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    @display(description=gettext_lazy("Created"), ordering="created_at")
    def said_at(self, sms: Sms) -> str:
        return moment_text(sms.created_at)

    @display(description=gettext_lazy("To"), ordering="to_number")
    def receiver(self, sms: Sms) -> SafeString | str:
        """Whom it goes to, and below him the call that it is about."""
        number = in_one_line(phone.shown(sms.to_number))
        if sms.call is None:
            return number
        lines = '<span class="block">{}</span> <span class="block text-xs">{}</span>'
        return format_html(lines, number, link_to(sms.call, _("Call")))

    @display(description=gettext_lazy("Text"))
    def beginning(self, sms: Sms) -> SafeString:
        return format_html('<span class="out-message">{}</span>', Truncator(sms.text).chars(SHOWN_TEXT))

    @display(description=gettext_lazy("State"), ordering="state", label=words.SMS_COLOURS)
    def now(self, sms: Sms) -> tuple[str, str]:
        if sms.state == SmsState.PENDING and sms.attempts > 0:
            return words.TRIED_AGAIN, _("Is tried again")
        return sms.state, sms.get_state_display()

    @display(description=gettext_lazy("Next attempt"), ordering="next_attempt_at")
    def next_one(self, sms: Sms) -> str:
        return moment_text(sms.next_attempt_at) if sms.next_attempt_at else NOTHING

    @display(description=gettext_lazy("Why"))
    def why(self, sms: Sms) -> SafeString | str:
        text = words.failure_text(sms.failure, sms.status)
        return format_html('<span class="out-message">{}</span>', text) if text else NOTHING

    # ── One message ──────────────────────────────────────────────────────────────────────────────────────────────
    def shown(self, request: HttpRequest, row: Sms) -> dict[str, Any]:
        """The whole text, and what the gateway said."""
        return {
            "title": _("Text message to %(number)s") % {"number": phone.shown(row.to_number)},
            "facts": _facts(row),
            "colour": words.SMS_COLOURS[row.state],
            "failure": words.failure_text(row.failure, row.status),
            "no_gateway": not has_sms_gateway(row.project_id),
            "may_send_again": self.has_send_again_permission(request) and _can_be_sent_again(row),
        }

    def send_again_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST: try one message again."""
        sms: Sms = self.row_or_404(request, object_id)
        if not self.has_send_again_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            services.send_sms_again(sms, clock.now())
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        else:
            self.message_user(request, _("The message is sent again in a moment."), messages.SUCCESS)
        return HttpResponseRedirect(self.address_of(sms))

    # ── Many at once ─────────────────────────────────────────────────────────────────────────────────────────────
    def _apply_send_again(self, request: HttpRequest, row: Sms, data: dict[str, Any]) -> None:
        services.send_sms_again(row, clock.now())

    @bulk_action(description=gettext_lazy("Send again"), apply=_apply_send_again, permissions=("send_again",))
    def send_again(self, request: HttpRequest, row: Sms) -> Iterable[Change]:
        """What was sent stays sent: nobody reads a message twice."""
        if not _can_be_sent_again(row):
            return []
        refusal = why_not_again(row)
        if refusal is not None:
            raise refusal
        return [Change(Truncator(row.text).chars(SHOWN_TEXT), row.get_state_display(), _("Is sent again now"))]


def _gateway(request: HttpRequest) -> str:
    gateway: str = project_of(request).call_settings.sms_gateway_url
    return gateway


def _can_be_sent_again(sms: Sms) -> bool:
    return SMS_TABLE.after(SmsState(sms.state), SmsEvent.SEND_AGAIN) is not None


def _facts(sms: Sms) -> list[Fact]:
    return shown_facts(
        [
            (_("To"), phone.shown(sms.to_number)),
            (_("From"), phone.shown(sms.from_number)),
            (_("Call"), call_link(sms.call) if sms.call else ""),
            (_("Created"), moment_text(sms.created_at)),
            (_("Attempts"), str(sms.attempts)),
            (_("Next attempt"), moment_text(sms.next_attempt_at) if sms.next_attempt_at else ""),
            (_("Finished"), moment_text(sms.finished_at) if sms.finished_at else ""),
            (_("HTTP status"), str(sms.status or "")),
        ]
    )
