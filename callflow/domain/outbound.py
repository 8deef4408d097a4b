"""Calls that our side starts: an agent's device dials, a program lets an agent and a customer talk, or calls somebody.

Source: concepts.md §8, webhooks.md §4, call-control-api.md §2.
"""

from __future__ import annotations

from callflow.domain import dialling
from callflow.domain.arriving import ask_and_wait, program_in
from callflow.domain.call import Leg, Party, Timer
from callflow.domain.effects import AgentCalledOut, Purpose
from callflow.domain.ending import agent_leaves
from callflow.domain.events import CalloutRequested, DialOutRequested
from callflow.domain.program import begin, prepare
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, ToProgram, Way
from callflow.scco import actions
from callflow.scco.parse import is_denial
from calls.domain import CallEvent, CallState, Cause, Direction, LegRole, LegState, Outcome
from telephony.port import HangupCause

RING_S = 60


def default_program(turn: Turn) -> actions.Program:
    """What an agent's call does when no server of the customer says otherwise: it connects to whom he dialled."""
    call = turn.call
    kind = actions.PartyType.INTERNAL if call.to.internal else actions.PartyType.EXTERNAL
    from_ = actions.Party(actions.PartyType.INTERNAL, call.from_.number, call.from_.alias)
    return actions.Program((actions.Connect(from_, actions.Party(kind, call.to.number, call.to.alias), RING_S),))


# ── A device dials ───────────────────────────────────────────────────────────────────────────────────────────────────
def device_calls(turn: Turn) -> Way | None:
    """An agent dials on his device. He must be nobody else's at the moment, and the number shown must be ours.

    `callflow.requests.may_dial` tells his page the same before.
    """
    turn.publish("created")
    leg = turn.call.caller
    if leg is None or leg.agent is None or not _may_call(turn):
        turn.change(agent=None)  # nobody's: whatever occupies the agent goes on
        return ToEnd(Outcome.REJECTED, Cause.NOT_ALLOWED)
    turn.change(agent=leg.agent)
    turn.do(AgentCalledOut(leg.agent))
    turn.publish("started")
    return None if _ask_permission(turn) else ToProgram(default_program(turn))


def _may_call(turn: Turn) -> bool:
    agent = turn.config.agent(turn.call.request_user_id)
    if agent is None or agent.busy:
        return False
    if turn.call.direction is not Direction.OUTBOUND:
        return True
    number = turn.config.number(turn.call.from_.number)
    allowed = number is not None and number.allow_outbound
    return allowed and turn.config.may_call_out(agent.user_id, turn.now)


def _ask_permission(turn: Turn) -> bool:
    """Calls to customers are the customer's server's business, calls between users are not."""
    url = turn.config.settings.callout_answer_url
    if not url or turn.call.direction is not Direction.OUTBOUND:
        return False
    ask_and_wait(turn, Purpose.CALLOUT_ANSWER_URL, url)
    return True


def permission_answered(turn: Turn, text: str | None) -> Way | None:
    """The customer's server allows the call by a program that connects, or refuses it by anything else."""
    way = program_in(text)
    if not isinstance(way, ToProgram) or is_denial(way.program):
        return ToEnd(Outcome.REJECTED, Cause.NOT_ALLOWED)
    if turn.call.caller is not None:
        return way
    prepare(turn, way.program)
    _dial_agent(turn)
    return None


# ── Agent first, then customer ───────────────────────────────────────────────────────────────────────────────────────
def call_out(turn: Turn, request: CalloutRequested) -> None:
    """Ring the agent, unless the customer's server refuses."""
    turn.publish("created")
    turn.change(agent=request.agent)
    turn.flow(endpoints=request.endpoints, display=request.display)
    if _ask_permission(turn):
        return
    prepare(turn, default_program(turn))
    _dial_agent(turn)


def _dial_agent(turn: Turn) -> None:
    flow, agent = turn.call.flow, turn.call.agent
    if agent is None or flow.display is None or not turn.move(CallEvent.DIAL_AGENT, agent=agent.user_id):
        return
    leg = turn.new_leg(LegRole.AGENT, flow.endpoints[0] if flow.endpoints else "", agent.user_id, agent)
    _ring_main_leg(turn, leg, flow.endpoints, flow.display)


# ── A program calls somebody ─────────────────────────────────────────────────────────────────────────────────────────
def dial_out(turn: Turn, request: DialOutRequested) -> Way | None:
    """Ring the party; the program begins when it answers."""
    turn.publish("created")
    to = turn.call.to
    target = dialling.target_of(turn, to.number, internal=to.internal, shown=turn.call.from_.number)
    if target.refusal is not None:
        outcome = Outcome.REJECTED if target.refusal in dialling.REFUSALS else Outcome.FAILED
        return ToEnd(outcome, target.refusal)
    if not turn.move(CallEvent.DIAL_CUSTOMER, to=to.number):
        return None
    if request.program is not None:
        prepare(turn, request.program)
    turn.flow(answer_url=request.answer_url)
    _ring_main_leg(turn, dialling.new_leg(turn, target, to.number), target.endpoints, turn.call.from_)
    return None


# ── The party that is rung first ─────────────────────────────────────────────────────────────────────────────────────
def _ring_main_leg(turn: Turn, leg: Leg, endpoints: tuple[str, ...], shown: Party) -> None:
    turn.publish("started")
    turn.flow(main_leg=leg.id)
    dialling.ring(
        turn,
        leg,
        endpoints,
        shown=shown,
        alias=turn.call.to.alias,
        timeout_s=RING_S,
        custom_data=turn.call.client_custom_data,
    )


def main_leg_answered(turn: Turn, leg: Leg) -> Way | None:
    """Whom we rang first is there: his program begins."""
    turn.clear(Timer.RING)
    turn.change(answered_at=turn.now)
    if turn.call.state is CallState.DIALING_CUSTOMER:
        party = turn.party_of(leg)
        turn.publish("answered", to=party, actor=party)
    if turn.call.flow.run is not None:
        return begin(turn)
    ask_and_wait(turn, Purpose.ANSWER_URL, turn.call.flow.answer_url)
    return None


def main_leg_never_answered(turn: Turn, leg: Leg, cause: HangupCause) -> Way:
    """Whom we rang first will not come."""
    agent_leaves(turn, leg, cause)
    return ToEnd(Outcome.FAILED, cause)


def is_first_ring(turn: Turn, leg: Leg) -> bool:
    """Whether this leg is the one with which a call of ours begins, before it was answered."""
    return leg.id == turn.call.flow.main_leg and leg.state in (LegState.DIALING, LegState.RINGING)
