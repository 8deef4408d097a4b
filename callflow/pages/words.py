"""Calls in words, in the language of the reader: states, outcomes, causes, and what came of offers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callflow.domain.ways import EXTERNAL
from calls.domain import CallState, Cause, Direction, LegRole, Outcome
from calls.models import Call, Recording, RecordingFailure, RecordingState
from common import phone
from projects.console.stored import NOTHING as NOTHING  # said by all who use these words
from projects.console.stored import moment_text as moment_text
from projects.console.stored import span_text as span_text
from queues.entries import EntryOutcome
from routing.domain.offers import OfferState

Text = str | Promise

MEMBER = "/"  # before a console member's name where users' ids stand: no agent's id has one

DIRECTIONS: Mapping[str, Text] = {
    Direction.INBOUND: gettext_lazy("Inbound"),
    Direction.OUTBOUND: gettext_lazy("Outbound"),
    Direction.INTERNAL: gettext_lazy("Internal"),
}
DIRECTION_ICONS: Mapping[str, str] = {
    Direction.INBOUND: "call_received",
    Direction.OUTBOUND: "call_made",
    Direction.INTERNAL: "sync_alt",
}

STATES: Mapping[str, Text] = {
    CallState.RINGING_IN: gettext_lazy("Ringing"),
    CallState.IVR: gettext_lazy("In the menu"),
    CallState.PROGRAM: gettext_lazy("Follows your server"),
    CallState.WAITING: gettext_lazy("Waiting"),
    CallState.OFFERED: gettext_lazy("An agent is being rung"),
    CallState.CONNECTED: gettext_lazy("Talking"),
    CallState.FORWARDING: gettext_lazy("Being forwarded"),
    CallState.VOICEMAIL: gettext_lazy("Leaving a message"),
    CallState.ANNOUNCING: gettext_lazy("Hears a last message"),
    CallState.AUTHORISING: gettext_lazy("Your server is asked"),
    CallState.DIALING_AGENT: gettext_lazy("The agent is being rung"),
    CallState.DIALING_CUSTOMER: gettext_lazy("The customer is being rung"),
    CallState.ENDED: gettext_lazy("Ended"),
}

OUTCOMES: Mapping[str, Text] = {
    Outcome.COMPLETED: gettext_lazy("Completed"),
    Outcome.ABANDONED: gettext_lazy("Abandoned"),
    Outcome.REJECTED: gettext_lazy("Rejected"),
    Outcome.FAILED: gettext_lazy("Failed"),
    Outcome.VOICEMAIL: gettext_lazy("Voicemail"),
    Outcome.TRANSFERRED_OUT: gettext_lazy("Transferred out"),
}
ALIVE = "alive"  # stands for every state but the last where a colour is chosen
COLOURS = {
    ALIVE: "info",
    Outcome.COMPLETED.value: "success",
    Outcome.ABANDONED.value: "warning",
    Outcome.REJECTED.value: "warning",
    Outcome.FAILED.value: "danger",
    Outcome.VOICEMAIL.value: "primary",
    Outcome.TRANSFERRED_OUT.value: "success",
}

CAUSES: Mapping[str, Text] = {
    Cause.NORMAL: gettext_lazy("somebody hung up"),
    Cause.BUSY: gettext_lazy("busy"),
    Cause.REJECTED: gettext_lazy("rejected"),
    Cause.NO_ANSWER: gettext_lazy("no answer"),
    Cause.UNREACHABLE: gettext_lazy("could not be reached"),
    Cause.INVALID_NUMBER: gettext_lazy("no such number"),
    Cause.CONGESTION: gettext_lazy("the network was congested"),
    Cause.CANCELLED: gettext_lazy("cancelled"),
    Cause.FAILED: gettext_lazy("a failure"),
    Cause.ENGINE_LOST: gettext_lazy("the voice engine stopped"),
    Cause.CALLER_BLOCKED: gettext_lazy("the caller is blocked"),
    Cause.NUMBER_UNKNOWN: gettext_lazy("the number is not known"),
    Cause.NUMBER_LEADS_NOWHERE: gettext_lazy("the number has neither an IVR tree nor a queue"),
    Cause.MENU_END: gettext_lazy("the menu ended"),
    Cause.MENU_BROKEN: gettext_lazy("the menu has a mistake"),
    Cause.MENU_BUDGET: gettext_lazy("too long in the menu"),
    Cause.NO_KEY: gettext_lazy("no key was pressed"),
    Cause.NO_VALID_KEY: gettext_lazy("no key of the menu was pressed"),
    Cause.QUEUE_FULL: gettext_lazy("the queue was full"),
    Cause.QUEUE_CLOSED: gettext_lazy("the queue was closed"),
    Cause.QUEUE_WAITED_TOO_LONG: gettext_lazy("waited too long"),
    Cause.QUEUE_NOBODY_SIGNED_IN: gettext_lazy("no agent was signed in"),
    Cause.QUEUE_LOOP: gettext_lazy("the queues led round in a circle"),
    Cause.CALLER_LEFT: gettext_lazy("the caller hung up"),
    Cause.TALK_LIMIT: gettext_lazy("the longest time to talk was over"),
    Cause.LIMIT_DESTINATION: gettext_lazy("the project may not call this destination"),
    Cause.LIMIT_CONCURRENCY: gettext_lazy("too many outbound calls at once"),
    Cause.LIMIT_RATE: gettext_lazy("too many outbound calls in a short time"),
    Cause.NOT_ALLOWED: gettext_lazy("the outbound call is not allowed"),
    Cause.ANSWER_URL_FAILED: gettext_lazy("your server did not answer"),
    Cause.SCCO_END: gettext_lazy("the instructions of your server ended"),
    Cause.SCCO_EMPTY: gettext_lazy("your server gave no instructions"),
    Cause.SCCO_UNREADABLE: gettext_lazy("the instructions of your server could not be read"),
    Cause.SCCO_CONNECT_FAILED: gettext_lazy("nobody could be connected"),
    Cause.SCCO_BUDGET: gettext_lazy("the instructions of your server were too many"),
    Cause.MESSAGE_LEFT: gettext_lazy("a message was left"),
    Cause.SMS_SENT: gettext_lazy("a text message was sent"),
    Cause.STOPPED: gettext_lazy("ended by a program or a supervisor"),
    Cause.STALE: gettext_lazy("nothing was heard of the call any more"),
}

STAYS: Mapping[str, Text] = {
    EntryOutcome.ANSWERED: gettext_lazy("Answered"),
    EntryOutcome.ABANDONED: gettext_lazy("Abandoned"),
    EntryOutcome.WAITED_TOO_LONG: gettext_lazy("Waited too long"),
    EntryOutcome.NOBODY_SIGNED_IN: gettext_lazy("No agent was signed in"),
    EntryOutcome.TRANSFERRED: gettext_lazy("Transferred"),
    EntryOutcome.REDIRECTED: gettext_lazy("Sent elsewhere"),
    EntryOutcome.FAILED: gettext_lazy("Failed"),
}

OFFERS: Mapping[str, Text] = {
    OfferState.OPEN: gettext_lazy("Is being rung"),
    OfferState.ACCEPTED: gettext_lazy("Answered"),
    OfferState.REJECTED: gettext_lazy("Rejected"),
    OfferState.TIMED_OUT: gettext_lazy("Did not answer"),
    OfferState.BUSY: gettext_lazy("Busy"),
    OfferState.UNREACHABLE: gettext_lazy("Could not be reached"),
    OfferState.WITHDRAWN: gettext_lazy("Withdrawn"),
    OfferState.FAILED: gettext_lazy("Failed"),
}
OFFER_COLOURS = {
    OfferState.OPEN.value: "info",
    OfferState.ACCEPTED.value: "success",
    OfferState.REJECTED.value: "warning",
    OfferState.TIMED_OUT.value: "warning",
    OfferState.BUSY.value: "warning",
    OfferState.UNREACHABLE.value: "danger",
    OfferState.WITHDRAWN.value: "default",
    OfferState.FAILED.value: "danger",
}

ROLES: Mapping[str, Text] = {
    LegRole.CALLER: gettext_lazy("Caller"),
    LegRole.AGENT: gettext_lazy("Agent"),
    LegRole.DESTINATION: gettext_lazy("Called party"),
    LegRole.PARTICIPANT: gettext_lazy("Third person"),
    LegRole.SUPERVISOR: gettext_lazy("Supervisor"),
}

RECORDINGS: Mapping[str, Text] = {
    RecordingState.RUNNING: gettext_lazy("Is being recorded"),
    RecordingState.FINISHING: gettext_lazy("Is being finished"),
    RecordingState.READY: gettext_lazy("Ready"),
    RecordingState.FAILED: gettext_lazy("Nothing was recorded"),
    RecordingState.ERASED: gettext_lazy("Erased"),
}
FAILURES: Mapping[str, Text] = {
    RecordingFailure.NOTHING: gettext_lazy("Nothing was recorded"),
    RecordingFailure.LOST: gettext_lazy("The file was lost"),
    RecordingFailure.UNREADABLE: gettext_lazy("The file cannot be read"),
}


def cause_text(cause: str) -> str:
    """Why something ended; what is not ours is shown as it came."""
    return str(CAUSES.get(cause, cause))


def outcome_text(call: Call) -> str:
    """The state of a call that lives, how it ended otherwise."""
    return str(OUTCOMES[call.outcome] if call.outcome else STATES[call.state])


def colour_key(call: Call) -> str:
    """A key of `COLOURS`."""
    return call.outcome or ALIVE


def reason_text(call: Call) -> str:
    """Why a call ended; of one that somebody has hung up, who. Empty while it lives."""
    if call.cause != Cause.NORMAL or not call.ended_by or call.direction == Direction.INTERNAL:
        return cause_text(call.cause)
    return _("the customer's side hung up") if call.ended_by == EXTERNAL else _("our side hung up")


def party_text(name: str) -> str:
    """A telephone number as people read it; users and what switches send as they are."""
    return phone.shown(name.removeprefix(MEMBER))


def customer_text(call: Call) -> str:
    """The customer of a call; for internal ones, who was called."""
    shown = call.customer_number or (call.from_number if call.direction == Direction.INBOUND else call.to_number)
    return party_text(shown) or NOTHING


def number_text(call: Call) -> str:
    """Our number in a call."""
    shown = call.to_number if call.direction == Direction.INBOUND else call.from_number
    return party_text(shown) or NOTHING


def clock_text(at: dt.datetime) -> str:
    """The time of day with seconds, by the project's clock."""
    return f"{timezone.localtime(at):%H:%M:%S}"


def recording_text(recording: Recording) -> str:
    """The state of a recording, and why there is no sound."""
    return str(FAILURES.get(recording.failure) or RECORDINGS[recording.state])
