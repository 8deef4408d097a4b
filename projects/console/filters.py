"""List filters that offer only rows of the chosen project."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest

from projects.console.scope import project_of, within


class FormOfProject(RelatedFieldListFilter):
    """For filters drawn as a form: a row of another project is not even named as the selected one."""

    def __init__(self, field: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.project = project_of(request)
        super().__init__(field, request, *args, **kwargs)

    def choices(self, changelist: Any) -> Iterator[Any]:
        choice: Any  # the theme's filters give a form, Django's a dict of texts
        for choice in super().choices(changelist):
            for field in choice["form"].fields.values() if "form" in choice else ():
                if hasattr(field, "queryset"):
                    field.queryset = within(field.queryset, self.project)
            yield choice


class ChoicesOfProject(FormOfProject):
    """For filters that list every related row as a choice."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Any:
        rows = within(field.remote_field.model._default_manager.all(), self.project)
        ordering = self.field_admin_ordering(field, request, model_admin)
        return [(row.pk, str(row)) for row in (rows.order_by(*ordering) if ordering else rows)]


@lru_cache(maxsize=64)
def of_project(filter_class: type[RelatedFieldListFilter]) -> type[RelatedFieldListFilter]:
    """The same filter, offering only what the project has. A filter that looks up its own choices keeps them."""
    looks_up = filter_class.field_choices is not RelatedFieldListFilter.field_choices
    scoped = FormOfProject if looks_up else ChoicesOfProject
    return type(filter_class.__name__, (scoped, filter_class), {})
