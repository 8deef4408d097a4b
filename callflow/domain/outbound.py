"""Calls that our side starts: an agent's device dials, a program lets an agent and a customer talk, or calls somebody.

Source: concepts.md §8, webhooks.md §4, call-control-api.md §2.
"""

from __future__ import annotations

from callflow.domain.arriving import ask_and_wait, program_in
from callflow.domain.call import Leg, Timer
from callflow.domain.effects import AgentCalledOut, Purpose
from callflow.domain.ending import INTERNAL, free_agent_of
from callflow.domain.events import CalloutRequested, DialOutRequested
from callflow.domain.program import SLACK_S, begin, prepare
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, ToProgram, Way
from callflow.scco import actions
from callflow.scco.parse import is_denial
from calls.domain import CallEvent, CallState, Cause, Direction, LegRole, Outcome
from telephony.port import Dial, HangupCause

RING_S = 60


def default_program(turn: Turn) -> actions.Program:
    """What an agent's call does when no server of the customer says otherwise: it connects to whom he dialled."""
    call = turn.call
    kind = actions.PartyType.INTERNAL if call.to.internal else actions.PartyType.EXTERNAL
    from_ = actions.Party(actions.PartyType.INTERNAL, call.from_.number, call.from_.alias)
    return actions.Program(
        (actions.Connect(from_, actions.Party(kind, call.to.number, call.to.alias), RING_S, peer_to_peer=False),)
    )


# ── A device dials ───────────────────────────────────────────────────────────────────────────────────────────────────
def device_calls(turn: Turn) -> Way | None:
    """An agent dials on his device. He must be nobody else's at the moment, and the number shown must be ours."""
    turn.publish("created")
    user = turn.call.request_user_id
    agent = turn.config.agent(user)
    leg = turn.call.caller
    if agent is None or agent.busy or leg is None or leg.agent is None:
        return ToEnd(Outcome.REJECTED, Cause.NOT_ALLOWED, INTERNAL)
    if turn.call.direction is Direction.OUTBOUND:
        number = turn.config.number(turn.call.from_.number)
        if number is None or not number.allow_outbound:
            return ToEnd(Outcome.REJECTED, Cause.NOT_ALLOWED, INTERNAL)
    turn.do(AgentCalledOut(leg.agent))
    turn.publish("started")
    if _ask_permission(turn):
        return None
    return ToProgram(default_program(turn))


def _ask_permission(turn: Turn) -> bool:
    url = turn.config.settings.callout_answer_url
    if not url:
        return False
    ask_and_wait(turn, Purpose.CALLOUT_ANSWER_URL, url)
    return True


def permission_answered(turn: Turn, text: str | None) -> Way | None:
    """The customer's server allows the call by a program that connects, or refuses it by anything else."""
    way = program_in(text)
    if not isinstance(way, ToProgram) or is_denial(way.program):
        return ToEnd(Outcome.REJECTED, Cause.NOT_ALLOWED, INTERNAL)
    if turn.call.caller is not None:
        return way
    prepare(turn, way.program)
    return dial_agent(turn)


# ── Agent first, then customer ───────────────────────────────────────────────────────────────────────────────────────
def call_out(turn: Turn, request: CalloutRequested) -> Way | None:
    """Ring the agent, unless the customer's server refuses."""
    turn.publish("created")
    turn.change(agent=request.agent)
    turn.flow(endpoints=request.endpoints, display=request.display)
    if _ask_permission(turn):
        return None
    prepare(turn, default_program(turn))
    return dial_agent(turn)


def dial_agent(turn: Turn) -> Way | None:
    flow, agent = turn.call.flow, turn.call.agent
    if agent is None or flow.display is None or not turn.move(CallEvent.DIAL_AGENT, agent=agent.user_id):
        return None
    turn.publish("started")
    leg = turn.new_leg(LegRole.AGENT, flow.endpoints[0] if flow.endpoints else "", agent.user_id, agent)
    turn.flow(main_leg=leg.id)
    _ring_main_leg(turn, leg, flow.endpoints, flow.display.number, flow.display.alias)
    return None


# ── A program calls somebody ─────────────────────────────────────────────────────────────────────────────────────────
def dial_out(turn: Turn, request: DialOutRequested) -> Way | None:
    """Ring the party; the program begins when it answers."""
    turn.publish("created")
    digits = turn.config.digits(turn.call.to.number)
    refusal = turn.config.outbound_refusal(digits, turn.now) if not turn.call.to.internal else None
    if refusal is not None:
        return ToEnd(Outcome.REJECTED, refusal, INTERNAL)
    if not turn.move(CallEvent.DIAL_CUSTOMER, to=turn.call.to.number):
        return None
    if request.program is not None:
        prepare(turn, request.program)
    turn.flow(answer_url=request.answer_url)
    turn.publish("started")
    number = turn.call.to.number
    endpoint = f"web:{turn.call.project_id}_{number}" if turn.call.to.internal else f"tel:{digits}"
    leg = turn.new_leg(LegRole.DESTINATION, endpoint, number)
    turn.flow(main_leg=leg.id)
    _ring_main_leg(turn, leg, (endpoint,), turn.call.from_.number, turn.call.from_.alias)
    return None


def _ring_main_leg(turn: Turn, leg: Leg, endpoints: tuple[str, ...], from_number: str, from_alias: str) -> None:
    turn.set_timer(Timer.RING, RING_S + SLACK_S)
    turn.do(
        Dial(
            leg.id,
            turn.call.id,
            endpoints,
            from_number=from_number,
            from_alias=from_alias,
            to_number=leg.number,
            to_alias=turn.call.to.alias,
            timeout_s=RING_S,
            custom_data=turn.call.client_custom_data,
        )
    )


def main_leg_answered(turn: Turn) -> Way | None:
    """Whom we rang first is there: his program begins."""
    turn.clear(Timer.RING)
    turn.change(answered_at=turn.now)
    if turn.call.flow.run is not None:
        return begin(turn)
    ask_and_wait(turn, Purpose.ANSWER_URL, turn.call.flow.answer_url)
    return None


def main_leg_never_answered(turn: Turn, leg: Leg, cause: HangupCause) -> Way:
    """Whom we rang first will not come."""
    turn.publish("agentEnded" if leg.agent is not None else "connect_failed", cause=cause)
    free_agent_of(turn, leg)
    return ToEnd(Outcome.FAILED, cause, INTERNAL)


def is_first_ring(turn: Turn, leg: Leg) -> bool:
    """Whether this leg is the one with which an outbound call begins, before it was answered."""
    ringing = turn.call.state in (CallState.DIALING_AGENT, CallState.DIALING_CUSTOMER)
    return ringing and leg.id == turn.call.flow.main_leg and leg.answered_at is None
