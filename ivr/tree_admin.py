"""Console pages of IVR trees: the list, and for each tree its picture with the outline editor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from ivr import services
from ivr.addresses import tree_address
from ivr.domain.findings import Severity
from ivr.models import IvrTree
from ivr.selectors import trees_for_linting, trees_with_counts
from ivr.tree_editor import TreeEditor
from projects.console import Change, ProjectAdmin, bulk_action, needs_project, project_of
from projects.console.columns import links_to

NAME_MAX_LENGTH = IvrTree._meta.get_field("tree_name").max_length


class LintedChangeList(ChangeList):
    """A page of trees that knows what the linter finds in those that it shows."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        for linted in trees_for_linting(project_of(request), self.result_list):
            linted.row.worst = [finding.severity for finding in linted.findings]  # type: ignore[attr-defined]


class FindingsFilter(SimpleListFilter):
    """Trees by the worst thing that the linter finds in them."""

    title = gettext_lazy("findings")
    parameter_name = "findings"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("error", gettext_lazy("With errors")),
            ("warning", gettext_lazy("With warnings, without errors")),
            ("none", gettext_lazy("Without errors and warnings")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[IvrTree]) -> QuerySet[IvrTree]:
        if not self.value():
            return queryset
        trees = IvrTree.objects.filter(project=project_of(request))
        chosen = [
            linted.row.pk
            for linted in trees_for_linting(project_of(request), trees)
            if _worst(finding.severity for finding in linted.findings) == self.value()
        ]
        return queryset.filter(pk__in=chosen)


def _worst(severities: Iterable[Severity]) -> str:
    found = set(severities)
    return next((worst.value for worst in (Severity.ERROR, Severity.WARNING) if worst in found), "none")


class UseFilter(SimpleListFilter):
    """Trees that calls come to, and others."""

    title = gettext_lazy("numbers")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Used by a number")), ("no", gettext_lazy("Not used"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[IvrTree]) -> QuerySet[IvrTree]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(numbers__isnull=self.value() == "no").distinct()


def _copy_name(tree: IvrTree) -> str:
    """What a copy is called, never longer than names may be."""
    suffix = _(" (copy)")
    return tree.tree_name[: (NAME_MAX_LENGTH or 0) - len(suffix)] + suffix


def _duplicate(page: ProjectAdmin, request: HttpRequest, tree: IvrTree, data: Mapping[str, Any]) -> None:
    services.duplicate_tree(tree, _copy_name(tree))


@admin.register(IvrTree)
class IvrTreeAdmin(ProjectAdmin):
    """IVR trees; a tree is edited on a page of its own making."""

    fields = ("tree_name",)
    list_display = ("tree_name", "node_count", "key_count", "used_by", "findings")
    search_fields = ("tree_name", "public_id", "nodes__node_name")
    search_help_text = gettext_lazy("Name of a tree or of one of its nodes")
    list_filter: ClassVar = [FindingsFilter, UseFilter]
    ordering = ("tree_name", "pk")
    actions = ("duplicate",)
    empty_text = gettext_lazy(
        "An IVR tree is the menu that callers hear: announcements, and what each key does. "
        "Create one, then its first node."
    )
    empty_next_to_write = ((gettext_lazy("Create an IVR tree"), "admin:ivr_ivrtree_add"),)

    class Media:
        css: ClassVar = {"all": ["ivr/tree.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LintedChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        trees: QuerySet[Any] = super().get_queryset(request)
        return trees_with_counts(trees).prefetch_related("numbers")

    @display(description=gettext_lazy("Nodes"), ordering="node_count")
    def node_count(self, tree: Any) -> int:
        count: int = tree.node_count
        return count

    @display(description=gettext_lazy("Keys"), ordering="key_count")
    def key_count(self, tree: Any) -> int:
        count: int = tree.key_count
        return count

    @display(description=gettext_lazy("Used by"))
    def used_by(self, tree: IvrTree) -> SafeString | str:
        return links_to(sorted(tree.numbers.all(), key=str)) or _("No number")

    @display(description=gettext_lazy("Findings"))
    def findings(self, tree: Any) -> SafeString:
        counts = [(severity, tree.worst.count(severity)) for severity in Severity]
        context = {"counts": [(severity, count) for severity, count in counts if count], "address": tree_address(tree)}
        return render_to_string("ivr/findings_cell.html", context)

    @bulk_action(
        description=gettext_lazy("Duplicate"),
        apply=_duplicate,
        permissions=("add",),
    )
    def duplicate(self, request: HttpRequest, tree: IvrTree) -> list[Change]:
        """A copy with all nodes and keys, which no number uses yet."""
        return [Change(_("New tree"), "–", _copy_name(tree))]

    def save_model(self, request: HttpRequest, obj: IvrTree, form: Any, change: bool) -> None:
        obj.project = project_of(request)
        services.save_tree(obj)

    def response_add(self, request: HttpRequest, obj: IvrTree, post_url_continue: str | None = None) -> HttpResponse:
        """A new tree opens in the editor, where its first node is asked for; a number's form gets it back instead."""
        if IS_POPUP_VAR in request.POST:
            chosen: HttpResponse = super().response_add(request, obj, post_url_continue)
            return chosen
        return HttpResponseRedirect(tree_address(obj))

    def get_urls(self) -> list[URLPattern]:
        step = needs_project(self.admin_site.admin_view(self.edit_view))
        of_tree = "<int:pk>/edit/<slug:step>/"
        return [
            path(of_tree, step, {"public_id": ""}, name="ivr_ivrtree_edit"),
            path(of_tree + "<slug:public_id>/", step, name="ivr_ivrtree_edit"),
            *super().get_urls(),
        ]

    def edit_view(self, request: HttpRequest, pk: int, step: str, public_id: str) -> HttpResponse:
        """One step of the editor, such as saving a node."""
        return self._editor(request, str(pk)).write(step, public_id)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of a tree."""
        return self._editor(request, unquote(object_id)).show()

    def _editor(self, request: HttpRequest, object_id: str) -> TreeEditor:
        tree = self.get_object(request, object_id)
        if tree is None:
            raise Http404
        if not self.has_view_permission(request, tree):
            raise PermissionDenied
        return TreeEditor(self, request, tree)
