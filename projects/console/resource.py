"""How rows of a project are written to, and read from, the columns of a CSV or Excel file.

Columns have the names of the REST API's fields, so that a file reads the same in every language of the console.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, router
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets
from import_export.instance_loaders import BaseInstanceLoader

from common.validation import phone_digits
from projects.models import Project

_ON = frozenset({"1", "true", "yes", "on", "có", "bật"})
_OFF = frozenset({"0", "false", "no", "off", "không", "tắt"})
SEPARATOR = ";"  # between several names in one cell


class Column(fields.Field):
    """A text column. An empty cell empties the text."""

    def __init__(self, attribute: str, widget: widgets.Widget | None = None, *, keeps: bool = False) -> None:
        """`keeps`: an empty cell leaves the value as it is, because it cannot be empty."""
        super().__init__(attribute=attribute, widget=widget or Text(), saves_null_values=not keeps)


class Text(widgets.Widget):
    def clean(self, value: str, row: Any = None, **kwargs: Any) -> Any:
        return value

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else str(value)


class TextOrNothing(Text):
    """For columns in which programs tell "never set" from an empty text."""

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> str | None:
        return value or None


class Switch(Text):
    """1 or 0, and the words for it."""

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> bool | None:
        word = value.lower()
        if word in _ON or word in _OFF:
            return word in _ON
        if not word:
            return None
        raise ValueError(_("“%(text)s” is not 1 or 0.") % {"text": value})

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "1" if value else "0"


class Whole(Text):
    """A whole number; one of `choices`, when there are any."""

    def __init__(self, choices: Iterable[tuple[int, Any]] = ()) -> None:
        super().__init__()
        self.choices = dict(choices)

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> int | None:
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise ValueError(_("“%(text)s” is not a whole number.") % {"text": value})
        if self.choices and int(value) not in self.choices:
            known = ", ".join(f"{number} ({label})" for number, label in self.choices.items())
            raise ValueError(_("“%(text)s” is not one of: %(known)s.") % {"text": value, "known": known})
        return int(value)


class Reference(Text):
    """Another row of the project, by its name; by its ID where several have the same name.

    Shape: the attribute is the column of the foreign key, e.g. `queue_id`.
    """

    def __init__(self, model: str, name: str = "name") -> None:
        """`model` is `app.Model`; `name` its column that people know."""
        super().__init__()
        self.label, self.name = model, name

    def load(self, project: Project) -> None:
        """Read the names once. Cost: one query."""
        self.model = apps.get_model(self.label)
        self.keys: dict[str, list[int]] = defaultdict(list)
        self.names: dict[int, str] = {}
        rows = self.model._default_manager.filter(project=project).values_list("pk", "public_id", self.name)
        for key, public_id, name in rows:
            self.keys[name].append(key)
            self.names[key] = public_id
        for key, _public_id, name in rows:
            if self.tells(name):
                self.names[key] = name
        for key, public_id, _name in rows:
            self.keys.setdefault(public_id, [key])

    def tells(self, name: str) -> bool:
        """Whether a cell with this name says which row is meant."""
        return len(self.keys[name]) == 1

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> int | None:
        if not value:
            return None
        kind = self.model._meta.verbose_name
        match self.keys.get(value, []):
            case [key]:
                return key
            case []:
                raise ValueError(_("There is no %(kind)s “%(name)s”.") % {"kind": kind, "name": value})
            case _:
                raise ValueError(
                    _("Several rows are called “%(name)s”. Write the ID of the %(kind)s instead.")
                    % {"kind": kind, "name": value}
                )

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return self.names.get(value, "")


class References(Reference):
    """Several other rows of the project, separated by semicolons; a name that has one itself is written as its ID.

    Shape: the value is a frozenset of keys.
    """

    def tells(self, name: str) -> bool:
        return SEPARATOR not in name and super().tells(name)

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> Any:
        names = (name.strip() for name in value.split(SEPARATOR))
        return frozenset(super(References, self).clean(name) for name in names if name)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return f"{SEPARATOR} ".join(sorted(self.names[key] for key in value or () if key in self.names))


class ProjectResource(resources.Resource):
    """The rows of one project, known by a natural key.

    For subclasses: the columns; `model`; `key` is the attribute that tells rows apart and `key_column` the column that
    holds it; `check` refuses what does not fit together. Rows of other projects can be neither found nor named.
    """

    model: ClassVar[type[models.Model]]
    key: ClassVar[str]
    key_column: ClassVar[str]
    phone_columns: ClassVar[tuple[str, ...]] = ()

    class Meta:
        instance_loader_class = BaseInstanceLoader
        use_transactions = True
        skip_unchanged = True
        skip_html_diff = True
        store_instance = True

    def __init__(self, project: Project) -> None:
        super().__init__()
        self.project = project
        for field in self.fields.values():
            if isinstance(field.widget, Reference):
                field.widget.load(project)

    # ── What subclasses say ──────────────────────────────────────────────────────────────────────────────────────
    def key_of(self, cell: str) -> str:
        """The key in a cell of `key_column`. Raises ValidationError."""
        if not cell:
            raise ValidationError({self.key_column: _("This is empty.")})
        return cell

    def check(self, row: Any) -> None:
        """Refuse a row whose values do not fit together. Raises ValidationError."""

    # ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────
    def columns(self) -> list[str]:
        """The names of all columns, in order."""
        return [field.column_name for field in self.get_import_fields()]

    def rows(self) -> models.QuerySet[models.Model]:
        """What the project has of this kind."""
        return self.model._default_manager.filter(project=self.project)

    @classmethod
    def get_db_connection_name(cls) -> str:
        return router.db_for_write(cls.model)

    def init_instance(self, row: Any = None) -> models.Model:
        return self.model()

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Load, in one query, the rows that the file is about."""
        keys = [self._key_or_nothing(cell) for cell in dataset[self.key_column]]
        self.repeated = {key for key, times in Counter(keys).items() if times > 1}
        self.existing: Mapping[str, list[Any]] = defaultdict(list)
        for row in self.rows().filter(**{f"{self.key}__in": [key for key in keys if key]}).order_by("pk"):
            self.existing[getattr(row, self.key)].append(row)
        self.load_links([row for rows in self.existing.values() for row in rows])

    def load_links(self, rows: Sequence[Any]) -> None:
        """Load what `after_init_instance` and the export need of linked rows."""

    def _key_or_nothing(self, cell: str) -> str:
        try:
            return self.key_of(cell)
        except ValidationError:
            return ""

    def get_instance(self, instance_loader: Any, row: Mapping[str, str]) -> Any:
        key = self.key_of(row[self.key_column])
        if key in self.repeated:
            raise ValidationError({self.key_column: _("This is in several lines of the file.")})
        match self.existing.get(key, []):
            case []:
                return None
            case [found]:
                return found
            case _:
                raise ValidationError({self.key_column: _("Several rows have this name. Rename them first.")})

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        instance.project = self.project

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """Everything but uniqueness and references: the key and the names were looked up inside the project."""
        errors = dict(import_validation_errors or {})
        left_out = {field.name for field in instance._meta.fields if field.is_relation or not field.editable}
        checks = (
            lambda: instance.clean_fields(exclude={*errors, *left_out}),
            lambda: self._check_phone_numbers(instance),
            lambda: self.check(instance),
        )
        for check in checks:
            try:
                check()
            except ValidationError as error:
                error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def _check_phone_numbers(self, instance: Any) -> None:
        wrong = {}
        for name in self.phone_columns:
            if text := getattr(instance, name):
                try:
                    phone_digits(text, self.project.country)
                except ValidationError as error:
                    wrong[name] = error
        if wrong:
            raise ValidationError(wrong)

    # ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────
    def table(self, rows: Iterable[Any]) -> tuple[list[str], list[list[str]]]:
        """Column names and cells of rows, for a file."""
        found = list(rows)
        self.load_links(found)
        return self.columns(), [self.cells(row) for row in found]

    def cells(self, row: Any) -> list[str]:
        """One row as text, in the order of `columns`."""
        return [self.export_field(field, row) for field in self.get_import_fields()]
