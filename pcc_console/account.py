"""What users do about their own account: password and two-step sign-in."""

from __future__ import annotations

import base64
from typing import Any

import segno
from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_otp import login as remember_device
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from projects import two_step
from projects.console import user_of
from projects.models import User


class FirstCodeForm(forms.Form):
    """Proves that the app has the secret."""

    code = forms.CharField(
        label=gettext_lazy("Code from the app"),
        max_length=10,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasswordForm(forms.Form):
    """Asks for the password again before something that weakens the account."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """The overview."""
    user = user_of(request)
    is_on = two_step.is_on(user)
    codes_left = two_step.recovery_codes_left(user) if is_on else 0
    return _page(request, "console/account.html", _("Your account"), two_step_is_on=is_on, codes_left=codes_left)


@never_cache
@sensitive_post_parameters("code", "password")
@require_http_methods(["GET", "POST"])
def two_step_sign_in(request: HttpRequest) -> HttpResponse:
    """Switch two-step sign-in on with a first code, or off with the password."""
    user = user_of(request)
    return _switch_off(request, user) if two_step.is_on(user) else _switch_on(request, user)


def _switch_on(request: HttpRequest, user: User) -> HttpResponse:
    device = two_step.begin(user)
    form = FirstCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = two_step.switch_on(user, form.cleaned_data["code"].strip().replace(" ", ""))
        if codes is not None:
            device.refresh_from_db()
            remember_device(request, device)
            return _page(request, "console/recovery_codes.html", _("Recovery codes"), codes_text="\n".join(codes))
        form.add_error("code", _("This code is not right. Check the clock of your phone, and type the newest code."))
    secret = base64.b32encode(device.bin_key).decode().rstrip("=")
    return _page(
        request,
        "console/two_step_on.html",
        _("Two-step sign-in"),
        form=form,
        picture=_qr_code(device.config_url),
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    )


def _switch_off(request: HttpRequest, user: User) -> HttpResponse:
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        two_step.switch_off(user)
        messages.success(request, _("You sign in with the password alone now."))
        return HttpResponseRedirect(reverse("admin:account"))
    return _page(request, "console/two_step_off.html", _("Two-step sign-in"), form=form)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, after the password."""
    user = user_of(request)
    if not two_step.is_on(user):
        return HttpResponseRedirect(reverse("admin:two_step"))
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = two_step.renew_recovery_codes(user)
        return _page(request, "console/recovery_codes.html", _("Recovery codes"), codes_text="\n".join(codes))
    return _page(request, "console/renew_recovery_codes.html", _("Recovery codes"), form=form)


def _qr_code(text: str) -> SafeString:
    """The picture that the app scans: a drawing inside the page, dark on white in either theme."""
    drawing = segno.make(text, error="m").svg_inline(scale=5, border=3, dark="#111827", light="#ffffff")
    return mark_safe(drawing)  # noqa: S308 - drawn here, squares only


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), "title": title, **context})
