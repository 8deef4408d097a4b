"""What happened in a call, in sentences, each with its moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from django.utils.translation import gettext as _

from callflow.pages.call_rows import CallRows, agent_text, leg_text
from callflow.pages.words import NOTHING, OUTCOMES, cause_text, customer_text, number_text, party_text, reason_text
from calls.domain import CallEvent, Direction, LegEvent, LegRole, Outcome
from calls.models import Leg, RecordingState, Subject, Transition
from ivr.words import key_name
from queues.entries import EntryEvent, EntryOutcome
from routing.domain.offers import OfferEvent
from telephony.port import Part
from webhooks.domain import QuestionState

OPENED = "open"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence. `tone`: plain, good, bad. `offer` is the row number of the offer that it begins."""

    at: dt.datetime
    icon: str
    text: str
    tone: str = "plain"
    offer: int | None = None


def story_of(rows: CallRows) -> list[Line]:
    """All sentences in the order of time; what happened at one moment stays in its order."""
    lines = [line for row in rows.transitions if (line := _told(rows, row)) is not None]
    others = (_questions(rows), _recordings(rows), _messages(rows))
    # A key comes first of what it leads to at the same moment.
    return sorted(chain(_keys(rows), lines, *others), key=lambda line: line.at)


def _told(rows: CallRows, row: Transition) -> Line | None:
    tellers: Mapping[str, Callable[[CallRows, Transition], Line | None]] = {
        Subject.CALL: _of_call,
        Subject.LEG: _of_leg,
        Subject.ENTRY: _of_entry,
        Subject.OFFER: _of_offer,
    }
    teller = tellers.get(row.subject)
    return teller(rows, row) if teller is not None else None


# ── The call ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _of_call(rows: CallRows, row: Transition) -> Line | None:
    details = row.details
    match row.event:
        case "begin":
            return Line(row.at, "call", _beginning(rows))
        case CallEvent.MENU:
            tree = rows.trees.get(details.get("tree", ""), NOTHING)
            return Line(row.at, "dialpad", _("The caller hears the menu “%(tree)s”.") % {"tree": tree})
        case CallEvent.PROGRAM:
            return Line(row.at, "code", _("The call follows the instructions of your server."))
        case CallEvent.ENQUEUE:
            text = _("The caller waits in the queue “%(queue)s”.") % {"queue": details.get("queue", NOTHING)}
            return Line(row.at, "queue", text)
        case CallEvent.FORWARD | CallEvent.DIAL_CUSTOMER:
            text = _("%(party)s is being rung.") % {
                "party": party_text(details.get("to", "")) or customer_text(rows.call)
            }
            return Line(row.at, "phone_forwarded", text)
        case CallEvent.CONNECT if "to" in details:
            return Line(row.at, "forum", _("Connected with %(party)s.") % {"party": party_text(details["to"])}, "good")
        case CallEvent.VOICEMAIL:
            return Line(row.at, "voicemail", _("The caller is asked for a message."))
        case CallEvent.ANNOUNCE:
            cause = cause_text(details.get("cause", ""))
            text = _("The caller hears a last message: %(cause)s.") if cause else _("The caller hears a last message.")
            return Line(row.at, "campaign", text % {"cause": cause})
        case CallEvent.DIAL_AGENT:
            return Line(row.at, "ring_volume", _("First the agent is being rung."))
        case CallEvent.END:
            return _ending(rows, row)
    return None


def _beginning(rows: CallRows) -> str:
    call = rows.call
    values = {"customer": customer_text(call), "number": number_text(call)}
    match call.direction:
        case Direction.INBOUND:
            return _("%(customer)s calls %(number)s.") % values
        case Direction.OUTBOUND:
            return _("A call to %(customer)s begins; %(number)s is shown.") % values
    return _("%(user)s calls %(other)s.") % {"user": call.from_number, "other": call.to_number}


def _ending(rows: CallRows, row: Transition) -> Line:
    outcome = row.details.get("outcome", "")
    tone = {Outcome.COMPLETED: "good", Outcome.FAILED: "bad"}.get(outcome, "plain")
    values = {"outcome": OUTCOMES.get(outcome, outcome), "cause": reason_text(rows.call)}
    return Line(row.at, "call_end", _("The call is over. %(outcome)s: %(cause)s.") % values, tone)


