"""The console: Django's admin made into the site at `/`."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from pcc_console.navigation import ADDRESSES, OTHER_ADDRESSES, list_address
from projects import two_step
from projects.console import ConsoleAdmin, role_of
from projects.models import User
from projects.selectors import projects_of

SWITCH_SIZE = 8  # projects in the header; more of them are searched on a page of their own
SEARCH_RESULTS = 8  # of each kind
SEARCH_MIN_LENGTH = 2


class ConsoleSite(UnfoldAdminSite):
    """Open to every active user; what one sees and may change there follows from the role in the chosen project."""

    final_catch_all_view = False  # unknown addresses are not found, for programs as for people

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # `ConsoleAdmin` brings one that reports row by row

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take the product's own pages only: those that packages bring know nothing of projects and roles."""
        if admin_class is not None and issubclass(admin_class, ConsoleAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the user is signed in all the way: with the code, too, when two-step sign-in is on."""
        user: User | AnonymousUser = request.user
        if not isinstance(user, User) or not user.is_active:
            return False
        if not hasattr(request, "signed_in"):
            request.signed_in = user.is_verified() or not two_step.is_on(user)  # type: ignore[attr-defined]
        return bool(request.signed_in)  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """As usual, but every page has the address that it had in the original console."""
        default = {f"{model._meta.app_label}/{model._meta.model_name}/": model for model in self._registry}
        left_out = {"app_list", "view_on_site"}  # no page per application; no way to ask for a row of any project
        urls = [url for url in super().get_urls() if str(url.pattern) not in default]
        urls = [url for url in urls if getattr(url, "name", None) not in left_out]
        for route, model in default.items():
            address = ADDRESSES.get(model._meta.label_lower)
            urls.append(path(f"{address}/" if address else route, include(self._registry[model].urls)))
        return urls

    def extra_urls(self) -> list[URLPattern]:
        from pcc_console import access_token, account, choose_project, embed, home, sign_in

        inside = self.admin_view
        return [
            *(path(f"{old}/", inside(RedirectView.as_view(url=f"/{new}/"))) for old, new in OTHER_ADDRESSES.items()),
            path("login/code/", sign_in.sign_in_code, name="sign_in_code"),
            path("project/", inside(choose_project.choose_project), name="choose_project"),
            path("setting/project/own/", inside(home.project_settings), name="project_settings"),
            path("setting/accesstoken/", inside(access_token.access_token), name="access_token"),
            path("setting/embed/", inside(embed.embed), name="embed"),
            path("account/", inside(account.account), name="account"),
            path("account/two-step/", inside(account.two_step_sign_in), name="two_step"),
            path("account/two-step/codes/", inside(account.recovery_codes), name="recovery_codes"),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from pcc_console import home

        return home.home(request)  # type: ignore[return-value]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from pcc_console import sign_in

        return sign_in.sign_in(request)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        if self.has_permission(request):
            assert isinstance(request.user, User)  # noqa: S101
            projects = list(projects_of(request.user)[: SWITCH_SIZE + 1])
            context["switch_projects"] = projects[:SWITCH_SIZE]
            context["has_more_projects"] = len(projects) > SWITCH_SIZE
            context["project"] = getattr(request, "project", None)
            context["role"] = role_of(request)
            context["switch_next"] = list_address(request.path)
        return context

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Our menu says where everything is: see `pcc_console.navigation`."""
        return []

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Rows of the chosen project by their name or number. Nothing is kept between requests or projects."""
        term = request.GET.get("s", "").strip()
        if len(term) < SEARCH_MIN_LENGTH:
            return HttpResponse()
        results = [found for page in self._registry.values() for found in self._found(request, page, term)]
        context = {"results": results, "term": term}
        return TemplateResponse(request, "console/search_results.html", context)

    def _found(self, request: HttpRequest, page: Any, term: str) -> list[SearchResult]:
        if not page.get_search_fields(request) or not page.has_view_permission(request) or not page.in_search:
            return []
        opts = page.opts
        rows, may_repeat = page.get_search_results(request, page.get_queryset(request), term)
        rows = rows.distinct() if may_repeat else rows
        return [
            SearchResult(
                title=str(row),
                description=str(opts.verbose_name),
                link=page.address_of(row),
                icon=None,
            )
            for row in rows[:SEARCH_RESULTS]
        ]
