"""Offers: which agent was rung for which call, what came of it, and why it was this agent."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from callflow.pages import words
from callflow.pages.call_page import Fact
from callflow.pages.call_rows import agent_text
from callflow.pages.lists import ONLY_SHOWS, StoredPage, by_words, is_asked_to_write, period_of
from common import clock, phone
from projects.console.columns import in_one_line, link_to
from routing.explain import Differs, Explanation, Same, Unreadable, explain_offer, replay
from routing.models import Offer


@admin.register(Offer)
class OfferAdmin(StoredPage):
    """Offers, and the page “why this agent”."""

    list_display = ("rung_at", "to_agent", "of_queue", "of_call", "tier_words", "attempt", "rang_for", "came_of_it")
    list_display_links = ("rung_at",)
    list_select_related = ("agent", "call", "entry__queue")
    list_filter: ClassVar = [
        by_words("state", gettext_lazy("outcome"), words.OFFERS),
        period_of("opened_at"),
        ("agent", RelatedDropdownFilter),
        ("entry__queue", RelatedDropdownFilter),
    ]
    list_filter_submit = True
    search_fields = ("call__call_id", "call__customer_number", "agent__name", "agent__stringee_user_id")
    search_digits_fields = ("call__customer_number",)
    search_help_text = gettext_lazy("Caller, call ID or agent")
    ordering = ("-opened_at", "-pk")
    empty_text = gettext_lazy(
        "An offer is one ring of an agent for a waiting call. Every offer can say why it went to this agent."
    )
    empty_next_to_write = ((gettext_lazy("Simulate a call"), "admin:calls_call_simulate"),)

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    @display(description=gettext_lazy("Rung"), ordering="opened_at")
    def rung_at(self, offer: Offer) -> str:
        return words.moment_text(offer.opened_at)

    @display(description=gettext_lazy("Agent"), ordering="agent__name")
    def to_agent(self, offer: Offer) -> SafeString | str:
        return link_to(offer.agent) if offer.agent is not None else words.NOTHING

    @display(description=gettext_lazy("Queue"), ordering="entry__queue__name")
    def of_queue(self, offer: Offer) -> SafeString:
        return link_to(offer.entry.queue)

    @display(description=gettext_lazy("Caller"), ordering="call__customer_number")
    def of_call(self, offer: Offer) -> SafeString:
        return link_to(offer.call, in_one_line(words.customer_text(offer.call)))

    @display(description=gettext_lazy("Tier"), ordering="tier")
    def tier_words(self, offer: Offer) -> str:
        return offer.get_tier_display()

    @display(description=gettext_lazy("Rang"))
    def rang_for(self, offer: Offer) -> str:
        return words.span_text(((offer.ended_at or clock.now()) - offer.opened_at).total_seconds())

    @display(description=gettext_lazy("Outcome"), ordering="state", label=words.OFFER_COLOURS)
    def came_of_it(self, offer: Offer) -> tuple[str, str]:
        return offer.state, str(words.OFFERS[offer.state])

    # ── Why this agent ───────────────────────────────────────────────────────────────────────────────────────────
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who was considered, in order. `again`: the decision is asked once more, from what was stored."""
        offer: Offer = self.row_or_404(request, object_id)
        if not self.has_view_permission(request, offer):
            raise PermissionDenied
        if is_asked_to_write(request):
            return HttpResponseNotAllowed(ONLY_SHOWS)
        values = {"agent": agent_text(offer.agent)}
        context = {
            **self.admin_site.each_context(request),
            "title": _("Why %(agent)s") % values,
            "opts": self.opts,
            "media": self.media,
            "facts": _facts(offer),
            "why": _explained(offer),
            "can_be_asked_again": offer.decision is not None,
            "again": _again(offer) if "again" in request.GET else None,
        }
        return TemplateResponse(request, "callflow/offer.html", context)


def _facts(offer: Offer) -> list[Fact]:
    ended = offer.ended_at or clock.now()
    shown = [
        Fact(_("Call"), link_to(offer.call, words.customer_text(offer.call))),
        Fact(_("Queue"), link_to(offer.entry.queue)),
        Fact(_("Agent"), link_to(offer.agent) if offer.agent is not None else words.NOTHING),
        Fact(_("Tier"), offer.get_tier_display()),
        Fact(_("Offer of this call"), str(offer.attempt)),
        Fact(_("Rung"), words.moment_text(offer.opened_at)),
        Fact(_("Rang"), words.span_text((ended - offer.opened_at).total_seconds())),
        Fact(_("At most"), words.span_text((offer.deadline_at - offer.opened_at).total_seconds())),
        Fact(_("Rings"), ", ".join(map(_device_text, offer.endpoints))),
        Fact(_("Outcome"), str(words.OFFERS[offer.state])),
        Fact(_("Cause"), words.cause_text(offer.cause if offer.cause != offer.state else "")),
    ]
    return [fact for fact in shown if fact.value]


def _device_text(endpoint: str) -> str:
    """What is rung, in words: an endpoint is `web:<user>`, `sip:<user>`, or `tel:<digits>`."""
    kind, _colon, name = endpoint.partition(":")
    match kind:
        case "web":
            return _("App or web page")
        case "sip":
            return _("SIP phone")
    return _("Phone %(number)s") % {"number": phone.shown(name)} if kind == "tel" else endpoint


def _explained(offer: Offer) -> Explanation:
    """Why; nothing when the decision is no longer kept, or was stored in a shape of long ago."""
    try:
        return explain_offer(offer)
    except (KeyError, TypeError, ValueError):
        return Explanation()


def _again(offer: Offer) -> dict[str, Any] | None:
    """What the rules say now. Shape: `good` whether they say the same, `text`, `stored` and `again` as JSON texts."""
    if offer.decision is None:
        return None
    match replay(offer.decision):
        case Same():
            return {"good": True, "text": _("The rules give the same answer: nothing is wrong.")}
        case Differs(stored, again):
            text = _("The rules give another answer. Unless they were changed since, this is an incident.")
            return {"good": False, "text": text, "stored": _json(stored), "again": _json(again)}
        case Unreadable():
            return {"good": False, "text": _("The decision was stored by an older version and can no longer be read.")}


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, sort_keys=True)
