"""What is asked beside an installation in which people talk: it sets a contact center up, and tells what is stored."""

from __future__ import annotations

import io
from typing import Any, TypedDict

from django.conf import settings
from django.db.models import QuerySet

from agents import activity
from agents.domain import Activity
from agents.models import Agent
from callflow import invariants
from calls.domain import CallState, LegState
from calls.models import Call, Recording
from common import clock
from ivr.greetings import store_greeting
from ivr.models import Key, KeyAction, PlayMode
from tests import factories
from tests.console import sign_in
from tests.fault.beside import answer_questions
from tests.sounds import tone, wav

MENU, HOTLINE = "842473000001", "842473000002"
GREETING_HZ = 1800.0
GREETING_S = 4.0
RING_S = 5
WRAP_UP_S = 3
PROJECT = "Voice tests"


class Facts(TypedDict):
    cookie: tuple[str, str]  # of somebody who may make tokens for agents: name, value
    queue: str  # its public id


def set_up(agents: list[str]) -> Facts:
    """One number with a menu, whose key 1 leads to the queue; another that leads there at once; agents for it."""
    project = factories.ProjectFactory(name=PROJECT)
    owner = factories.MemberFactory(project=project, user__username="owner", role="owner").user
    queue = factories.QueueFactory(
        project=project, name="Sales", wait_agent_answer_timeout=RING_S, wrap_up_time_limit=WRAP_UP_S
    )
    group = factories.GroupFactory(project=project)
    factories.GroupRoutingFactory(project=project, queue=queue, group=group)
    for user in agents:
        agent = factories.AgentFactory(project=project, name=user.title(), stringee_user_id=user)
        factories.GroupMembershipFactory(project=project, group=group, agent=agent)
    sound = io.BytesIO(wav(tone(GREETING_S, hertz=GREETING_HZ)))
    greeting = store_greeting(project, sound, original_name="greeting.wav", description="Greeting")
    tree = factories.IvrTreeFactory(project=project, tree_name="Welcome")
    root = factories.IvrNodeFactory(
        project=project, tree=tree, node_name="Greeting", node_play_mode=PlayMode.PLAY, greeting_file=greeting
    )
    tree.root_node = root
    tree.save()
    factories.IvrKeyPressFactory(project=project, node=root, node_key=Key.KEY_1, action=KeyAction.QUEUE, queue=queue)
    factories.NumberFactory(project=project, number=MENU, enable_ivr=True, ivr_tree=tree)
    factories.NumberFactory(project=project, number=HOTLINE, enable_ivr=False, queue=queue)
    name = settings.SESSION_COOKIE_NAME
    return {"cookie": (name, sign_in(owner, project).cookies[name].value), "queue": queue.public_id}


def begin(available: list[str]) -> str:
    """These agents are available from now on, and no others. Returns now."""
    for pk, user in _agents().order_by("pk").values_list("pk", "stringee_user_id"):
        activity.set_manual_status(pk, "AVAILABLE" if user in available else "NOT AVAILABLE", clock.now())
    return now()


def _agents() -> QuerySet[Agent]:
    return Agent.objects.filter(project__name=PROJECT)


def activity_of(user: str) -> str:
    return str(_agents().get(stringee_user_id=user).activity)


def is_free(user: str) -> bool:
    """Whether calls can be given to him now."""
    return _agents().filter(stringee_user_id=user, free_since__isnull=False).exists()


def is_quiet() -> bool:
    """Whether no call goes on, nobody is busy, and all recordings are finished."""
    busy = Agent.objects.exclude(activity=Activity.IDLE).exists()
    return not busy and not Call.objects.exclude(state=CallState.ENDED).exists() and not _unfinished()


def _unfinished() -> bool:
    return Recording.objects.filter(state__in=("running", "finishing")).exists()


def last_call() -> dict[str, Any]:
    call = Call.objects.latest("pk")
    return {"state": call.state, "outcome": call.outcome, "cause": call.cause, "agent": call.agent_user_id}


def last_call_id() -> str:
    return str(Call.objects.latest("pk").call_id)


def legs_there() -> list[str]:
    """The roles of those who are in the last call."""
    legs = Call.objects.latest("pk").legs.filter(state=LegState.ANSWERED)
    return sorted(legs.values_list("role", flat=True))


def last_recording() -> dict[str, Any] | None:
    """Of the last call, when it is ready."""
    recording = Recording.objects.filter(call=Call.objects.latest("pk"), state="ready").first()
    return {"file": recording.file, "milliseconds": recording.duration_ms} if recording is not None else None


def findings(since: str) -> list[str]:
    """What does not hold (`callflow.invariants`) of all that is stored."""
    return [str(each) for each in invariants.check(since=None, now=clock.now(), live=True) if each.code.startswith("S")]


def now() -> str:
    return clock.now().isoformat()


def main() -> None:
    answer_questions(
        set_up,
        begin,
        activity_of,
        is_free,
        is_quiet,
        last_call,
        last_call_id,
        legs_there,
        last_recording,
        findings,
        now,
    )
