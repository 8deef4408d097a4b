"""What programs, the console and softphones ask of calls: to begin, move, change or end them. One action each.

Refusals (callflow.refusals) leave nothing behind. Lock order: the call, the project's outbound limits, the agents.
What happens outside follows the commit: call these functions in no longer transaction than needed.
`by_user` names the user who leads a conversation: it must be his own (`callflow.running.must_be_host`).
"""

from __future__ import annotations

import re

from django.db import transaction

from agents import activity
from agents.models import Agent
from callflow import refusals
from callflow.call_requests import call_out as call_out
from callflow.call_requests import dial_out as dial_out
from callflow.call_requests import may_dial as may_dial
from callflow.domain import events as on
from callflow.domain.call import Party, TransferKind
from callflow.domain.program import NOT_LEFT
from callflow.guest_requests import add_person as add_person
from callflow.guest_requests import remove_person as remove_person
from callflow.guest_requests import stop_supervising as stop_supervising
from callflow.guest_requests import supervise as supervise
from callflow.guest_requests import third_persons
from callflow.guest_requests import whisper as whisper
from callflow.live_config import LiveConfig
from callflow.running import leg_of, must_be_host, must_change, reach, running
from callflow.scco.actions import Program
from callflow.services import ring_all, take
from callflow.store import Loaded
from calls.domain import Cause
from common import clock
from common.refusals import InvalidInput, NotFound

_KEYS = re.compile(r"[0-9*#A-D]{1,64}")


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
        _may_transfer(loaded, by_user)
        _transfer(loaded, _request(LiveConfig(project_id), call_id, to, kind))


def transfer_to_queue(project_id: int, call_id: str, queue_public_id: str, *, by_user: str = "") -> None:
    """Send the customer to a queue; the agent leaves. Raises CallNotFound, CallEnded, NotPossibleNow, NotFound."""
    with running(project_id, call_id) as loaded:
        _may_transfer(loaded, by_user)
        queue = LiveConfig(project_id).queue_id(queue_public_id)
        if queue is None:
            raise NotFound(f"There is no queue {queue_public_id[:64]}.")
        request = on.TransferRequested(TransferKind.BLIND, Party(queue_public_id), queue=queue)
        _transfer(loaded, request)


def _request(config: LiveConfig, call_id: str, to: Party, kind: TransferKind) -> on.TransferRequested:
    reached = reach(config, to)
    if reached.agent is not None and not activity.reserve([reached.agent.id], call_id, clock.now()):
        raise refusals.AgentNotFoundOrInAnotherCall
    return on.TransferRequested(kind, reached.to, reached.agent, reached.endpoints)


def _may_transfer(loaded: Loaded, by_user: str) -> None:
    must_be_host(loaded, by_user)
    if third_persons(loaded.call):
        raise refusals.NotPossibleNow("Remove the third person first.")


def _transfer(loaded: Loaded, request: on.TransferRequested) -> None:
    must_change(loaded, request, "Nobody talks with the customer now, or a transfer is under way.")


def complete_transfer(project_id: int, call_id: str, *, by_user: str = "") -> None:
    """End the consultation: the customer talks with the new party. `by_user`: who wants it, if named.

    Raises CallNotFound, CallEnded, NotPossibleNow, NotFound.
    """
    with running(project_id, call_id) as loaded:
        must_be_host(loaded, by_user)
        must_change(loaded, on.TransferCompleted(), "No transfer is under way.")


def cancel_transfer(project_id: int, call_id: str, *, by_user: str = "") -> None:
    """Let the agent who consults have the customer back. `by_user`: who wants it, if named.

    Raises CallNotFound, CallEnded, NotPossibleNow, NotFound.
    """
    with running(project_id, call_id) as loaded:
        must_be_host(loaded, by_user)
        must_change(loaded, on.TransferCancelled(), "No transfer is under way, or the agent has left already.")


def merge_transfer(project_id: int, call_id: str, *, by_user: str = "") -> None:
    """Let customer, agent and the party that he consults all talk together. `by_user`: who wants it, if named.

    Raises CallNotFound, CallEnded, NotPossibleNow, NotFound.
    """
    with running(project_id, call_id) as loaded:
        must_be_host(loaded, by_user)
        must_change(loaded, on.TransferMerged(), "Nobody is being consulted, or too many people are in the call.")


def hold(project_id: int, call_id: str, *, held: bool, by_user: str = "") -> None:
    """Put the customer on hold, or take him back. `by_user`: who wants it, if named.

    Raises CallNotFound, CallEnded, NotPossibleNow, NotFound.
    """
    with running(project_id, call_id) as loaded:
        must_be_host(loaded, by_user)
        customer = take(loaded, [on.HoldRequested(held)], clock.now()).call.customer_leg
        if customer is None or customer.held != held:
            raise refusals.NotPossibleNow("Nobody talks with the customer now.")


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