# ── The menu ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _keys(rows: CallRows) -> Iterator[Line]:
    for pressed in rows.menu_path:
        if pressed.at:
            at = dt.datetime.fromtimestamp(pressed.at, dt.UTC)
            values = {"node": pressed.node_name, "key": key_name(pressed.key)}
            yield Line(at, "touch_app", _("At “%(node)s”: %(key)s.") % values)


# ── Legs that belong to no offer ─────────────────────────────────────────────────────────────────────────────────────
def _of_leg(rows: CallRows, row: Transition) -> Line | None:
    leg = rows.leg_by_id.get(row.subject_id)
    if leg is None:
        return None
    if row.event in (LegEvent.HOLD, LegEvent.UNHOLD):
        text = _("%(party)s is put on hold.") if row.event == LegEvent.HOLD else _("%(party)s is back from hold.")
        return Line(row.at, "pause" if row.event == LegEvent.HOLD else "play_arrow", text % {"party": leg_text(leg)})
    if (line := _of_guest(rows, leg, row)) is not None:
        return line
    if leg.leg_id in rows.offer_by_leg or leg.role == LegRole.CALLER:
        return _end_of_known_leg(rows, row)
    values = {"party": leg_text(leg), "cause": cause_text(row.details.get("cause", ""))}
    match row.event:
        case "start" if not _is_told_by_the_call(rows, row):
            return Line(row.at, "phone_forwarded", _("%(party)s is being rung.") % values)
        case LegEvent.ANSWER:
            return Line(row.at, "call", _("%(party)s answers.") % values, "good")
        case LegEvent.END if leg.answered_at is None:
            return Line(row.at, "phone_missed", _("%(party)s: %(cause)s.") % values, "bad")
        case LegEvent.END if not _is_the_end(rows, row):
            return Line(row.at, "call_end", _("%(party)s leaves the call.") % values)
    return None


def _of_guest(rows: CallRows, leg: Leg, row: Transition) -> Line | None:
    """What only guests of a conversation do. Who listened, and when, is told here."""
    values = {"party": leg_text(leg), "by": _user_text(rows, row.details.get("by", ""))}
    is_there = leg.answered_at is not None and leg.answered_at <= row.at
    match row.event:
        case "start" if leg.role == LegRole.PARTICIPANT and values["by"]:
            return Line(row.at, "person_add", _("%(by)s adds %(party)s, who is being rung.") % values)
        case LegEvent.ANSWER if leg.role == LegRole.SUPERVISOR:
            return _part_line(row, _part_until(rows, row), values)
        case LegEvent.PART if is_there:
            return _part_line(row, row.details.get("part", ""), values)
        case LegEvent.TAKE_OVER:
            return Line(row.at, "forum", _("%(party)s goes on talking with the customer.") % values, "good")
    return None


def _part_line(row: Transition, part: str, values: Mapping[str, str]) -> Line | None:
    texts: Mapping[str, tuple[str, str]] = {
        Part.LISTEN: ("hearing", _("%(party)s listens to the conversation.")),
        Part.WHISPER: ("record_voice_over", _("%(party)s speaks to the agent alone.")),
        Part.TALK: ("groups", _("%(party)s joins the conversation.")),
    }
    icon, text = texts.get(part, ("", ""))
    return Line(row.at, icon, text % values, "good") if text else None


def _part_until(rows: CallRows, row: Transition) -> str:
    """The part that a guest who answers has been asked to take, last."""
    told = [each for each in rows.transitions if each.subject_id == row.subject_id and each.pk < row.pk]
    return next((each.details["part"] for each in reversed(told) if "part" in each.details), "")


def _user_text(rows: CallRows, user_id: str) -> str:
    agents = (leg.agent for leg in rows.legs if leg.agent is not None)
    return next((each.name for each in agents if each.stringee_user_id == user_id), party_text(user_id))


def _end_of_known_leg(rows: CallRows, row: Transition) -> Line | None:
    """Only when somebody who has talked leaves a call that goes on: all else the offer or the call tells."""
    leg = rows.leg_by_id[row.subject_id]
    if row.event != LegEvent.END or leg.answered_at is None or _is_the_end(rows, row):
        return None
    return Line(row.at, "call_end", _("%(party)s leaves the call.") % {"party": leg_text(leg)})


