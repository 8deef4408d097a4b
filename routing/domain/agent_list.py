"""What an agent list URL answered: read leniently in its writing, strictly in its meaning, and without surprises.

Source: webhooks.md §6.2. Nothing in an answer is trusted: calls are those that were asked about, agents those of the
project, and everything has a limit. What is wrong becomes a finding for the developer who wrote that server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from common import lenient_json
from common.phone import InvalidPhoneNumber, digits_of
from common.strict_json import BadJson
from routing.domain.asking import MAX_CALLS
from routing.domain.question import MAX_RING_S, MIN_RING_S
from webhooks.domain import EXCERPT_LENGTH, excerpt
from webhooks.texts import storable

MAX_BYTES = 256 * 1024
MAX_AGENTS = 100  # of a call; at three seconds each they ring for five minutes
MAX_FINDINGS = 100  # of an answer; who has more of them has one that is repeated
MAX_SAID_LENGTH = 100  # of what is quoted from an answer
MAX_NUMBER_LENGTH = 64  # of a telephone number in any spelling
VERSION = 2
DEVICE, PHONE = 1, 2  # `routing_type`
_WHOLE_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,18})(?:\.[0-9]*)?\s*", re.ASCII)


class Code(StrEnum):
    """One kind of finding. In brackets: what is said with it."""

    # Nothing of the answer can be used:
    TOO_LONG = "too_long"  # [bytes allowed]
    NOT_JSON = "not_json"  # [what the reader says]
    NOT_AN_OBJECT = "not_an_object"
    WRONG_VERSION = "wrong_version"  # [as given]
    NO_CALLS = "no_calls"
    # Something of it cannot, or is not as it should be:
    LINE_CUT = "line_cut"  # [calls asked about] more calls wait
    TOO_MANY_CALLS = "too_many_calls"  # [calls read]
    CALL_NOT_AN_OBJECT = "call_not_an_object"
    CALL_UNKNOWN = "call_unknown"  # [as given]
    CALL_TWICE = "call_twice"
    CALLS_MISSING = "calls_missing"  # [how many]
    NO_AGENTS = "no_agents"
    TOO_MANY_AGENTS = "too_many_agents"  # [agents read]
    AGENT_NOT_AN_OBJECT = "agent_not_an_object"
    AGENT_UNKNOWN = "agent_unknown"  # [as given]
    AGENT_TWICE = "agent_twice"  # [user id]
    ROUTING_TYPE_UNKNOWN = "routing_type_unknown"  # [as given]
    PHONE_NUMBER_UNREADABLE = "phone_number_unreadable"  # [as given]
    PHONE_NUMBER_MISSING = "phone_number_missing"
    TIMEOUT_MISSING = "timeout_missing"  # [seconds used]
    TIMEOUT_UNREADABLE = "timeout_unreadable"  # [as given]
    TIMEOUT_OUT_OF_RANGE = "timeout_out_of_range"  # [as given]
    MORE_FINDINGS = "more_findings"  # [how many]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a developer should know. `where`: the place in the answer, such as `calls[0].agents[2]`."""

    code: Code
    where: str = ""
    call_id: str = ""
    said: str = ""

    def to_json(self) -> dict[str, str]:
        """Shape: {"code": str, "where": str, "call_id": str, "said": str}."""
        return {"code": self.code.value, "where": self.where, "call_id": self.call_id, "said": self.said}


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """An agent of the project whom an answer names."""

    agent: int
    has_phone: bool


