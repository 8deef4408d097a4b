"""Scenario files to scenarios (docs/simulation.md): everything is checked, and mistakes are told with their lines.

Read with the same parts as project files: scalars stay text until a field says what they are, and a key that is not
known is a mistake, since it would otherwise be a misspelling that nobody notices.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from callflow.simulation.arrivals import MOST_CUSTOMERS
from callflow.simulation.chance import NEVER, Exponential, Fixed, Lognormal, Spread, Uniform
from callflow.simulation.scenario import (
    DAY,
    USUAL_ANSWER,
    USUAL_LATENCY,
    USUAL_TALK,
    AgentPlan,
    CallersPlan,
    ListOrder,
    ListPlan,
    NumberPlan,
    QueuePlan,
    Rate,
    Scenario,
    ServerPlan,
    WayOutPlan,
    Window,
)
from common.phone import InvalidPhoneNumber, digits_of
from ivr.domain.tree import KEY_ORDER, Action, KeyPress, Node, NodeId, Phone, QueueId, Talk, Tree
from pcc_console.portable.places import Place, Problems
from pcc_console.portable.problems import BadProjectFile
from pcc_console.portable.values import Table, parse
from queues.models import (
    MAX_ANNOUNCE_EVERY_S,
    MAX_RING_TIMEOUT_S,
    MIN_ANNOUNCE_EVERY_S,
    MIN_RING_TIMEOUT_S,
    ONE_DAY_S,
    OutcomeAction,
    OutcomeCause,
)

FORMAT = "pcc-console/scenario"
VERSION = "1"
MOST_AGENTS = 10_000
MOST_CALLERS = 100  # kinds of callers: their numbers have two digits for it
MOST_PER_MINUTE = 100_000.0
LONGEST = dt.timedelta(days=31)

T = TypeVar("T")
Read = Callable[[str], T]

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_FIELDS = {
    "format",
    "version",
    "name",
    "starts",
    "time_zone",
    "duration",
    "seed",
    "short_abandon_s",
    "missed_calls_limit",
    "numbers",
    "menus",
    "queues",
    "groups",
    "agents",
    "callers",
    "customer_info",
}


def scenario_at(path: Path) -> Scenario:
    """Read a file. Raises OSError, or BadProjectFile with everything that is wrong."""
    return read_scenario(path.read_bytes())


def read_scenario(content: bytes) -> Scenario:
    """Read and check a whole file. Raises BadProjectFile with everything that is wrong."""
    problems = Problems()
    root = Place(parse(content), "", problems)
    stated = root.something_at("format") if isinstance(root.node, Table) else None
    if stated is None or stated.text() != FORMAT:
        raise BadProjectFile.because(f"This is not a scenario: it must begin with `format: {FORMAT}`.")
    version = root.something_at("version")
    if version is None or version.text() != VERSION:
        raise BadProjectFile.because(f"The file must say `version: {VERSION}`: that is the one which is read here.")
    scenario = _Reader(root).scenario()
    problems.raise_if_any()
    return scenario


# ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _number(low: float, high: float, unit: str = "") -> Read[float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"must be a number{unit} from {low:g} to {high:g}, not {text[:40]!r}")
        return value

    return read


def _whole(low: int, high: int) -> Read[int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {text[:40]!r}")
        return int(text)

    return read


def _yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"must be true or false, not {text[:40]!r}")
    return text == "true"


def _share(text: str) -> float:
    """`5%` or `0.05`."""
    value = _number(0, 100)(text.removesuffix("%").strip()) / 100 if text.endswith("%") else _number(0, 1)(text)
    return float(value)


def _duration(text: str) -> dt.timedelta:
    """`8h`, `1h30m`, `90s`."""
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"must be a duration such as 8h, 1h30m or 90s, not {text[:40]!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not dt.timedelta() < length <= LONGEST:
        raise ValueError(f"must be longer than nothing and not longer than {LONGEST.days} days")
    return length


def _clock(text: str) -> dt.time:
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text, re.ASCII):
            return dt.time.fromisoformat(text.zfill(5) if len(text) < 6 else text.zfill(8))
    except ValueError:
        pass
    raise ValueError(f"must be a time of day such as 08:30, not {text[:40]!r}")


def _window(text: str) -> Window:
    begins, dash, ends = text.partition("-")
    if not dash:
        raise ValueError(f"must be two times of day such as 08:00-17:30, not {text[:40]!r}")
    return Window(_clock(begins.strip()), _clock(ends.strip()))


def _instant(text: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ValueError(f"must be a date and a time of day such as 2026-03-02 08:00, not {text[:40]!r}")
    return found


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"there is no time zone {text[:40]!r}") from error


def _digits(text: str) -> str:
    try:
        return digits_of(text)
    except InvalidPhoneNumber as error:
        raise ValueError(f"{text[:40]!r} is no telephone number") from error


def _presses(text: str) -> tuple[str, ...]:
    presses = tuple(text.split())
    if any(not re.fullmatch(r"[0-9*#]+", press, re.ASCII) for press in presses):
        raise ValueError("must be keys, with spaces between the presses, such as '1 2#'")
    return presses


def _text(text: str) -> str:
    return text


def _one_of(known: Collection[str]) -> Read[str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be one of {', '.join(known)}, not {text[:40]!r}")
        return text

    return read


_SECONDS = _number(0, ONE_DAY_S, " of seconds")
_SOME_SECONDS = _number(0.001, ONE_DAY_S, " of seconds")


def _get(place: Place, key: str, read: Read[T], usual: T) -> T:
    """The value of a field, or the usual one when it is not there or wrong."""
    inner = place.something_at(key)
    found = inner.read(read) if inner is not None else None
    return usual if found is None else found


def _need(place: Place, key: str, read: Read[T], stand_in: T) -> T:
    """The value of a field that must be there; the stand-in is for reading on."""
    if place.something_at(key) is None:
        place.refuse(f"needs `{key}`")
    return _get(place, key, read, stand_in)


def _windows(place: Place, key: str) -> tuple[Window, ...]:
    found = [inner.read(_window) for inner in place.items_at(key)]
    return tuple(each for each in found if each is not None)


def _spread(place: Place, key: str, usual: Spread, *, may_be_never: bool = False) -> Spread:
    """`30`, `never`, `{exponential: 180}`, `{lognormal: {mean: 200, sd: 150}}` or `{uniform: {from: 2, to: 8}}`."""
    inner = place.something_at(key)
    if inner is None:
        return usual
    if inner.is_table:
        return _drawn(inner.table({"exponential", "lognormal", "uniform"}), usual)
    if may_be_never and inner.text() == "never":
        return NEVER
    value = inner.read(_SECONDS)
    return usual if value is None else Fixed(value)


def _drawn(place: Place, usual: Spread) -> Spread:
    kinds = [kind for kind, _ in place.entries()]
    if len(kinds) != 1:
        place.refuse("needs exactly one of `exponential`, `lognormal` and `uniform`")
        return usual
    if kinds == ["exponential"]:
        return Exponential(_need(place, "exponential", _SOME_SECONDS, 1.0))
    inner = place.something_at(kinds[0])
    if kinds == ["lognormal"] and inner is not None:
        inner.table({"mean", "sd"})
        return Lognormal(_need(inner, "mean", _SOME_SECONDS, 1.0), _need(inner, "sd", _SOME_SECONDS, 1.0))
    if kinds == ["uniform"] and inner is not None:
        inner.table({"from", "to"})
        low, high = _need(inner, "from", _SECONDS, 0.0), _need(inner, "to", _SECONDS, 1.0)
        if low > high:
            inner.refuse("`from` must not be more than `to`")
        return Uniform(low, high)
    return usual


# ── The file ─────────────────────────────────────────────────────────────────────────────────────────────────────────
class _Reader:
    """Names first, so that a reference may come before what it names."""

    def __init__(self, root: Place) -> None:
        self._root = root.table(_FIELDS)
        self._queues = self._names("queues")
        self._menus = self._names("menus")
        self._groups = self._group_names()
        self._numbers: dict[str, None] = {}

    def scenario(self) -> Scenario:
        root = self._root
        starts = _need(root, "starts", _instant, dt.datetime(2026, 1, 1))  # noqa: DTZ001 - of the wall, on purpose
        duration = _need(root, "duration", _duration, DAY)
        numbers = tuple(self._number(place) for place in self._some("numbers"))
        scenario = Scenario(
            name=_need(root, "name", _text, ""),
            starts=starts,
            time_zone=_get(root, "time_zone", _zone, ZoneInfo("Asia/Ho_Chi_Minh")),
            duration=duration,
            numbers=numbers,
            queues=tuple(self._queue(place) for place in self._some("queues")),
            groups=tuple(self._groups),
            agents=tuple(self._agent(place) for place in self._some("agents")),
            callers=tuple(self._callers(place, starts, duration) for place in self._some("callers")),
            menus=tuple(self._menu(place) for place in root.items_at("menus")),
            customer_info=self._server(inner) if (inner := root.something_at("customer_info")) else None,
            seed=_get(root, "seed", _whole(0, 999_999_999), 1),
            short_abandon_s=_get(root, "short_abandon_s", _whole(0, ONE_DAY_S), 5),
            missed_calls_limit=_get(root, "missed_calls_limit", _whole(0, 50), 3),
        )
        self._refuse_too_many(scenario)
        return scenario

    def _some(self, section: str) -> list[Place]:
        places = self._root.items_at(section)
        if not places:
            self._root.refuse(f"needs `{section}`")
        return places

    def _names(self, section: str) -> dict[str, None]:
        """The names of a section's items, each once."""
        found: dict[str, None] = {}
        for place in self._root.items_at(section):
            name = _get(place, "name", _text, "")
            if name in found:
                place.refuse(f"there is another {name[:60]!r} above")
            found[name] = None
        return found

    def _group_names(self) -> dict[str, None]:
        found: dict[str, None] = {}
        for place in self._root.items_at("groups"):
            name = place.text() or ""
            if name in found:
                place.refuse("stands in this list twice")
            found[name] = None
        return found

    def _refuse_too_many(self, scenario: Scenario) -> None:
        if sum(plan.count for plan in scenario.agents) > MOST_AGENTS:
            self._root.refuse(f"has more than {MOST_AGENTS} agents")
        if len(scenario.callers) > MOST_CALLERS:
            self._root.refuse(f"has more than {MOST_CALLERS} kinds of callers")
        for section in ("agents", "callers"):
            self._names(section)

    def _target(self, place: Place, key: str, known: Collection[str], kind: str) -> str:
        inner = place.something_at(key)
        return (inner.one_of(known, kind) or "") if inner is not None else ""

    def _groups_at(self, place: Place, key: str) -> tuple[str, ...]:
        found = [inner.one_of(self._groups, "group") for inner in place.items_at(key)]
        return tuple(name for name in found if name is not None and name in self._groups)

    # ── Numbers and menus ────────────────────────────────────────────────────────────────────────────────────────────
    def _number(self, place: Place) -> NumberPlan:
        place.table({"number", "queue", "menu"})
        plan = NumberPlan(
            _need(place, "number", _digits, ""),
            self._target(place, "queue", self._queues, "queue"),
            self._target(place, "menu", self._menus, "menu"),
        )
        if (place.something_at("queue") is None) == (place.something_at("menu") is None):
            place.refuse("needs either `queue` or `menu`")
        if plan.number in self._numbers:
            place.refuse(f"the number {plan.number} stands in the file twice")
        self._numbers[plan.number] = None
        return plan

    def _menu(self, place: Place) -> Tree:
        place.table({"name", "nodes"})
        name = _need(place, "name", _text, "")
        places = place.items_at("nodes")
        names = [_need(inner, "name", _text, "") for inner in places]
        if not names:
            place.refuse("needs `nodes`")
        nodes = tuple(self._node(inner, names) for inner in places)
        return Tree(name, name, nodes[0].id if nodes else None, nodes)

    def _node(self, place: Place, names: Collection[str]) -> Node:
        place.table({"name", "text", "barge_in", "loop_count", "keypress_timeout", "keys"})
        name = _get(place, "name", _text, "")
        keys = place.something_at("keys")
        return Node(
            id=NodeId(name),
            name=name,
            announcement=Talk(_get(place, "text", _text, "")),
            keys=tuple(self._key(inner, key, names) for key, inner in keys.entries()) if keys is not None else (),
            barge_in=_get(place, "barge_in", _yes_or_no, usual=True),
            loop_count=_get(place, "loop_count", _whole(1, 10), 1),
            keypress_timeout=_get(place, "keypress_timeout", _whole(0, 60), 5),
        )

    def _key(self, place: Place, key: str, names: Collection[str]) -> KeyPress:
        """`voicemail`, `hang_up`, `{queue: …}`, `{node: …}` or `{forward: number}`."""
        if key not in KEY_ORDER:
            place.refuse(f"is no key; the keys are {' '.join(KEY_ORDER)}")
        if not place.is_table:
            word = place.read(_one_of(("voicemail", "hang_up")))
            return KeyPress(key, Action.VOICEMAIL if word == "voicemail" else Action.HANG_UP)
        place.table({"queue", "node", "forward"})
        if place.something_at("queue") is not None:
            return KeyPress(key, Action.QUEUE, queue=QueueId(self._target(place, "queue", self._queues, "queue")))
        if place.something_at("node") is not None:
            return KeyPress(key, Action.NODE, next_node=NodeId(self._target(place, "node", names, "node")))
        number = _need(place, "forward", _digits, "")
        return KeyPress(key, Action.FORWARD, destination=Phone(number, number))

    # ── Queues ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def _queue(self, place: Place) -> QueuePlan:
        plan = QueuePlan(_need(place, "name", _text, ""))
        place.table({"name", *_QUEUE_NUMBERS, *_QUEUE_FLAGS, *_QUEUE_PARTS})
        stated = place.something_at("outcomes")
        listed = place.something_at("agent_list")
        plan = replace(
            plan,
            **{name: _get(place, name, read, getattr(plan, name)) for name, read in _QUEUE_NUMBERS.items()},
            **{name: _get(place, name, _yes_or_no, getattr(plan, name)) for name in _QUEUE_FLAGS},
            primary_groups=self._groups_at(place, "primary_groups"),
            backup_groups=self._groups_at(place, "backup_groups"),
            open=_windows(place, "open"),
            outcomes={cause: self._way_out(inner, cause, plan.name) for cause, inner in stated.entries()}
            if stated is not None
            else {},
            agent_list=self._list(listed) if listed is not None else None,
        )
        if both := set(plan.primary_groups) & set(plan.backup_groups):
            place.refuse(f"the group {min(both)[:60]!r} is both primary and backup")
        if not (place.items_at("primary_groups") or place.items_at("backup_groups") or listed):
            place.refuse("needs `primary_groups` or `agent_list`: nobody would serve it")
        return plan

    def _way_out(self, place: Place, cause: str, queue: str) -> WayOutPlan:
        if cause not in OutcomeCause.values:
            place.refuse(f"is no cause; the causes are {', '.join(OutcomeCause.values)}")
        place.table({"action", "to_queue", "to_number", "message"})
        known = [action for action in OutcomeAction.values if action != OutcomeAction.NODE]
        action = _need(place, "action", _one_of(known), "hang_up")
        target = {OutcomeAction.QUEUE: "to_queue", OutcomeAction.NUMBER: "to_number"}.get(OutcomeAction(action))
        if target is not None and place.something_at(target) is None:
            place.refuse(f"needs `{target}`")
        to_queue = self._target(place, "to_queue", self._queues, "queue")
        if to_queue and to_queue == queue:
            place.refuse("leads to its own queue")
        return WayOutPlan(action, to_queue, _get(place, "to_number", _digits, ""), _get(place, "message", _text, ""))

    def _list(self, place: Place) -> ListPlan:
        place.table({"groups", "order", "only_free", "at_most", "answer_timeout", *_SERVER_FIELDS})
        usual = ListPlan(())
        if not place.items_at("groups"):
            place.refuse("needs `groups`")
        return ListPlan(
            groups=self._groups_at(place, "groups"),
            server=self._behaviour(place),
            order=ListOrder(_get(place, "order", _one_of([order.value for order in ListOrder]), usual.order.value)),
            only_free=_get(place, "only_free", _yes_or_no, usual.only_free),
            at_most=_get(place, "at_most", _whole(0, 100), usual.at_most),
            answer_timeout=_get(
                place, "answer_timeout", _whole(MIN_RING_TIMEOUT_S, MAX_RING_TIMEOUT_S), usual.answer_timeout
            ),
        )

    def _server(self, place: Place) -> ServerPlan:
        return self._behaviour(place.table(_SERVER_FIELDS))

    def _behaviour(self, place: Place) -> ServerPlan:
        latency = _spread(place, "latency", USUAL_LATENCY, may_be_never=True)
        return ServerPlan(latency, _get(place, "fails", _share, 0.0), _windows(place, "down"))

    # ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def _agent(self, place: Place) -> AgentPlan:
        place.table(
            {
                "name",
                "groups",
                "count",
                "shifts",
                "breaks",
                "answers_after",
                "misses",
                "rejects",
                "returns_after",
            }
        )
        plan = AgentPlan(
            name=_need(place, "name", _text, ""),
            groups=self._groups_at(place, "groups"),
            count=_get(place, "count", _whole(1, MOST_AGENTS), 1),
            shifts=_windows(place, "shifts"),
            breaks=_windows(place, "breaks"),
            answers_after=_spread(place, "answers_after", USUAL_ANSWER),
            misses=_get(place, "misses", _share, 0.0),
            rejects=_get(place, "rejects", _share, 0.0),
            returns_after=_spread(place, "returns_after", NEVER, may_be_never=True),
        )
        if plan.misses + plan.rejects > 1:
            place.refuse("`misses` and `rejects` are more than all offers together")
        return plan

    def _callers(self, place: Place, starts: dt.datetime, duration: dt.timedelta) -> CallersPlan:
        place.table({"name", "number", "per_minute", "times", "talk", "patience", "keys", "customers", "priority"})
        if (place.something_at("per_minute") is None) == (place.something_at("times") is None):
            place.refuse("needs either `per_minute` or `times`")
        return CallersPlan(
            name=_need(place, "name", _text, ""),
            number=self._called(place),
            rates=self._rates(place),
            times=self._times(place, starts, duration),
            talk=_spread(place, "talk", USUAL_TALK, may_be_never=True),
            patience=_spread(place, "patience", NEVER, may_be_never=True),
            keys=_get(place, "keys", _presses, ()),
            customers=_get(place, "customers", _whole(0, MOST_CUSTOMERS), 0),
            priority=_get(place, "priority", _whole(0, 9), 0),
        )

    def _called(self, place: Place) -> str:
        inner = place.something_at("number")
        number = _need(place, "number", _digits, "")
        if inner is not None and number and number not in self._numbers:
            inner.refuse(f"there is no number {number} in this file")
        return number

    def _rates(self, place: Place) -> tuple[Rate, ...]:
        inner = place.something_at("per_minute")
        if inner is None:
            return ()
        if not inner.is_table:
            return (Rate(dt.time(), _get(place, "per_minute", _number(0.001, MOST_PER_MINUTE), 1.0)),)
        found = [_rate(each, time) for time, each in inner.entries()]
        if not any(rate.per_minute for rate in found):
            inner.refuse("needs at least one rate above 0")
        return tuple(sorted(found, key=lambda rate: rate.begins))

    def _times(self, place: Place, starts: dt.datetime, duration: dt.timedelta) -> tuple[dt.timedelta, ...]:
        found = []
        for inner in place.items_at("times"):
            time = inner.read(_clock)
            if time is None:
                continue
            after = dt.datetime.combine(starts.date(), time) - starts
            after = after if after >= dt.timedelta() else after + DAY
            if after >= duration:
                inner.refuse("is not within the duration of the scenario")
            found.append(after)
        return tuple(sorted(found))


