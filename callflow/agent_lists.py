"""Ask customers' servers which agents may take the calls that wait (Source: webhooks.md §6)."""

from __future__ import annotations

import datetime as dt

from callflow import doorbell
from common import clock
from routing import agent_lists
from routing.agent_lists import Flight, Landed
from routing.domain import agent_list
from routing.domain.asking import ANSWER_WITHIN_S
from webhooks.client import Answer, Outgoing, readable
from webhooks.failures import FetchFailed
from webhooks.services import fetch_signed
from webhooks.services.claims import monotonic_ms


def ask_agent_lists(queue_id: int, now: dt.datetime) -> bool:
    """Ask about all waiting calls of a queue, if that is due, and store the lists. Returns whether it is due again.

    Call it outside of transactions: it takes up to two seconds, with nothing locked and no transaction open, since
    receivers ask our REST API before they answer. Whoever comes meanwhile finds the question under way and stops; what
    made him come is then a reason to ask again.
    """
    flight = agent_lists.begin_question(queue_id, now)
    if flight is None:
        return False
    if _end(flight, now):
        doorbell.ring(flight.project_id)
    return queue_id in agent_lists.queues_to_ask(clock.now(), flight.project_id)


def ring(project_id: int | None = None) -> None:
    """Let workers ask about the queues of a project, or of all, for which that is due. Cost: as `queues_to_ask`."""
    for queue_id in agent_lists.queues_to_ask(clock.now(), project_id):
        doorbell.ask_agents(queue_id)


def sweep(now: dt.datetime) -> None:
    """Every second: what nobody has rung for, and failures of which nobody wants to know any more."""
    agent_lists.forget_old_failures(now)
    ring()


def _end(flight: Flight, now: dt.datetime) -> bool:
    """Ask and store what came of it. Returns whether routing may decide otherwise now."""
    began = monotonic_ms()
    try:
        answer = _fetch(flight, now)
    except FetchFailed as failure:
        took_ms = monotonic_ms() - began
        return agent_lists.end_with_failure(flight, failure, readable(failure.body), took_ms, clock.now())
    opened = agent_list.opened(answer.body)
    known = agent_lists.known_agents(flight.project_id, opened.user_ids())
    reading = agent_list.read(opened, flight.asked, known)
    landed = Landed(answer.status, answer.text, answer.duration_ms)
    return agent_lists.end_with_answer(flight, reading, landed, clock.now())


def _fetch(flight: Flight, now: dt.datetime) -> Answer:
    request = Outgoing("POST", flight.url, ANSWER_WITHIN_S, body=flight.body.encode(), max_bytes=agent_list.MAX_BYTES)
    return fetch_signed(flight.project_id, request, message_id=f"agent_list_{flight.question_id}", now=now)
