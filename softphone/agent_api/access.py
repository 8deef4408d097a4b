"""Who asks: the agent whose token a page signs in with, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from agents.models import Agent
from common.acting import acting_as
from common.refusals import NotFound, Refusal
from projects.verification import UnknownKey, verify
from softphone.answers import View, speaks_json, token_of

AgentView = Callable[..., HttpResponseBase]


class NotForAgents(Refusal):
    """The token is not one of a contact center's agent."""

    code = 11

    def __init__(self) -> None:
        super().__init__("The token has no icc_api, which agents' pages need.")


class NoSuchAgent(NotFound):
    """The token names a user who is no agent: he can be called, and gets no calls of queues."""

    def __init__(self) -> None:
        super().__init__("The token's user is no agent of the project.")


def agent_of(request: HttpRequest) -> Agent:
    """Raises TokenRefused, NotForAgents, NoSuchAgent. Cost: two queries."""
    verified = verify(token_of(request))
    if verified.project is None:
        raise UnknownKey
    if verified.claims.get("icc_api") is not True:
        raise NotForAgents
    user_id = verified.claims.get("userId")
    agents = Agent.objects.filter(project=verified.project, stringee_user_id=user_id)
    agent = agents.select_related("project").first() if isinstance(user_id, str) and "\0" not in user_id else None
    if agent is None:
        raise NoSuchAgent
    return agent


def for_agents(*methods: str) -> Callable[[AgentView], View]:
    """A view of these methods that gets the agent as its second argument. What he changes is noted as his."""

    def wrap(view: AgentView) -> View:
        @csrf_exempt  # nothing here is authorised by a cookie
        @speaks_json(*methods)
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            agent = agent_of(request)
            with acting_as(f"agent {agent.stringee_user_id}"):
                return view(request, agent, *args, **kwargs)

        return checked

    return wrap
