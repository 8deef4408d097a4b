"""Ringing parties outside of queues: where somebody can be reached, whether we may, and the ringing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callflow.domain.call import AgentRef, Leg, Party, Timer
from callflow.domain.effects import AgentCalledOut
from callflow.domain.turn import Turn
from callflow.domain.ways import EXTERNAL, INTERNAL
from calls.domain import Cause, Direction, LegRole
from telephony.port import Dial, HangupCause, Tone

SLACK_S = 3.0  # how much later than told an engine may end a ringing leg before we do it
TELEPHONE = "tel:"

REFUSALS = frozenset({Cause.NOT_ALLOWED, Cause.LIMIT_DESTINATION, Cause.LIMIT_CONCURRENCY, Cause.LIMIT_RATE})

# What SIP would say: customers' servers read it as `endCallCause` (Source: webhooks.md §7.3).
SIP_TEXTS: dict[str, str] = {
    HangupCause.BUSY: "486 Busy Here",
    HangupCause.REJECTED: "603 Decline",
    HangupCause.NO_ANSWER: "408 Request Timeout",
    HangupCause.UNREACHABLE: "480 Temporarily Unavailable",
    HangupCause.INVALID_NUMBER: "404 Not Found",
    HangupCause.CONGESTION: "503 Service Unavailable",
    HangupCause.CANCELLED: "487 Request Terminated",
    **dict.fromkeys(REFUSALS, "CAN_NOT_MAKE_CALL"),
}
OTHER_FAILURE = "500 Server Error"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to ring, which agent that is, or why not."""

    endpoints: tuple[str, ...] = ()
    agent: AgentRef | None = None
    refusal: Cause | None = None


def target_of(turn: Turn, number: str, *, internal: bool, shown: str) -> Target:
    """Where a user or a telephone is rung. `shown`: the number of ours that a telephone is to see."""
    return _user(turn, number) if internal else _telephone(turn, number, shown)


def _user(turn: Turn, user_id: str) -> Target:
    """An agent by what is known of him; any other user by his name alone."""
    agent = turn.config.agent(user_id)
    if agent is None:
        return Target((f"web:{turn.call.project_id}_{user_id}",))
    if agent.busy:
        return Target(refusal=Cause.BUSY)
    if not agent.endpoints:
        return Target(refusal=Cause.UNREACHABLE)
    return Target(agent.endpoints, AgentRef(agent.id, agent.user_id))


def _telephone(turn: Turn, number: str, shown: str) -> Target:
    """Within the limits of the project. Callers are forwarded also from numbers with which nobody may call out."""
    digits = turn.config.digits(number)
    if not digits:
        return Target(refusal=Cause.INVALID_NUMBER)
    ours = turn.config.number(shown)
    if ours is None or not (ours.allow_outbound or turn.call.direction is Direction.INBOUND):
        return Target(refusal=Cause.NOT_ALLOWED)
    refusal = turn.config.outbound_refusal(digits, turn.now)
    return Target(refusal=refusal) if refusal is not None else Target((f"{TELEPHONE}{digits}",))


def new_leg(turn: Turn, target: Target, number: str) -> Leg:
    """The leg that rings a target. An agent is in the call from now on: nothing else is offered to him."""
    if target.agent is None:
        return turn.new_leg(LegRole.DESTINATION, target.endpoints[0], number)
    turn.do(AgentCalledOut(target.agent))
    return turn.new_leg(LegRole.AGENT, target.endpoints[0], number, target.agent)


def side_of(leg: Leg) -> str:
    """On whose side a party is: the customer's, or ours."""
    return INTERNAL if leg.agent is not None or leg.role is LegRole.SUPERVISOR else EXTERNAL


def is_outside(leg: Leg) -> bool:
    """Whether a leg is a telephone that is no agent's."""
    return leg.agent is None and leg.endpoint.startswith(TELEPHONE)


def ring(
    turn: Turn,
    leg: Leg,
    endpoints: tuple[str, ...],
    *,
    shown: Party,
    alias: str,
    timeout_s: int,
    custom_data: str,
    timer: Timer = Timer.RING,
    info: Mapping[str, Any] | None = None,
) -> None:
    """Ring a leg, for so long. `shown`: who calls; `alias`: who is called, as the party sees it."""
    turn.set_timer(timer, timeout_s + SLACK_S)
    turn.do(
        Dial(
            leg.id,
            turn.call.id,
            endpoints,
            from_number=shown.number,
            from_alias=shown.alias,
            to_number=leg.number,
            to_alias=alias,
            timeout_s=timeout_s,
            custom_data=custom_data,
            info=info or {},
        )
    )


def let_hear_ringing(turn: Turn) -> None:
    """Whoever waits for the dialled party hears it ring, unless the program plays something."""
    caller, program = turn.call.caller, turn.call.flow.run
    if caller is not None and (program is None or program.playing is None):
        turn.play(caller.id, (Tone("ringback"),), loops=0)
