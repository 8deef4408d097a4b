"""What the page of one call shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import CallNote
from callflow.pages import words
from callflow.pages.call_picture import picture_of
from callflow.pages.call_rows import CallRows, agent_text, rows_of
from callflow.pages.lists import STYLE
from callflow.pages.recording_player import player
from callflow.pages.story import story_of
from callflow.pages.timeline import Kind, Picture
from calls.models import Call
from ivr import greeting_player
from ivr.words import short_key_name
from projects.console.columns import address_of, link_to, linked, several
from queues.models import QueueEntry
from routing.explain import explain_waiting
from routing.models import Offer
from routing.selectors import waits_of
from webhooks.words import unanswered_text

LAST_TICK_FROM = 92  # percent: text that begins there would stand out at the right
LEGEND = {
    Kind.RINGING: gettext_lazy("Ringing"),
    Kind.MENU: gettext_lazy("Menu"),
    Kind.PROGRAM: gettext_lazy("Your server"),
    Kind.WAITING: gettext_lazy("Waiting"),
    Kind.TALKING: gettext_lazy("Talking"),
    Kind.HOLD: gettext_lazy("On hold"),
    Kind.MESSAGE: gettext_lazy("Message"),
    Kind.MISSED: gettext_lazy("Rang in vain"),
    Kind.RECORDING: gettext_lazy("Recording"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    label: str | Promise
    value: str | SafeString


@dataclass(frozen=True, slots=True)
class Marked:
    """A bar's place in the axis, in words."""

    kind: Kind
    left: str
    width: str
    text: str
    label: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class MarkedLane:
    name: str
    icon: str
    role: str
    bars: Sequence[Marked]


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence of the story with its moment."""

    clock: str
    after: str
    icon: str
    text: str
    tone: str
    address: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the customer's server with its answer."""

    purpose: str
    url: str
    result: str
    took: str
    answer: str
    failure: str
    address: str


