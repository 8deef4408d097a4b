"""S1, L3 and L4: an agent does one thing at a time, and is let go in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from agents.domain import Activity, AgentEvent
from callflow.invariants.finding import Code, Finding
from callflow.invariants.records import AgentRecord, Scope, latest, seconds_between
from calls.domain import CallState, LegState

FREED_WITHIN_S = 5.0
WRAP_UP_LATE_S = 2.0
_OCCUPIED = (Activity.OFFERED, Activity.ON_CALL)
_RINGS_HIM_FIRST = (CallState.AUTHORISING, CallState.DIALING_AGENT)


# ── S1 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class _Span:
    """Something that wants the whole agent. `ended_at` None: it goes on."""

    begun_at: dt.datetime
    ended_at: dt.datetime | None
    call: str
    what: str


def one_thing_at_a_time(agent: AgentRecord, scope: Scope) -> Iterator[Finding]:
    """Offers and conversations of one agent do not overlap, and nobody who talks is taken for free."""
    spans = sorted(_spans(agent), key=lambda span: span.begun_at)
    open_ones: list[_Span] = []
    for span in spans:
        open_ones = [each for each in open_ones if each.ended_at is None or each.ended_at > span.begun_at]
        for other in open_ones:
            if other.call != span.call:
                yield _about(agent, Code.S1, f"{other.what} of {other.call}, and {span.what} of {span.call}")
        open_ones.append(span)
    yield from _talks_unknown(agent)


def _spans(agent: AgentRecord) -> Iterator[_Span]:
    for offer in agent.offers:
        yield _Span(offer.opened_at, offer.ended_at, offer.call.call_id, f"offer {offer.offer_id}")
    for leg in agent.legs:
        if leg.answered_at is not None:
            yield _Span(leg.answered_at, leg.ended_at, leg.call.call_id, f"conversation {leg.leg_id}")


def _talks_unknown(agent: AgentRecord) -> Iterator[Finding]:
    """An agent who has been freed by force may still talk; anybody else who talks is in a call."""
    forced = bool(agent.transitions) and agent.transitions[-1].event == AgentEvent.FORCED_IDLE
    if forced:
        return
    row = agent.row
    for leg in agent.legs:
        if leg.state == LegState.ANSWERED and row.call_ref != leg.call.call_id:
            yield _about(agent, Code.S1, f"talks in {leg.call.call_id}, and is {row.activity} {row.call_ref}".rstrip())


# ── L3 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class _Hold:
    """A call had the agent from then to then (None: it still has)."""

    call: str
    since: dt.datetime
    until: dt.datetime | None


def freed_in_time(agent: AgentRecord, scope: Scope) -> Iterator[Finding]:
    """A call lets its agent go within seconds after his last leg in it is gone."""
    for hold in _holds(agent):
        gone_at = _gone_at(agent, hold)
        until = hold.until or (scope.now if scope.live else None)
        if gone_at is None or until is None:
            continue
        if (held_s := seconds_between(gone_at, until)) > FREED_WITHIN_S:
            yield _about(agent, Code.L3, f"was held {held_s:.1f} s by {hold.call}, in which he had no leg any more")


def _holds(agent: AgentRecord) -> Iterator[_Hold]:
    begun: tuple[str, dt.datetime] | None = None
    for each in agent.transitions:
        if each.after in _OCCUPIED and begun is None:
            begun = (each.details.get("call", ""), each.at)
        elif each.after not in _OCCUPIED and begun is not None:
            yield _Hold(*begun, each.at)
            begun = None
    if begun is not None:
        yield _Hold(*begun, None)


def _gone_at(agent: AgentRecord, hold: _Hold) -> dt.datetime | None:
    """When nothing of his was left in the call; None while something is, or when the call is not known.

    A call that he is to be rung for first holds him before he has a leg.
    """
    legs = [leg for leg in agent.legs if leg.call.call_id == hold.call]
    if any(leg.ended_at is None for leg in legs):
        return None
    if legs:
        return latest([hold.since, *(leg.ended_at for leg in legs)])
    call = agent.calls.get(hold.call)
    if call is None or (call.ended_at is None and call.state not in _RINGS_HIM_FIRST):
        return hold.since
    return latest([hold.since, call.ended_at]) if call.ended_at is not None else None


# ── L4 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def wrap_up_ends(agent: AgentRecord, scope: Scope) -> Iterator[Finding]:
    """Wrap-up does not go on after its limit."""
    limit: dt.datetime | None = None
    for each in agent.transitions:
        if limit is not None and each.at > limit:
            yield from _wrap_up_late(agent, limit, each.at)
        until = each.details.get("until")
        limit = dt.datetime.fromisoformat(until) if until and each.after == Activity.WRAP_UP else None
    row = agent.row
    if scope.live and row.wrap_up_until is not None:
        yield from _wrap_up_late(agent, row.wrap_up_until, scope.now)


def _wrap_up_late(agent: AgentRecord, limit: dt.datetime, ended_at: dt.datetime) -> Iterator[Finding]:
    late_s = seconds_between(limit, ended_at)
    if late_s > WRAP_UP_LATE_S:
        yield _about(agent, Code.L4, f"wrap-up went on {late_s:.1f} s after its end")


def _about(agent: AgentRecord, code: Code, text: str) -> Finding:
    return Finding(code, agent.row.project_id, agent.name, text)
