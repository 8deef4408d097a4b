"""What programs, the console and softphones ask of calls: to begin, move, change or end them. One action each.

Refusals (callflow.refusals) leave nothing behind. Lock order: the call, the project's outbound limits, the agents.
What happens outside follows the commit: call these functions in no longer transaction than needed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection

from django.db import transaction

from agents import activity
from agents.domain import AVAILABLE
from agents.models import Agent
from callflow import refusals
from callflow.domain import events as on
from callflow.domain.call import AgentRef, Call, Party, TransferKind
from callflow.domain.config import NumberConfig
from callflow.domain.dialling import TELEPHONE
from callflow.domain.program import NOT_LEFT
from callflow.guest_requests import add_person as add_person
from callflow.guest_requests import remove_person as remove_person
from callflow.guest_requests import stop_supervising as stop_supervising
from callflow.guest_requests import supervise as supervise
from callflow.guest_requests import third_persons
from callflow.guest_requests import whisper as whisper
from callflow.live_config import LiveConfig
from callflow.running import endpoints_of, leg_of, must_change, reach, running, within_limits
from callflow.scco.actions import Program
from callflow.services import ring_all, store_new, take
from callflow.store import Loaded
from calls.domain import CallState, Cause, Direction
from common import clock, ids
from common.refusals import InvalidInput, NotFound
from telephony import outbox

CLICK_TO_CALL = "SERVER_CALL_OUT_BY_MAKE_CALL_TO_APP_BEFORE"  # Source: webhooks.md §7.3, callCreatedReason
CALL_BY_PROGRAM = "SERVER_CALL_OUT_BY_MAKE_CALL_TO_EXTERNAL_BEFORE"
_KEYS = re.compile(r"[0-9*#A-D]{1,64}")


# ── New calls ────────────────────────────────────────────────────────────────────────────────────────────────────────
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


# ── Calls that run ───────────────────────────────────────────────────────────────────────────────────────────────────
def stop(project_id: int, call_id: str) -> None:
    """End a call. Raises CallNotFound, CallEnded."""
    with running(project_id, call_id) as loaded:
        take(loaded, [on.HangUpRequested(Cause.STOPPED)], clock.now())


def put_actions(project_id: int, call_id: str, program: Program) -> None:
    """Replace what is left of a call's instructions. Raises CallNotFound, CallEnded, NotPossibleNow."""
    with running(project_id, call_id) as loaded:
        if loaded.call.state in NOT_LEFT:
            raise refusals.NotPossibleNow(f"The call cannot be led elsewhere now: {loaded.call.state}.")
        take(loaded, [on.ActionsPut(program)], clock.now())


def transfer(project_id: int, call_id: str, to: Party, kind: TransferKind, *, by_user: str = "") -> None:
    """Hand the customer to a user (`to.internal`) or a telephone. `by_user`: whose part in the call ends, if named.

    An agent must be free: he is reserved. Raises CallNotFound, CallEnded, NotPossibleNow, NotFound,
    AgentNotFoundOrInAnotherCall, AgentUnreachable, ToNumberInvalid, TooManyCalls, CalloutNotAllowed.
    """
    with running(project_id, call_id) as loaded:
        _transfer(loaded, _request(LiveConfig(project_id), call_id, to, kind), by_user)


def transfer_to_queue(project_id: int, call_id: str, queue_public_id: str, *, by_user: str = "") -> None:
    """Send the customer to a queue; the agent leaves. Raises CallNotFound, CallEnded, NotPossibleNow, NotFound."""
    with running(project_id, call_id) as loaded:
        queue = LiveConfig(project_id).queue_id(queue_public_id)
        if queue is None:
            raise NotFound(f"There is no queue {queue_public_id[:64]}.")
        request = on.TransferRequested(TransferKind.BLIND, Party(queue_public_id), queue=queue)
        _transfer(loaded, request, by_user)


def _request(config: LiveConfig, call_id: str, to: Party, kind: TransferKind) -> on.TransferRequested:
    reached = reach(config, to)
    if reached.agent is not None and not activity.reserve([reached.agent.id], call_id, clock.now()):
        raise refusals.AgentNotFoundOrInAnotherCall
    return on.TransferRequested(kind, reached.to, reached.agent, reached.endpoints)