@dataclass(frozen=True, slots=True)
class ListedAgent:
    """One line of a call's list. `routing_type` None: what the agent has; `phone` empty: the agent's own."""

    user_id: str
    agent: int
    routing_type: int | None
    phone: str
    timeout_s: int

    def to_json(self) -> dict[str, Any]:
        """Shape: as in `QueueEntry.listed`."""
        return {
            "user_id": self.user_id,
            "agent": self.agent,
            "routing_type": self.routing_type,
            "phone": self.phone,
            "timeout_s": self.timeout_s,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """What the question was: the ids of its calls, the queue's own ring time (seconds), the project's country."""

    call_ids: frozenset[str]
    ring_timeout_s: int
    country: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer after the first look: its `calls`, or why nothing can be used."""

    calls: Sequence[object] = ()
    failure: Finding | None = None

    def user_ids(self) -> frozenset[str]:
        """Every user who is named where agents are read from, if he could exist.

        Cost: bounded by the limits of an answer.
        """
        named = {_user_id(agent) for call in self.calls[:MAX_CALLS] for agent in _agents_of(call)}
        return frozenset(user_id for user_id in named if user_id and user_id == storable(user_id))


@dataclass(frozen=True, slots=True)
class Reading:
    """The lists of an answer, by call id, and what is wrong with it. Calls without a list are not in it."""

    lists: Mapping[str, tuple[ListedAgent, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    is_usable: bool = True


def read_answer(text: bytes | str, asked: Asked, known: Mapping[str, KnownAgent]) -> Reading:
    """Read an answer. It never raises, whatever the answer is. `known`: the project's agents by user id.

    Cost: linear in the answer, which is limited.
    """
    return read(opened(text), asked, known)


def opened(text: bytes | str) -> Opened:
    """Take the first look at an answer, so that its agents can be looked up before it is read."""
    raw = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    if len(raw) > MAX_BYTES:
        return Opened(failure=Finding(Code.TOO_LONG, said=str(MAX_BYTES)))
    try:
        answer = lenient_json.loads(raw)
    except BadJson as error:
        return Opened(failure=Finding(Code.NOT_JSON, said=str(error)))
    if not isinstance(answer, dict):
        return Opened(failure=Finding(Code.NOT_AN_OBJECT))
    if answer.get("version") not in (VERSION, str(VERSION)):
        return Opened(failure=Finding(Code.WRONG_VERSION, "version", said=_quoted(answer.get("version"))))
    calls = answer.get("calls")
    if not isinstance(calls, list):
        return Opened(failure=Finding(Code.NO_CALLS, "calls"))
    return Opened(calls)


def read(answer: Opened, asked: Asked, known: Mapping[str, KnownAgent]) -> Reading:
    """Read an answer that was opened."""
    if answer.failure is not None:
        return Reading(findings=(answer.failure,), is_usable=False)
    reader = _Reader(asked, known)
    reader.read_calls(answer.calls)
    return Reading(reader.lists, reader.findings())


@dataclass(frozen=True, slots=True)
class _Place:
    where: str
    call_id: str = ""


class _Reader:
    """Goes through the calls of one answer, and notes what is wrong."""

    def __init__(self, asked: Asked, known: Mapping[str, KnownAgent]) -> None:
        self.asked = asked
        self.known = known
        self.lists: dict[str, tuple[ListedAgent, ...]] = {}
        self._seen: set[str] = set()
        self._noted: list[Finding] = []
        self._unsaid = 0

    def findings(self) -> tuple[Finding, ...]:
        rest = [Finding(Code.MORE_FINDINGS, said=str(self._unsaid))] if self._unsaid else []
        return (*self._noted, *rest)

    def read_calls(self, calls: Sequence[object]) -> None:
        if len(calls) > MAX_CALLS:
            self._note(Code.TOO_MANY_CALLS, _Place("calls"), MAX_CALLS)
        for index, call in enumerate(calls[:MAX_CALLS]):
            self._read_call(f"calls[{index}]", call)
        if missing := len(self.asked.call_ids - self._seen):
            self._note(Code.CALLS_MISSING, _Place("calls"), missing)

    def _read_call(self, where: str, call: object) -> None:
        if not isinstance(call, dict):
            self._note(Code.CALL_NOT_AN_OBJECT, _Place(where))
            return
        call_id = _id(call.get("callId"))
        if call_id not in self.asked.call_ids:
            self._note(Code.CALL_UNKNOWN, _Place(where), call.get("callId"))
            return
        if call_id in self._seen:
            self._note(Code.CALL_TWICE, _Place(where, call_id))
            return
        self._seen.add(call_id)
        if isinstance(agents := call.get("agents"), list):
            self.lists[call_id] = self._agents(where, call_id, agents)
        else:
            self._note(Code.NO_AGENTS, _Place(where, call_id))

    def _agents(self, where: str, call_id: str, agents: Sequence[object]) -> tuple[ListedAgent, ...]:
        if len(agents) > MAX_AGENTS:
            self._note(Code.TOO_MANY_AGENTS, _Place(where, call_id), MAX_AGENTS)
        listed: dict[int, ListedAgent] = {}
        for index, agent in enumerate(agents[:MAX_AGENTS]):
            place = _Place(f"{where}.agents[{index}]", call_id)
            known = self._known(place, agent)
            if known is not None and known.agent in listed:
                self._note(Code.AGENT_TWICE, place, _user_id(agent))
            elif known is not None and isinstance(agent, dict):
                listed[known.agent] = self._listed(place, agent, known)
        return tuple(listed.values())

    def _known(self, place: _Place, agent: object) -> KnownAgent | None:
        if not isinstance(agent, dict):
            self._note(Code.AGENT_NOT_AN_OBJECT, place)
            return None
        known = self.known.get(_user_id(agent))
        if known is None:
            self._note(Code.AGENT_UNKNOWN, place, agent.get("stringee_user_id"))
        return known

    def _listed(self, place: _Place, agent: dict[str, object], known: KnownAgent) -> ListedAgent:
        routing_type = self._routing_type(place, agent.get("routing_type"))
        return ListedAgent(
            user_id=_user_id(agent),
            agent=known.agent,
            routing_type=routing_type,
            phone=self._phone(place, agent.get("phone_number"), known) if routing_type == PHONE else "",
            timeout_s=self._timeout_s(place, agent.get("answer_timeout")),
        )

    def _routing_type(self, place: _Place, given: object) -> int | None:
        number = _whole_number(given)
        if number in (DEVICE, PHONE):
            return number
        self._note(Code.ROUTING_TYPE_UNKNOWN, place, given)
        return None

    def _phone(self, place: _Place, given: object, known: KnownAgent) -> str:
        text = _id(given)
        if not text and given in (None, ""):
            if not known.has_phone:
                self._note(Code.PHONE_NUMBER_MISSING, place)
            return ""
        try:
            if len(text) <= MAX_NUMBER_LENGTH:
                return digits_of(text, self.asked.country)
        except InvalidPhoneNumber:
            pass
        self._note(Code.PHONE_NUMBER_UNREADABLE, place, given)
        return ""

    def _timeout_s(self, place: _Place, given: object) -> int:
        if given in (None, ""):
            self._note(Code.TIMEOUT_MISSING, place, self.asked.ring_timeout_s)
            return self.asked.ring_timeout_s
        seconds = _whole_number(given)
        if seconds is None:
            self._note(Code.TIMEOUT_UNREADABLE, place, given)
            return self.asked.ring_timeout_s
        if not MIN_RING_S <= seconds <= MAX_RING_S:
            self._note(Code.TIMEOUT_OUT_OF_RANGE, place, given)
        return min(max(seconds, MIN_RING_S), MAX_RING_S)

    def _note(self, code: Code, place: _Place, *said: object) -> None:
        if len(self._noted) < MAX_FINDINGS:
            self._noted.append(Finding(code, place.where, place.call_id, " ".join(map(_quoted, said))))
        else:
            self._unsaid += 1


def _agents_of(call: object) -> Iterator[object]:
    agents = call.get("agents") if isinstance(call, dict) else None
    if isinstance(agents, list):
        yield from agents[:MAX_AGENTS]


def _user_id(agent: object) -> str:
    return _id(agent.get("stringee_user_id")) if isinstance(agent, dict) else ""


def _id(given: object) -> str:
    """An id or number as text; some servers write digits without quotes. Empty for anything else."""
    if isinstance(given, str):
        return given.strip()
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else ""


def _whole_number(given: object) -> int | None:
    """A number, also as text; fractions are cut off. None for anything else."""
    if isinstance(given, bool):
        return None
    if isinstance(given, int | float):
        return int(given)
    found = _WHOLE_NUMBER.fullmatch(given) if isinstance(given, str) else None
    return int(found[1]) if found else None


def _quoted(value: object) -> str:
    """A part of an answer as it can be shown and stored."""
    return storable(excerpt(json.dumps(value, ensure_ascii=False)[:EXCERPT_LENGTH]))[:MAX_SAID_LENGTH]
