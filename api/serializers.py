"""Reading bodies and queries into values for rows. Limits, defaults and choices are those of the models."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db import models
from rest_framework import serializers

from api.fields import Choice, Flag, Lenient, Text, Whole
from common.encryption import EncryptedTextField
from common.refusals import InvalidInput

AnyField = serializers.Field[Any, Any, Any, Any]
MAX_PAGE = 1_000_000_000


class Parsed(serializers.Serializer[Any]):
    """Fields that are not those of one model."""


class PageQuery(Parsed):
    """The query of a list. A field's `source` is the lookup by which it filters."""

    page = Whole(required=False, min_value=1, max_value=MAX_PAGE, help_text="From 1.")
    limit = Whole(required=False, min_value=1, help_text="Rows per page.")


class RowBody(serializers.ModelSerializer[Any]):
    """The body of a create or update. Meta may name:

    `fixed`: fields that tell where a row belongs; an update may repeat them but not change them.
    `update_only`: fields that a create ignores.
    `required_when`: (field, other field, value): the field is required while the other one has the value.
    """

    serializer_field_mapping: ClassVar[
        dict[type[models.Field[Any, Any]], type[serializers.Field[Any, Any, Any, Any]]]
    ] = {
        models.CharField: Text,
        EncryptedTextField: Text,
        models.BooleanField: Flag,
        models.PositiveIntegerField: Whole,
        models.PositiveSmallIntegerField: Whole,
        models.SmallIntegerField: Whole,
    }
    serializer_choice_field = Choice

    def get_fields(self) -> dict[str, AnyField]:
        """Every field learns from the model what "the default" is."""
        fields = super().get_fields()
        for name in self.meta("update_only") if self.instance is None else ():
            del fields[name]
        for name, field in fields.items():
            if isinstance(field, Lenient):
                field.cleared = self.default_of(field.source or name)
        return fields

    def get_validators(self) -> list[Any]:
        """None: what must be unique is decided by the database, and answered with the id of what exists."""
        return []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Rules for several fields at once. A row that is changed is judged as it would be afterwards."""
        if self.instance is not None:
            self._keep_fixed(attrs)
        for name, other, value in self.meta("required_when"):
            if self.afterwards(attrs, other) == value and not self.afterwards(attrs, name):
                shown = int(value) if isinstance(value, bool) else value
                raise InvalidInput(f"{name} is required when {other} is {shown}.")
        return attrs

    def afterwards(self, attrs: dict[str, Any], name: str) -> Any:
        """What a field of the row will be."""
        source = self.source_of(name)
        if source in attrs:
            return attrs[source]
        return self.default_of(source) if self.instance is None else getattr(self.instance, source)

    def default_of(self, source: str) -> Any:
        field = cast(type[models.Model], self.Meta.model)._meta.get_field(source)
        return field.get_default() if isinstance(field, models.Field) else None

    def source_of(self, name: str) -> str:
        return self.fields[name].source or name

    def meta(self, name: str) -> tuple[Any, ...]:
        found: tuple[Any, ...] = getattr(self.Meta, name, ())
        return found

    def _keep_fixed(self, attrs: dict[str, Any]) -> None:
        for name in self.meta("fixed"):
            source = self.source_of(name)
            if source in attrs and attrs.pop(source) != getattr(self.instance, source):
                raise InvalidInput(f"{name} cannot be changed.")
