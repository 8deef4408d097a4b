"""The sound of calls (Source: call-control-api.md §5)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from rest_framework.request import Request

from api import replies
from api.fields import ID_MAX_LENGTH
from api.schema import Description
from api.views import ApiView
from calls import recordings
from calls.domain import CallState
from calls.models import Call, Recording, RecordingState
from common.byte_ranges import serve_file
from projects.models import Project

FILE_TYPES: Mapping[str, str] = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "mp4": "audio/mp4",
    "webm": "audio/webm",
}
BEING_MADE = (RecordingState.RUNNING, RecordingState.FINISHING)
OTHER_TYPE = "application/octet-stream"
# Should the bytes ever be taken for a page, it can do nothing.
POWERLESS = "sandbox; default-src 'none'; media-src 'self'"


class RecordingFile(ApiView):
    """The sound of a call, by the call's id or the recording's own; of several the newest."""

    path = "call/recording"
    item: ClassVar[Mapping[str, str]] = {"get": "fetch"}
    enveloped = False

    def describe(self, action: str) -> Description:
        return Description("Recording of a call", file_types=(*FILE_TYPES.values(), OTHER_TYPE))

    def fetch(self, request: Request, id: str) -> HttpResponseBase:
        found = _named(self.project, id)
        recording = next((each for each in found if each.state == RecordingState.READY), None)
        if recording is None:
            return self._none(id, running=any(each.state in BEING_MADE for each in found))
        path = recordings.path_of(recording)
        if path is None:
            return replies.failed(HTTPStatus.NOT_FOUND, "The recording is not there any more.")
        kind = FILE_TYPES.get(recording.format, OTHER_TYPE)
        return _harmless(
            serve_file(request._request, path, content_type=kind, etag=recording.recording_id), path.suffix, id
        )

    def _none(self, id: str, *, running: bool) -> HttpResponse:
        """A call that goes on, or whose recording is being written, is asked again by clients."""
        if running or _goes_on(self.project, id):
            return replies.failed(HTTPStatus.NOT_FOUND, "The recording is not ready yet.")
        return replies.failed(HTTPStatus.BAD_REQUEST, "There is no recording.")


class RecordingPlayed(RecordingFile):
    """The same for players of browsers."""

    path = "call/play"


def _named(project: Project, name: str) -> list[Recording]:
    if len(name) > ID_MAX_LENGTH or "\x00" in name:
        return []
    return list(recordings.of_call_or_recording(project.pk, name))


def _goes_on(project: Project, name: str) -> bool:
    if len(name) > ID_MAX_LENGTH or "\x00" in name:
        return False
    return Call.objects.filter(project=project, call_id=name).exclude(state=CallState.ENDED).exists()


def _harmless(response: HttpResponseBase, suffix: str, name: str) -> HttpResponseBase:
    if response.has_header("Accept-Ranges"):
        shown = content_disposition_header(as_attachment=False, filename=f"{name}{suffix}")
        response["Content-Disposition"] = shown or "inline"
    response["Content-Security-Policy"] = POWERLESS
    response["X-Content-Type-Options"] = "nosniff"
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = "Accept-Ranges, Content-Range, Content-Disposition"
    return response
