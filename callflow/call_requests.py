"""What programs, the console and softphones ask for calls that our side begins: an agent's, a program's, a device's.

As in `callflow.requests`, where these are called: refusals leave nothing behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from agents import activity
from agents.domain import AVAILABLE
from agents.models import Agent
from callflow import refusals
from callflow.domain import events as on
from callflow.domain.call import AgentRef, Call, Party
from callflow.domain.config import NumberConfig
from callflow.domain.dialling import TELEPHONE
from callflow.live_config import LiveConfig
from callflow.running import endpoints_of, within_limits
from callflow.scco.actions import Program
from callflow.services import store_new, take
from calls.domain import CallState, Cause, Direction
from common import clock, ids
from telephony import outbox

CLICK_TO_CALL = "SERVER_CALL_OUT_BY_MAKE_CALL_TO_APP_BEFORE"  # Source: webhooks.md §7.3, callCreatedReason
CALL_BY_PROGRAM = "SERVER_CALL_OUT_BY_MAKE_CALL_TO_EXTERNAL_BEFORE"


def call_out(
    project_id: int, agent_user_id: str, *, display: Party, caller_id: str, customer: str, device: str = ""
) -> str:
    """Ring an agent, and the customer when he has answered. Returns the call's id.

    `display` is what the agent's device shows; its alias is the call's. `caller_id`: the number of ours that the
    customer sees. `device`: `ipphone` rings the desk phone only.
    Raises AgentNotFoundOrInAnotherCall, AgentUnreachable, FromNumberNotFound, CalloutNotAllowed, TooManyCalls,
    ToNumberInvalid, NoEngine.
    """
    now = clock.now()
    with transaction.atomic():
        config = LiveConfig(project_id)
        number = _number_for(config, caller_id)
        digits = config.digits(customer)
        row = _agent_for(config, agent_user_id)
        endpoints = endpoints_of(config.agent_config(row), device)
        node = _node_for({*_kinds(endpoints), "tel"})
        within_limits(config, digits)
        agent = AgentRef(row.pk, row.stringee_user_id)
        call = Call(
            id=ids.call_id(),
            project_id=project_id,
            direction=Direction.OUTBOUND,
            state=CallState.AUTHORISING,
            from_=Party(number.digits, display.alias),
            to=Party(digits),
            customer=digits,
            created_at=now,
            created_reason=CLICK_TO_CALL,
            number=number.id,
            node=node,
            agent=agent,
        )
        loaded = store_new(call, number.event_url)
        if not activity.called_out(agent.id, call.id, now):
            raise refusals.AgentNotFoundOrInAnotherCall
        shown = _shown(config, display, number, endpoints)
        take(loaded, [on.CalloutRequested(agent, endpoints, shown)], now)
    return call.id


def dial_out(
    project_id: int,
    from_: Party,
    to: Party,
    *,
    program: Program | None = None,
    answer_url: str = "",
    event_url: str = "",
    custom_data: str = "",
) -> str:
    """Call somebody, who then hears `program`, or what `answer_url` says. Returns the call's id.

    Raises FromNumberNotFound, CalloutNotAllowed, TooManyCalls, ToNumberInvalid, AgentNotFoundOrInAnotherCall,
    AgentUnreachable, NoEngine.
    """
    now = clock.now()
    with transaction.atomic():
        config = LiveConfig(project_id)
        number = _number_for(config, from_.number)
        digits = "" if to.internal else config.digits(to.number)
        if not to.internal and not digits:
            raise refusals.ToNumberInvalid
        call = Call(
            id=ids.call_id(),
            project_id=project_id,
            direction=Direction.OUTBOUND,
            state=CallState.AUTHORISING,
            from_=Party(number.digits, from_.alias),
            to=Party(digits or to.number, to.alias, to.internal),
            customer=digits,
            created_at=now,
            created_reason=CLICK_TO_CALL if to.internal else CALL_BY_PROGRAM,
            number=number.id,
            node=_node_for(_kinds_of_party(config, to)),
            client_custom_data=custom_data,
        )
        after = take(store_new(call, event_url or number.event_url), [on.DialOutRequested(program, answer_url)], now)
        if after.call.state is CallState.ENDED:
            raise refusals.of_cause(after.call.cause)
    return call.id


def may_dial(project_id: int, user_id: str, caller_id: str, dialled: str, custom: str) -> None:
    """Whether an agent may call a telephone or a user from his own device now; the conductor decides again.

    `custom`: what his app says along with the call.

    Raises AgentNotFoundOrInAnotherCall, FromNumberNotFound, CalloutNotAllowed, TooManyCalls, ToNumberInvalid.
    """
    now = clock.now()
    with transaction.atomic():
        config = LiveConfig(project_id)
        agent = config.agent(user_id)
        if agent is None or agent.busy:
            raise refusals.AgentNotFoundOrInAnotherCall
        digits = config.telephone_dialled(dialled, custom)
        if not digits:
            if not dialled:
                raise refusals.ToNumberInvalid
            return
        _number_for(config, caller_id)
        _within_business_hours(config, user_id, now)
        within_limits(config, digits)


def _number_for(config: LiveConfig, caller_id: str) -> NumberConfig:
    number = config.number(caller_id)
    if number is None:
        raise refusals.FromNumberNotFound
    if not number.allow_outbound:
        raise refusals.of_cause(Cause.NOT_ALLOWED)
    return number


def _agent_for(config: LiveConfig, user_id: str) -> Agent:
    """The agent who may call out now. That he has no call is decided when he is taken."""
    row = Agent.objects.filter(project=config.project_id, stringee_user_id=user_id).first()
    if row is None or row.manual_status != AVAILABLE or config.agent_config(row).busy:
        raise refusals.AgentNotFoundOrInAnotherCall
    _within_business_hours(config, user_id, clock.now())
    return row


def _within_business_hours(config: LiveConfig, user_id: str, now: dt.datetime) -> None:
    if not config.may_call_out(user_id, now):
        raise refusals.CalloutNotAllowed("outside of business hours; the agent is not allowed to.")


def _shown(config: LiveConfig, display: Party, number: NumberConfig, endpoints: tuple[str, ...]) -> Party:
    """A telephone shows a number of ours; what else a program wishes is for devices only."""
    by_phone = any(each.startswith(TELEPHONE) for each in endpoints)
    foreign = by_phone and config.number(display.number) is None
    return Party(number.digits, display.alias) if foreign else display


def _kinds(endpoints: Collection[str]) -> set[str]:
    return {each.partition(":")[0] for each in endpoints}


def _kinds_of_party(config: LiveConfig, party: Party) -> set[str]:
    if not party.internal:
        return {"tel"}
    agent = config.agent(party.number)
    return (_kinds(agent.endpoints) if agent is not None else set()) or {"web"}


def _node_for(kinds: Collection[str]) -> str:
    node = outbox.node_for(kinds)
    if node is None:
        raise refusals.NoEngine
    return node
