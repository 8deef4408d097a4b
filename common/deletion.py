"""Deleting rows, unless calls would lose their way."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from common.refusals import InUse

SHOWN_USERS = 20  # of a row that is used everywhere, this many are named


def delete_or_refuse(row: models.Model) -> None:
    """Delete a row with everything that is part of it.

    Raises InUse, and changes nothing, when another row leads calls to it; `used_by` names those rows.
    """
    try:
        with transaction.atomic():
            row.delete()
    except ProtectedError as error:
        raise in_use(row, error.protected_objects) from error
    except RestrictedError as error:
        raise in_use(row, error.restricted_objects) from error


def in_use(row: models.Model, users: Iterable[models.Model]) -> InUse:
    """The refusal that names the rows that still need `row`."""
    rows = sorted(users, key=describe)[:SHOWN_USERS]
    used_by = sorted({describe(user) for user in rows})
    message = _("%(row)s cannot be deleted because it is used by: %(used_by)s.") % {
        "row": describe(row),
        "used_by": ", ".join(used_by),
    }
    return InUse(message[:1].upper() + message[1:], used_by, rows)


def describe(row: models.Model) -> str:
    """A row for people: its kind and its name, e.g. `queue Support`."""
    return f"{row._meta.verbose_name} {row}"