def _rate(place: Place, time: str) -> Rate:
    try:
        begins = _clock(time)
    except ValueError as error:
        place.refuse(str(error))
        begins = dt.time()
    return Rate(begins, place.read(_number(0, MOST_PER_MINUTE)) or 0.0)


_SERVER_FIELDS = {"latency", "fails", "down"}
_QUEUE_NUMBERS: Mapping[str, Read[int]] = {
    "wait_agent_answer_timeout": _whole(MIN_RING_TIMEOUT_S, MAX_RING_TIMEOUT_S),
    "wrap_up_time_limit": _whole(0, ONE_DAY_S),
    "maximum_queue_size": _whole(0, 100_000),
    "maximum_queue_wait_time": _whole(0, ONE_DAY_S),
    "route_to_backup_groups_after": _whole(0, ONE_DAY_S),
    "announce_every_s": _whole(MIN_ANNOUNCE_EVERY_S, MAX_ANNOUNCE_EVERY_S),
    "sla_answered_within": _whole(0, ONE_DAY_S),
    "sla_target_percent": _whole(0, 100),
}
_QUEUE_FLAGS = (
    "agent_wrap_up_after_calls",
    "last_agent_first",
    "enable_voicemail",
    "announce_position",
    "announce_estimated_wait",
    "fall_back_to_groups",
)
_QUEUE_PARTS = ("primary_groups", "backup_groups", "open", "outcomes", "agent_list")
