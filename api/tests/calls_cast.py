"""An engine, numbers and agents who are reached, for tests of calls; what the engine has been told."""

from __future__ import annotations

from typing import Any

from agents import devices
from agents.models import Agent, DeviceKind
from callflow import services
from calls.models import Call
from common import clock
from telephony import port
from telephony.models import EngineCommand, EngineNode
from tests import factories

HOTLINE, CUSTOMER, ELSEWHERE = "842473082686", "84900000012", "84909982888"


def engine(name: str = "engine-1", reaches: tuple[str, ...] = ("sip", "tel", "web")) -> EngineNode:
    now = clock.now()
    return EngineNode.objects.create(name=name, kind="test", reaches=list(reaches), started_at=now, seen_at=now)


def online(agent: Agent, kind: DeviceKind = DeviceKind.WEB) -> Agent:
    """The agent is available and has a device."""
    agent.manual_status = "AVAILABLE"
    agent.save()
    devices.device_up(agent.project_id, agent.stringee_user_id, kind, f"{kind} {agent.pk}", clock.now())
    agent.refresh_from_db()
    return agent


def hotline(project: Any, **settings: Any):
    queue = factories.QueueFactory(project=project)
    return factories.NumberFactory(project=project, number=HOTLINE, queue=queue, **settings)


def told(call_id: str = "") -> list[port.Command]:
    """What engines are to do, in order."""
    rows = EngineCommand.objects.order_by("pk")
    return [port.from_json(row.payload) for row in (rows.filter(call_id=call_id) if call_id else rows)]


def last_dial(call_id: str) -> port.Dial:
    return [command for command in told(call_id) if isinstance(command, port.Dial)][-1]


def connect(call_id: str) -> None:
    """The agent who is rung answers, then the customer."""
    for _ in ("agent", "customer"):
        services.conduct(port.Answered(last_dial(call_id).leg))
    assert Call.objects.get(call_id=call_id).state == "connected"


def callout_body(user: str = "agent_1", **more: Any) -> dict[str, Any]:
    return {
        "agentUserId": user,
        "toAgentFromNumberDisplay": HOTLINE,
        "toAgentFromNumberDisplayAlias": "ticket 7",
        "toCustomerFromNumber": HOTLINE,
        "customerNumber": CUSTOMER,
        **more,
    }
