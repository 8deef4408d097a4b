"""Statements that are written by hand, and the whole rows that they read.

Django makes the text of a SELECT anew each time, column by column. For rows as wide as ours that takes several times as
long as the database's answer (docs/performance.md): where calls wait for it, the statement stands in the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model

Row = TypeVar("Row", bound=Model)
Values = Sequence[Any] | Mapping[str, Any]


def fetched(statement: str, values: Values) -> list[tuple[Any, ...]]:
    """The rows that a statement answers with. JSON comes as text. Cost: one query."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


class Whole(Generic[Row]):
    """All columns of a table: as text they stand after SELECT, and of what was read they make rows of the model.

    `alias`: what the statement calls the table.
    """

    def __init__(self, model: type[Row], alias: str) -> None:
        fields = model._meta.concrete_fields
        self._model = model
        self._names = [field.attname for field in fields]
        self._key = self._names.index(str(model._meta.pk and model._meta.pk.attname))
        self._readers = [(place, field) for place, field in enumerate(fields) if hasattr(field, "from_db_value")]
        self._text = ", ".join(f'{alias}."{field.column}"' for field in fields)

    def __str__(self) -> str:
        return self._text

    def rows(self, statement: str, values: Values) -> list[Row]:
        """What a statement reads that asks for these columns only. Cost: one query."""
        return [self.take(iter(columns)) for columns in fetched(statement, values)]

    def take(self, columns: Iterator[Any]) -> Row:
        """The row of the next columns, as if Django had read it."""
        return self._made(self._next(columns))

    def take_if_any(self, columns: Iterator[Any]) -> Row | None:
        """The row of the next columns; None where an outer join found none."""
        values = self._next(columns)
        return None if values[self._key] is None else self._made(values)

    def _next(self, columns: Iterator[Any]) -> list[Any]:
        return list(islice(columns, len(self._names)))

    def _made(self, values: list[Any]) -> Row:
        for place, field in self._readers:
            values[place] = field.from_db_value(values[place], None, connection)
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, values)
