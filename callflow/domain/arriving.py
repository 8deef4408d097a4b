"""A call comes in: who it is for, whether it is taken, and where it goes first."""

from __future__ import annotations

from callflow.domain.call import Timer
from callflow.domain.config import NumberConfig
from callflow.domain.effects import Ask, Purpose
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, ToMenu, ToProgram, ToQueue, Way
from callflow.scco import parse
from calls.domain import Cause, LegEvent, LegState, Outcome
from common import lenient_json
from common.strict_json import BadJson
from telephony.port import Answer

ANSWER_URL_TIMEOUT_S = 5.0  # Source: webhooks.md §2, "2-5 s"; the caller hears ringing meanwhile


def arrive(turn: Turn) -> Way | None:
    """Refuse the call, or ask the customer's server, or send it where its number leads."""
    turn.publish("created")
    number = turn.config.number(turn.call.to.number)
    if number is None:
        return ToEnd(Outcome.REJECTED, Cause.NUMBER_UNKNOWN)
    if turn.config.ivr_blocked(turn.call.customer):
        return ToEnd(Outcome.REJECTED, Cause.CALLER_BLOCKED)
    turn.change(priority=turn.config.priority_of(turn.call.customer))
    turn.publish("started")
    _ask_customer_info(turn)
    if number.answer_url:
        ask_and_wait(turn, Purpose.ANSWER_URL, number.answer_url)
        return None
    return _first_way(number)


def _first_way(number: NumberConfig) -> Way:
    if number.tree:
        return ToMenu(number.tree)
    if number.queue is not None:
        return ToQueue(number.queue)
    return ToEnd(Outcome.FAILED, Cause.NUMBER_LEADS_NOWHERE)


def _ask_customer_info(turn: Turn) -> None:
    """Ask who the caller is while he goes on; a queue waits for the answer before it rings anybody (webhooks.md §5)."""
    settings = turn.config.settings
    if not settings.customer_info_url:
        return
    timeout_s = settings.customer_info_timeout_ms / 1000
    question = turn.new_question()
    turn.flow(info_question=question)
    turn.set_timer(Timer.CUSTOMER_INFO, timeout_s)
    turn.do(Ask(question, Purpose.CUSTOMER_INFO, settings.customer_info_url, timeout_s, {}))


def ask_and_wait(turn: Turn, purpose: Purpose, url: str, **facts: object) -> None:
    """Ask the customer's server for a program; the call waits for the answer, for so long at most."""
    question = turn.new_question()
    turn.flow(awaits=question)
    turn.set_timer(Timer.QUESTION, ANSWER_URL_TIMEOUT_S)
    turn.do(Ask(question, purpose, url, ANSWER_URL_TIMEOUT_S, facts))


def program_in(text: str | None) -> Way:
    """The program that a server answered, or the end of the call when there is none that can be read."""
    if text is None:
        return ToEnd(Outcome.FAILED, Cause.ANSWER_URL_FAILED)
    try:
        return ToProgram(parse.parse(text))
    except parse.SccoUnreadable:
        return ToEnd(Outcome.FAILED, Cause.SCCO_UNREADABLE)


def customer_info_known(turn: Turn, text: str | None) -> None:
    """Keep what the customer's server knows about the caller; without a JSON object the call goes on without it."""
    turn.clear(Timer.CUSTOMER_INFO)
    turn.flow(info_question="")
    if text is not None and is_customer_info(text):
        turn.change(custom_data=text)


def is_customer_info(text: str) -> bool:
    """Whether an answer is what programs read, a JSON object; error pages come with success, too."""
    try:
        return isinstance(lenient_json.loads(text.encode()), dict)
    except BadJson:
        return False


def answer_caller(turn: Turn) -> None:
    """Answer the leg that came in, if nobody has."""
    caller = turn.call.caller
    if caller is not None and caller.state is LegState.INCOMING:
        turn.do(Answer(caller.id))
        turn.move_leg(caller.id, LegEvent.ANSWER, answered_at=turn.now)
    if turn.call.answered_at is None:
        turn.change(answered_at=turn.now)
