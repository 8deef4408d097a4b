"""What the console shows of questions to agent list URLs, in words for a developer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from agents.models import Agent
from calls.models import Call
from common import lenient_json
from common.strict_json import BadJson
from projects.console.columns import link_to
from projects.console.stored import moment_text
from queues.models import Queue
from routing import agent_list_words
from routing.agent_lists import questions_of
from routing.domain.agent_list import PHONE
from routing.domain.asking import ListState
from routing.models import AgentListQuestion
from webhooks.pages.lists import call_link, code
from webhooks.words import failure_text


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """`where`: the place in the answer; `call`, `agent`: whom it is about, linked when there is such a row."""

    text: str
    where: str
    call: SafeString | str
    agent: SafeString | str


@dataclass(frozen=True, slots=True)
class ShownAgent:
    agent: SafeString | str
    way: str
    rings: str


@dataclass(frozen=True, slots=True)
class ShownList:
    """A call's agents in the order in which they are rung."""

    call: SafeString | str
    agents: Sequence[ShownAgent]


@dataclass(frozen=True, slots=True)
class Shown:
    findings: Sequence[ShownFinding]
    lists: Sequence[ShownList]


@dataclass(frozen=True, slots=True)
class LastQuestion:
    """The newest question about a queue's calls. `address` is empty when none was asked yet."""

    is_bad: bool
    text: str
    address: str
    all_address: str


def shown(question: AgentListQuestion) -> Shown:
    """Findings and lists of a question with links to its calls and agents. Cost: two queries."""
    links = _Links(question)
    return Shown(
        [links.finding(each) for each in question.findings],
        [links.list_of(call_id, agents) for call_id, agents in question.lists.items()],
    )


def outcome_text(question: AgentListQuestion) -> str:
    """Why a question was in vain; empty while it goes on and when it was not."""
    if question.state != ListState.FAILED:
        return ""
    if question.failure:
        return failure_text(question.failure, question.status)
    return _("The answer came, and nothing of it could be used.")


def questions_address(queue: Queue) -> str:
    """The list of the questions about a queue's calls."""
    return f"{reverse('admin:routing_agentlistquestion_changelist')}?queue__id__exact={queue.pk}"


def last_question(queue: Queue) -> LastQuestion:
    """What came of the newest question. Cost: one query."""
    newest = questions_of(queue).first()
    if newest is None:
        text = _("Your server has not been asked yet. It is as soon as a call waits here.")
        return LastQuestion(False, text, "", questions_address(queue))
    is_bad = newest.state == ListState.FAILED
    values = {"time": moment_text(newest.asked_at), "why": outcome_text(newest), "count": len(newest.findings)}
    if is_bad:
        text = _("The last question to your server, at %(time)s, was in vain. %(why)s") % values
    elif newest.findings:
        text = _("Your server answered at %(time)s; something about the answer should be looked at.") % values
    else:
        text = _("Your server was asked last at %(time)s.") % values
    address = reverse("admin:routing_agentlistquestion_change", args=[newest.pk])
    return LastQuestion(is_bad, text, address, questions_address(queue))


class _Links:
    """The rows that a question names: its calls and its agents."""

    def __init__(self, question: AgentListQuestion) -> None:
        self.named = _agents_named(question.answer)
        call_ids = {each["call_id"] for each in question.findings} | set(question.lists)
        user_ids = {each["user_id"] for agents in question.lists.values() for each in agents}
        user_ids |= set(self.named.values())
        calls = Call.objects.filter(project=question.project_id, call_id__in=call_ids - {""})
        agents = Agent.objects.filter(project=question.project_id, stringee_user_id__in=user_ids)
        self.calls = {call.call_id: call for call in calls}
        self.agents = {agent.stringee_user_id: agent for agent in agents}

    def finding(self, stored: Mapping[str, str]) -> ShownFinding:
        where = stored["where"]
        user_id = self.named.get(where, "")
        call_id = stored["call_id"]
        return ShownFinding(
            agent_list_words.words(stored),
            where,
            self._call(call_id) if call_id else "",
            self._agent(user_id) if user_id else "",
        )

    def list_of(self, call_id: str, agents: Sequence[Mapping[str, Any]]) -> ShownList:
        return ShownList(self._call(call_id), [self._line(each) for each in agents])

    def _line(self, listed: Mapping[str, Any]) -> ShownAgent:
        way = _("on a phone") if listed["routing_type"] == PHONE else _("on the device")
        if listed["routing_type"] is None:
            way = _("as the agent's own setting says")
        rings = _("%(seconds)s s at most") % {"seconds": listed["timeout_s"]}
        return ShownAgent(self._agent(listed["user_id"]), way, rings)

    def _call(self, call_id: str) -> SafeString | str:
        call = self.calls.get(call_id)
        return call_link(call) if call is not None else code(call_id)

    def _agent(self, user_id: str) -> SafeString | str:
        agent = self.agents.get(user_id)
        return link_to(agent, f"{agent.name} ({user_id})") if agent is not None else code(user_id)


def _agents_named(answer: str) -> Mapping[str, str]:
    """User ids by their place in an answer, as far as what is kept of it can be read.

    Cost: linear in the answer, of which only the beginning is kept.
    """
    try:
        read = lenient_json.loads(answer.encode())
    except BadJson:
        return {}
    calls = read.get("calls") if isinstance(read, dict) else None
    return {
        f"calls[{number}].agents[{place}]": user_id
        for number, call in enumerate(calls if isinstance(calls, list) else ())
        for place, agent in enumerate(_list_in(call, "agents"))
        if (user_id := _text_in(agent, "stringee_user_id"))
    }


def _list_in(value: object, key: str) -> Sequence[object]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else ()


def _text_in(value: object, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return found.strip() if isinstance(found, str) else ""
