"""The setup checklist: the original tutorial's steps a to i, and which of them a project has done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents.domain import AVAILABLE
from agents.models import Agent, GroupMembership, SystemStatus
from ivr.models import GreetingFile, IvrKeyPress, IvrTree, KeyAction
from numbers_app.models import Number
from projects.models import Project
from queues.models import Queue
from routing.models import GroupRouting

Text = str | Promise


@dataclass(frozen=True)
class Step:
    """One step: what to do and why, the page where it is done, and the rows that show that it is done."""

    letter: str
    title: Text
    why: Text
    icon: str
    list_page: str
    add_page: str
    rows: QuerySet[Any]


STEPS = [
    Step(
        "a",
        _("Add your number"),
        _("The number that customers dial."),
        "call",
        "admin:numbers_app_number_changelist",
        "admin:numbers_app_number_add",
        Number.objects.all(),
    ),
    Step(
        "b",
        _("Create an IVR tree with its first node"),
        _("What callers hear first: “Press 1 for sales …”."),
        "account_tree",
        "admin:ivr_ivrtree_changelist",
        "admin:ivr_ivrtree_add",
        IvrTree.objects.exclude(root_node=None),
    ),
    Step(
        "c",
        _("Add agents"),
        _("The people who answer."),
        "support_agent",
        "admin:agents_agent_changelist",
        "admin:agents_agent_add",
        Agent.objects.all(),
    ),
    Step(
        "d",
        _("Create a group and put agents into it"),
        _("Agents with the same skills, e.g. a language."),
        "groups",
        "admin:agents_group_changelist",
        "admin:agents_group_add",
        GroupMembership.objects.all(),
    ),
    Step(
        "e",
        _("Create a queue"),
        _("Where callers wait, with music, until an agent is free."),
        "queue",
        "admin:queues_queue_changelist",
        "admin:queues_queue_add",
        Queue.objects.all(),
    ),
    Step(
        "f",
        _("Give the queue its groups"),
        _("Choose a queue, then “Group routing”: primary groups first, backup groups when they are busy."),
        "alt_route",
        "admin:queues_queue_changelist",
        "admin:queues_queue_changelist",
        GroupRouting.objects.all(),
    ),
    Step(
        "g",
        _("Let a key lead to the queue"),
        _("Choose an IVR tree and a node, and add a key with the action “Go to queue”."),
        "dialpad",
        "admin:ivr_ivrtree_changelist",
        "admin:ivr_ivrtree_changelist",
        IvrKeyPress.objects.filter(action=KeyAction.QUEUE).exclude(queue=None),
    ),
    Step(
        "h",
        _("Upload greetings and waiting music"),
        _("Announcements for nodes and queues. A node can also speak a text."),
        "library_music",
        "admin:ivr_greetingfile_changelist",
        "admin:ivr_greetingfile_add",
        GreetingFile.objects.all(),
    ),
    Step(
        "i",
        _("Let the number answer with the IVR tree"),
        _("Edit the number, switch “Enable IVR” on and choose the tree."),
        "ring_volume",
        "admin:numbers_app_number_changelist",
        "admin:numbers_app_number_changelist",
        Number.objects.filter(enable_ivr=True).exclude(ivr_tree=None),
    ),
]


@dataclass(frozen=True)
class CheckedStep:
    """A step, whether it is done, and whether it is the first that is not."""

    step: Step
    done: bool
    is_next: bool


def checked_steps(project: Project) -> list[CheckedStep]:
    """The steps in their order. Cost: one query."""
    marks = {step.letter: Exists(step.rows.filter(project=OuterRef("pk"))) for step in STEPS}
    done: dict[str, Any] = dict(Project.objects.filter(pk=project.pk).values(**marks).get())
    first_open = next((step.letter for step in STEPS if not done[step.letter]), None)
    return [CheckedStep(step, done[step.letter], step.letter == first_open) for step in STEPS]


@dataclass(frozen=True)
class Share:
    """How many agents are in one state."""

    label: Text
    count: int
    style: str
    percent: float


def agents_by_state(project: Project) -> list[Share]:
    """Agents by what they are doing, the whole adding up to 100 %; empty without agents. Cost: one query."""
    at_work = Q(manual_status=AVAILABLE)
    in_call, wrap_up = Q(system_status=SystemStatus.IN_CALL), Q(system_status=SystemStatus.WRAP_UP)
    counts = Agent.objects.filter(project=project).aggregate(
        in_call=Count("pk", filter=in_call),
        wrap_up=Count("pk", filter=wrap_up),
        free=Count("pk", filter=at_work & Q(system_status=SystemStatus.FREE)),
        everyone=Count("pk"),
    )
    counts["away"] = counts["everyone"] - counts["in_call"] - counts["wrap_up"] - counts["free"]
    labels = {"free": _("Available"), "in_call": _("In a call"), "wrap_up": _("Wrap-up"), "away": _("Not available")}
    total = counts["everyone"]
    return [Share(labels[key], counts[key], key, 100 * counts[key] / total) for key in labels if total]
