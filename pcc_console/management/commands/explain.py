"""`manage.py explain CALL` tells the story of a call, and why each agent was rung for it."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from callflow.pages.call_rows import rows_of
from callflow.pages.story import story_of
from calls.models import Call
from common import clock
from pcc_console.management.operator_command import OperatorCommand
from queues.entries import EntryState
from queues.models import QueueEntry
from routing.explain import Differs, Same, explain_offer, explain_waiting, replay
from routing.models import Offer
from routing.selectors import waits_of


class Command(OperatorCommand):
    help = (
        "Tell what happened in a call, why each agent was rung for it, and whether the rules would decide the same "
        "again from the stored question. Exit code 1 when they would not: an incident."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("call", help="the call's id, e.g. call-vn-1-Q7ZK02M4XD-1718000000123")

    def act(self, options: dict[str, Any]) -> None:
        call = Call.objects.select_related("project").filter(call_id=options["call"]).first()
        if call is None:
            raise CommandError(f"There is no call {options['call']}.")
        with timezone.override(ZoneInfo(call.project.time_zone)):
            facts = facts_of(call)
        self.answer(options, facts, "\n".join(_lines(facts)))
        if any(offer["again"] == "differs" for offer in facts["offers"]):
            sys.exit(1)


def facts_of(call: Call) -> dict[str, Any]:
    """Everything that is known about a call. Times are the project's, texts English.

    Shape: {"call", "state", "outcome", "cause": text, "story": [{"at", "text"}], "waits_for": [text],
    "offers": [{"agent", "outcome", "at", "why": [text], "again": "same" | "differs" | "unknown"}]}.
    """
    offers = Offer.objects.filter(call=call).select_related("agent", "decision", "project").order_by("pk")
    return {
        "call": call.call_id,
        "state": call.state,
        "outcome": call.outcome,
        "cause": call.cause,
        "story": [
            {"at": timezone.localtime(line.at).isoformat(), "text": str(line.text)} for line in story_of(rows_of(call))
        ],
        "offers": [_offer(each) for each in offers],
        "waits_for": list(_waits_for(call)),
    }


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "agent": offer.agent.stringee_user_id if offer.agent is not None else "",
        "outcome": offer.state,
        "at": _local(offer.opened_at),
        "why": list(explain_offer(offer).lines),
        "again": _again(offer),
    }


def _local(at: dt.datetime) -> str:
    return timezone.localtime(at).isoformat()


def _again(offer: Offer) -> str:
    match replay(offer.decision) if offer.decision is not None else None:
        case Same():
            return "same"
        case Differs():
            return "differs"
        case _:
            return "unknown"


def _waits_for(call: Call) -> tuple[str, ...]:
    entry = QueueEntry.objects.select_related("project").filter(call=call, state=EntryState.WAITING).first()
    waits = waits_of(entry, clock.now()) if entry is not None else None
    return explain_waiting(waits, entry) if waits is not None and entry is not None else ()


AGAIN = {
    "same": "decided again: the same",
    "differs": "decided again: NOT the same. This is an incident, unless the rules were changed since.",
    "unknown": "the decision is no longer kept",
}


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    ended = f", {facts['outcome']} ({facts['cause']})" if facts["outcome"] else ""
    yield f"{facts['call']}: {facts['state']}{ended}"
    yield ""
    for line in facts["story"]:
        yield f"  {line['at'][11:23]}  {line['text']}"
    for offer in facts["offers"]:
        yield ""
        yield f"  Offer to {offer['agent']} at {offer['at'][11:23]}: {offer['outcome']}"
        yield from (f"    {why}" for why in offer["why"])
        yield f"    {AGAIN[offer['again']]}"
    if facts["waits_for"]:
        yield ""
        yield "  Waits:"
        yield from (f"    {line}" for line in facts["waits_for"])