def _transfer(loaded: Loaded, request: on.TransferRequested, by_user: str) -> None:
    if by_user:
        _must_be_no_guest(loaded, by_user)
    if third_persons(loaded.call):
        raise refusals.NotPossibleNow("Remove the third person first.")
    must_change(loaded, request, "Nobody talks with the customer now, or a transfer is under way.")


def complete_transfer(project_id: int, call_id: str) -> None:
    """End the consultation: the customer talks with the new party. Raises CallNotFound, CallEnded, NotPossibleNow."""
    with running(project_id, call_id) as loaded:
        must_change(loaded, on.TransferCompleted(), "No transfer is under way.")


def cancel_transfer(project_id: int, call_id: str) -> None:
    """Let the agent who consults have the customer back. Raises CallNotFound, CallEnded, NotPossibleNow."""
    with running(project_id, call_id) as loaded:
        must_change(loaded, on.TransferCancelled(), "No transfer is under way, or the agent has left already.")


def merge_transfer(project_id: int, call_id: str) -> None:
    """Let customer, agent and the party that he consults all talk together.

    Raises CallNotFound, CallEnded, NotPossibleNow.
    """
    with running(project_id, call_id) as loaded:
        must_change(loaded, on.TransferMerged(), "Nobody is being consulted, or too many people are in the call.")


def hold(project_id: int, call_id: str, *, held: bool, by_user: str = "") -> None:
    """Put the customer on hold, or take him back. `by_user`: who wants it, if named; guests may not.

    Raises CallNotFound, CallEnded, NotPossibleNow, NotFound.
    """
    with running(project_id, call_id) as loaded:
        if by_user:
            _must_be_no_guest(loaded, by_user)
        customer = take(loaded, [on.HoldRequested(held)], clock.now()).call.customer_leg
        if customer is None or customer.held != held:
            raise refusals.NotPossibleNow("Nobody talks with the customer now.")


def _must_be_no_guest(loaded: Loaded, user_id: str) -> None:
    """Raises NotFound, NotPossibleNow."""
    if loaded.call.guest(leg_of(loaded, user_id).id) is not None:
        raise refusals.NotPossibleNow("Only who talks with the customer holds him or hands him on.")


def mute(project_id: int, call_id: str, user_id: str, *, muted: bool) -> None:
    """Take a user's voice away, or give it back. Raises CallNotFound, CallEnded, NotFound."""
    with running(project_id, call_id) as loaded:
        take(loaded, [on.MuteRequested(leg_of(loaded, user_id).id, muted)], clock.now())


def send_digits(project_id: int, call_id: str, user_id: str, digits: str) -> None:
    """Send keys that a user presses to the others. Raises CallNotFound, CallEnded, NotFound, InvalidInput."""
    if not _KEYS.fullmatch(digits):
        raise InvalidInput("digits must be 1 to 64 of 0-9, *, #, A-D.")
    with running(project_id, call_id) as loaded:
        take(loaded, [on.DigitsRequested(leg_of(loaded, user_id).id, digits)], clock.now())


# ── Wrap-up ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def end_wrap_up(project_id: int, user_id: str, *, by: str) -> None:
    """End an agent's after-call work early. Raises NotFound, NotPossibleNow."""
    with transaction.atomic():
        moved = activity.end_wrap_up(_agent_pk(project_id, user_id), clock.now(), by)
        if not moved:
            raise refusals.NotPossibleNow("The agent is not in wrap-up.")
        transaction.on_commit(lambda: ring_all(moved.rings))


def extend_wrap_up(project_id: int, user_id: str) -> None:
    """Let an agent's after-call work last twice as long; once. Raises NotFound, NotPossibleNow."""
    with transaction.atomic():
        if not activity.extend_wrap_up(_agent_pk(project_id, user_id), clock.now()):
            raise refusals.NotPossibleNow("The agent is not in wrap-up, or it has been extended already.")


def _agent_pk(project_id: int, user_id: str) -> int:
    found = Agent.objects.filter(project=project_id, stringee_user_id=user_id).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound(f"There is no agent {user_id[:64]}.")
    return found
