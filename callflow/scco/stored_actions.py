"""Actions as JSON, for the run that a call keeps between events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from callflow.scco.actions import (
    Action,
    Connect,
    Format,
    Input,
    Party,
    PartyType,
    Play,
    Record,
    RecordMessage,
    Stream,
    Talk,
)

_KINDS: Mapping[str, type[Action]] = {
    kind.__name__: kind for kind in (Connect, Record, RecordMessage, Talk, Play, Stream, Input)
}


def action_to_json(action: Action) -> dict[str, Any]:
    """Shape: `kind`, the class, and its fields by name."""
    return {"kind": type(action).__name__, **asdict(action)}


def action_from_json(stored: Mapping[str, Any]) -> Any:
    """The action that `action_to_json` wrote; who calls knows which kinds can be there."""
    fields: dict[str, Any] = {
        name: _RESTORED[name](value) if name in _RESTORED else value for name, value in stored.items() if name != "kind"
    }
    return _KINDS[stored["kind"]](**fields)


def _party(stored: Mapping[str, Any]) -> Party:
    return Party(PartyType(stored["type"]), stored["number"], stored["alias"])


_RESTORED: Mapping[str, Callable[[Any], object]] = {"from_": _party, "to": _party, "format": Format}
