"""S7: the transition log says how every stored state came about, without a gap and by the state tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from agents.domain import ACTIVITY_TABLE, Activity, AgentEvent
from callflow.invariants.finding import Code, Finding
from callflow.invariants.records import AgentRecord, CallRecord, Scope
from calls.domain import CALL_TABLE, LEG_TABLE, CallEvent, CallState, LegEvent, LegState
from calls.models import Subject, Transition
from common.state_table import StateTable
from queues.entries import ENTRY_TABLE, EntryEvent, EntryState
from routing.domain.offers import OFFER_TABLE, OfferEvent, OfferState

# How rows begin: (event, table, states, events).
_RULES: Mapping[str, tuple[str, StateTable[Any, Any], type[StrEnum], type[StrEnum]]] = {
    Subject.CALL: ("begin", CALL_TABLE, CallState, CallEvent),
    Subject.LEG: ("start", LEG_TABLE, LegState, LegEvent),
    Subject.ENTRY: ("enter", ENTRY_TABLE, EntryState, EntryEvent),
    Subject.OFFER: ("open", OFFER_TABLE, OfferState, OfferEvent),
    Subject.AGENT: ("", ACTIVITY_TABLE, Activity, AgentEvent),
}


def calls_replay(call: CallRecord, scope: Scope) -> Iterator[Finding]:
    """A call's rows are where its transitions have led them, and none of them is without."""
    told: dict[tuple[str, str], list[Transition]] = defaultdict(list)
    for each in call.transitions:
        told[each.subject, each.subject_id].append(each)
    stored: dict[tuple[str, str], str] = {
        (Subject.CALL, call.id): call.row.state,
        **{(Subject.LEG, leg.leg_id): leg.state for leg in call.legs},
        **{(Subject.ENTRY, str(entry.pk)): entry.state for entry in call.entries},
        **{(Subject.OFFER, str(offer.pk)): offer.state for offer in call.offers},
    }
    for subject, state in stored.items():
        if (problem := _differs(subject[0], told.get(subject, []), state, from_the_beginning=True)) is not None:
            yield Finding(Code.S7, call.row.project_id, call.id, f"{subject[0]} {subject[1]}: {problem}")
    # Entries and offers go with their queue; what is left of others has no row to stand for.
    for kind, id in told.keys() - stored.keys():
        if kind not in (Subject.ENTRY, Subject.OFFER):
            yield Finding(Code.S7, call.row.project_id, call.id, f"{kind} {id} is in the log, and nowhere else")


def agents_replay(agent: AgentRecord, scope: Scope) -> Iterator[Finding]:
    """An agent does what his transitions say. Agents begin idle."""
    if not agent.transitions and scope.since is not None:
        return
    begins = Activity.IDLE if scope.since is None else None
    if not agent.transitions and agent.row.activity == Activity.IDLE:
        return
    problem = _differs(Subject.AGENT, agent.transitions, agent.row.activity, begins=begins)
    if problem is not None:
        yield Finding(Code.S7, agent.row.project_id, agent.name, problem)


def _differs(
    subject: str,
    transitions: Sequence[Transition],
    stored: str,
    *,
    from_the_beginning: bool = False,
    begins: str | None = None,
) -> str | None:
    """The first thing that is wrong with the transitions of one subject; None when they lead to the stored state."""
    if not transitions:
        return f"is {stored} without a transition"
    first, table, states, events = _RULES[subject]
    state = transitions[0].before if begins is None else begins
    for number, each in enumerate(transitions):
        if each.before != state:
            return f"was {state}, and the log goes on from {each.before or 'nothing'} ({each.event})"
        if from_the_beginning and number == 0:
            if (each.event, each.before) != (first, ""):
                return f"begins with {each.event}"
        elif _after(table, states, events, each) != each.after:
            return f"{each.event} does not lead from {each.before} to {each.after}"
        state = each.after
    return None if state == stored else f"is {stored}, and the log leads to {state}"


def _after(
    table: StateTable[Any, Any], states: type[StrEnum], events: type[StrEnum], transition: Transition
) -> str | None:
    try:
        return table.after(states(transition.before), events(transition.event))
    except ValueError:
        return None