def _is_the_end(rows: CallRows, row: Transition) -> bool:
    return row.at == rows.call.ended_at


def _is_told_by_the_call(rows: CallRows, row: Transition) -> bool:
    """Whether the call's own change of state at that moment says whom it rings."""
    return any(
        each.subject == Subject.CALL
        and each.at == row.at
        and each.event in (CallEvent.FORWARD, CallEvent.DIAL_CUSTOMER, CallEvent.DIAL_AGENT)
        for each in rows.transitions
    )


# ── Queue and offers ─────────────────────────────────────────────────────────────────────────────────────────────────
def _of_entry(rows: CallRows, row: Transition) -> Line | None:
    if row.event != EntryEvent.LEAVE:
        return None
    match row.details.get("outcome"):
        case EntryOutcome.WAITED_TOO_LONG:
            return Line(row.at, "timer_off", _("The caller has waited as long as the queue allows."))
        case EntryOutcome.NOBODY_SIGNED_IN:
            return Line(row.at, "person_off", _("No agent of the queue is signed in."))
        case EntryOutcome.TRANSFERRED:
            return Line(row.at, "sync_alt", _("The agent hands the caller on."))
    return None


def _of_offer(rows: CallRows, row: Transition) -> Line | None:
    offer = rows.offer_by_pk.get(row.subject_id)
    if offer is None:
        return None
    values = {"agent": agent_text(offer.agent), "attempt": offer.attempt}
    if row.before == "":
        text = _("%(agent)s is being rung (offer %(attempt)s).") % values
        return Line(row.at, "ring_volume", text, offer=offer.pk)
    text, icon, tone = _offer_texts().get(row.event, ("", "", ""))
    return Line(row.at, icon, text % values, tone) if text else None


def _offer_texts() -> Mapping[str, tuple[str, str, str]]:
    return {
        OfferEvent.ACCEPT: (_("%(agent)s answers."), "forum", "good"),
        OfferEvent.REJECT: (_("%(agent)s rejects the call."), "phone_disabled", "bad"),
        OfferEvent.TIME_OUT: (_("%(agent)s does not answer."), "phone_missed", "bad"),
        OfferEvent.BUSY: (_("%(agent)s is busy."), "phone_missed", "bad"),
        OfferEvent.UNREACHABLE: (_("%(agent)s cannot be reached."), "phone_missed", "bad"),
        OfferEvent.WITHDRAW: (_("%(agent)s is no longer rung."), "phone_disabled", "plain"),
        OfferEvent.FAIL: (_("Ringing %(agent)s fails."), "error", "bad"),
    }


# ── The customer's server, recordings, text messages ─────────────────────────────────────────────────────────────────
def _questions(rows: CallRows) -> Iterator[Line]:
    for question in rows.questions:
        values = {"purpose": question.get_purpose_display()}
        yield Line(question.created_at, "help", _("Your server is asked: %(purpose)s.") % values)
        if question.is_settled and question.asked_at is not None:
            took = dt.timedelta(milliseconds=question.duration_ms or 0)
            answered = question.state == QuestionState.ANSWERED
            text = (
                _("Your server answers: %(purpose)s.") if answered else _("Your server does not answer: %(purpose)s.")
            )
            yield Line(question.asked_at + took, "dns", text % values, "plain" if answered else "bad")


def _recordings(rows: CallRows) -> Iterator[Line]:
    for recording in rows.recordings:
        begun = _("The message is being recorded.") if recording.is_voicemail else _("The recording begins.")
        yield Line(recording.started_at, "radio_button_checked", begun)
        if recording.state == RecordingState.FAILED and recording.ended_at is not None:
            yield Line(recording.ended_at, "error", _("Nothing could be recorded."), "bad")


def _messages(rows: CallRows) -> Iterator[Line]:
    for message in rows.messages:
        text = _("A text message to %(number)s: %(state)s.")
        values = {"number": party_text(message.to_number), "state": message.get_state_display()}
        yield Line(message.created_at, "sms", text % values)
