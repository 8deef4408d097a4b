"""What a deletion would do, found out by doing it and taking it back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import NestedObjects
from django.db import models, router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.refusals import InUse

if TYPE_CHECKING:
    from projects.console.admin import ConsoleAdmin

DELETE_ACTION = "delete_selected"  # the name by which lists and their templates know it
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


class Deletion:
    """Deleting one or several rows: a page that says what would happen, then what happened, row by row."""

    def __init__(self, admin: ConsoleAdmin, request: HttpRequest, rows: Sequence[models.Model]) -> None:
        self.admin, self.request, self.rows = admin, request, rows

    def respond(self) -> HttpResponse:
        if self.request.method == "POST" and "post" in self.request.POST:
            return self._delete()
        return self._page()

    def _delete(self) -> HttpResponse:
        deleted, refusals = 0, []
        for row in self.rows:
            try:
                self.admin.delete_row(self.request, row)
                deleted += 1
            except InUse as refusal:
                refusals.append(refusal.message)
        for text in refusals:
            self.admin.message_user(self.request, text, messages.ERROR)
        if deleted:
            self.admin.message_user(self.request, self._done(deleted), messages.SUCCESS)
        return HttpResponseRedirect(self._list_url())

    def _done(self, deleted: int) -> str:
        if len(self.rows) == 1:
            kind = capfirst(str(self.admin.opts.verbose_name))
            return _("%(kind)s “%(row)s” was deleted.") % {"kind": kind, "row": self.rows[0]}
        return ngettext("%(count)s row deleted.", "%(count)s rows deleted.", deleted) % {"count": deleted}

    def _list_url(self) -> str:
        opts = self.admin.opts
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")

    def _page(self) -> TemplateResponse:
        found = [
            outlook(row, lambda each: self.admin.delete_row(self.request, each), self.admin.also_affected(row))
            for row in self.rows
        ]
        context = {
            **self.admin.admin_site.each_context(self.request),
            "title": _("Delete %(kind)s") % {"kind": self._kind()},
            "opts": self.admin.opts,
            "media": self.admin.media,
            "possible": [each for each in found if each.refused is None],
            "refused": [each for each in found if each.refused is not None],
            "by_action": ACTION_CHECKBOX_NAME in self.request.POST or "select_across" in self.request.POST,
            "action": DELETE_ACTION,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "list_url": self._list_url(),
        }
        return TemplateResponse(self.request, "console/delete.html", context)

    def _kind(self) -> str:
        opts = self.admin.opts
        return str(opts.verbose_name if len(self.rows) == 1 else opts.verbose_name_plural)
