"""A project with a menu, three queues and agents who answer; and callers, as many a second as wanted."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from agents.domain import AVAILABLE
from agents.models import Agent, Group, GroupMembership
from calls.domain import CallState
from calls.models import Call
from common import clock, ids
from ivr.models import IvrKeyPress, IvrNode, IvrTree, Key, KeyAction
from numbers_app.models import Number
from projects.models import Account, Project
from projects.services import create_project
from queues.models import Queue
from routing.models import GroupRouting, Tier
from telephony import outbox
from telephony.adapters.simulated.script import Agents, CallerScript, PhoneScript, Press, Simulation
from telephony.models import EngineCommand
from telephony.port import SimulateCall

QUEUES = 3
NODE = "simulated"  # as `make run` names its engine
TALK_S = 1.0
RINGS_AFTER_S, ANSWERS_AFTER_S = 0.05, 0.1
LONG_S = 24 * 3600
LONGEST_LINE = 10_000
ROOMY, SCARCE = 0, QUEUES - 1  # the menu leads to the first queue; the last one can be given few agents
LOOK_EVERY_S = 0.1
KEEPER = "keeper"


class TookTooLong(Exception):
    """Something that was waited for did not happen."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the calls go."""

    project: Project
    numbers: Sequence[str]  # one for each queue
    groups: Sequence[Group]
    keeper: str  # its number; this caller waits all the time, and lets the agents' devices be online


def make_scene(agents: int) -> Scene:
    """Make the project. Nobody is online yet: see `bring_agents_online`."""
    project = create_project(Account.objects.create(name="Bench"), "Bench")
    groups = [Group.objects.create(project=project, name=f"Group {n}") for n in range(QUEUES)]
    queues = [_queue(project, f"Queue {n}", group) for n, group in enumerate(groups)]
    for n in range(agents):
        agent = Agent.objects.create(
            project=project, name=f"Agent {n}", stringee_user_id=f"agent_{n}", manual_status=AVAILABLE
        )
        GroupMembership.objects.create(project=project, group=groups[n % QUEUES], agent=agent)
    numbers = [_number(project, n, queue) for n, queue in enumerate(queues)]
    _put_menu_before(numbers[ROOMY], queues[ROOMY])
    return Scene(project, [each.number for each in numbers], groups, _keeper(project))


def _queue(project: Project, name: str, group: Group) -> Queue:
    queue = Queue.objects.create(
        project=project,
        name=name,
        record_calls=False,
        agent_wrap_up_after_calls=False,
        maximum_queue_size=LONGEST_LINE,
        maximum_queue_wait_time=LONG_S,
    )
    GroupRouting.objects.create(project=project, queue=queue, group=group, primary_group=Tier.PRIMARY)
    return queue


def _number(project: Project, number: int, queue: Queue) -> Number:
    return Number.objects.create(project=project, number=f"84247300{number:04d}", enable_ivr=False, queue=queue)


def _put_menu_before(number: Number, queue: Queue) -> None:
    tree = IvrTree.objects.create(project=number.project, tree_name="Welcome")
    node = IvrNode.objects.create(
        project=number.project, tree=tree, node_name="Welcome", node_play_content="Press 1 for sales."
    )
    IvrKeyPress.objects.create(
        project=number.project, tree=tree, node=node, node_key=Key.KEY_1, action=KeyAction.QUEUE, queue=queue
    )
    tree.root_node = node
    tree.save()
    number.enable_ivr, number.ivr_tree, number.queue = True, tree, None
    number.save()


def _keeper(project: Project) -> str:
    """A queue with somebody signed in who never takes a call."""
    group = Group.objects.create(project=project, name=KEEPER)
    agent = Agent.objects.create(
        project=project, name=KEEPER, stringee_user_id=KEEPER, routing_type=2, phone_number="84900000000"
    )
    GroupMembership.objects.create(project=project, group=group, agent=agent)
    return _number(project, 9999, _queue(project, KEEPER, group)).number


def bring_agents_online(scene: Scene, within_s: float = 30.0) -> None:
    """Let the engine keep every agent's device online, answering soon. Raises TookTooLong."""
    agents = Agent.objects.filter(project=scene.project, routing_type=1)
    users = tuple(agents.values_list("stringee_user_id", flat=True))
    phone = PhoneScript(after_s=ANSWERS_AFTER_S, rings_after_s=RINGS_AFTER_S)
    call_in(scene, scene.keeper, Simulation(agents=Agents(users, phone)))
    deadline = time.monotonic() + within_s
    while agents.filter(free_since__isnull=False).count() < len(users):
        if time.monotonic() > deadline:
            raise TookTooLong(f"The agents were not online after {within_s:.0f} s.")
        time.sleep(LOOK_EVERY_S)