class CallPage:
    """Everything that the template asks for, drawn from one reading of the rows."""

    media = forms.Media(js=[greeting_player.SCRIPT], css={"all": [greeting_player.STYLE, STYLE]})

    def __init__(self, rows: CallRows, now: dt.datetime, *, may_end: bool) -> None:
        self.rows, self.now = rows, now
        self.call = rows.call
        self.may_end = self.may_listen = may_end and not rows.has_ended
        self.is_live = rows.is_live
        self.picture: Picture = picture_of(rows, now)

    @property
    def title(self) -> str:
        return _("Call with %(customer)s") % {"customer": words.customer_text(self.call)}

    @property
    def address(self) -> str:
        return address_of(self.call)

    @property
    def state(self) -> str:
        return words.outcome_text(self.call)

    @property
    def colour(self) -> str:
        return words.COLOURS[words.colour_key(self.call)]

    @property
    def reason(self) -> str:
        """Why the call ended."""
        return capfirst(words.reason_text(self.call)) if self.rows.has_ended else ""

    # ── Facts ────────────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def facts(self) -> list[Fact]:
        call = self.call
        shown = [
            Fact(_("Direction"), str(words.DIRECTIONS[call.direction])),
            Fact(_("Customer"), words.customer_text(call)),
            Fact(_("Number"), self._number()),
            Fact(_("Began"), words.moment_text(call.created_at)),
            Fact(_("Length"), words.span_text(self.picture.seconds)),
            Fact(_("Talked"), self._talked()),
            Fact(_("Menu"), self._path()),
            Fact(_("Queue"), several(map(_stay_text, self.rows.entries))),
            Fact(_("Agent"), link_to(call.agent) if call.agent is not None else ""),
            Fact(_("Priority"), str(call.priority) if call.priority else ""),
            Fact(_("Call ID"), format_html("<code>{}</code>", call.call_id)),
        ]
        return [fact for fact in shown if fact.value]

    def _number(self) -> str:
        text = words.number_text(self.call)
        return link_to(self.call.number, text) if self.call.number is not None else text

    def _talked(self) -> str:
        if self.call.connected_at is None:
            return ""
        return words.span_text(((self.call.ended_at or self.now) - self.call.connected_at).total_seconds())

    def _path(self) -> SafeString:
        steps = ((each.node_name, short_key_name(each.key)) for each in self.rows.menu_path)
        return format_html_join(" → ", "<bdi>{}</bdi>: {}", steps)

    # ── Now ──────────────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def waits_for(self) -> Sequence[str]:
        """What a waiting call waits for, in lines."""
        entry = self.rows.waiting_entry
        waits = waits_of(entry, self.now) if entry is not None else None
        return explain_waiting(waits, entry) if waits is not None and entry is not None else ()

    # ── The picture ──────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def lanes(self) -> list[MarkedLane]:
        return [
            MarkedLane(
                lane.name,
                lane.icon,
                lane.role,
                [
                    Marked(
                        bar.kind,
                        f"{bar.left:.3f}",
                        f"{bar.width:.3f}",
                        bar.text or str(LEGEND[bar.kind]),
                        words.span_text(bar.seconds),
                        bar.is_open and self.is_live,
                    )
                    for bar in lane.bars
                ],
            )
            for lane in self.picture.lanes
        ]

    @property
    def ticks(self) -> list[tuple[str, str, bool]]:
        """(percent, text, whether it would stand out of the picture)."""
        return [
            (f"{tick.left:.3f}", words.span_text(tick.seconds), tick.left > LAST_TICK_FROM)
            for tick in self.picture.ticks
        ]

    @property
    def legend(self) -> list[tuple[Kind, str | Promise]]:
        """The kinds that are in the picture, in their usual order."""
        drawn = {bar.kind for lane in self.picture.lanes for bar in lane.bars}
        return [(kind, text) for kind, text in LEGEND.items() if kind in drawn]

    # ── In words ─────────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def story(self) -> list[Told]:
        begin = self.call.created_at
        return [
            Told(
                words.clock_text(line.at),
                words.span_text((line.at - begin).total_seconds()),
                line.icon,
                line.text,
                line.tone,
                _offer_address(line.offer) if line.offer is not None else "",
            )
            for line in story_of(self.rows)
        ]

    @property
    def offers(self) -> list[tuple[Offer, str, str, SafeString]]:
        """(offer, its outcome, colour, link to why this agent)."""
        return [
            (
                offer,
                str(words.OFFERS[offer.state]),
                words.OFFER_COLOURS[offer.state],
                linked(_offer_address(offer.pk), agent_text(offer.agent)),
            )
            for offer in self.rows.offers
        ]

    @property
    def notes(self) -> list[tuple[SafeString | str, CallNote]]:
        """(who, what he noted)."""
        return [(link_to(each.agent) if each.agent is not None else each.user_id, each) for each in self.rows.notes]

    @property
    def recordings(self) -> list[tuple[str, SafeString | str]]:
        names = {True: _("Message"), False: _("Conversation")}
        return [(names[each.is_voicemail], player(each)) for each in self.rows.recordings]

    @property
    def questions(self) -> list[Asked]:
        return [
            Asked(
                each.get_purpose_display(),
                each.url,
                f"HTTP {each.status}" if each.status else each.get_state_display(),
                _("%(ms)s ms") % {"ms": each.duration_ms} if each.duration_ms is not None else "",
                each.answer,
                unanswered_text(each.failure, each.status, each.duration_ms),
                address_of(each),
            )
            for each in self.rows.questions
        ]

    @property
    def events_sent(self) -> int:
        return sum(self.rows.deliveries.values())

    @property
    def events_address(self) -> str:
        """The list of this call's deliveries, where the console has one."""
        try:
            return f"{reverse('admin:webhooks_delivery_changelist')}?q={self.call.call_id}"
        except NoReverseMatch:
            return ""


def page_of(call: Call, now: dt.datetime, *, may_end: bool) -> CallPage:
    """Read a call and lay its page out. Cost: eleven queries, and six more while it waits."""
    return CallPage(rows_of(call), now, may_end=may_end)


def _stay_text(entry: QueueEntry) -> SafeString:
    """A queue, and how the stay in it ended."""
    link = link_to(entry.queue)
    return format_html("{} ({})", link, words.STAYS[entry.outcome]) if entry.outcome else link


def _offer_address(offer_pk: int) -> str:
    return reverse("admin:routing_offer_change", args=[offer_pk])
