"""The durable shell of the conductor: events and requests come in, calls move in the database, effects go out.

One writer per call: the row is locked, the call is read, decided about (`callflow.domain`), and stored in one
transaction; everything that happens outside follows the commit. Everything here may run twice.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from django.db import transaction

from agents import devices
from agents.models import Agent, DeviceKind
from callflow import doorbell
from callflow.domain import events as on
from callflow.domain.call import AgentRef, Call, Flow, Leg, Party
from callflow.domain.conductor import advance, due_timers
from callflow.live_config import LiveConfig
from callflow.outgoing import Outgoing
from callflow.store import Batch, Loaded, call_columns, locked, locked_by_leg
from calls import models as rows
from calls.domain import CallState, Direction, LegRole, LegState
from common import clock, ids
from common.phone import InvalidPhoneNumber, digits_of
from numbers_app.models import Number
from telephony import port
from telephony.port import Command

log = logging.getLogger(__name__)

EXTERNAL_IN = "EXTERNAL_CALL_IN"  # Source: webhooks.md §7.3, callCreatedReason
CLIENT_CALL = "CLIENT_MAKE_CALL"


# ── Engine events ────────────────────────────────────────────────────────────────────────────────────────────────────
def conduct(event: port.Event) -> tuple[Command, ...]:
    """Take an event of a voice engine. Returns what the engine is to do at once with legs that are no call of ours.

    Idempotent: an event that comes again finds its work done. Raises what the database raises; the engine tells again.
    """
    match event:
        case port.Incoming():
            return begin_call(event)
        case port.DeviceUp() | port.DeviceDown():
            _device_moves(event)
        case port.Snapshot():
            from callflow.reconciler import compare_with_engine

            return compare_with_engine(event)
        case _:
            return _conduct_leg(event)
    return ()


def _conduct_leg(event: port.LegEvent) -> tuple[Command, ...]:
    with transaction.atomic():
        loaded = locked_by_leg(event.leg)
        if loaded is not None:
            take(loaded, [event], clock.now())
            return ()
    answered_late = isinstance(event, port.Answered)
    return (port.Hangup(event.leg),) if answered_late else ()


def take(
    loaded: Loaded, happened: Sequence[on.CallHappening], now: dt.datetime, config: LiveConfig | None = None
) -> Loaded:
    """Let things happen to a locked call, one after the other, in the caller's transaction.

    `config`: what the caller has read of the project in this transaction, if anything.
    """
    config = config or LiveConfig(loaded.row.project_id)
    batch, outgoing = Batch(now), Outgoing(now, config)
    for event in happened:
        decision = advance(loaded.call, event, config, now)
        loaded = batch.keep(loaded, decision)
        outgoing.take(loaded, decision.effects)
    batch.write()
    outgoing.send()
    return loaded


def _device_moves(event: port.DeviceUp | port.DeviceDown) -> None:
    now = clock.now()
    kind = DeviceKind(event.kind)
    with transaction.atomic():
        if isinstance(event, port.DeviceUp):
            expires_at = now + dt.timedelta(seconds=event.expires_s) if event.expires_s else None
            rings = devices.device_up(
                event.project_id, event.user, kind, event.device, now, node=event.node, expires_at=expires_at
            )
        else:
            rings = devices.device_down(event.project_id, kind, event.device, now, node=event.node)
    ring_all(rings)


def ring_all(project_ids: frozenset[int] | set[int]) -> None:
    """Ring the doorbells of some projects. Call it after the commit."""
    for project_id in sorted(project_ids):
        doorbell.ring(project_id)


# ── New calls ────────────────────────────────────────────────────────────────────────────────────────────────────────
def begin_call(event: port.Incoming) -> tuple[Command, ...]:
    """A party calls in, or a signed-in user calls out. Returns a hang-up for numbers that are nobody's.

    The project that configured a number first answers it (docs/decisions/0003). Idempotent by the leg.
    """
    with transaction.atomic():
        if rows.Leg.objects.filter(leg_id=event.leg).exists():
            return ()
        project_id = event.project_id or _project_of(event.to_number)
        if project_id is None:
            log.info("call to a number that is nobody's", extra={"event": "number_unknown", "node": event.node})
            return (port.Hangup(event.leg, port.HangupCause.INVALID_NUMBER),)
        now, config = clock.now(), LiveConfig(project_id)
        call = _new_call(event, config, now)
        take(store_new(call, _event_url_of(call, config)), [on.Arrived()], now, config)
    return ()


def _project_of(number: str) -> int | None:
    try:
        digits = digits_of(number)
    except InvalidPhoneNumber:
        return None
    return Number.objects.filter(digits=digits).order_by("pk").values_list("project_id", flat=True).first()


def _new_call(event: port.Incoming, config: LiveConfig, now: dt.datetime) -> Call:
    agent = _agent_of(config.project_id, event.user)
    leg = Leg(event.leg, LegRole.CALLER, LegState.INCOMING, event.endpoint, event.user or event.from_number, now, agent)
    if not event.user:
        direction, ours, customer = Direction.INBOUND, event.to_number, config.digits(event.from_number)
    elif telephone := config.telephone_dialled(event.to_number, event.custom):
        direction, ours, customer = Direction.OUTBOUND, event.from_number, telephone
    else:
        direction, ours, customer = Direction.INTERNAL, "", ""
    number = config.number(ours) if ours else None
    return Call(
        id=event.call or ids.call_id(),
        project_id=config.project_id,
        direction=direction,
        state=CallState.AUTHORISING if event.user else CallState.RINGING_IN,
        from_=Party(event.from_number, internal=direction is Direction.INTERNAL),
        to=Party(event.to_number, internal=direction is Direction.INTERNAL),
        customer=customer or ("" if event.user else event.from_number),
        created_at=now,
        created_reason=CLIENT_CALL if event.user else EXTERNAL_IN,
        number=number.id if number is not None else None,
        request_user_id=event.user,
        node=event.node,
        client_custom_data=event.custom,
        agent=agent,
        legs=(leg,),
        flow=Flow(main_leg=leg.id),
    )


def _event_url_of(call: Call, config: LiveConfig) -> str:
    """Who is told of a call beside the project's own server: whom its number names."""
    number = config.number(call.ours.number) if call.number is not None else None
    return number.event_url if number is not None else ""


