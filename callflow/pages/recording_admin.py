"""Recordings of conversations, and voicemails: listened to here, deleted with their files."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from callflow.models import Voicemail
from callflow.pages import words
from callflow.pages.lists import StoredPage, period_of
from callflow.pages.recording_erasing import erase_caller
from callflow.pages.recording_player import player, recording_audio
from calls.models import Recording, RecordingKind, RecordingState
from calls.recordings import delete_recording
from ivr import greeting_player
from projects.console import needs_project, role_of
from projects.console.columns import address_of, in_one_line, link_to


class RecordingPage(StoredPage):
    """What both lists have."""

    kind: ClassVar[RecordingKind]
    list_display_links = None
    list_select_related = ("call", "call__agent", "queue")
    search_fields = ("call__call_id", "call__customer_number", "call__agent__name", "recording_id")
    search_digits_fields = ("call__customer_number",)
    search_help_text = gettext_lazy("Caller, call ID or agent")
    ordering = ("-started_at", "-pk")
    actions = ()
    actions_list: ClassVar = ["erase"]
    empty_next_to_write = ((gettext_lazy("Simulate a call"), "admin:calls_call_simulate"),)

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(js=[greeting_player.SCRIPT], css={"all": [greeting_player.STYLE]})

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return role_of(request) in self.write_roles

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(kind=self.kind)

    def delete_row(self, request: HttpRequest, row: Model) -> None:
        assert isinstance(row, Recording)  # noqa: S101 - tells the type checker whose page this is
        delete_recording(row)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A recording has no page of its own: its call has one."""
        return HttpResponseRedirect(address_of(self.row_or_404(request, object_id).call))

    @action(
        description=gettext_lazy("Erase a caller's recordings"),
        url_path="erase",
        permissions=["delete"],
        icon="delete_forever",
    )
    def erase(self, request: HttpRequest) -> HttpResponse:
        """All that there is of one caller, in both lists."""
        return erase_caller(request, self.model)

    @display(description=gettext_lazy("Recorded"), ordering="started_at")
    def recorded_at(self, recording: Recording) -> str:
        return words.moment_text(recording.started_at)

    @display(description=gettext_lazy("Caller"), ordering="call__customer_number")
    def caller(self, recording: Recording) -> SafeString:
        return link_to(recording.call, in_one_line(words.customer_text(recording.call)))

    @display(description=gettext_lazy("Listen"), ordering="duration_ms")
    def listen(self, recording: Recording) -> SafeString | str:
        return player(recording)

    @display(description=gettext_lazy("Queue"), ordering="queue__name")
    def of_queue(self, recording: Recording) -> SafeString | str:
        return link_to(recording.queue) if recording.queue is not None else words.NOTHING

    @display(description=gettext_lazy("Size"), ordering="size_bytes")
    def size(self, recording: Recording) -> str:
        there_is_one = recording.state == RecordingState.READY and recording.size_bytes
        return filesizeformat(recording.size_bytes) if there_is_one else words.NOTHING


@admin.register(Recording)
class RecordingAdmin(RecordingPage):
    """Recorded conversations."""

    kind = RecordingKind.CONVERSATION
    list_display = ("recorded_at", "caller", "with_agent", "of_queue", "listen", "size")
    list_filter: ClassVar = [
        period_of("started_at"),
        ("queue", RelatedDropdownFilter),
        ("call__agent", RelatedDropdownFilter),
    ]
    list_filter_submit = True
    empty_text = gettext_lazy("Conversations are recorded when the queue or the number says so. They are kept here.")

    def get_urls(self) -> list[URLPattern]:
        audio = self.admin_site.admin_view(needs_project(recording_audio), cacheable=True)
        return [path("<str:recording_id>/audio/", audio, name="calls_recording_audio"), *super().get_urls()]

    @display(description=gettext_lazy("Agent"), ordering="call__agent__name")
    def with_agent(self, recording: Recording) -> SafeString | str:
        return link_to(recording.call.agent) if recording.call.agent is not None else words.NOTHING


class ListenedFilter(DropdownFilter):
    """Messages that nobody has listened to, and others."""

    title = gettext_lazy("listened to")
    parameter_name = "listened"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", gettext_lazy("New")), ("yes", gettext_lazy("Listened to"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Recording]) -> QuerySet[Recording]:
        if self.value() == "no":
            return queryset.filter(listened_at=None, state=RecordingState.READY)
        return queryset.exclude(listened_at=None) if self.value() == "yes" else queryset


@admin.register(Voicemail)
class VoicemailAdmin(RecordingPage):
    """Messages that callers have left."""

    kind = RecordingKind.VOICEMAIL
    list_display = ("recorded_at", "caller", "of_queue", "listen", "is_new")
    list_filter: ClassVar = [ListenedFilter, period_of("started_at"), ("queue", RelatedDropdownFilter)]
    list_filter_submit = True
    empty_text = gettext_lazy(
        "Callers leave a message where an IVR key or a queue leads them to voicemail. Listen to the messages here."
    )

    @display(description=gettext_lazy("State"), ordering="listened_at")
    def is_new(self, recording: Recording) -> SafeString | str:
        if recording.state != RecordingState.READY:
            return words.NOTHING
        if recording.listened_at is not None:
            return format_html('<span class="call-badge is-default">{}</span>', _("Listened to"))
        badge = '<span class="call-badge is-primary" data-new-message data-listened="{}">{}</span>'
        return format_html(badge, _("Listened to"), _("New"))
