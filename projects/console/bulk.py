"""Actions on many rows at once: first a page that says what will change, then all of it in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.refusals import Refusal
from projects.console.scope import project_of, within

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from projects.console.admin import ConsoleAdmin

MOST_ROWS = 1000  # so many old → new lines can still be looked through, and fit in one form


@dataclass(frozen=True)
class Change:
    """One line of the confirmation: what it is about, how it is, how it will be."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Plan:
    """What an action will do to one row: nothing, some changes, or a refusal."""

    row: models.Model
    changes: Sequence[Change] = ()
    fields: Sequence[str] = ()
    refused: str = ""


Planner = Callable[..., Iterable[Change] | None]
Applier = Callable[..., None]


def bulk_action(
    *,
    description: StrOrPromise,
    form: type[forms.Form] | None = None,
    apply: Applier | None = None,
    permissions: Sequence[str] = ("change",),
    danger: bool = False,
) -> Callable[[Planner], Callable[..., TemplateResponse | None]]:
    """Make an admin action of a function that changes one row in memory.

    Shape: `function(self, request, row)`, or `function(self, request, row, data)` with a `form`, whose fields are
    asked on the confirmation page and whose `cleaned_data` is `data`. The columns that the function sets are shown
    old → new and saved. Choices in the form are narrowed to the project. For what is not a column, return `Change`s
    and give `apply(self, request, row, data)`, which is then called instead of saving. Raise a
    `common.refusals.Refusal` to leave a row out with the reason.
    """

    def decorate(plan_row: Planner) -> Callable[..., TemplateResponse | None]:
        @wraps(plan_row)
        def action(
            admin: ConsoleAdmin, request: HttpRequest, rows: models.QuerySet[models.Model]
        ) -> TemplateResponse | None:
            return _BulkAction(admin, request, rows, plan_row, form, apply, description, danger).respond()

        action.short_description = description  # type: ignore[attr-defined]
        action.allowed_permissions = permissions  # type: ignore[attr-defined]
        return action

    return decorate


class _BulkAction:
    """One run of an action: the first POST shows the plan, the one with `confirmed` carries it out."""

    def __init__(
        self,
        admin: ConsoleAdmin,
        request: HttpRequest,
        rows: models.QuerySet[models.Model],
        plan_row: Planner,
        form: type[forms.Form] | None,
        apply: Applier | None,
        description: StrOrPromise,
        danger: bool,
    ) -> None:
        self.admin, self.request, self.rows = admin, request, rows
        self.plan_row, self.apply = plan_row, apply
        self.description, self.danger = description, danger
        self.form = self._bound(form)

    def _bound(self, form: type[forms.Form] | None) -> forms.Form | None:
        if form is None:
            return None
        asked = "confirmed" in self.request.POST or "asked" in self.request.POST
        bound = form(self.request.POST if asked else None, prefix="with")
        for field in bound.fields.values():
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                field.queryset = within(field.queryset, project_of(self.request))
        return bound

    def respond(self) -> TemplateResponse | None:
        if self.rows.count() > MOST_ROWS:
            text = _("At most %(most)s rows can be changed at once. Choose fewer.") % {"most": MOST_ROWS}
            self.admin.message_user(self.request, text, messages.ERROR)
            return None
        if self.form is not None and not self.form.is_valid():
            return self._page([])
        if "confirmed" not in self.request.POST:
            return self._page([self._plan(row) for row in self.rows])
        self._carry_out()
        return None

    def _arguments(self, row: models.Model) -> list[Any]:
        return [self.admin, self.request, row, *([self.form.cleaned_data] if self.form is not None else [])]

    def _plan(self, row: models.Model) -> Plan:
        before = _values(row)
        try:
            described = self.plan_row(*self._arguments(row))
        except Refusal as refusal:
            return Plan(row, refused=refusal.message)
        if self.apply is not None:
            return Plan(row, changes=tuple(described or ()))
        after = _values(row)
        fields = [field for field in row._meta.concrete_fields if before[field.attname] != after[field.attname]]
        changes = [Change(capfirst(str(f.verbose_name)), _shown(f, before), _shown(f, after)) for f in fields]
        return Plan(row, changes, [field.name for field in fields])

    def _carry_out(self) -> None:
        try:
            with transaction.atomic():
                changed = sum(self._carry_out_one(self._plan(row)) for row in self._locked())
        except Refusal as refusal:
            self.admin.message_user(self.request, _("Nothing was changed: %(why)s") % {"why": refusal.message}, "error")
        except ValidationError as error:
            why = " ".join(error.messages)
            self.admin.message_user(self.request, _("Nothing was changed: %(why)s") % {"why": why}, messages.ERROR)
        else:
            text = ngettext("%(count)s row changed.", "%(count)s rows changed.", changed) % {"count": changed}
            self.admin.message_user(self.request, text, messages.SUCCESS)

    def _locked(self) -> models.QuerySet[models.Model]:
        """The rows by themselves: a list with counted columns cannot be locked."""
        keys = list(self.rows.values_list("pk", flat=True))
        return self.rows.model._default_manager.filter(pk__in=keys).order_by("pk").select_for_update()

    def _carry_out_one(self, plan: Plan) -> bool:
        if plan.refused or not plan.changes:
            return False
        if self.apply is not None:
            data = self.form.cleaned_data if self.form is not None else {}
            self.apply(self.admin, self.request, plan.row, data)
        else:
            plan.row.clean_fields(exclude=[f.name for f in plan.row._meta.fields if f.name not in plan.fields])
            plan.row.save()
        return True

    def _page(self, plans: list[Plan]) -> TemplateResponse:
        context = {
            **self.admin.admin_site.each_context(self.request),
            "title": self.description,
            "opts": self.admin.opts,
            "media": self.admin.media + (self.form.media if self.form is not None else forms.Media()),
            "form": self.form,
            "plans": [plan for plan in plans if plan.changes],
            "refused": [plan for plan in plans if plan.refused],
            "unchanged": [plan for plan in plans if not plan.changes and not plan.refused],
            "planned": bool(plans),
            "danger": self.danger,
            "action": self.request.POST.getlist("action")[0],
            "selected": list(self.rows.values_list("pk", flat=True)),
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(self.request, "console/bulk_action.html", context)


def _values(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _shown(field: models.Field[Any, Any], values: dict[str, Any]) -> str:
    """A column's value as people read it."""
    value = values[field.attname]
    if value is None or value == "":
        return "–"
    if isinstance(field, models.ForeignKey):
        return str(field.remote_field.model._default_manager.filter(pk=value).first() or value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if field.flatchoices:
        return str(dict(field.flatchoices).get(value, value))
    return str(localize(value))
