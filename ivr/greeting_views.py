"""The audio of greeting files, for members of their project. The console's site asks for the sign-in."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from common.byte_ranges import serve_file
from ivr import greetings
from ivr.models import GreetingFile
from projects.console import user_of
from projects.selectors import role_in

# Should the bytes ever be taken for a page, it can do nothing.
POWERLESS = "sandbox; default-src 'none'; media-src 'self'"


@require_safe
def greeting_audio(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """What callers hear, as MP3; players may ask for a part of it."""
    greeting = _greeting(request, public_id)
    try:
        response = serve_file(
            request, greetings.listen_path(greeting), content_type="audio/mpeg", etag=f"{greeting.sid}-listen"
        )
    except FileNotFoundError as error:
        raise Http404 from error
    return _harmless(response)


@require_safe
def greeting_original(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The upload as it came, for download only: nobody has looked at what else is in it."""
    greeting = _greeting(request, public_id)
    try:
        path = greetings.original_path(greeting)
        response = serve_file(request, path, content_type="application/octet-stream", etag=f"{greeting.sid}-original")
    except FileNotFoundError as error:
        raise Http404 from error
    name = greeting.original_name or f"{greeting.filename.rsplit('.', 1)[0]}{path.suffix}"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return _harmless(response)


def _greeting(request: HttpRequest, public_id: str) -> GreetingFile:
    """The file, if the user is a member of its project; for all others it does not exist."""
    greeting = GreetingFile.objects.select_related("project").filter(public_id=public_id).first()
    if greeting is None or role_in(user_of(request), greeting.project) is None:
        raise Http404
    return greeting


def _harmless(response: HttpResponseBase) -> HttpResponseBase:
    response["Content-Security-Policy"] = POWERLESS
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
