"""The agent's page. Whoever may make tokens opens it as any agent; everybody else brings a token."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from agents.models import USER_ID_MAX_LENGTH, Agent
from common.refusals import NotFound, Refusal
from projects import selectors, tokens
from projects.console import SUPERVISORS_AND_OWNERS, project_of, role_of
from projects.models import Project
from softphone.answers import answer, body_of, speaks_json, text_of

TOKEN_LIFETIME_S = 3600  # the page renews it while its user may still make tokens
MOST_AGENTS = 500


class MayMakeNoTokens(Refusal):
    """Only owners and supervisors speak for agents."""

    code = 17

    def __init__(self) -> None:
        super().__init__("Your role does not allow to make tokens for agents.")


class NoKey(Refusal):
    """Tokens are signed with a key."""

    code = 5

    def __init__(self) -> None:
        super().__init__("The project has no active API key.")


@ensure_csrf_cookie
@require_GET
def softphone(request: HttpRequest) -> HttpResponse:
    """`agent` (user id) chooses whose page it is. A token may stand in the fragment, which servers never see."""
    signed_in = admin.site.has_permission(request)
    project = getattr(request, "project", None) if signed_in else None
    may_choose = project is not None and role_of(request) in SUPERVISORS_AND_OWNERS
    facts = {
        "agents": _agents(project) if may_choose and project is not None else [],
        "project": project.name if may_choose and project is not None else "",
        "chosen": request.GET.get("agent", "")[:USER_ID_MAX_LENGTH],
        "addresses": {
            "api": reverse("softphone_me").removesuffix("me"),
            "token": reverse("softphone_token") if may_choose else "",
        },
    }
    context = {"config": facts, "signed_in": signed_in, "may_choose": may_choose}
    response = TemplateResponse(request, "softphone/softphone.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _agents(project: Project) -> list[dict[str, str]]:
    agents = Agent.objects.filter(project=project).order_by("name", "stringee_user_id")
    return [{"userId": each.stringee_user_id, "name": each.name} for each in agents[:MOST_AGENTS]]


@speaks_json("POST")
def token(request: HttpRequest) -> HttpResponseBase:
    """A token for an agent of the chosen project, short-lived. Raises MayMakeNoTokens, NotFound, NoKey."""
    project = project_of(request)
    if role_of(request) not in SUPERVISORS_AND_OWNERS:
        raise MayMakeNoTokens
    user_id = text_of(body_of(request), "userId", USER_ID_MAX_LENGTH)
    if not Agent.objects.filter(project=project, stringee_user_id=user_id).exists():
        raise NotFound("The project has no such agent.")
    key = selectors.active_keys(project).first()
    if key is None:
        raise NoKey
    issued = tokens.agent_token(key, user_id, pcc=True, lifetime_s=TOKEN_LIFETIME_S)
    return answer({"token": issued.token, "expires": issued.expires})
