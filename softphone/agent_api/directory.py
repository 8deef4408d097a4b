"""To whom a call can be handed: colleagues with what they do now, and queues."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase

from agents.domain import Activity
from agents.models import Agent
from queues.models import Queue
from softphone.agent_api.access import for_agents
from softphone.answers import answer

MOST = 50
SEARCH_MAX_LENGTH = 64
_BUSY = {Activity.ON_CALL: "busy", Activity.OFFERED: "ringing", Activity.WRAP_UP: "wrap_up"}


@for_agents("GET")
def directory(request: HttpRequest, agent: Agent) -> HttpResponseBase:
    """Colleagues and queues whose names begin with or contain `q`; who is free comes first."""
    term = request.GET.get("q", "").strip()[:SEARCH_MAX_LENGTH]
    colleagues = Agent.objects.filter(project=agent.project_id).exclude(pk=agent.pk)
    queues = Queue.objects.filter(project=agent.project_id)
    if term:
        colleagues = colleagues.filter(Q(name__icontains=term) | Q(stringee_user_id__icontains=term))
        queues = queues.filter(name__icontains=term)
    found = colleagues.order_by("name", "pk")[:MOST]
    agents = [{"userId": each.stringee_user_id, "name": each.name, "state": state_of(each)} for each in found]
    return answer(
        {
            "agents": sorted(agents, key=lambda each: each["state"] != "free"),
            "queues": list(queues.order_by("name").values("public_id", "name")[:MOST]),
        }
    )


def state_of(agent: Agent) -> str:
    """What a colleague needs to know: free, busy, ringing, wrap_up, away (by choice or set aside), offline."""
    if agent.free_since is not None:
        return "free"
    busy = _BUSY.get(Activity(agent.activity))
    if busy is not None:
        return busy
    return "away" if agent.reach else "offline"
