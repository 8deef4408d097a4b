"""Signing in: the password, then a code where two-step sign-in is on. Failures are counted by django-axes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from axes.helpers import get_cool_off
from django import forms
from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp import login as remember_device
from unfold.widgets import BASE_INPUT_CLASSES

from common import clock
from projects import two_step
from projects.models import User

WAITING = "waiting_for_code"  # session key: {"user": id, "backend": dotted path, "until": ISO time, "next": address}
CODE_WITHIN = dt.timedelta(minutes=5)
INPUT = " ".join(BASE_INPUT_CLASSES)


class SignInForm(AuthenticationForm):
    """User name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("username", "password"):
            self.fields[name].widget.attrs["class"] = INPUT


class CodeForm(forms.Form):
    """The second step."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=forms.TextInput(
            {"class": INPUT, "autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "none"}
        ),
        help_text=gettext_lazy("Six digits from your authenticator app, or one of your recovery codes."),
    )


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The first page that anybody sees."""
    if admin.site.has_permission(request):
        return HttpResponseRedirect(reverse("admin:index"))
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        assert isinstance(user, User)  # noqa: S101 - the project's user model
        return _ask_for_code(request, user) if two_step.is_on(user) else _let_in(request, user, user.backend)
    return _page(request, "admin/login.html", form, _("Sign in"))


def _ask_for_code(request: HttpRequest, user: User) -> HttpResponse:
    """Remember, for a few minutes, who knew the password; nobody is signed in yet."""
    wanted = _next_page(request)
    request.session.flush()
    until = clock.now() + CODE_WITHIN
    request.session[WAITING] = {
        "user": user.pk,
        "backend": user.backend,
        "until": until.isoformat(),
        "next": wanted,
    }
    return HttpResponseRedirect(reverse("admin:sign_in_code"))


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second step; whoever has not passed the first one starts there."""
    waiting = request.session.get(WAITING)
    if not waiting or dt.datetime.fromisoformat(waiting["until"]) < clock.now():
        return HttpResponseRedirect(reverse("admin:login"))
    user = User.objects.filter(pk=waiting["user"], is_active=True).first()
    if user is None:
        return HttpResponseRedirect(reverse("admin:login"))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = two_step.check(user, form.cleaned_data["code"])
        if device is not None:
            response = _let_in(request, user, waiting["backend"], waiting["next"])
            remember_device(request, device)
            return response
        # A wrong code counts like a wrong password, so that codes cannot be tried without end.
        credentials = {"username": user.get_username()}
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        form.add_error("code", _("This code is not right, or you tried too quickly. Wait a moment and try again."))
    return _page(request, "console/sign_in_code.html", form, _("Two-step sign-in"))


def _let_in(request: HttpRequest, user: User, backend: str, wanted: str = "") -> HttpResponse:
    wanted = wanted or _next_page(request)
    login(request, user, backend=backend)
    request.session.pop(WAITING, None)
    return HttpResponseRedirect(wanted)


def _next_page(request: HttpRequest) -> str:
    """Where the user was going, when that is one of our pages."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else reverse("admin:index")


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """Instead of the sign-in page after too many failures; called by django-axes."""
    cool_off = get_cool_off(request) or dt.timedelta(0)
    context = {
        **admin.site.each_context(request),
        "title": _("Signing in is locked"),
        "minutes": cool_off.seconds // 60,
    }
    page = TemplateResponse(request, "console/locked_out.html", context, status=429)
    page["Retry-After"] = str(cool_off.seconds)
    return page.render()


def _page(request: HttpRequest, template: str, form: forms.Form, title: str) -> TemplateResponse:
    context = {
        **admin.site.each_context(request),
        "title": title,
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return TemplateResponse(request, template, context)
