"""Simulated calls: somebody calls a number, presses keys and talks, as a script says, before any phone exists."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from common import clock, ids
from common.refusals import Refusal
from numbers_app.models import Number
from telephony import outbox
from telephony.adapters.simulated.adapter import SimulatedAdapter
from telephony.adapters.simulated.script import Simulation
from telephony.models import EngineNode
from telephony.port import SimulateCall


class NoSimulatedEngine(Refusal):
    """No engine is up that can simulate calls."""

    code = 6

    def __init__(self) -> None:
        super().__init__(_("No simulated voice engine is running. Start one: manage.py engine --kind simulated"))


class AnsweredByAnotherProject(Refusal):
    """A call to this number would reach another project, which configured it first."""

    code = 4

    def __init__(self) -> None:
        super().__init__(_("Calls to this number reach another project of this server, which added it first."))


def simulated_engine() -> str | None:
    """The name of a live engine that simulates calls; None when there is none."""
    alive = EngineNode.objects.filter(kind=SimulatedAdapter.kind, seen_at__gt=clock.now() - outbox.ALIVE_FOR)
    return alive.order_by("-seen_at").values_list("name", flat=True).first()


def simulate_call(number: Number, from_number: str, script: Simulation) -> str:
    """Let somebody call a number. Returns the id of the caller's leg, by which the call is found once it is there.

    `from_number`: digits, country code first. Raises NoSimulatedEngine, AnsweredByAnotherProject.
    """
    first = Number.objects.filter(digits=number.digits).order_by("pk").values_list("project_id", flat=True).first()
    if first != number.project_id:
        raise AnsweredByAnotherProject
    node = simulated_engine()
    if node is None:
        raise NoSimulatedEngine
    command = SimulateCall(ids.leg_id(), number.project_id, from_number, number.digits, script.to_json())
    with transaction.atomic():
        outbox.put(node, number.project_id, "", [command])
        transaction.on_commit(partial(outbox.ring, [node]))
    return command.leg
