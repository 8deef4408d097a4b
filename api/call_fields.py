"""Fields of bodies that are about calls: parties, instructions, call ids (Source: call-control-api.md §2-3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from api.fields import IdText, Lenient, Schema
from api.serializers import Parsed
from callflow.domain.call import Party
from callflow.scco.actions import Program
from callflow.scco.parse import SccoUnreadable, parse
from calls.models import PHONE_MAX_LENGTH

INTERNAL, EXTERNAL, QUEUE = "internal", "external", "queue"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A party as a program names it: a user, a telephone, or (of our own) a queue by its id."""

    kind: str
    party: Party


class PartyField(Lenient):
    """`{type, number, alias}`; without a type it is a telephone."""

    default_error_messages: ClassVar = {
        "required": "is required.",
        "invalid": "must be {{type, number, alias}} with a type of {kinds} and a number.",
        "too_long": "has a number or alias of more than {limit} characters.",
    }

    def __init__(self, kinds: tuple[str, ...] = (INTERNAL, EXTERNAL), **kwargs: Any) -> None:
        self.kinds = kinds
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Wanted:
        if not isinstance(data, Mapping):
            self.fail("invalid", kinds=", ".join(self.kinds))
        kind, number, alias = (_text(data.get(key)) for key in ("type", "number", "alias"))
        if kind is None or alias is None or not number or (kind.lower() or EXTERNAL) not in self.kinds:
            self.fail("invalid", kinds=", ".join(self.kinds))
        if max(len(number), len(alias)) > PHONE_MAX_LENGTH:
            self.fail("too_long", limit=PHONE_MAX_LENGTH)
        kind = kind.lower() or EXTERNAL
        return Wanted(kind, Party(number, alias, internal=kind == INTERNAL))

    @property
    def accepted(self) -> list[Schema]:
        text = {"anyOf": [{"type": "string", "maxLength": PHONE_MAX_LENGTH}, {"type": "integer"}]}
        properties = {"type": {"enum": list(self.kinds)}, "number": text, "alias": text}
        return [{"type": "object", "required": ["number"], "properties": properties}]


class DestinationField(PartyField):
    """One party, in an array or bare."""

    default_error_messages: ClassVar = {"one": "must name exactly one party."}

    def to_internal_value(self, data: Any) -> Wanted:
        if isinstance(data, list):
            if len(data) != 1:
                self.fail("one")
            data = data[0]
        return super().to_internal_value(data)

    @property
    def accepted(self) -> list[Schema]:
        party = super().accepted[0]
        return [{"type": "array", "items": party, "minItems": 1, "maxItems": 1}, party]


class ActionsField(Lenient):
    """An SCCO; what cannot be understood of it is left out, but something must remain."""

    default_error_messages: ClassVar = {
        "required": "is required.",
        "unreadable": "cannot be read. {why}",
        "empty": "must have at least one action that we know, with the fields that it needs.",
    }

    def to_internal_value(self, data: Any) -> Program:
        try:
            program = parse(data)
        except SccoUnreadable as error:
            self.fail("unreadable", why=str(error))
        if not program.actions:
            self.fail("empty")
        return program

    @property
    def accepted(self) -> list[Schema]:
        return [{"type": "array", "items": {"type": "object"}}]


class OfCall(Parsed):
    """A body about a call that runs; `call_id` will do for `callId`."""

    callId = IdText(max_length=64)  # noqa: N815

    def to_internal_value(self, data: Mapping[str, Any]) -> dict[str, Any]:
        if not data.get("callId") and data.get("call_id"):
            data = {**data, "callId": data["call_id"]}
        read: dict[str, Any] = super().to_internal_value(data)
        return read


def _text(value: object) -> str | None:
    """A text or number as text, empty for none; None for what is no text."""
    if value is None:
        return ""
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else None
