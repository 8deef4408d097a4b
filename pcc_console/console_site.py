"""The console: Django's admin made into the site at `/`."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite

from projects.models import User


class ConsoleSite(UnfoldAdminSite):
    """Open to every active user; what one sees and may change there follows from the role in the chosen project."""

    final_catch_all_view = False  # unknown addresses are not found, for programs as for people

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # `ConsoleAdmin` brings one that reports row by row

    def has_permission(self, request: HttpRequest) -> bool:
        user: User | AnonymousUser = request.user
        return user.is_authenticated and user.is_active

    def extra_urls(self) -> list[URLPattern]:
        from pcc_console import choose_project

        return [
            path("project/", self.admin_view(choose_project.choose_project), name="choose_project"),
        ]