def _agent_of(project_id: int, user_id: str) -> AgentRef | None:
    if not user_id:
        return None
    pk = Agent.objects.filter(project=project_id, stringee_user_id=user_id).values_list("pk", flat=True).first()
    return AgentRef(pk, user_id) if pk is not None else None


def store_new(call: Call, event_url: str) -> Loaded:
    """Store a new call with the legs it begins with, and the transition that says how it began.

    `event_url`: who is told of it beside the project's own server; empty: nobody.
    """
    row = rows.Call.objects.create(
        call_id=call.id,
        project_id=call.project_id,
        number_id=call.number,
        from_number=call.from_.number,
        from_alias=call.from_.alias,
        from_internal=call.from_.internal,
        to_number=call.to.number,
        to_alias=call.to.alias,
        to_internal=call.to.internal,
        customer_number=call.customer,
        created_reason=call.created_reason,
        request_user_id=call.request_user_id,
        client_custom_data=call.client_custom_data,
        node=call.node,
        event_url=event_url,
        created_at=call.created_at,
        **call_columns(call),
    )
    batch = Batch(call.created_at)
    batch.keep_new(row, call)
    batch.write()
    return Loaded(row, call)


# ── Time, answers, requests ──────────────────────────────────────────────────────────────────────────────────────────
def fire_timers(call_pk: int) -> None:
    """Let the timers of a call that have come fire. Idempotent: one that has fired is gone."""
    now = clock.now()
    with transaction.atomic():
        for loaded in locked([call_pk], skip_locked=True):
            take(loaded, list(due_timers(loaded.call, now)), now)


def question_answered(call_pk: int, question_id: str, text: str | None, failure: str) -> None:
    """Tell a call what the customer's server answered."""
    happen(call_pk, on.QuestionAnswered(question_id, text, failure))


def happen(call_pk: int, event: on.CallHappening) -> Loaded | None:
    """Let something happen to a call. Returns it as it is then; None when it is gone."""
    with transaction.atomic():
        for loaded in locked([call_pk]):
            return take(loaded, [event], clock.now())
    return None
