"""Choosing the project to work in: after signing in, and from the header of every page."""

from __future__ import annotations

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from common.validation import row_number
from pcc_console.middleware import SESSION_KEY
from projects import selectors
from projects.console import user_of

PER_PAGE = 24


@require_http_methods(["GET", "POST"])
def choose_project(request: HttpRequest) -> HttpResponse:
    """GET: the user's projects, with a search. POST `project`: work in that one; others are not found."""
    projects = selectors.projects_of(user_of(request))
    if request.method == "POST":
        chosen = request.POST.get("project", "")
        request.session[SESSION_KEY] = get_object_or_404(projects, pk=row_number(chosen)).pk
        return HttpResponseRedirect(_next_page(request))
    search = request.GET.get("q", "").strip()
    context = {
        **admin.site.each_context(request),
        "title": _("Choose a project"),
        "page": Paginator(projects.filter(name__icontains=search), PER_PAGE).get_page(request.GET.get("page")),
        "search": search,
        "has_projects": projects.exists(),
        "next": request.GET.get("next", ""),
    }
    return TemplateResponse(request, "console/choose_project.html", context)


def _next_page(request: HttpRequest) -> str:
    """Where the user was going, when that is one of our pages."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else reverse("admin:index")
