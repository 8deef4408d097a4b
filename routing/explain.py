"""Why an agent was rung for a call and others were not, in words; and decisions asked once more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agents.domain import AgentState, Rule
from agents.models import Agent
from projects.models import Project
from queues.models import QueueEntry
from routing.domain.matching import match
from routing.domain.question import Answer, Considered, GroupTier, Match, Overtaken, PassedOver, Question
from routing.domain.stored import from_json, to_json
from routing.domain.waits import Kept, Waits, WaitsFor
from routing.models import Decision, Offer

UNKNOWN = "–"

OF_AGENTS = {
    None: gettext_lazy("%(agent)s: chosen, free since %(free_since)s"),
    Rule.MANUAL_STATUS: gettext_lazy("%(agent)s: not available (%(status)s)"),
    Rule.SET_ASIDE: gettext_lazy("%(agent)s: set aside since %(set_aside_at)s, after missed calls"),
    Rule.IN_CALL: gettext_lazy("%(agent)s: in a call since %(since)s"),
    Rule.OFFERED: gettext_lazy("%(agent)s: rung for another call since %(since)s"),
    Rule.WRAP_UP: gettext_lazy("%(agent)s: wrap-up until %(wrap_up_until)s"),
    Rule.PAUSED: gettext_lazy("%(agent)s: no calls until %(paused_until)s, after an offer that was not answered"),
    Rule.SYSTEM_STATUS: gettext_lazy("%(agent)s: a program has set the system status"),
    Rule.NO_DEVICE: gettext_lazy("%(agent)s: no app, page or phone is connected"),
    Rule.ONLY_SIP: gettext_lazy("%(agent)s: has only a SIP phone, which this queue does not ring"),
    Rule.NO_PHONE_NUMBER: gettext_lazy("%(agent)s: takes calls on a phone, but has no phone number"),
    Rule.NO_CALLER_ID: gettext_lazy("%(agent)s: takes calls on a phone, but this queue has no caller ID for it"),
    PassedOver.RESERVED_FOR_EARLIER_CALL: gettext_lazy("%(agent)s: got an earlier call at the same moment"),
    PassedOver.EARLIER_CALLS_FIRST: gettext_lazy("%(agent)s: earlier calls of another queue come first"),
    PassedOver.BACKUP_NOT_OPEN: gettext_lazy("%(agent)s: in a backup group, which is not tried yet"),
    PassedOver.TRIED_RECENTLY: gettext_lazy("%(agent)s: did not answer this call a moment ago"),
    PassedOver.TRIED_BEFORE_OTHERS: gettext_lazy("%(agent)s: did not answer this call before"),
    PassedOver.PRIMARY_FIRST: gettext_lazy("%(agent)s: in a backup group"),
    PassedOver.LAST_AGENT_FIRST: gettext_lazy("%(agent)s: free, but another spoke with this caller last"),
    PassedOver.LONGER_IDLE_FIRST: gettext_lazy("%(agent)s: free for a shorter time, since %(free_since)s"),
    PassedOver.LISTED_LATER: gettext_lazy("%(agent)s: later in the agent list"),
}

OF_CALLS = {
    PassedOver.NOT_READY: gettext_lazy("Call %(call)s: your server was still being asked about it"),
    PassedOver.NO_LIST: gettext_lazy("Call %(call)s: the agent list URL had not answered for it"),
    PassedOver.NOT_LISTED: gettext_lazy("Call %(call)s: the agent list did not name this agent"),
    PassedOver.EARLIER_CALLS_FIRST: gettext_lazy("Call %(call)s: earlier calls of another queue came first"),
    PassedOver.BACKUP_NOT_OPEN: gettext_lazy("Call %(call)s: backup groups were not tried for it yet"),
    PassedOver.TRIED_RECENTLY: gettext_lazy("Call %(call)s: this agent had not answered it a moment ago"),
    Rule.NO_DEVICE: gettext_lazy("Call %(call)s: the agent could not be rung as the agent list asked"),
    Rule.ONLY_SIP: gettext_lazy("Call %(call)s: its queue does not ring SIP phones"),
    Rule.NO_PHONE_NUMBER: gettext_lazy("Call %(call)s: the agent has no phone number"),
    Rule.NO_CALLER_ID: gettext_lazy("Call %(call)s: its queue has no caller ID for agents' own phones"),
}

REASONS = {
    WaitsFor.OFFER: gettext_lazy("An agent is free and is about to be rung."),
    WaitsFor.SERVER: gettext_lazy("Your server is being asked about this call, until %(until)s at the latest."),
    WaitsFor.LIST: gettext_lazy("The agent list URL has not answered for this call."),
    WaitsFor.LISTED_AGENTS: gettext_lazy("The agent list names nobody who is an agent here."),
    WaitsFor.GROUPS: gettext_lazy("No agent is in the groups of this queue."),
    WaitsFor.AGENT: gettext_lazy("None of the agents can be had."),
}

KEPT = {
    Rule.MANUAL_STATUS: gettext_lazy("%(tier)s: %(agents)s not available by their own choice"),
    Rule.SET_ASIDE: gettext_lazy("%(tier)s: %(agents)s set aside after missed calls"),
    Rule.IN_CALL: gettext_lazy("%(tier)s: %(agents)s in a call"),
    Rule.OFFERED: gettext_lazy("%(tier)s: %(agents)s being rung"),
    Rule.WRAP_UP: gettext_lazy("%(tier)s: %(agents)s in wrap-up"),
    Rule.PAUSED: gettext_lazy("%(tier)s: %(agents)s pausing after an offer that was not answered"),
    Rule.SYSTEM_STATUS: gettext_lazy("%(tier)s: %(agents)s kept away by a program"),
    Rule.NO_DEVICE: gettext_lazy("%(tier)s: %(agents)s without a connected app, page or phone"),
    Rule.ONLY_SIP: gettext_lazy("%(tier)s: %(agents)s with a SIP phone only, which this queue does not ring"),
    Rule.NO_PHONE_NUMBER: gettext_lazy("%(tier)s: %(agents)s without a phone number"),
    Rule.NO_CALLER_ID: gettext_lazy("%(tier)s: %(agents)s on own phones, for which this queue has no caller ID"),
    PassedOver.NOT_READY: gettext_lazy("%(tier)s: %(agents)s not asked before your server has answered"),
    PassedOver.RESERVED_FOR_EARLIER_CALL: gettext_lazy("%(tier)s: %(agents)s for earlier calls"),
    PassedOver.EARLIER_CALLS_FIRST: gettext_lazy("%(tier)s: %(agents)s for earlier calls of other queues"),
    PassedOver.BACKUP_NOT_OPEN: gettext_lazy("%(tier)s: %(agents)s not tried yet"),
    PassedOver.TRIED_RECENTLY: gettext_lazy("%(tier)s: %(agents)s did not answer this call a moment ago"),
}

TIERS = {GroupTier.PRIMARY: gettext_lazy("Primary"), GroupTier.BACKUP: gettext_lazy("Backup")}


# ── Offers ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an offer went to its agent: a line for each agent who was looked at, the chosen one last; and one for each
    earlier call that it overtook."""

    agents: tuple[str, ...] = ()
    overtook: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        return self.agents + self.overtook


