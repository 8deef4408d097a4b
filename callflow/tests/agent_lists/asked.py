"""For tests of agent list URLs: who waits, who is free, what a server answers, and what was kept of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

from django.db import connection

from agents.models import Agent
from common import clock
from queues.models import Queue
from routing import agent_lists
from routing.models import AgentListQuestion
from tests import factories

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
FIRST, SECOND = "call-vn-1-EHHC6JW1LT-1534145391502", "call-vn-1-EHHC6JW1LT-1534145391504"


def waiting_in(queue: Queue, call_id: str = "", *, waited_s: float = 0, **facts):
    named = {"call__call_id": call_id} if call_id else {}
    at = clock.now() - dt.timedelta(seconds=waited_s)
    return factories.QueueEntryFactory(project=queue.project, queue=queue, enqueued_at=at, **named, **facts)


def free_agent(project, user_id: str, **facts):
    state = {"manual_status": "AVAILABLE", "device_status": 1, **facts}
    return factories.AgentFactory(project=project, stringee_user_id=user_id, **state)


def list_of(*calls: tuple[str, list[str]]) -> bytes:
    """An answer that lists these agents for these calls."""
    return json.dumps(
        {
            "version": 2,
            "calls": [
                {
                    "callId": call_id,
                    "agents": [
                        {"stringee_user_id": user_id, "routing_type": 1, "answer_timeout": 10} for user_id in agents
                    ],
                }
                for call_id, agents in calls
            ],
        }
    ).encode()


def stored(agent: Agent, timeout_s: int = 10, routing_type: int = 1, phone: str = "") -> dict[str, object]:
    return {
        "user_id": agent.stringee_user_id,
        "agent": agent.pk,
        "routing_type": routing_type,
        "phone": phone,
        "timeout_s": timeout_s,
    }


def last_question(queue: Queue) -> AgentListQuestion:
    question = agent_lists.questions_of(queue).first()
    assert question is not None
    return question


def codes(question: AgentListQuestion) -> list[str]:
    return [finding["code"] for finding in question.findings]


def in_own_connection(work: Callable[[], object]) -> None:
    """Do something on the server's thread, as another process would."""
    try:
        work()
    except Exception:
        import traceback

        traceback.print_exc()
    finally:
        connection.close()
