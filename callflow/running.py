"""What all requests about running calls share: the locked call, who can be rung for it, and whether it changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction

from agents.models import Agent, Device
from callflow import refusals
from callflow.domain import events as on
from callflow.domain.call import AgentRef, Leg, Party
from callflow.domain.config import AgentConfig
from callflow.domain.dialling import TELEPHONE
from callflow.live_config import LiveConfig
from callflow.services import take
from callflow.store import Loaded, locked
from calls import models as rows
from calls.domain import CallState
from common import clock
from common.refusals import NotFound

DESK_PHONE = "ipphone"  # Source: rest-api.md §16, device


@contextmanager
def running(project_id: int, call_id: str) -> Iterator[Loaded]:
    """The call, locked, in a transaction. Raises CallNotFound, CallEnded."""
    with transaction.atomic():
        pks = rows.Call.objects.filter(project=project_id, call_id=call_id).values_list("pk", flat=True)
        found = locked(pks)
        if not found:
            raise refusals.CallNotFound(call_id)
        if found[0].call.state is CallState.ENDED:
            raise refusals.CallEnded
        yield found[0]


def must_change(loaded: Loaded, event: on.CallHappening, otherwise: str) -> Loaded:
    """Let something happen, as the conductor knows what fits the state: what does not changes nothing.

    Raises NotPossibleNow.
    """
    after = take(loaded, [event], clock.now())
    if after.call == loaded.call:
        raise refusals.NotPossibleNow(otherwise)
    return after


def leg_of(loaded: Loaded, user_id: str) -> Leg:
    """A user's part in a conversation. Raises NotFound."""
    for leg in loaded.call.live_legs:
        agent = leg.agent.user_id if leg.agent is not None else ""
        if leg.answered_at is not None and user_id in (agent, leg.number):
            return leg
    raise NotFound(f"The user {user_id[:64]} is not in this call.")


def must_be_host(loaded: Loaded, user_id: str) -> None:
    """Whether the conversation is a user's own: guests do not lead it, nor who is consulted about it.

    An empty id is nobody in particular, who may. Raises NotFound, NotPossibleNow.
    """
    if not user_id:
        return
    leg, transfer = leg_of(loaded, user_id), loaded.call.flow.transfer
    if loaded.call.guest(leg.id) is not None:
        raise refusals.NotPossibleNow("Only who talks with the customer can do this.")
    if transfer is not None and transfer.leg == leg.id:
        raise refusals.NotPossibleNow("The call is not handed over yet.")


def endpoints_of(agent: AgentConfig, device: str = "") -> tuple[str, ...]:
    """Where an agent is rung. Raises AgentUnreachable."""
    wanted = tuple(each for each in agent.endpoints if device != DESK_PHONE or each.startswith("sip:"))
    if not wanted:
        raise refusals.AgentUnreachable
    return wanted


def within_limits(config: LiveConfig, digits: str) -> None:
    """Refuse a telephone that may not be dialled now. Locks: the project's outbound limits, in this transaction.

    Raises ToNumberInvalid, TooManyCalls, CalloutNotAllowed.
    """
    cause = config.outbound_refusal(digits, clock.now())
    if cause is not None:
        raise refusals.of_cause(cause)


# ── Who can be rung ──────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody beside the call, and where he is rung."""

    to: Party
    endpoints: tuple[str, ...]
    agent: AgentRef | None = None


def reach(config: LiveConfig, to: Party) -> Reached:
    """Where a user (`to.internal`) or a telephone is rung. Nobody is reserved.

    Raises AgentNotFoundOrInAnotherCall, AgentUnreachable, ToNumberInvalid, TooManyCalls, CalloutNotAllowed.
    """
    return _user(config, to) if to.internal else _telephone(config, to)


def _user(config: LiveConfig, to: Party) -> Reached:
    row = Agent.objects.filter(project=config.project_id, stringee_user_id=to.number).first()
    if row is not None:
        return Reached(to, endpoints_of(config.agent_config(row)), AgentRef(row.pk, row.stringee_user_id))
    if not Device.objects.filter(project=config.project_id, user_id=to.number).exists():
        raise refusals.AgentNotFoundOrInAnotherCall
    return Reached(to, (f"web:{config.project_id}_{to.number}",))


def _telephone(config: LiveConfig, to: Party) -> Reached:
    digits = config.digits(to.number)
    within_limits(config, digits)
    return Reached(Party(digits, to.alias), (f"{TELEPHONE}{digits}",))
