"""Which project a signed-in user works in."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from projects import selectors
from projects.console import NoProject
from projects.models import User

SESSION_KEY = "project"


class ProjectMiddleware:
    """Sets `request.project` and `request.role` from the session; both are None until a project is chosen.

    Pages show moments in the project's time zone.

    Membership is looked up at every request, so that whoever is removed from a project is out of it at once.
    Cost: one query for a signed-in user, none for others (programs on `/v1` have no session).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        opened = None
        if isinstance(request.user, User):
            opened = selectors.opened_project(request.user, request.session.get(SESSION_KEY))
        request.project, request.role = opened or (None, None)  # type: ignore[attr-defined]
        with timezone.override(ZoneInfo(opened[0].time_zone) if opened else None):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A page that needs a project leads to the choice of one, and from there back."""
        if not isinstance(error, NoProject):
            return None
        query = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
        return HttpResponseRedirect(f"{reverse('admin:choose_project')}?{query}")
