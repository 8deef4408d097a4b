"""Storing rows: what the database refuses becomes a refusal with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from psycopg import errors

from common.refusals import AlreadyExists, InvalidInput

ID_ATTEMPTS = 5  # a short id has two thousand million values: a collision is rare, five in a row do not happen


@dataclass(frozen=True)
class Twin:
    """A unique constraint in words: `rows` finds who holds the value already, `message` says so."""

    constraint: str
    rows: models.QuerySet[Any]
    message: str


def save_row(row: models.Model, *twins: Twin) -> None:
    """Store a new or changed row.

    The database's constraints decide, so two programs that are equally quick get one row and one refusal.
    Raises AlreadyExists with the `public_id` of the row that was there, InvalidInput when a check constraint fails.
    """
    for attempt in range(1, ID_ATTEMPTS + 1):
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as error:
            constraint = _constraint(error)
            if row._state.adding and "public_id" in constraint and attempt < ID_ATTEMPTS:
                row.public_id = ""  # type: ignore[attr-defined]
                continue
            raise _refusal(error, constraint, twins, row) from error
        return


def _constraint(error: IntegrityError) -> str:
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, errors.IntegrityError) else ""


def _refusal(error: IntegrityError, constraint: str, twins: tuple[Twin, ...], row: models.Model) -> Exception:
    if isinstance(error.__cause__, errors.CheckViolation):
        return InvalidInput(_("These settings do not go together: %(rule)s.") % {"rule": constraint.replace("_", " ")})
    for twin in twins:
        if twin.constraint == constraint:
            existing = twin.rows.exclude(pk=row.pk).values_list("public_id", flat=True).first()
            return AlreadyExists(twin.message, existing or "")
    return error