def serve_scarcely(scene: Scene, agents: int) -> None:
    """Leave so many agents in the last queue's group."""
    seats = GroupMembership.objects.filter(group=scene.groups[SCARCE]).order_by("pk")
    for seat in seats[agents:]:
        seat.delete()


def call_in(scene: Scene, number: str, script: Simulation, caller: int = 0) -> None:
    """Let somebody call. Cost: one statement, one commit."""
    command = SimulateCall(ids.leg_id(), scene.project.pk, f"8490{caller:07d}", number, script.to_json())
    with transaction.atomic():
        outbox.put(NODE, scene.project.pk, "", [command])
    outbox.ring([NODE])


def callers(scene: Scene, per_second: float, seconds: float, *, seed: int | None = None) -> int:
    """Let callers come, whether the calls before have ended or not. Returns how many came.

    With a seed they come at random (Poisson), else at regular intervals; the queues take turns.
    """
    began, count = time.monotonic(), 0
    for at in _instants(per_second, seconds, seed):
        time.sleep(max(0.0, began + at - time.monotonic()))
        queue = count % QUEUES
        keys = (Press("1", after_s=0.2),) if queue == ROOMY else ()
        call_in(scene, scene.numbers[queue], Simulation(CallerScript(keys=keys, talk_s=TALK_S)), count)
        count += 1
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    return count


def _instants(per_second: float, seconds: float, seed: int | None) -> Iterator[float]:
    chance = random.Random(seed)  # noqa: S311  not for secrets
    at = 0.0
    while at < seconds:
        yield at
        at += 1 / per_second if seed is None else chance.expovariate(per_second)


def wait_until_all_ended(scene: Scene, within_s: float = 30.0) -> None:
    """Wait until only the keeper's call is up, and the engine has nothing to do. Raises TookTooLong."""
    deadline = time.monotonic() + within_s
    while _alive(scene) > 1 or _untaken():
        if time.monotonic() > deadline:
            raise TookTooLong(f"{_alive(scene) - 1} calls had not ended after {within_s:.0f} s.")
        time.sleep(LOOK_EVERY_S)


def _alive(scene: Scene) -> int:
    return Call.objects.filter(project=scene.project).exclude(state=CallState.ENDED).count()


def _untaken() -> bool:
    return EngineCommand.objects.filter(node=NODE, taken_at=None).exists()


def completed_between(scene: Scene, since: dt.datetime, until: dt.datetime | None = None) -> int:
    """How many calls have ended as they should."""
    ended = Call.objects.filter(project=scene.project, outcome="completed", ended_at__gte=since)
    return ended.filter(ended_at__lt=until or clock.now()).count()


# ── From being free, or waiting, to the offer ────────────────────────────────────────────────────────────────────────
_TO_OFFER = """
    SELECT extract(epoch FROM dial.taken_at - greatest(freed.at, entry.ready_at)) * 1000,
           coalesce(freed.at > entry.ready_at, false)
    FROM routing_offer AS offer
    JOIN queues_queueentry AS entry ON entry.id = offer.entry_id
    JOIN telephony_enginecommand AS dial ON dial.payload ->> 'leg' = offer.leg_id AND dial.payload ->> 'kind_' = 'Dial'
    LEFT JOIN LATERAL (
        SELECT told.at FROM calls_transition AS told
        WHERE told.project_id = offer.project_id AND told.subject = 'agent'
          AND told.subject_id = offer.agent_id::text AND told.after = 'idle' AND told.before <> 'idle'
          AND told.at <= offer.opened_at
        ORDER BY told.id DESC LIMIT 1
    ) AS freed ON true
    WHERE offer.project_id = %s AND offer.opened_at >= %s AND offer.attempt = 1
"""


def times_to_offer(scene: Scene, since: dt.datetime) -> tuple[list[float], list[float]]:
    """Milliseconds until the engine had the command to ring.

    Of agents who became free while somebody waited for them, and of callers who came while an agent was free: from
    the instant at which the event that freed the agent, or let the caller wait, was decided about.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TO_OFFER, [scene.project.pk, since])
        rows = cursor.fetchall()
    return [float(ms) for ms, freed in rows if freed], [float(ms) for ms, freed in rows if not freed]
