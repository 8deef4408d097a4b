"""Console pages of greeting files: the list with players, the page of one file, and the upload of several."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from common.refusals import InvalidInput
from ivr import greetings
from ivr.greeting_player import SCRIPT, STYLE, length_text, player
from ivr.greeting_uses import unused, used, uses_of, with_uses
from ivr.models import GreetingFile
from projects.console import ProjectAdmin, project_of
from projects.console.columns import LINK, SHOWN_LINKS, address_of
from sounds.audio import report

ACCEPTED = ".wav,.mp3,.ogg,.oga,.opus,.m4a,.mp4,.flac,audio/*"
REFUSED = 422  # understood, but not accepted


class UseFilter(SimpleListFilter):
    """Files that are played somewhere, and others."""

    title = gettext_lazy("use")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Used")), ("no", gettext_lazy("Not used"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[GreetingFile]) -> QuerySet[GreetingFile]:
        if self.value() == "yes":
            return used(queryset)
        return unused(queryset) if self.value() == "no" else queryset


@admin.register(GreetingFile)
class GreetingFileAdmin(ProjectAdmin):
    """Announcements and music that callers hear."""

    list_display = ("name", "listen", "used_by", "size", "uploaded_as", "created_at")
    search_fields = ("desc1", "original_name", "filename", "sid")
    search_help_text = gettext_lazy("Description or file name")
    list_filter: ClassVar = [UseFilter]
    ordering = ("-created_at", "-pk")
    fields = ("desc1", "listen_large", "copy_filename", "used_by_all", "uploaded_as", "length", "size", "created_at")
    readonly_fields = fields[1:]
    empty_text = gettext_lazy(
        "Greeting files are the announcements of an IVR tree and the music of a queue. Upload your first recording."
    )

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(js=[SCRIPT, "ivr_audio/upload.js"], css={"all": [STYLE]})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return with_uses(rows)

    def delete_row(self, request: HttpRequest, row: Model) -> None:
        assert isinstance(row, GreetingFile)  # noqa: S101 - tells the type checker whose page this is
        greetings.delete_greeting(row)

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    @display(description=gettext_lazy("Greeting file"), ordering="desc1")
    def name(self, greeting: GreetingFile) -> str:
        return str(greeting)

    @display(description=gettext_lazy("Listen"), ordering="duration_ms")
    def listen(self, greeting: GreetingFile) -> SafeString:
        return player(greeting)

    @display(description=gettext_lazy("Used by"))
    def used_by(self, greeting: GreetingFile) -> SafeString | str:
        found = uses_of(greeting)
        if not found:
            return _("Not used")
        context = {"uses": found[:SHOWN_LINKS], "more": len(found[SHOWN_LINKS:])}
        return render_to_string("ivr/greeting/uses.html", context)

    @display(description=gettext_lazy("Size"), ordering="size_bytes")
    def size(self, greeting: GreetingFile) -> str:
        return filesizeformat(greeting.size_bytes)

    @display(description=gettext_lazy("Uploaded as"), ordering="original_name")
    def uploaded_as(self, greeting: GreetingFile) -> SafeString | str:
        """The name it had, leading to the upload as it came."""
        if not greeting.original_name:
            return "–"
        address = reverse("console-greeting-original", args=[greeting.public_id])
        return format_html(LINK, address, greeting.original_name)

    # ── One file ─────────────────────────────────────────────────────────────────────────────────────────────────
    @display(description=gettext_lazy("Listen"))
    def listen_large(self, greeting: GreetingFile) -> SafeString | str:
        if not greetings.has_audio(greeting):
            return _("The audio of this file is missing on the server. Upload it again.")
        return player(greeting, large=True)

    @display(description=gettext_lazy("File name"))
    def copy_filename(self, greeting: GreetingFile) -> SafeString:
        return render_to_string("ivr/greeting/filename.html", {"greeting": greeting})

    @display(description=gettext_lazy("Used by"))
    def used_by_all(self, greeting: GreetingFile) -> SafeString:
        return render_to_string("ivr/greeting/uses.html", {"uses": uses_of(greeting)})

    @display(description=gettext_lazy("Length"))
    def length(self, greeting: GreetingFile) -> str:
        return length_text(greeting.duration_ms)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "show_save_and_add_another": False}
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response

    # ── Upload ───────────────────────────────────────────────────────────────────────────────────────────────────
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take in several files; a script sends them one by one and asks for JSON.

        Shape of the JSON: {"name", "address", "player"} for a stored file, {"error"} with status 422 for a refused one.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._upload_page(request, {})
        uploads = request.FILES.getlist("files")
        if request.accepts("text/html"):
            return self._store_all(request, uploads)
        return self._store_one(request, uploads)

    def _store_one(self, request: HttpRequest, uploads: list[UploadedFile[bytes]]) -> JsonResponse:
        try:
            upload = uploads[0] if uploads else None
            greeting = self._store(request, upload, request.POST.get("description", ""))
        except InvalidInput as refusal:
            return JsonResponse({"error": refusal.message}, status=REFUSED)
        return JsonResponse({"name": str(greeting), "address": address_of(greeting), "player": player(greeting)})

    def _store_all(self, request: HttpRequest, uploads: list[UploadedFile[bytes]]) -> HttpResponse:
        stored, problems = 0, {}
        chosen: list[UploadedFile[bytes] | None] = [*uploads] or [None]
        for upload in chosen:
            try:
                self._store(request, upload, "")
                stored += 1
            except InvalidInput as refusal:
                problems[greetings.shown_name(upload.name or "") if upload else ""] = refusal.message
        if stored:
            text = ngettext("%(count)s file is ready.", "%(count)s files are ready.", stored) % {"count": stored}
            self.message_user(request, text, messages.SUCCESS)
        if problems:
            return self._upload_page(request, problems)
        return HttpResponseRedirect(reverse("admin:ivr_greetingfile_changelist"))

    def _store(self, request: HttpRequest, upload: UploadedFile[bytes] | None, description: str) -> GreetingFile:
        if upload is None:
            raise InvalidInput(_("Choose a file."))
        return greetings.store_greeting(
            project_of(request), upload, original_name=upload.name or "", description=description
        )

    def _upload_page(self, request: HttpRequest, problems: dict[str, str]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Upload greeting files"),
            "opts": self.opts,
            "media": self.media,
            "problems": problems,
            "accepted": ACCEPTED,
            "most_bytes": settings.GREETING_MAX_BYTES,
            "most_size": filesizeformat(settings.GREETING_MAX_BYTES),
            "most_minutes": report.LONGEST_S // 60,
            "list_url": reverse("admin:ivr_greetingfile_changelist"),
            "description_length": GreetingFile._meta.get_field("desc1").max_length,
            "texts": _script_texts(),
        }
        return TemplateResponse(request, "ivr/greeting/upload.html", context)


def _script_texts() -> dict[str, str]:
    """What the upload script says."""
    most = filesizeformat(settings.GREETING_MAX_BYTES)
    return {
        "tooLarge": _("The file is too large. At most %(most)s are accepted.") % {"most": most},
        "empty": _("The file is empty."),
        "uploading": _("Uploading: {percent} %"),
        "checking": _("Uploaded. Checking and converting…"),
        "ready": _("Ready"),
        "failed": _("The upload was interrupted. Check the connection and press Upload again."),
        "signIn": _("The server did not take the file. Load the page again and sign in."),
        "summary": _("{stored} stored, {refused} refused"),
        "nothing": _("Choose a file."),
    }
