"""What a deletion would do, found out by doing it and taking it back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.contrib.admin.utils import NestedObjects
from django.db import models, router, transaction
from django.utils.text import capfirst

from common.refusals import InUse

SHOWN_ROWS = 20  # of each kind


@dataclass(frozen=True)
class Affected:
    """Rows of one kind that go along."""

    kind: str
    count: int
    rows: Sequence[models.Model]

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


@dataclass(frozen=True)
class Outlook:
    """What would happen to one row: it goes with `affected`, or it is `refused`."""

    row: models.Model
    affected: Sequence[Affected]
    refused: InUse | None


def outlook(row: models.Model, delete: Callable[[models.Model], None], also: Iterable[models.Model] = ()) -> Outlook:
    """What deleting a row would do. The deletion is tried in a transaction that is rolled back.

    `also`: rows that go along by a rule of a service rather than by a foreign key.
    """
    affected = goes_along(row, also)
    try:
        with transaction.atomic():
            delete(type(row)._default_manager.get(pk=row.pk))
            transaction.set_rollback(True)
    except InUse as refusal:
        return Outlook(row, [], refusal)
    return Outlook(row, affected, None)


def goes_along(row: models.Model, also: Iterable[models.Model] = ()) -> list[Affected]:
    """The rows that a deletion takes with it, by kind, without the row itself."""
    collector = NestedObjects(using=router.db_for_write(type(row)), origin=[row])
    collector.collect([row])
    kinds: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for model, rows in _collected(collector):
        kinds[model] = [found for found in rows if found != row]
    for extra in also:
        kinds[type(extra)].append(extra)
    return [
        Affected(capfirst(str(_kind(model, rows))), len(rows), sorted(rows, key=str)[:SHOWN_ROWS])
        for model, rows in kinds.items()
        if rows and not model._meta.auto_created
    ]


def _collected(collector: NestedObjects) -> list[tuple[type[models.Model], set[models.Model]]]:
    return list(collector.model_objs.items())  # type: ignore[arg-type]  # the stubs take the keys for names


def _kind(model: type[models.Model], rows: Sequence[models.Model]) -> object:
    return model._meta.verbose_name if len(rows) == 1 else model._meta.verbose_name_plural
