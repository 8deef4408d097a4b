"""The player of greeting files, for recordings; and the sound itself, for members of the project."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from callflow.pages import words
from callflow.pages.lists import ONLY_SHOWS, is_asked_to_write
from calls.models import Recording, RecordingState
from calls.recordings import path_of
from common import clock
from common.byte_ranges import serve_file
from ivr.greeting_player import SMALL_BARS, length_text
from ivr.waveform import HEIGHT, two_sided_path
from projects.console import project_of

CONTENT_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "mp4": "audio/mp4", "webm": "audio/webm"}
# Should the bytes ever be taken for a page, it can do nothing.
POWERLESS = "sandbox; default-src 'none'; media-src 'self'"


def player(recording: Recording) -> SafeString | str:
    """The player, or why there is nothing to play; pages that show it load the script and style of greeting files."""
    if recording.state != RecordingState.READY:
        return words.recording_text(recording)
    if path_of(recording) is None:
        return _("The file is missing on the server.")
    what = _("Message of %(moment)s") if recording.is_voicemail else _("Recording of %(moment)s")
    context = {
        "greeting": what % {"moment": words.moment_text(recording.started_at)},
        "audio": reverse("admin:calls_recording_audio", args=[recording.recording_id]),
        "length": length_text(recording.duration_ms),
        "seconds": recording.duration_ms / 1000,
        "path": two_sided_path(recording.peaks.get("left", []), recording.peaks.get("right", []), SMALL_BARS),
        "bars": SMALL_BARS,
        "height": HEIGHT,
    }
    return render_to_string("ivr/greeting/player.html", context)


def recording_audio(request: HttpRequest, recording_id: str) -> HttpResponseBase:
    """The sound of a recording; players may ask for a part of it. A voicemail counts as listened to from then on."""
    of_project = Recording.objects.filter(project=project_of(request), state=RecordingState.READY)
    recording = get_object_or_404(of_project, recording_id=recording_id)
    if is_asked_to_write(request):
        return HttpResponseNotAllowed(ONLY_SHOWS)
    kind = CONTENT_TYPES.get(recording.format, CONTENT_TYPES["mp3"])
    path = path_of(recording)
    if path is None:
        raise Http404
    response = serve_file(request, path, content_type=kind, etag=recording.recording_id)
    if recording.is_voicemail and recording.listened_at is None and request.method == "GET":
        Recording.objects.filter(pk=recording.pk, listened_at=None).update(listened_at=clock.now())
    response["Content-Security-Policy"] = POWERLESS
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