def explain_offer(offer: Offer) -> Explanation:
    """Why this agent, in the language of the thread; empty when the decision is no longer kept.

    Times are those of the project's clock, at the moment of the decision; names are today's.
    Cost: at most four queries.
    """
    decision = offer.decision
    if decision is None:
        return Explanation()
    question, answer = from_json(Question, decision.question), from_json(Answer, decision.answer)
    made = next((each for each in answer.matches if each.entry == offer.entry_id), None)
    return _explanation(question, made, offer.project) if made else Explanation()


def _explanation(question: Question, made: Match, project: Project) -> Explanation:
    states = {each.state.agent_id: each.state for each in question.candidates}
    names = _names(each.agent for each in made.considered)
    zone = ZoneInfo(project.time_zone)
    calls = {each.entry: each.call_id for each in question.waiting}
    return Explanation(
        tuple(of_agent(each, states[each.agent], names.get(each.agent, ""), zone) for each in made.considered),
        tuple(of_call(each, calls[each.entry]) for each in made.overtook),
    )


def _names(agents: Iterable[int]) -> dict[int, str]:
    return dict(Agent.objects.filter(pk__in=list(agents)).values_list("pk", "name"))


def of_agent(considered: Considered, state: AgentState, name: str, zone: ZoneInfo) -> str:
    """Why an agent was chosen or passed over; without a name he is called by his user ID."""
    return OF_AGENTS[considered.passed_over] % {
        "agent": name or state.user_id,
        "status": state.manual_status or UNKNOWN,
        "since": _clock(state.activity_since, zone),
        "free_since": _clock(state.free_since, zone),
        "set_aside_at": _clock(state.set_aside_at, zone),
        "wrap_up_until": _clock(state.wrap_up_until, zone),
        "paused_until": _clock(state.paused_until, zone),
    }


def of_call(overtaken: Overtaken, call_id: str) -> str:
    """Why an earlier call was passed by."""
    return OF_CALLS[overtaken.rule] % {"call": call_id}


def _clock(at: dt.datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%H:%M:%S") if at else UNKNOWN


# ── Waiting calls ────────────────────────────────────────────────────────────────────────────────────────────────────
def explain_waiting(waits: Waits, entry: QueueEntry) -> tuple[str, ...]:
    """What a waiting call waits for, in lines of the thread's language."""
    zone = ZoneInfo(entry.project.time_zone)
    lines = [_calls_ahead(waits.ahead), of_reason(waits, zone)]
    if waits.list_failed:
        lines.append(_("The agent list URL gave no usable answer when it was last asked."))
    if waits.reason in (WaitsFor.AGENT, WaitsFor.SERVER):
        lines += [of_kept(each) for each in waits.kept]
    if waits.backup_opens_at:
        lines.append(_("Backup groups are tried from %(time)s.") % {"time": _clock(waits.backup_opens_at, zone)})
    return tuple(lines)


def of_reason(waits: Waits, zone: ZoneInfo) -> str:
    """What has to happen before the call can be offered."""
    return REASONS[waits.reason] % {"until": _clock(waits.until, zone)}


def _calls_ahead(ahead: int) -> str:
    if ahead == 0:
        return _("First in line.")
    return ngettext("%(count)d call is ahead.", "%(count)d calls are ahead.", ahead) % {"count": ahead}


def of_kept(kept: Kept) -> str:
    """How many agents a rule keeps from a call."""
    agents = ngettext("%(count)d agent", "%(count)d agents", kept.agents) % {"count": kept.agents}
    return KEPT[kept.rule] % {"tier": TIERS[kept.tier], "agents": agents}


# ── Once more ────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Same:
    """The rules answer as they did."""


@dataclass(frozen=True, slots=True)
class Differs:
    """The rules answer otherwise than they did: an incident, unless they were changed since. Both as JSON."""

    stored: Mapping[str, Any]
    again: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The question was stored by a version whose shapes are gone."""

    reason: str


def replay(decision: Decision) -> Same | Differs | Unreadable:
    """Ask the stored question once more. Cost: no query."""
    try:
        question = from_json(Question, decision.question)
    except (KeyError, TypeError, ValueError) as error:
        return Unreadable(repr(error))
    again = to_json(match(question))
    return Same() if again == decision.answer else Differs(decision.answer, again)
