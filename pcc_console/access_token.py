"""The access token tool: a token for an agent's softphone, or for a program, without writing a program first."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from agents.models import USER_ID_MAX_LENGTH, Agent
from projects import selectors, tokens
from projects.console import OWNERS, SUPERVISORS_AND_OWNERS, needs_project, project_of, role_of
from projects.forms import TextWithSuggestions
from projects.models import ApiKey, Project
from projects.tokens import IssuedToken

MOST_SUGGESTIONS = 500
LIFETIMES = [
    (3600, gettext_lazy("1 hour")),
    (12 * 3600, gettext_lazy("12 hours")),
    (24 * 3600, gettext_lazy("1 day")),
    (30 * 24 * 3600, gettext_lazy("30 days")),
]


class TokenForm(forms.Form):
    """What both kinds of token have: the key that signs them, and how long they last."""

    key: Any = forms.ModelChoiceField(
        queryset=ApiKey.objects.none(),
        label=gettext_lazy("Signed with"),
        empty_label=None,
        widget=UnfoldAdminSelectWidget(),
    )
    lifetime = forms.TypedChoiceField(
        label=gettext_lazy("Valid for"), coerce=int, choices=LIFETIMES, widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].queryset = selectors.active_keys(project)  # type: ignore[attr-defined]

    def issue(self) -> IssuedToken:
        """The token that the form asks for."""
        raise NotImplementedError


class AgentTokenForm(TokenForm):
    """For a softphone."""

    user_id = forms.CharField(
        label=gettext_lazy("User ID"),
        max_length=USER_ID_MAX_LENGTH,
        help_text=gettext_lazy("Choose an agent's user ID, or type any other."),
    )
    pcc = forms.BooleanField(
        label=gettext_lazy("For PCC API"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=gettext_lazy("Needed to take the contact center's calls (icc_api in the token)."),
    )
    field_order = ("user_id", "pcc", "key", "lifetime")

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(project, *args, **kwargs)
        agents = Agent.objects.filter(project=project).order_by("stringee_user_id")
        self.fields["user_id"].widget = TextWithSuggestions(
            lambda: agents.values_list("stringee_user_id", flat=True)[:MOST_SUGGESTIONS]
        )
        self.fields["lifetime"].initial = tokens.AGENT_LIFETIME_S

    def issue(self) -> IssuedToken:
        given = self.cleaned_data
        return tokens.agent_token(given["key"], given["user_id"], pcc=given["pcc"], lifetime_s=given["lifetime"])


class RestTokenForm(TokenForm):
    """For a program that calls the REST API."""

    def issue(self) -> IssuedToken:
        return tokens.rest_token(self.cleaned_data["key"], lifetime_s=self.cleaned_data["lifetime"])


@needs_project
@require_http_methods(["GET", "POST"])
def access_token(request: HttpRequest) -> HttpResponse:
    """GET: the forms. POST `for=agent` or, for owners, `for=rest`: the signed token, shown in the answer only."""
    role, project = role_of(request), project_of(request)
    if role not in SUPERVISORS_AND_OWNERS:
        raise PermissionDenied
    asked = request.POST.get("for") if request.method == "POST" else None
    given = {"user_id": request.GET.get("user_id", ""), "pcc": request.GET.get("pcc", "1") == "1"}
    agent_form = AgentTokenForm(project, request.POST if asked == "agent" else None, prefix="agent", initial=given)
    rest_form = RestTokenForm(project, request.POST if asked == "rest" else None, prefix="rest")
    if asked == "rest" and role not in OWNERS:
        raise PermissionDenied
    forms_by_kind: dict[str, TokenForm] = {"agent": agent_form, "rest": rest_form}
    form = forms_by_kind.get(asked or "")
    issued = form.issue() if form is not None and form.is_valid() else None
    context = {
        **admin.site.each_context(request),
        "title": _("Access token tool"),
        "agent_form": agent_form,
        "rest_form": rest_form if role in OWNERS else None,
        "issued": issued,
        "expires": dt.datetime.fromtimestamp(issued.expires, dt.UTC) if issued else None,
        "issued_for": asked,
        "has_key": selectors.active_keys(project).exists(),
    }
    response = TemplateResponse(request, "console/access_token.html", context)
    response["Cache-Control"] = "no-store"
    return response
