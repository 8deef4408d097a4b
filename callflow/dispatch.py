"""Dispatch: give the waiting calls of a project to its free agents. Rung by doorbells; one at a time per project."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from agents import activity
from agents.domain import AVAILABLE, Activity, Reach
from agents.models import Agent
from callflow import doorbell
from callflow.domain.call import AgentRef, Call
from callflow.domain.conductor import advance
from callflow.domain.events import OfferMade
from callflow.live_config import LiveConfig
from callflow.outgoing import Outgoing
from callflow.store import Batch, Loaded, locked
from calls.domain import CallState
from common import clock
from queues.entries import EntryState
from queues.models import Queue, QueueEntry
from routing import selectors
from routing.domain.matching import match
from routing.domain.question import Answer, Match, Question
from routing.models import Offer
from routing.services import store_decision

DISPATCH_LOCK = 0xD15BA7C4 - 2**32  # first key of the advisory locks under which a project is dispatched


def dispatch(project_id: int) -> int:
    """Match what waits with who is free, once. Returns how many offers were made.

    Never waits: while another dispatch of the project is at work it only asks that one to look again; a call or agent
    whom somebody else is changing is left for the next look. Everything is one transaction; the agents ring after it.
    Locks: the project's advisory lock, then the calls, then the agents.
    Cost: independent of how many calls wait and how many agents there are (docs/performance.md).
    """
    doorbell.answered(project_id)
    looked = _look(project_id)
    if looked is None:
        doorbell.look_again(project_id)
        looked = _look(project_id)  # the other one may have asked for marks just before we left ours
    if looked is None:
        return 0
    made, more = looked
    if doorbell.was_asked_again(project_id) or more:
        doorbell.ring(project_id)
    return made


def _look(project_id: int) -> tuple[int, bool] | None:
    """As `_match_once`; None while another dispatch of the project is at work."""
    with transaction.atomic():
        return _match_once(project_id, clock.now()) if _is_mine(project_id) else None


def projects_to_look_at() -> set[int]:
    """Projects in which calls wait while agents are free. Cost: one query, an index look-up for each queue.

    Where a customer's list decides, agents count whom it may want to have rung on some telephone.
    """
    waiting = QueueEntry.objects.filter(queue=OuterRef("pk"), state=EntryState.WAITING)
    agents = Agent.objects.filter(project=OuterRef("project"))
    free = Exists(agents.filter(free_since__isnull=False))
    listed = ~Q(get_list_agents_url="") & Exists(agents.filter(manual_status=AVAILABLE, activity=Activity.IDLE))
    return set(Queue.objects.filter(free | listed, Exists(waiting)).values_list("project_id", flat=True))


def _is_mine(project_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [DISPATCH_LOCK, project_id])
        return bool(cursor.fetchone()[0])


def _match_once(project_id: int, now: dt.datetime) -> tuple[int, bool]:
    """Returns how many offers were made, and whether another look may find more to give."""
    question = selectors.question_for(project_id, now)
    answer = match(question) if question is not None else Answer()
    if question is None or not answer.matches:
        return 0, False
    calls = {loaded.row.pk: loaded for loaded in _waiting(answer)}
    there = [each for each in answer.matches if each.call in calls]
    won = activity.reserve_each({each.agent: each.call_id for each in there}, now, _rung_elsewhere(question))
    matches = [each for each in there if each.agent in won]
    offers = store_decision(question, answer, matches, now)
    _offer_all(project_id, question, calls, list(zip(matches, offers, strict=True)), now)
    more = len(matches) < len(answer.matches) or _may_give_more(question, answer)
    return len(matches), bool(matches) and more  # a look that gave nothing would come to the same again


def _may_give_more(question: Question, answer: Answer) -> bool:
    """Whether calls are left, read or not, while agents are left, read or not: of whom there are always more read."""
    given = {each.agent for each in answer.matches}
    calls = len(answer.matches) < len(question.waiting) or any(policy.cut for policy in question.policies)
    return calls and any(
        each.state.activity is Activity.IDLE and each.state.agent_id not in given for each in question.candidates
    )


def _rung_elsewhere(question: Question) -> list[int]:
    """Agents who have nothing to be rung on: if they have been matched, a customer's list names a telephone."""
    return [each.state.agent_id for each in question.candidates if each.state.reach == Reach.NONE]


def _waiting(answer: Answer) -> list[Loaded]:
    """The matched calls that still wait and that nobody else is changing, locked."""
    found = locked([each.call for each in answer.matches], skip_locked=True)
    return [loaded for loaded in found if loaded.call.state is CallState.WAITING]


def _offer_all(
    project_id: int,
    question: Question,
    calls: Mapping[int, Loaded],
    offers: list[tuple[Match, Offer]],
    now: dt.datetime,
) -> None:
    config = LiveConfig(project_id)
    batch, outgoing = Batch(now), Outgoing(now, config)
    users = {candidate.state.agent_id: candidate.state.user_id for candidate in question.candidates}
    for each, offer in offers:
        loaded = calls[each.call]
        made = OfferMade(
            entry=each.entry,
            offer=offer.pk,
            leg=offer.leg_id,
            agent=AgentRef(each.agent, users[each.agent]),
            endpoints=each.endpoints,
            timeout_s=each.timeout_s,
            attempt=each.attempt,
            from_number=_caller_id(config, each),
            info=_shown(config, loaded.call, each),
        )
        decision = advance(loaded.call, made, config, now)
        loaded = batch.keep(loaded, decision)
        outgoing.take(loaded, decision.effects)
    batch.write()
    outgoing.send()


def _caller_id(config: LiveConfig, each: Match) -> str:
    """Agents' own telephones show the queue's number; devices show the caller's."""
    by_phone = any(endpoint.startswith("tel:") for endpoint in each.endpoints)
    return config.caller_id_of(each.queue) if by_phone else ""


def _shown(config: LiveConfig, call: Call, each: Match) -> dict[str, Any]:
    """What the agent's device shows beside the caller's number."""
    queue = config.queue(each.queue)
    menu = call.flow.menu
    return {
        "queue": queue.name if queue is not None else "",
        "queueId": queue.public_id if queue is not None else "",
        "path": [[pressed.node_name, pressed.key] for pressed in menu.path] if menu is not None else [],
        "timeout": each.timeout_s,
    }
