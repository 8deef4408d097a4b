"""What simulated people do. Frozen and JSON-able: scenario files and the console write these.

Units: seconds throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class ScriptUnreadable(ValueError):
    """A script has something in it that scripts do not have."""


@dataclass(frozen=True, slots=True)
class Press:
    """Keys that are pressed one after the other.

    `after_s` counts from the moment the party is asked for keys and may press them, or, `unasked`, from the press
    before it (from the answer, for the first). An empty text is a prompt that the party lets pass.
    """

    text: str
    after_s: float = 1.0
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class PartyScript:
    """What any party does in a call. `talk_s`: hangs up so long after it was bridged, None: never.

    `message_s`: how long it speaks when a message is recorded; then it hangs up, with `waits_after_message` it does
    not.
    """

    keys: tuple[Press, ...] = ()
    talk_s: float | None = None
    message_s: float = 8.0
    waits_after_message: bool = False


@dataclass(frozen=True, slots=True)
class CallerScript(PartyScript):
    """A party that calls. `patience_s`: hangs up when it has waited so long without being bridged or leaving a message.

    `rings_s`: hangs up when nobody has answered by then.
    """

    patience_s: float | None = None
    rings_s: float | None = None


class Does(StrEnum):
    """What a phone does when it is rung."""

    ANSWERS = "answers"
    REJECTS = "rejects"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    INVALID = "invalid"  # no such number
    NEVER_ANSWERS = "never_answers"


@dataclass(frozen=True, slots=True)
class PhoneScript(PartyScript):
    """A phone that can be dialled. `after_s`: when it answers, rejects, or is known not to ring, from the dialling.

    `rings_after_s`: when it begins to ring, if it answers, rejects or rings in vain.
    """

    does: Does = Does.ANSWERS
    after_s: float = 3.0
    rings_after_s: float = 0.1


@dataclass(frozen=True, slots=True)
class Agents:
    """Users who are online while a simulated call lasts, and what their devices do."""

    users: tuple[str, ...] = ()
    phone: PhoneScript = field(default_factory=PhoneScript)


@dataclass(frozen=True, slots=True)
class Simulation:
    """What `SimulateCall` carries: a caller, agents who are online for it, and phones by their digits."""

    caller: CallerScript = field(default_factory=CallerScript)
    agents: Agents = field(default_factory=Agents)
    phones: Mapping[str, PhoneScript] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Shape: {CallerScript's fields, "agents": {"users": […], PhoneScript's fields}, "phones": {digits: {…}}}."""
        return {
            **asdict(self.caller),
            "agents": {"users": list(self.agents.users), **asdict(self.agents.phone)},
            "phones": {digits: asdict(phone) for digits, phone in self.phones.items()},
        }


def simulation(data: Mapping[str, Any]) -> Simulation:
    """Read what `Simulation.to_json` writes, or a person: everything may be missing.

    `keys` may also be a text with spaces or commas between the presses ("1 2# 3"), or a list of such texts;
    `answer_after_s` is another word for an agent's `after_s`. Raises ScriptUnreadable.
    """
    fields = dict(data)
    agents = _mapping(fields.pop("agents", None) or {})
    phones = _mapping(fields.pop("phones", None) or {})
    return Simulation(
        caller_script(fields), _agents(agents), {str(each): phone_script(phones[each]) for each in phones}
    )


def caller_script(data: Mapping[str, Any]) -> CallerScript:
    """Read a caller. Raises ScriptUnreadable."""
    return CallerScript(**_party(data, _CALLER_FIELDS))


def phone_script(data: Mapping[str, Any]) -> PhoneScript:
    """Read a phone. Raises ScriptUnreadable."""
    fields = dict(_mapping(data))
    if "answer_after_s" in fields:
        fields["after_s"] = fields.pop("answer_after_s")
    known = _party(fields, _PHONE_FIELDS)
    try:
        return PhoneScript(**{**known, **({"does": Does(known["does"])} if "does" in known else {})})
    except ValueError as error:
        raise ScriptUnreadable(f"a phone does not do {known['does']!r}") from error


_PARTY_NUMBERS = {"talk_s", "message_s"}
_CALLER_FIELDS = {*_PARTY_NUMBERS, "patience_s", "rings_s"}
_PHONE_FIELDS = {*_PARTY_NUMBERS, "after_s", "rings_after_s", "does"}
_MAY_BE_MISSING = {"talk_s", "patience_s", "rings_s"}


def _agents(data: Mapping[str, Any]) -> Agents:
    fields = dict(data)
    users = fields.pop("users", None) or ()
    if isinstance(users, str):
        users = users.replace(",", " ").split()
    return Agents(tuple(str(user) for user in users), phone_script(fields))


def _party(data: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, value in data.items():
        if name == "keys":
            known[name] = _presses(value)
        elif name == "waits_after_message":
            known[name] = bool(value)
        elif name not in names:
            raise ScriptUnreadable(f"scripts have no {name!r}")
        else:
            known[name] = value if name == "does" else _seconds(name, value)
    return known


def _presses(value: Any) -> tuple[Press, ...]:
    if isinstance(value, str):
        return tuple(Press(text) for text in value.replace(",", " ").split())
    return tuple(_press(each) for each in value or ())


def _press(value: Any) -> Press:
    if isinstance(value, Mapping):
        try:
            return Press(str(value["text"]), float(value.get("after_s", 1.0)), bool(value.get("unasked", False)))
        except (KeyError, TypeError, ValueError) as error:
            raise ScriptUnreadable(f"{value!r} is not a press of keys") from error
    return Press(str(value))


def _seconds(name: str, value: Any) -> float | None:
    if value is None and name in _MAY_BE_MISSING:
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError) as error:
        raise ScriptUnreadable(f"{name} is a number of seconds, not {value!r}") from error
    if not 0 <= seconds < float("inf"):
        raise ScriptUnreadable(f"{name} cannot be {value!r}")
    return seconds


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ScriptUnreadable(f"{value!r} is not a set of named values")
    return value
