"""Fields that accept what real clients send (docs/compatibility.md, "Values").

Flags come as true, 1, "1" or "true"; numbers as digits; null and empty text mean "the default". Each field knows its
JSON schema, so that the API description cannot differ from what is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.fields import empty

from common.phone import InvalidPhoneNumber, digits_of
from common.refusals import InvalidInput, NotFound
from common.validation import validate_web_address
from projects.models import URL_MAX_LENGTH, Project

Schema = dict[str, Any]
Row = TypeVar("Row", bound=models.Model)

ID_MAX_LENGTH = 64
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_FLAGS = {"true": True, "false": False, "1": True, "0": False}
_REQUIRED = "is required."

# Parts of the API description that many fields have in common.
COMMON: Final[Mapping[str, Schema]] = {
    "Flag": {"description": "true or false, in any usual spelling.", "enum": [True, False, 1, 0, *_FLAGS]},
    "Digits": {"description": "A whole number as text.", "type": "string", "pattern": f"^{_WHOLE.pattern}$"},
    "Cleared": {"description": "The default.", "enum": [None, ""]},
}


def reference_to(name: str) -> Schema:
    """A reference to a named part of the API description."""
    return {"$ref": f"#/components/schemas/{name}"}


class Lenient(serializers.Field[Any, Any, Any, Any]):
    """Base of all fields: null and empty text stand for the default, unless a value is required."""

    cleared: Any = None
    names_row: ClassVar[bool] = False  # whether a value names another row; what does is tested against other projects

    def run_validation(self, data: Any = empty) -> Any:
        if data is None or data == "":
            if self.required:
                self.fail("required")
            return self.cleared
        return super().run_validation(data)

    @property
    def json_schema(self) -> Schema:
        """What is accepted."""
        kinds = self.accepted
        if not self.required:
            kinds = [*kinds, reference_to("Cleared")]
        schema: Schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        return {**schema, **({"description": str(self.help_text)} if self.help_text else {})}

    @property
    def accepted(self) -> list[Schema]:
        """JSON schemas of the kinds of value that are understood, the documented one first."""
        raise NotImplementedError


class Text(Lenient, serializers.CharField):
    """Text of a limited length, kept as it came. Whole numbers are taken for text."""

    cleared = ""

    default_error_messages: ClassVar = {
        "required": _REQUIRED,
        "invalid": "must be text.",
        "blank": "must not be blank.",
        "max_length": "must be at most {max_length} characters long.",
        "null": "must not be null.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, str | int):
            self.fail("invalid")
        text = str(data)
        if self.required and not text.strip():
            self.fail("blank")
        return text

    @property
    def accepted(self) -> list[Schema]:
        limits: Schema = {"minLength": 1} if self.required else {}
        if self.max_length:
            limits["maxLength"] = self.max_length
        return [{"type": "string", **limits}, {"type": "integer"}]


class IdText(Text):
    """The id of a row to look for; one that does not exist finds nothing."""

    names_row = True


class Whole(Lenient, serializers.IntegerField):
    """A whole number in its range, also as digits. Numbers below `clamp_to` become it."""

    default_error_messages: ClassVar = {
        "required": _REQUIRED,
        "null": "must not be null.",
        "invalid": "must be a whole number {range}.",
    }

    def __init__(self, *, clamp_to: int | None = None, **kwargs: Any) -> None:
        self.clamp_to = clamp_to
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        number = _whole(data)
        if number is not None and self.clamp_to is not None:
            number = max(number, self.clamp_to)
        if number is None or not self._in_range(number):
            self.fail("invalid", range=self._range)
        return number

    def _in_range(self, number: int) -> bool:
        return (self.min_value is None or number >= self.min_value) and (
            self.max_value is None or number <= self.max_value
        )

    @property
    def _range(self) -> str:
        if self.max_value is None:
            return f"of at least {self.min_value}"
        return f"from {self.min_value} to {self.max_value}"

    @property
    def accepted(self) -> list[Schema]:
        limits: Schema = {}
        if self.min_value is not None and self.clamp_to is None:
            limits["minimum"] = self.min_value
        if self.max_value is not None:
            limits["maximum"] = self.max_value
        return [{"type": "integer", **limits}, reference_to("Digits")]


def _whole(data: Any) -> int | None:
    if isinstance(data, bool):
        return None
    if isinstance(data, int):
        return data
    if isinstance(data, float) and data.is_integer():  # JSON does not tell 5.0 from 5
        return int(data)
    if isinstance(data, str) and _WHOLE.fullmatch(data.strip()):
        return int(data)
    return None


class Flag(Lenient):
    """true, false, 1 or 0, also as text."""

    default_error_messages: ClassVar = {"required": _REQUIRED, "invalid": "must be true or false (1 and 0 will do)."}

    def to_internal_value(self, data: Any) -> bool:
        flag = _FLAGS.get(str(data).lower()) if isinstance(data, bool | int | str) else None
        if flag is None:
            self.fail("invalid")
        return flag

    @property
    def accepted(self) -> list[Schema]:
        return [reference_to("Flag")]


class Choice(Lenient, serializers.ChoiceField):
    """One of a few values; numbers also as digits."""

    default_error_messages: ClassVar = {
        "required": _REQUIRED,
        "invalid_choice": "must be one of {choices}.",
        "null": "is null.",
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, str | int | float) or str(data) not in self.known:
            self.fail("invalid_choice", choices=", ".join(self.known))
        return self.known[str(data)]

    @property
    def known(self) -> dict[str, Any]:
        return {str(value): value for value in self.choices}

    @property
    def accepted(self) -> list[Schema]:
        values = list(self.known.values())
        return [{"enum": [*values, *(text for text in self.known if text not in values)]}]


class PhoneText(Text):
    """A telephone number in any usual spelling, echoed as it was given."""

    default_error_messages: ClassVar = {"phone": "must be a phone number with country code, such as 84909982888."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            digits_of(text, project_of(self).country)
        except InvalidPhoneNumber:
            self.fail("phone")
        return text


class UrlText(Text):
    """An http or https address."""

    default_error_messages: ClassVar = {"url": "must be an http or https URL."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": URL_MAX_LENGTH, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            validate_web_address(text)
        except ValidationError:
            self.fail("url")
        return text


class Reference(Lenient, Generic[Row]):
    """The id of another row of the same project, read as that row. A foreign id looks exactly like an unknown one."""

    default_error_messages: ClassVar = {"required": _REQUIRED, "invalid": "must be an id."}
    names_row = True

    def __init__(self, model: type[Row], noun: str, *, by: str = "public_id", **kwargs: Any) -> None:
        self.model, self.noun, self.by = model, noun, by
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Row:
        if isinstance(data, bool) or not isinstance(data, str | int):
            self.fail("invalid")
        rows = self.model._default_manager.filter(project=project_of(self))
        return find(rows, self.noun, str(data), by=self.by)

    @property
    def accepted(self) -> list[Schema]:
        return [{"type": "string", "description": f"Id of a {self.noun}.", "maxLength": ID_MAX_LENGTH}]


class GreetingReference(Reference[Any]):
    """The file name of an uploaded greeting."""

    def __init__(self, model: type[models.Model], **kwargs: Any) -> None:
        super().__init__(model, "greeting file", by="filename", **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except NotFound as refusal:
            raise NotFound(f"{refusal.message} Upload it first (POST /v1/greetingfile).") from refusal


def find(rows: QuerySet[Row], noun: str, value: str, *, by: str = "public_id") -> Row:
    """The row of a project with this id. Raises NotFound, in the same words for unknown and for foreign ids."""
    try:
        if len(value) > ID_MAX_LENGTH or "\x00" in value:
            raise ObjectDoesNotExist
        return rows.get(**{by: value})
    except ObjectDoesNotExist as error:
        raise NotFound(f"There is no {noun} {value[:ID_MAX_LENGTH]}.") from error


def project_of(field: serializers.Field[Any, Any, Any, Any]) -> Project:
    """The project whose program sent the body."""
    project: Project = field.context["project"]
    return project


def complaint(errors: Mapping[str, Iterable[str]]) -> InvalidInput:
    """All that is wrong with a body or a query, in one text: `name is required. action must be one of …`."""
    return InvalidInput(" ".join(_sentence(name, text) for name, texts in errors.items() for text in texts))


def _sentence(name: str, text: str) -> str:
    return f"{name} {text}" if text[:1].islower() else f"{name}: {text}"
