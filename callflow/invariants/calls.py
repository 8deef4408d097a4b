"""S2-S4 and L2: calls, their stays in queues and their offers fit each other, and end once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from callflow.invariants.finding import Code, Finding
from callflow.invariants.records import CallRecord, Scope, seconds_between
from calls.domain import CallState, LegRole, LegState
from calls.models import Leg, Subject
from queues.entries import EntryOutcome, EntryState
from routing.domain.offers import OfferState
from routing.models import Offer

OFFER_LATE_S = 2.0

# The only states of a call in which its stay in a queue is in this one.
_CALL_OF_ENTRY = {EntryState.WAITING: CallState.WAITING, EntryState.OFFERED: CallState.OFFERED}
_HELD_BY_NOBODY = (CallState.WAITING, CallState.OFFERED)


# ── S2 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def one_connected_agent(call: CallRecord, scope: Scope) -> Iterator[Finding]:
    """Nobody accepts a call while another agent talks in it; two agents are in one only while one hands it on.

    Guests are in it beside its agent.
    """
    accepted = [offer for offer in call.offers if offer.state == OfferState.ACCEPTED]
    for offer in accepted:
        others = [leg for leg in call.legs if leg.leg_id != offer.leg_id and _talked_at(leg, offer.ended_at)]
        if others:
            text = f"offer {offer.offer_id} was accepted while {others[0].number} talked in the call"
            yield _about(call, Code.S2, text)
    guests = {guest["leg"] for guest in call.row.flow.get("guests", ())}
    answered = [leg for leg in call.legs if _is_agents(leg) and leg.state == LegState.ANSWERED]
    talking = [leg for leg in answered if leg.leg_id not in guests]
    beside_main = [leg for leg in talking if leg.leg_id != call.row.flow.get("main_leg")]
    if len(beside_main) > 1 and "transfer" not in call.row.flow:
        yield _about(call, Code.S2, f"{len(beside_main)} agents talk in it: {', '.join(leg.number for leg in talking)}")


def _is_agents(leg: Leg) -> bool:
    return leg.role in (LegRole.AGENT, LegRole.PARTICIPANT)


def _talked_at(leg: Leg, at: dt.datetime | None) -> bool:
    if at is None or not _is_agents(leg) or leg.answered_at is None:
        return False
    return leg.answered_at < at and (leg.ended_at is None or leg.ended_at > at)


# ── S3 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def one_end(call: CallRecord, scope: Scope) -> Iterator[Finding]:
    """A call that has ended ended once, with everything of it; one that has not can still end."""
    ends = [each for each in call.transitions if each.subject == Subject.CALL and each.after == CallState.ENDED]
    if call.row.state != CallState.ENDED:
        if ends:
            yield _about(call, Code.S3, f"has ended, and is {call.row.state}")
        if not call.row.timers and all(leg.state == LegState.ENDED for leg in call.legs):
            yield _about(call, Code.S3, f"is {call.row.state} without a leg or a deadline: nothing will end it")
        return
    if len(ends) != 1:
        yield _about(call, Code.S3, f"has ended {len(ends)} times")
    left = [f"leg {leg.leg_id} is {leg.state}" for leg in call.legs if leg.state != LegState.ENDED]
    left += [f"it waits in queue {entry.queue_id}" for entry in call.entries if entry.state != EntryState.ENDED]
    left += [f"offer {offer.offer_id} is open" for offer in call.offers if offer.state == OfferState.OPEN]
    left += [f"timer {timer} is set" for timer in call.row.timers]
    for what in left:
        yield _about(call, Code.S3, f"has ended, and {what}")


# ── S4 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def nothing_vanishes(call: CallRecord, scope: Scope) -> Iterator[Finding]:
    """Who has entered a queue waits there, is offered, talks, or has left it for a named reason."""
    stays = [entry for entry in call.entries if entry.state != EntryState.ENDED]
    held = [offer for offer in call.offers if offer.state == OfferState.OPEN]
    for entry in stays:
        wanted = _CALL_OF_ENTRY.get(EntryState(entry.state))
        if wanted is not None and call.row.state != wanted:
            yield _about(call, Code.S4, f"is {call.row.state}, and its stay in queue {entry.queue_id} {entry.state}")
        if (entry.state == EntryState.OFFERED) != any(offer.entry_id == entry.pk for offer in held):
            yield _about(
                call, Code.S4, f"its stay in queue {entry.queue_id} is {entry.state}; open offers: {len(held)}"
            )
    if call.row.state in _HELD_BY_NOBODY and not stays:
        yield _about(call, Code.S4, f"is {call.row.state}, and in no queue")
    for offer in held:
        if all(entry.pk != offer.entry_id for entry in stays):
            yield _about(call, Code.S4, f"offer {offer.offer_id} is open for a stay that is over")
    answered = {offer.entry_id for offer in call.offers if offer.state == OfferState.ACCEPTED}
    for entry in call.entries:
        if entry.outcome == EntryOutcome.ANSWERED and entry.pk not in answered:
            yield _about(call, Code.S4, f"was answered in queue {entry.queue_id} without an accepted offer")


# ── L2 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def offers_end_in_time(call: CallRecord, scope: Scope) -> Iterator[Finding]:
    for offer in call.offers:
        late_s = _late_s(offer, scope)
        if late_s > OFFER_LATE_S:
            yield _about(call, Code.L2, f"offer {offer.offer_id} ended {late_s:.1f} s after its deadline")


def _late_s(offer: Offer, scope: Scope) -> float:
    ended_at = offer.ended_at or (scope.now if scope.live else offer.deadline_at)
    return seconds_between(offer.deadline_at, ended_at)


def _about(call: CallRecord, code: Code, text: str) -> Finding:
    return Finding(code, call.row.project_id, call.id, text)
