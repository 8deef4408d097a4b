"""A caller in a menu: `ivr.domain.step` decides, and what it says is told to the engine or leads on."""

from __future__ import annotations

from callflow.domain import sounds
from callflow.domain.arriving import answer_caller
from callflow.domain.call import Timer
from callflow.domain.effects import SendSms
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, ToMenu, ToNumber, ToQueue, ToVoicemail, Way
from calls.domain import CallEvent, Cause, Outcome
from ivr.domain import step as ivr
from ivr.domain.tree import NodeId
from telephony.port import Gather

# Causes that say that something is wrong with a tree; the others are how menus may end.
_BROKEN = frozenset({Cause.MENU_BROKEN, Cause.MENU_BUDGET})
SLACK_S = 5.0  # what engines may take longer than the longest stay before we act without them


def enter(turn: Turn, way: ToMenu) -> Way | None:
    """Begin at the tree's root, or at a node."""
    if not turn.move(CallEvent.MENU, tree=way.tree):
        return None
    answer_caller(turn)
    turn.flow(tree=way.tree)
    return _step(turn, ivr.Enter(turn.now, NodeId(way.node) if way.node else None))


def keys_gathered(turn: Turn, digits: str) -> Way | None:
    """The caller pressed something, or nothing, at the present node."""
    return _step(turn, ivr.Keys(digits[0], turn.now) if digits else ivr.NoKey(turn.now))


def time_up(turn: Turn) -> Way | None:
    """He has been in the menu too long, or the engine has forgotten him."""
    return _step(turn, ivr.TimeUp(turn.now))


def _step(turn: Turn, given: ivr.Input) -> Way | None:
    tree = turn.config.tree(turn.call.flow.tree)
    if tree is None:
        return ToEnd(Outcome.FAILED, Cause.MENU_BROKEN)
    position, instruction = ivr.step(tree, turn.call.flow.menu or ivr.Position(), given)
    turn.flow(menu=position)
    match instruction:
        case ivr.Announce():
            _announce(turn, instruction, position)
            return None
        case ivr.EnterQueue(queue):
            row = turn.config.queue_id(queue)
            return ToEnd(Outcome.FAILED, Cause.MENU_BROKEN) if row is None else ToQueue(row)
        case ivr.Forward(destination, caller_id):
            return ToNumber(destination, caller_id)
        case ivr.LeaveVoicemail():
            return ToVoicemail()
        case ivr.SendSms(text):
            turn.do(SendSms(turn.call.customer, turn.call.ours.number, text))
            return ToEnd(Outcome.COMPLETED, Cause.SMS_SENT)
        case ivr.HangUp(cause):
            return ToEnd(Outcome.FAILED if cause in _BROKEN else Outcome.COMPLETED, cause)


def _announce(turn: Turn, node: ivr.Announce, position: ivr.Position) -> None:
    caller = turn.call.caller
    if caller is None:
        return
    gather = turn.new_id("keys")
    turn.flow(awaits=gather)
    turn.set_timer(Timer.MENU, (position.time_up_at - turn.now).total_seconds() + SLACK_S)
    turn.do(
        Gather(
            caller.id,
            gather,
            sounds.of_menu(node.play, turn.call.project_id),
            loops=node.loops,
            pause_ms=node.pause_ms,
            barge_in=node.barge_in,
            first_digit_timeout_s=float(node.timeout_s),
            max_digits=node.accepts,
        )
    )
