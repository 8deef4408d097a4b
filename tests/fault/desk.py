"""What is asked beside an installation that runs: it sets things up, lets people call, and tells what is stored."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from django.db.models import F, Q

from agents import activity
from agents.domain import Activity
from agents.models import Agent
from callflow import doorbell, invariants
from callflow.simulated_calls import simulated_engine
from calls.domain import CallState
from calls.models import Call, Recording, RecordingState
from common import clock, ids
from numbers_app.models import Number
from projects.models import Project
from routing.domain.offers import OfferState
from routing.models import Offer
from telephony import outbox
from telephony.adapters.simulated.script import simulation
from telephony.models import EngineCommand
from telephony.port import SimulateCall
from tests import factories
from tests.fault.beside import answer_questions
from webhooks.domain import DeliveryState
from webhooks.models import Delivery

HOTLINE = "842473000001"
ASKING_HOTLINE = "842473000002"  # its project wants to know who calls before anybody is rung
AGENTS = 6
LATE = dt.timedelta(seconds=2)  # what is later than this is not only on its way


def set_up(url: str) -> list[str]:
    """Two projects with agents for one hotline each; events go to the URL. Returns the agents' user ids."""
    account = factories.AccountFactory(name="Fault tests")
    users: list[str] = []
    for number, asked in ((HOTLINE, ""), (ASKING_HOTLINE, url)):
        project = factories.ProjectFactory(account=account, name=f"Hotline {number}")
        project.call_settings.event_url = url
        project.call_settings.get_customer_info_url = asked
        project.call_settings.get_customer_info_timeout = 3000
        project.call_settings.save()
        queue = factories.QueueFactory(
            project=project,
            maximum_queue_size=1000,
            maximum_queue_wait_time=120,
            wait_agent_answer_timeout=10,
            wrap_up_time_limit=1,
        )
        group = factories.GroupFactory(project=project)
        factories.GroupRoutingFactory(project=project, queue=queue, group=group)
        for user in [f"agent-{each}" for each in range(AGENTS)]:
            agent = factories.AgentFactory(project=project, stringee_user_id=user, manual_status="AVAILABLE")
            factories.GroupMembershipFactory(project=project, group=group, agent=agent)
            users.append(user)
        factories.NumberFactory(project=project, number=number, enable_ivr=False, queue=queue)
    return sorted(set(users))


def call(number: str, callers: int, script: dict[str, Any]) -> list[str]:
    """Let so many people call. Returns the ids of their legs."""
    called = Number.objects.get(digits=number)
    node = simulated_engine()
    if node is None:
        return []
    ready = simulation(script).to_json()
    commands = [
        SimulateCall(ids.leg_id(), called.project_id, f"8490900{each:04d}", number, ready) for each in range(callers)
    ]
    outbox.put(node, called.project_id, "", commands)
    outbox.ring([node])
    return [command.leg for command in commands]


def agents_are(status: str) -> None:
    """Every agent chooses this status. Nobody is told: that is for the sweep."""
    for agent_id in Agent.objects.order_by("pk").values_list("pk", flat=True):
        activity.set_manual_status(agent_id, status, clock.now())


def ring() -> None:
    for project_id in Project.objects.values_list("pk", flat=True):
        doorbell.ring(project_id)


def calls_of(legs: list[str]) -> dict[str, int]:
    """How many of the calls of these legs are in each state, or have had each end ("failed: engine_lost")."""
    rows = Call.objects.filter(legs__leg_id__in=legs).values_list("state", "outcome", "cause")
    return dict(Counter(f"{outcome}: {cause}" if state == CallState.ENDED else state for state, outcome, cause in rows))


def connected(legs: list[str]) -> int:
    """How many of these callers an agent has answered."""
    return Call.objects.filter(legs__leg_id__in=legs).exclude(connected_at=None).count()


def alive() -> int:
    """How many calls have not ended."""
    return Call.objects.exclude(state=CallState.ENDED).count()


def occupied() -> int:
    """How many agents are not idle."""
    return Agent.objects.exclude(activity=Activity.IDLE).count()


def untaken() -> int:
    """How many commands the engine has not taken."""
    return EngineCommand.objects.filter(taken_at=None).count()


def open_offers() -> int:
    return Offer.objects.filter(state=OfferState.OPEN).count()


def running_recordings() -> int:
    """How many recordings are not finished although their calls are."""
    return Recording.objects.filter(state=RecordingState.RUNNING, call__state=CallState.ENDED).count()


def deliveries() -> dict[str, int]:
    """How many events are in which state."""
    return dict(Counter(Delivery.objects.values_list("state", flat=True)))


def a_minute_passes_for_claims() -> int:
    """What a sender that was killed has claimed is taken for abandoned now. Returns how many."""
    claimed = Delivery.objects.filter(state=DeliveryState.SENDING)
    return claimed.update(claimed_at=F("claimed_at") - dt.timedelta(minutes=1))


def overdue() -> list[str]:
    """What the limits do not allow at this moment (L1-L4), but for what is only on its way."""
    now = clock.now()
    late = now - LATE
    calls = Call.objects.filter(ended_at=None, next_deadline_at__lt=late)
    offers = Offer.objects.filter(state=OfferState.OPEN, deadline_at__lt=late)
    agents = Agent.objects.filter(Q(wrap_up_until__lt=late) | Q(paused_until__lt=late))
    found = [f"call {call.call_id}: {call.timers}" for call in calls]
    found += [f"offer {offer.offer_id}" for offer in offers]
    found += [f"{agent.activity} {agent.stringee_user_id}" for agent in agents]
    return found + [f"command {each.pk}" for each in EngineCommand.objects.filter(taken_at=None, created_at__lt=late)]


def findings(since: str, limits: bool) -> list[str]:
    """What does not hold (`callflow.invariants`) among calls since then; limits of time only when asked for."""
    found = invariants.check(since=dt.datetime.fromisoformat(since) if since else None, now=clock.now(), live=True)
    return [str(each) for each in found if limits or each.code.startswith("S")]


def now() -> str:
    return clock.now().isoformat()


def main() -> None:
    answer_questions(
        set_up, call, agents_are, ring, calls_of, connected, alive, occupied, untaken, open_offers, running_recordings,
        deliveries, a_minute_passes_for_claims, overdue, findings, now,
    )  # fmt: skip
