"""What programs, the console and softphones ask of guests in calls: add a person, listen, whisper, join, leave.

As in `callflow.requests`, where these are called: refusals leave nothing behind.
"""

from __future__ import annotations

from agents import activity
from callflow import refusals
from callflow.domain import events as on
from callflow.domain.call import Call, Leg, Party
from callflow.domain.dialling import TELEPHONE
from callflow.live_config import LiveConfig
from callflow.running import Reached, leg_of, must_be_host, must_change, reach, running
from callflow.services import take
from callflow.store import Loaded
from calls.domain import CallState, LegRole
from common import clock
from common.refusals import InvalidInput, NotFound
from telephony.port import Part

NOBODY_TALKS = "Nobody talks with the customer now."
NO_ROOM = "Nobody can be added now: somebody is being rung already, or too many people are in the call."


# ── Third persons ────────────────────────────────────────────────────────────────────────────────────────────────────
def add_person(project_id: int, call_id: str, to: Party, *, by_user: str = "", shown: Party | None = None) -> str:
    """Ring a user (`to.internal`) or a telephone, who then talks along. Returns the id of the leg.

    An agent must be free: he is reserved. `by_user`: who adds him, if named. `shown`: who calls, as the
    person sees it, a user or a number; on a telephone a number of ours, or the call's.
    Raises CallNotFound, CallEnded, NotPossibleNow, NotFound, AgentNotFoundOrInAnotherCall, AgentUnreachable,
    ToNumberInvalid, TooManyCalls, CalloutNotAllowed, FromNumberNotFound.
    """
    with running(project_id, call_id) as loaded:
        must_be_host(loaded, by_user)
        if loaded.call.flow.transfer is not None or loaded.call.host is None:
            raise refusals.NotPossibleNow("Nobody talks with the customer now, or a transfer is under way.")
        config = LiveConfig(project_id)
        reached = reach(config, to)
        if reached.agent is not None and not activity.reserve([reached.agent.id], call_id, clock.now()):
            raise refusals.AgentNotFoundOrInAnotherCall
        by = by_user or _user_among(loaded.call, shown)
        return _ring(loaded, LegRole.PARTICIPANT, Part.TALK, reached, by, _shown(config, reached, shown))


def remove_person(project_id: int, call_id: str, leg_id: str, *, by_user: str = "") -> None:
    """Let a third person go, also one who is still being rung. `by_user`: who wants it, if named.

    Raises CallNotFound, CallEnded, NotPossibleNow, NotFound.
    """
    with running(project_id, call_id) as loaded:
        must_be_host(loaded, by_user)
        if leg_id not in {leg.id for leg in third_persons(loaded.call)}:
            raise NotFound(f"There is no third person {leg_id[:64]} in this call.")
        take(loaded, [on.GuestDismissed(leg_id)], clock.now())


def third_persons(call: Call) -> list[Leg]:
    """Those who take part in the conversation, or are rung for it, and are no supervisors."""
    return [leg for leg in call.live_legs if call.guest(leg.id) is not None and leg.role is not LegRole.SUPERVISOR]


def _shown(config: LiveConfig, reached: Reached, shown: Party | None) -> Party | None:
    """Telephones are shown a number of ours, in our spelling; the call's when a user is named."""
    if shown is None or not reached.endpoints[0].startswith(TELEPHONE):
        return shown
    number = config.number(shown.number)
    if number is None and not shown.internal:
        raise refusals.FromNumberNotFound
    return Party(number.digits, shown.alias) if number is not None else None


def _user_among(call: Call, party: Party | None) -> str:
    """A party's name when it is a user's who is in the call."""
    users = {leg.agent.user_id for leg in call.live_legs if leg.agent is not None}
    return party.number if party is not None and party.number in users else ""


