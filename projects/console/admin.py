"""The classes that console pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin import RelatedFieldListFilter, ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import get_fields_from_path, unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from common.deletion import delete_or_refuse
from common.phone import searchable_digits
from common.refusals import Refusal
from common.validation import row_number
from projects.console import filters
from projects.console.bulk import MOST_ROWS
from projects.console.deletion import DELETE_ACTION, Deletion
from projects.console.forms import ProjectForm, with_project
from projects.console.scope import SUPERVISORS_AND_OWNERS, may_write, needs_project, project_of, role_of, within
from projects.models import Role


class ConsoleAdmin(ModelAdmin):
    """A page of the console, with or without a project: how it deletes, what it says when it is empty."""

    list_per_page = 50
    in_search = True  # whether the search over everything finds these rows
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # counting for every choice of every filter is not worth its queries
    list_title: Any = ""  # instead of the model's name, above the list
    # Shown when there is no row at all: what these rows are for, and what to do next (label, name of the address).
    empty_text: Any = ""
    empty_next: Sequence[tuple[Any, str]] = ()
    empty_next_to_write: Sequence[tuple[Any, str]] = ()  # for those only whom these pages let in

    def next_steps(self, request: HttpRequest) -> Sequence[tuple[Any, str]]:
        """What to do next when there is no row at all: pages that the user may open."""
        return (*self.empty_next_to_write, *self.empty_next) if may_write(request) else self.empty_next

    def delete_row(self, request: HttpRequest, row: models.Model) -> None:
        """Delete one row; pages whose rows are deleted by a service call it here. Raises InUse."""
        delete_or_refuse(row)

    def also_affected(self, row: models.Model) -> Iterable[models.Model]:
        """Rows that `delete_row` takes along by a rule of its own; those that foreign keys take are known."""
        return ()

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say who is affected, or why it is refused and what to do; then delete."""
        row = self.row_or_404(request, object_id)
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        return Deletion(self, request, [row]).respond()

    def delete_rows(self, request: HttpRequest, rows: models.QuerySet[models.Model]) -> HttpResponse | None:
        """The bulk action: every row by itself, those that are refused stay."""
        if rows.count() > MOST_ROWS:
            text = _("At most %(most)s rows can be deleted at once. Choose fewer.") % {"most": MOST_ROWS}
            self.message_user(request, text, messages.ERROR)
            return None
        return Deletion(self, request, list(rows)).respond()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if self.actions is not None and actions is not None and self.has_delete_permission(request):
            actions[DELETE_ACTION] = (_delete_rows, DELETE_ACTION, gettext_lazy("Delete"))
        return actions

    def response_action(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """As usual; what cannot be the key of a row is not among the chosen rows."""
        sent = request.POST.copy()
        sent.setlist(ACTION_CHECKBOX_NAME, [each for each in sent.getlist(ACTION_CHECKBOX_NAME) if self.is_key(each)])
        request.POST = sent  # type: ignore[assignment] # a copy is as good
        response: HttpResponse | None = super().response_action(request, queryset)
        return response

    def is_key(self, text: str) -> bool:
        """Whether a text from a page can be a row's key; for pages whose rows have no numbers."""
        return bool(row_number(text))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """As usual; when a service refuses, or somebody else was faster, say so instead of failing."""
        try:
            response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except IntegrityError:
            text = _("Somebody changed the same thing at the same time, so nothing was saved. Please try again.")
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The row's part of the configuration history."""
        row = self.row_or_404(request, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return HttpResponseRedirect(f"{reverse('admin:auditlog_logentry_changelist')}?{history_query(row)}")

    def row_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """The row that an address names. Raises Http404 when there is no such row for this user."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return row

    def address_of(self, row: models.Model) -> str:
        """The page of one row."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def is_empty(self, request: HttpRequest) -> bool:
        """Whether there is no row at all, as opposed to none that matches."""
        return not self.get_queryset(request).exists()

    # The configuration history is kept by auditlog, for every door; the admin's own log would say it twice.
    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None: ...

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None: ...

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None: ...

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404


class ChoicesOfProjectMixin:
    """Foreign keys and many-to-many fields offer, and accept, rows of the chosen project only."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return self._within(super().formfield_for_foreignkey(db_field, request, **kwargs), request)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return self._within(super().formfield_for_manytomany(db_field, request, **kwargs), request)  # type: ignore[misc]

    @staticmethod
    def _within(field: Any, request: HttpRequest) -> Any:
        if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
            field.queryset = within(field.queryset, project_of(request))
        return field


class RolesMixin:
    """Members see; those with one of `write_roles` change."""

    view_roles: ClassVar[frozenset[Role]] = frozenset(Role)
    write_roles: ClassVar[frozenset[Role]] = SUPERVISORS_AND_OWNERS

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return role_of(request) in self.view_roles

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return role_of(request) in self.write_roles

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return role_of(request) in self.write_roles

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return role_of(request) in self.write_roles


class ProjectAdmin(RolesMixin, ChoicesOfProjectMixin, ConsoleAdmin):
    """A page of one kind of row of the chosen project.

    For subclasses: `write_roles`; `delete_row` and `also_affected`; what an empty list says (`empty_text`,
    `empty_next`, `empty_next_to_write`); `phone_fields` are checked to be telephone numbers; `search_digits_fields` are
    found by a number in any spelling.
    """

    form = ProjectForm
    phone_fields: tuple[str, ...] = ()
    search_digits_fields: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        urls: list[URLPattern] = super().get_urls()
        for url in urls:
            url.callback = needs_project(url.callback)
        return urls

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[models.Model]:
        rows: models.QuerySet[models.Model] = super().get_queryset(request)
        return within(rows, project_of(request))

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> type[ProjectForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        return with_project(form, project_of(request), self.phone_fields)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change and hasattr(obj, "project_id"):
            obj.project = project_of(request)
        super().save_model(request, obj, form, change)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [self._of_project(each) for each in super().get_list_filter(request)]

    def _of_project(self, listed: Any) -> Any:
        if isinstance(listed, str):
            field = get_fields_from_path(self.model, listed)[-1]
            return (listed, filters.of_project(RelatedFieldListFilter)) if field.is_relation else listed
        if isinstance(listed, tuple) and issubclass(listed[1], RelatedFieldListFilter):
            return listed[0], filters.of_project(listed[1])
        return listed

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[models.Model], search_term: str
    ) -> tuple[models.QuerySet[models.Model], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        digits = searchable_digits(search_term)
        if not digits or not self.search_digits_fields:
            return found, may_repeat
        by_digits = models.Q()
        for name in self.search_digits_fields:
            by_digits |= models.Q(**{f"{name}__contains": digits})
        return found | queryset.filter(by_digits), may_repeat


class ProjectInlineMixin(RolesMixin, ChoicesOfProjectMixin):
    """Rows inside another row's page: of the same project, with the same rules."""

    extra = 0
    phone_fields: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[models.Model]:
        rows: models.QuerySet[models.Model] = super().get_queryset(request)  # type: ignore[misc]
        return within(rows, project_of(request))

    def get_formset(self, request: HttpRequest, obj: models.Model | None = None, **kwargs: Any) -> Any:
        form = kwargs.pop("form", self.form)  # type: ignore[attr-defined]
        kwargs["form"] = with_project(form, project_of(request), self.phone_fields)
        return super().get_formset(request, obj, **kwargs)  # type: ignore[misc]


class ProjectTabularInline(ProjectInlineMixin, TabularInline):
    """Rows of the project in a table."""


class ProjectStackedInline(ProjectInlineMixin, StackedInline):
    """Rows of the project below each other."""


def _delete_rows(admin: ConsoleAdmin, request: HttpRequest, rows: models.QuerySet[models.Model]) -> HttpResponse | None:
    return admin.delete_rows(request, rows)


def history_query(row: models.Model) -> str:
    """The part of an address that narrows the configuration history to one row."""
    return f"row={row._meta.label_lower}@{row.pk}"
