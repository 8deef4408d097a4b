"""What the configuration history shows: field labels, before and after, as people read them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from auditlog.models import LogEntry
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.formats import localize
from django.utils.text import Truncator, capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ivr.models import IvrKeyPress
from pcc_console.history import HIDDEN
from projects.models import CallSettings, Member, Tenanted
from queues.models import OpeningRange, QueueOutcome
from webhooks.models import SigningSecret

# Rows that are named in words of the console, which depend on its language.
NAMED_IN_WORDS: tuple[type[models.Model], ...] = (
    CallSettings,
    IvrKeyPress,
    Member,
    OpeningRange,
    QueueOutcome,
    SigningSecret,
)
SHOWN_CHARACTERS = 200
NOTHING = "–"

Names = dict[type[models.Model], dict[str, str]]


@dataclass(frozen=True)
class ReadableChange:
    """One field of one entry."""

    label: str
    old: str
    new: str


def readable_changes(entries: Sequence[LogEntry]) -> list[list[ReadableChange]]:
    """The changes of each entry. Cost: one query for each model that foreign keys in the entries lead to."""
    names = _names_of_linked_rows(entries)
    return [_changes_of(entry, names) for entry in entries]


def row_names(entries: Sequence[LogEntry]) -> list[str]:
    """What each entry is about: in the reader's language as long as the row is there, then as it was called.

    Cost: one query for each kind of rows that are named in words.
    """
    wanted: dict[type[models.Model], set[str]] = defaultdict(set)
    for entry in entries:
        model = entry.content_type.model_class()
        if model is not None and model in NAMED_IN_WORDS:
            wanted[model].add(entry.object_pk)
    present = {
        (model, str(row.pk)): str(row)
        for model, keys in wanted.items()
        for row in model._default_manager.filter(pk__in=keys).select_related()
    }
    return [present.get((entry.content_type.model_class(), entry.object_pk), entry.object_repr) for entry in entries]


def _changes_of(entry: LogEntry, names: Names) -> list[ReadableChange]:
    changes = []
    for field, (old, new) in _fields_of(entry):
        texts = _readable(field, old, names), _readable(field, new, names)
        if texts[0] != texts[1] or HIDDEN in texts:
            changes.append(ReadableChange(capfirst(str(field.verbose_name)), *texts))
    return sorted(changes, key=lambda change: change.label)


def _fields_of(entry: LogEntry) -> Iterable[tuple[models.Field[Any, Any], tuple[str, str]]]:
    """The columns of an entry; what is not a column of the model any more, or never was, is left out."""
    model = entry.content_type.model_class()
    for name, values in (entry.changes_dict or {}).items():
        if model is None or name in ("id", "project", "tree", "public_id") or not isinstance(values, list):
            continue
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            continue
        if isinstance(field, models.Field):
            yield field, (values[0], values[1])


def _names_of_linked_rows(entries: Sequence[LogEntry]) -> Names:
    wanted: dict[type[models.Model], set[int]] = defaultdict(set)
    for entry in entries:
        for field, values in _fields_of(entry):
            if isinstance(field, models.ForeignKey):
                wanted[field.remote_field.model].update(int(value) for value in values if str(value).isdecimal())
    noted = [(entry.additional_data or {}).get("project") for entry in entries]
    projects = {project for project in noted if project is not None}
    return {
        model: {str(row.pk): str(row) for row in _rows_within(projects, model).filter(pk__in=keys)}
        for model, keys in wanted.items()
        if keys
    }


def _rows_within(projects: set[int], model: type[models.Model]) -> models.QuerySet[Any]:
    """The rows that may be named: a row that has moved to another project keeps that project's names to itself."""
    rows: models.QuerySet[Any] = model._default_manager.all()
    return rows.filter(project_id__in=projects) if issubclass(model, Tenanted) else rows


def _readable(field: models.Field[Any, Any], value: Any, names: Names) -> str:
    text = str(value)
    if text in ("None", ""):
        return NOTHING
    if isinstance(field, models.ForeignKey):
        return names.get(field.remote_field.model, {}).get(text) or _("deleted (%(id)s)") % {"id": text}
    if isinstance(field, models.BooleanField):
        return _("Yes") if text == "True" else _("No")
    if field.flatchoices:
        return {str(key): str(label) for key, label in field.flatchoices}.get(text, text)
    if isinstance(field, models.DateTimeField):
        return _moment(text)
    return Truncator(text).chars(SHOWN_CHARACTERS)


def _moment(text: str) -> str:
    """Moments are stored without their offset, which is always UTC."""
    try:
        return str(localize(localtime(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))))
    except ValueError:
        return text


def actor_of(entry: LogEntry) -> str:
    """Who did it: a person, an API key, a command, or the system itself."""
    named = (entry.additional_data or {}).get("actor", "")
    if named:
        return str(named)
    return str(entry.actor) if entry.actor else entry.actor_email or pgettext("who made a change", "System")
