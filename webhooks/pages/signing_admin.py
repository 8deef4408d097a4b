"""The signing secret: made anew, shown once, and explained to whoever checks signatures."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common import clock
from projects.console import OWNERS, needs_project, project_of
from projects.console.stored import StoredPage, moment_text
from projects.models import Role
from webhooks import services
from webhooks.models import SigningSecret
from webhooks.pages.lists import STYLES
from webhooks.selectors import present_secrets
from webhooks.signatures import standard_form


@admin.register(SigningSecret)
class SigningSecretAdmin(StoredPage):
    """One page for owners instead of a list: a project has one present secret, and an old one for a day."""

    view_roles: ClassVar[frozenset[Role]] = OWNERS

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(css={"all": STYLES})

    def get_urls(self) -> list[URLPattern]:
        rotate = self.admin_site.admin_view(needs_project(self.rotate_view))
        reveal = self.admin_site.admin_view(needs_project(require_POST(self.reveal_view)))
        return [
            path("rotate/", rotate, name="webhooks_signingsecret_rotate"),
            path("reveal/", reveal, name="webhooks_signingsecret_reveal"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What signs now, and how signatures are checked."""
        self._only_owners(request)
        secrets = present_secrets(project_of(request).pk, clock.now())
        present = next((each for each in secrets if each.retires_at is None), None)
        old = next((each for each in secrets if each.retires_at is not None), None)
        return self._page(
            request,
            "webhooks/signing.html",
            title=_("Signing secret"),
            since=moment_text(present.created_at) if present else "",
            is_unread=bool(present and present.shown_at is None),
            old_until=moment_text(old.retires_at) if old and old.retires_at else "",
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A secret has no page of its own."""
        self.row_or_404(request, object_id)
        return HttpResponseRedirect(reverse("admin:webhooks_signingsecret_changelist"))

    def rotate_view(self, request: HttpRequest) -> HttpResponse:
        """GET: ask. POST: make a new secret, and show it in this answer and nowhere else."""
        self._only_owners(request)
        project = project_of(request)
        if request.method != "POST":
            has_one = bool(present_secrets(project.pk, clock.now()))
            return self._page(request, "webhooks/rotate.html", title=_("New signing secret"), has_one=has_one)
        secret = services.rotate_signing_secret(project.pk, clock.now())
        return self._shown_once(request, _("New signing secret"), secret)

    def reveal_view(self, request: HttpRequest) -> HttpResponse:
        """POST: show the project's first secret, which was made when it was needed, unless somebody has read it."""
        self._only_owners(request)
        secret = services.reveal_signing_secret(project_of(request).pk, clock.now())
        if secret is None:
            messages.warning(request, _("The secret has been shown before. It cannot be read again."))
            return HttpResponseRedirect(reverse("admin:webhooks_signingsecret_changelist"))
        return self._shown_once(request, _("Signing secret"), secret)

    def _shown_once(self, request: HttpRequest, title: str, secret: str) -> HttpResponse:
        response = self._page(
            request, "webhooks/secret_once.html", title=title, secret=secret, standard=standard_form(secret)
        )
        response["Cache-Control"] = "no-store"
        return response

    def _only_owners(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, template: str, **more: Any) -> TemplateResponse:
        context = {**self.admin_site.each_context(request), "media": self.media, **more}
        return TemplateResponse(request, template, context)
