"""Supervisors who listen to calls on pages of the console: what they ask of the conductor, and what is noted of it."""

from __future__ import annotations

from contextlib import suppress

from auditlog.models import LogEntry
from django.db import transaction

from callflow import requests
from callflow.domain.call import Party
from callflow.pages.words import MEMBER
from callflow.refusals import NotPossibleNow
from calls.domain import LegRole, LegState
from calls.models import PHONE_MAX_LENGTH, Call, Leg
from common.refusals import NotFound
from projects.models import User
from softphone.listener_access import ListenerAccess
from telephony.models import EngineNode
from telephony.outbox import SIMULATED
from telephony.port import Part


class NoSound(NotPossibleNow):
    """The call is simulated."""

    def __init__(self) -> None:
        super().__init__("The call is simulated: there is nothing to hear.")


class ListensElsewhere(NotPossibleNow):
    """The member listens to this call already."""

    def __init__(self) -> None:
        super().__init__("You listen to this call in another window already.")


def name_of(user: User) -> str:
    """What stands for a member where agents have their user ids; no agent's can be the same."""
    return f"{MEMBER}{user.username}"[:PHONE_MAX_LENGTH]


def leg_of(call: Call, user: User) -> Leg | None:
    """The member's own leg in a call, while it rings or is there."""
    legs = Leg.objects.filter(call=call, role=LegRole.SUPERVISOR, number=name_of(user))
    return legs.exclude(state=LegState.ENDED).first()


def is_heard(call: Call) -> bool:
    """Whether its engine carries sound."""
    return not EngineNode.objects.filter(name=call.node, kind=SIMULATED).exists()


def take_part(call: Call, user: User, access: ListenerAccess, part: Part) -> None:
    """Let the member's page be rung, or take another part when it is there. It is noted in the history.

    Raises the refusals of `callflow.requests.supervise`, NoSound, ListensElsewhere.
    """
    if not is_heard(call):
        raise NoSound
    leg = leg_of(call, user)
    if leg is not None and leg.endpoint != access.endpoint:
        raise ListensElsewhere
    with transaction.atomic():
        party = Party(name_of(user), internal=True)
        requests.supervise(call.project_id, call.call_id, party, part, endpoint=access.endpoint)
        _note(call, part)


def leave(call: Call, user: User) -> None:
    """End the member's part, also while his page rings. Does nothing when he has none any more."""
    with suppress(NotPossibleNow, NotFound):
        requests.stop_supervising(call.project_id, call.call_id, name_of(user))


def _note(call: Call, part: Part) -> None:
    noted = {**call.get_additional_data(), "listening": part}
    LogEntry.objects.log_create(call, force_log=True, action=LogEntry.Action.ACCESS, additional_data=noted)
