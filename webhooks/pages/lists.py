"""What the lists of what goes out share, and how their pages show a URL, a call, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common import clock, phone
from projects.console import SUPERVISORS_AND_OWNERS, project_of, role_of
from projects.console.columns import in_one_line, link_to
from projects.console.stored import NOTHING, StoredPage
from webhooks.models import EndpointHealth
from webhooks.selectors import resting_endpoints
from webhooks.urls import origin_of

LONG_OF_A_CALL = ("call__client_custom_data", "call__custom_data", "call__flow")
STYLES = ["callflow/calls.css", "webhooks/outgoing.css"]

# A line of the list of facts: its name and its value.
Fact = tuple[Any, Any]


class OutgoingPage(StoredPage):
    """Lists of what goes out, with a note above about servers that get nothing at present."""

    show_full_result_count = False
    ordering: Any = ("-created_at", "-pk")
    list_filter_submit = True
    list_before_template = "webhooks/trouble.html"
    search_fields: Any = ("call__call_id__exact",)
    page_template = ""
    only_on_page: ClassVar[Sequence[str]] = ()  # columns that may be long, and that the list does without

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer(*self.only_on_page)

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(css={"all": STYLES})

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        """Who may send again, and enable URLs."""
        return role_of(request) in SUPERVISORS_AND_OWNERS

    def resting(self, request: HttpRequest) -> Sequence[EndpointHealth]:
        """Servers about which the list tells that they get nothing for a while."""
        return resting_endpoints(project_of(request).pk, clock.now())

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {
            "resting": self.resting(request),
            "may_enable": self.has_send_again_permission(request),
        }
        response: HttpResponse = super().changelist_view(request, {**extra, **(extra_context or {})})
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one row: it shows, and takes nothing."""
        row: Model = self.row_or_404(request, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "row": row,
            "media": self.media,
            "may_enable": self.has_send_again_permission(request),
            **self.shown(request, row),
        }
        return TemplateResponse(request, self.page_template, context)

    def shown(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the page of a row says, for `page_template`; `title` among it."""
        raise NotImplementedError


def host_of(url: str) -> SafeString:
    """Scheme, host and port of a URL; of what is none, its beginning."""
    return format_html('<span translate="no">{}</span>', origin_of(url) or url[:60])


def call_link(call: Any) -> SafeString | str:
    """A call by its customer's number, linked to its page."""
    if call is None:
        return NOTHING
    return link_to(call, in_one_line(phone.shown(call.customer_number)) or call.call_id)


def code(text: str) -> SafeString:
    """Something that is the same in every language."""
    return format_html('<code class="out-code">{}</code>', text)


def shown_facts(facts: Iterable[Fact]) -> list[Fact]:
    """Those that have a value."""
    return [(name, value) for name, value in facts if value]


def pretty(text: str) -> str:
    """JSON in lines; what is no JSON stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def told(body: str, key: str) -> str:
    """What a JSON object says under a key, when that is a text; else empty."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    said = read.get(key) if isinstance(read, dict) else None
    return said if isinstance(said, str) else ""
