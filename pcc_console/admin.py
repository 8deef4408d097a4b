"""The configuration history."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display
from unfold.views import ChangeList

from pcc_console.history import WATCHED
from pcc_console.history_page import ReadableChange, actor_of, readable_changes, row_names
from projects.console import ConsoleAdmin, needs_project, project_of, role_of, user_of

RECENT_ENTRIES = 5_000  # whoever changed something among so many is offered in the filter
ACTIONS = {
    LogEntry.Action.CREATE: (gettext_lazy("Added"), "success"),
    LogEntry.Action.UPDATE: (gettext_lazy("Changed"), "info"),
    LogEntry.Action.DELETE: (gettext_lazy("Deleted"), "danger"),
    LogEntry.Action.ACCESS: (gettext_lazy("Seen"), "warning"),
}
LISTENING = {  # a supervisor's part in a call (softphone.listening)
    "listen": gettext_lazy("Listens in"),
    "whisper": gettext_lazy("Whispers to the agent"),
    "talk": gettext_lazy("Joins the conversation"),
}


class KindFilter(DropdownFilter):
    """By what was changed."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        models = [apps.get_model(label) for label in WATCHED]
        return sorted(((m._meta.label_lower, capfirst(str(m._meta.verbose_name))) for m in models), key=lambda m: m[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        labels = {label.lower() for label in WATCHED}
        if self.value() not in labels:
            return queryset
        return queryset.filter(content_type=ContentType.objects.get_for_model(apps.get_model(self.value())))


class ActorFilter(DropdownFilter):
    """By who changed it: a user, or an API key or command by its name."""

    title = gettext_lazy("person or key")
    parameter_name = "actor"

    def has_output(self) -> bool:
        return True  # also in an address that names somebody who has done nothing yet

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        recent = of_project(request).order_by("-timestamp", "-id")
        found = set(recent.values_list("actor__username", "additional_data__actor")[:RECENT_ENTRIES])
        users = {(f"user:{user}", user) for user, named in found if user and not named}
        return sorted(users | {(f"name:{named}", named) for _user, named in found if named}, key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        kind, _colon, name = (self.value() or "").partition(":")
        if kind == "user":
            return queryset.filter(actor__username=name, additional_data__actor="")
        return queryset.filter(additional_data__actor=name) if kind == "name" else queryset


class RowFilter(admin.SimpleListFilter):
    """One row's own history; led to by the row's page, never shown as a choice."""

    title = gettext_lazy("row")
    parameter_name = "row"
    template = "console/no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        label, _at, key = (self.value() or "").partition("@")
        if label not in {watched.lower() for watched in WATCHED}:
            return queryset
        content_type = ContentType.objects.get_for_model(apps.get_model(label))
        return queryset.filter(content_type=content_type, object_pk=key)


def of_project(request: HttpRequest) -> QuerySet[LogEntry]:
    """The history of the chosen project; for operators also that of accounts and users, which belong to no project."""
    wanted = Q(additional_data__project=project_of(request).pk)
    if user_of(request).is_superuser:
        wanted |= Q(additional_data__project=None)
    rows: QuerySet[LogEntry] = LogEntry.objects.filter(wanted)
    return rows


class HistoryList(ChangeList):
    """Looks the names behind foreign keys up for the whole page at once."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        entries: list[Any] = list(self.result_list)
        for entry, changes, name in zip(entries, readable_changes(entries), row_names(entries), strict=True):
            entry.readable, entry.row_name = changes, name
        self.result_list = entries


@admin.register(LogEntry)
class HistoryAdmin(ConsoleAdmin):
    """Who changed what, when, from what to what. Nobody can change it."""

    list_display = ("moment", "who", "what_happened", "what", "changes_in_short")
    list_display_links = ("moment",)
    list_select_related = ("actor", "content_type")
    list_filter = (KindFilter, ("action", ChoicesDropdownFilter), ActorFilter, "timestamp", RowFilter)
    list_filter_submit = True
    search_fields = ("object_repr", "actor__username", "additional_data__actor", "changes_as_text")
    search_help_text = gettext_lazy("Name, person, or value")
    ordering = ("-timestamp", "-id")
    fields = ("moment", "who", "what_happened_in_words", "what", "remote_addr", "changes_in_full")
    readonly_fields = fields
    actions = None
    in_search = False
    list_title = gettext_lazy("History")
    empty_text = gettext_lazy("Every change of the configuration is kept here, whoever makes it.")

    def get_urls(self) -> list[Any]:
        urls: list[Any] = super().get_urls()
        for url in urls:
            url.callback = needs_project(url.callback)
        return urls

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogEntry]:
        rows: QuerySet[LogEntry] = of_project(request).annotate(changes_as_text=Cast("changes", TextField()))
        return rows.select_related("actor", "content_type").order_by(*self.ordering)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return HistoryList

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        no_history_of_history = {**context, "show_history": False}
        response: HttpResponse = super().render_change_form(request, no_history_of_history, **kwargs)
        return response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = self.change_view(request, object_id, extra_context=extra_context)
        return response

    @display(description=gettext_lazy("when"), ordering="timestamp")
    def moment(self, entry: LogEntry) -> str:
        return str(localize(localtime(entry.timestamp)))

    @display(description=gettext_lazy("who"))
    def who(self, entry: LogEntry) -> str:
        return actor_of(entry)

    @display(description=gettext_lazy("what happened"), label={a: style for a, (_label, style) in ACTIONS.items()})
    def what_happened(self, entry: LogEntry) -> tuple[int, str]:
        return entry.action, self.what_happened_in_words(entry)

    @display(description=gettext_lazy("what happened"))
    def what_happened_in_words(self, entry: LogEntry) -> str:
        part = (entry.additional_data or {}).get("listening")
        if part in LISTENING:
            return str(LISTENING[part])
        return str(ACTIONS[entry.action][0])

    @display(description=gettext_lazy("what"))
    def what(self, entry: LogEntry) -> SafeString:
        kind = capfirst(str(entry.content_type.name))
        name = getattr(entry, "row_name", "") or row_names([entry])[0]
        address = _address_of(entry)
        if not address:
            return format_html("{}: {}", kind, name)
        return format_html('{}: <a href="{}" class="text-link">{}</a>', kind, address, name)

    @display(description=gettext_lazy("changes"))
    def changes_in_short(self, entry: LogEntry) -> SafeString:
        return _drawn(entry, entry.readable, most=3)

    @display(description=gettext_lazy("changes"))
    def changes_in_full(self, entry: LogEntry) -> SafeString:
        return _drawn(entry, readable_changes([entry])[0], most=None)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return role_of(request) is not None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _address_of(entry: LogEntry) -> str:
    """The page of a row that is still there, where it has one."""
    if entry.action == LogEntry.Action.DELETE:
        return ""
    try:
        return reverse(
            f"admin:{entry.content_type.app_label}_{entry.content_type.model}_change", args=[entry.object_pk]
        )
    except NoReverseMatch:
        return ""


def _drawn(entry: LogEntry, changes: list[ReadableChange], most: int | None) -> SafeString:
    shown = changes if most is None else changes[:most]
    context = {
        "changes": shown,
        "more": len(changes) - len(shown),
        "is_new": entry.action == LogEntry.Action.CREATE,
        "is_gone": entry.action == LogEntry.Action.DELETE,
    }
    return render_to_string("console/changes.html", context)