# ── Supervisors ──────────────────────────────────────────────────────────────────────────────────────────────────────
def supervise(project_id: int, call_id: str, to: Party, part: Part, *, endpoint: str = "") -> str:
    """Let somebody listen to a call, whisper to its agent, or join it. Returns the id of the leg.

    The same `to` again takes another part, without being rung anew. With `endpoint` only that page is rung, and `to`
    is how the log names who uses it; otherwise a user or a telephone is, and an agent is occupied with the call
    whatever status he has chosen.
    Raises CallNotFound, CallEnded, NotPossibleNow, InvalidInput, AgentNotFoundOrInAnotherCall, AgentUnreachable,
    ToNumberInvalid, TooManyCalls, CalloutNotAllowed.
    """
    with running(project_id, call_id) as loaded:
        config = LiveConfig(project_id)
        there = _supervisor(loaded.call, to.number if to.internal else config.digits(to.number))
        if there is not None:
            return _take_part(loaded, there, part, by=to.number)
        if loaded.call.state is not CallState.CONNECTED:
            raise refusals.NotPossibleNow(NOBODY_TALKS)
        reached = _page(project_id, to, endpoint) if endpoint else reach(config, to)
        if reached.agent is not None and not activity.called_out(reached.agent.id, call_id, clock.now()):
            raise refusals.AgentNotFoundOrInAnotherCall
        return _ring(loaded, LegRole.SUPERVISOR, part, reached, by=to.number)


def stop_supervising(project_id: int, call_id: str, to_number: str) -> None:
    """Let a supervisor leave; one who has gone on with the customer alone hangs up.

    Raises CallNotFound, CallEnded, NotFound.
    """
    with running(project_id, call_id) as loaded:
        digits = LiveConfig(project_id).digits(to_number)
        there = _supervisor(loaded.call, to_number) or _supervisor(loaded.call, digits)
        if there is None:
            raise NotFound(f"{to_number[:64]} does not supervise this call.")
        take(loaded, [on.GuestDismissed(there.id)], clock.now())


def whisper(project_id: int, call_id: str, user_id: str) -> None:
    """Let every supervisor of a call be heard by its agent alone; `user_id` is the agent's.

    Raises CallNotFound, CallEnded, NotFound, NotPossibleNow.
    """
    with running(project_id, call_id) as loaded:
        leg, host = leg_of(loaded, user_id), loaded.call.host
        if host is None or host.id != leg.id:
            raise refusals.NotPossibleNow(f"The user {user_id[:64]} does not talk with the customer.")
        legs = [each for each in loaded.call.live_legs if each.role is LegRole.SUPERVISOR]
        if not legs:
            raise refusals.NotPossibleNow("Nobody listens to this call.")
        take(loaded, [on.GuestChanged(each.id, Part.WHISPER) for each in legs], clock.now())


def _supervisor(call: Call, number: str) -> Leg | None:
    legs = (leg for leg in call.live_legs if leg.role is LegRole.SUPERVISOR)
    return next((leg for leg in legs if leg.number == number), None)


def _take_part(loaded: Loaded, leg: Leg, part: Part, by: str) -> str:
    if loaded.call.guest(leg.id) is None:
        raise refusals.NotPossibleNow("The agent has left: the supervisor talks with the customer alone.")
    take(loaded, [on.GuestChanged(leg.id, part, by)], clock.now())
    return leg.id


def _page(project_id: int, to: Party, endpoint: str) -> Reached:
    """A page of the console; it is signed in as nobody's agent."""
    if not endpoint.startswith(f"web:{project_id}_"):
        raise InvalidInput("endpoint must be a page of this project.")
    return Reached(Party(to.number, to.alias, internal=True), (endpoint,))


# ── Both ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _ring(loaded: Loaded, role: LegRole, part: Part, reached: Reached, by: str, shown: Party | None = None) -> str:
    if any(leg.number == reached.to.number for leg in loaded.call.live_legs):
        raise refusals.NotPossibleNow(f"{reached.to.number[:64]} is in this call already.")
    wanted = on.GuestRequested(role, reached.to, part, reached.endpoints, reached.agent, shown, by)
    return must_change(loaded, wanted, NO_ROOM).call.flow.guests[-1].leg
