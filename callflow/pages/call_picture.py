"""The lanes of one call's picture, from what is stored about it."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from callflow.pages.call_rows import CallRows, leg_text
from callflow.pages.timeline import Kind, Lane, Picture, Span, draw, spans_between, spans_of_states
from callflow.pages.words import ROLES, STATES, customer_text
from calls.domain import CallState, LegEvent, LegRole
from calls.models import Leg, Subject

_ICONS = {
    LegRole.AGENT: "support_agent",
    LegRole.DESTINATION: "call_made",
    LegRole.CALLER: "person",
    LegRole.PARTICIPANT: "person_add",
    LegRole.SUPERVISOR: "hearing",
}


def picture_of(rows: CallRows, now: dt.datetime) -> Picture:
    """The customer's or first party's lane, one for each further leg, and one for each recording."""
    call = rows.call
    end = now if rows.is_live or call.ended_at is None else max(_last_moment(rows), call.ended_at)
    lanes = [_first_lane(rows), *(_leg_lane(rows, leg) for leg in rows.legs if leg != rows.first_leg)]
    lanes += _recording_lanes(rows)
    return draw(lanes, call.created_at, max(end, call.created_at))


def _last_moment(rows: CallRows) -> dt.datetime:
    """The last leg ends with its call; a recording of a voicemail, too."""
    return max([leg.ended_at for leg in rows.legs if leg.ended_at is not None], default=rows.call.created_at)


def _first_lane(rows: CallRows) -> Lane:
    changes = [(row.at, CallState(row.after)) for row in rows.transitions if row.subject == Subject.CALL]
    texts = {state: str(STATES[state]) for state in CallState}
    spans = spans_of_states(changes, {**texts, CallState.OFFERED: texts[CallState.WAITING]})
    first = rows.first_leg
    name = leg_text(first) if first is not None else customer_text(rows.call)
    held = _holds(rows, first) if first is not None else ()
    icon = "person" if first is None or first.agent is None else "support_agent"
    return Lane(name, icon, (*spans, *held), str(ROLES[LegRole.CALLER]))


def _leg_lane(rows: CallRows, leg: Leg) -> Lane:
    return Lane(leg_text(leg), _ICONS[LegRole(leg.role)], (*_leg_spans(leg), *_holds(rows, leg)), str(ROLES[leg.role]))


def _leg_spans(leg: Leg) -> tuple[Span, ...]:
    if leg.answered_at is None:
        missed = leg.ended_at is not None
        kind, text = (Kind.MISSED, _("Rang in vain")) if missed else (Kind.RINGING, _("Is being rung"))
        return (Span(kind, leg.started_at, leg.ended_at, text),)
    return (
        Span(Kind.RINGING, leg.started_at, leg.answered_at, _("Rang")),
        Span(Kind.TALKING, leg.answered_at, leg.ended_at, _("In the call")),
    )


def _holds(rows: CallRows, leg: Leg) -> tuple[Span, ...]:
    switches = [
        (row.at, row.event == LegEvent.HOLD)
        for row in rows.transitions
        if row.subject == Subject.LEG and row.subject_id == leg.leg_id and row.event in (LegEvent.HOLD, LegEvent.UNHOLD)
    ]
    spans = spans_between(Kind.HOLD, switches, leg.ended_at)
    return tuple(Span(span.kind, span.start, span.end, _("On hold")) for span in spans)


def _recording_lanes(rows: CallRows) -> list[Lane]:
    names = {True: _("Message"), False: _("Recording")}
    return [
        Lane(
            names[each.is_voicemail],
            "radio_button_checked",
            (Span(Kind.RECORDING, each.started_at, _recorded_until(each.started_at, each.duration_ms, each.ended_at)),),
        )
        for each in rows.recordings
    ]


def _recorded_until(start: dt.datetime, duration_ms: int, ended: dt.datetime | None) -> dt.datetime | None:
    """The sound's own length is more exact than the moment at which the file was there."""
    return start + dt.timedelta(milliseconds=duration_ms) if duration_ms else ended
