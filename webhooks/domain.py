"""Pure rules of what is owed to customers' servers: states, and when the next attempt is due."""

from __future__ import annotations

from enum import StrEnum

from common.state_table import StateTable
from webhooks.failures import FailureReason, FetchFailed

EXCERPT_LENGTH = 500  # enough for a message of an error, too little to fill a database

# Pauses before the second, third, … attempt: three days and some hours together, so that a server may be away over a
# weekend. 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
EVENT_PAUSES_S = (5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
SMS_PAUSES_S = (5, 30, 120, 600)  # a text message about a call is of no use hours later
EVENT_LIFE_S = 1.2 * sum(EVENT_PAUSES_S)  # after that it is given up, also when its endpoint was left alone meanwhile
JITTER = 0.2  # a pause is up to a fifth longer or shorter, so that what failed together does not come back together
GONE = 410


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    DISABLED = "disabled"  # the receiver has said that it wants no events any more


class DeliveryEvent(StrEnum):
    CLAIM = "claim"  # also of a claim whose worker died
    ACCEPT = "accept"
    FAIL = "fail"  # there will be another attempt
    POSTPONE = "postpone"  # nothing was sent: the endpoint is left alone
    GIVE_UP = "give_up"
    DISABLE = "disable"
    SEND_AGAIN = "send_again"


_D, _E = DeliveryState, DeliveryEvent
DELIVERY_TABLE = StateTable[DeliveryState, DeliveryEvent](
    {
        (_D.PENDING, _E.CLAIM): _D.SENDING,
        (_D.PENDING, _E.DISABLE): _D.DISABLED,
        (_D.PENDING, _E.SEND_AGAIN): _D.PENDING,
        (_D.SENDING, _E.CLAIM): _D.SENDING,
        (_D.SENDING, _E.ACCEPT): _D.DELIVERED,
        (_D.SENDING, _E.FAIL): _D.PENDING,
        (_D.SENDING, _E.POSTPONE): _D.PENDING,
        (_D.SENDING, _E.GIVE_UP): _D.GIVEN_UP,
        (_D.SENDING, _E.DISABLE): _D.DISABLED,
        (_D.DELIVERED, _E.SEND_AGAIN): _D.PENDING,
        (_D.GIVEN_UP, _E.SEND_AGAIN): _D.PENDING,
        (_D.DISABLED, _E.SEND_AGAIN): _D.PENDING,
    }
)


class QuestionState(StrEnum):
    PENDING = "pending"
    ASKED = "asked"
    ANSWERED = "answered"
    FAILED = "failed"


class QuestionEvent(StrEnum):
    ASK = "ask"
    ANSWER = "answer"
    FAIL = "fail"


_Q, _P = QuestionState, QuestionEvent
QUESTION_TABLE = StateTable[QuestionState, QuestionEvent](
    {
        (_Q.PENDING, _P.ASK): _Q.ASKED,
        (_Q.PENDING, _P.FAIL): _Q.FAILED,
        (_Q.ASKED, _P.ANSWER): _Q.ANSWERED,
        (_Q.ASKED, _P.FAIL): _Q.FAILED,
    }
)


class SmsState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    NO_GATEWAY = "no_gateway"  # none was configured when the message was to be sent


class SmsEvent(StrEnum):
    CLAIM = "claim"
    ACCEPT = "accept"
    FAIL = "fail"
    POSTPONE = "postpone"
    GIVE_UP = "give_up"
    LOSE_GATEWAY = "lose_gateway"
    SEND_AGAIN = "send_again"  # never of one that was sent: its receiver would read it twice


_S, _M = SmsState, SmsEvent
SMS_TABLE = StateTable[SmsState, SmsEvent](
    {
        (_S.PENDING, _M.CLAIM): _S.SENDING,
        (_S.SENDING, _M.CLAIM): _S.SENDING,
        (_S.SENDING, _M.ACCEPT): _S.SENT,
        (_S.SENDING, _M.FAIL): _S.PENDING,
        (_S.SENDING, _M.POSTPONE): _S.PENDING,
        (_S.SENDING, _M.GIVE_UP): _S.FAILED,
        (_S.SENDING, _M.LOSE_GATEWAY): _S.NO_GATEWAY,
        (_S.FAILED, _M.SEND_AGAIN): _S.PENDING,
        (_S.NO_GATEWAY, _M.SEND_AGAIN): _S.PENDING,
    }
)


def pause_s(pauses_s: tuple[int, ...], attempts: int, jitter: float) -> float | None:
    """Seconds until the next attempt after so many failed ones, or None when that was the last.

    `jitter` in [0, 1): 0.5 gives the pause of the schedule itself.
    """
    if not 0 <= jitter < 1:
        raise ValueError("Jitter is a number from 0 up to, but not including, 1.")
    if attempts < 1:
        raise ValueError("A pause follows an attempt.")
    if attempts > len(pauses_s):
        return None
    return pauses_s[attempts - 1] * (1 - JITTER + 2 * JITTER * jitter)


def event_after_failure(failure: FetchFailed, *, another_attempt: bool) -> DeliveryEvent:
    """What a failed attempt means for a delivery. A URL that cannot be asked at all will not become better."""
    if failure.status == GONE:
        return DeliveryEvent.DISABLE
    if failure.reason is FailureReason.BREAKER_OPEN:
        return DeliveryEvent.POSTPONE
    if failure.reason is FailureReason.BAD_URL or not another_attempt:
        return DeliveryEvent.GIVE_UP
    return DeliveryEvent.FAIL


def sms_after_failure(failure: FetchFailed, *, another_attempt: bool) -> SmsEvent:
    """What a failed attempt means for a text message."""
    if failure.reason is FailureReason.BREAKER_OPEN and another_attempt:
        return SmsEvent.POSTPONE
    if failure.reason is FailureReason.BAD_URL or not another_attempt:
        return SmsEvent.GIVE_UP
    return SmsEvent.FAIL


def excerpt(text: str) -> str:
    """The beginning of an answer on one line, without letters that steer a terminal or a page."""
    visible = "".join(letter if letter.isprintable() else " " for letter in text[: EXCERPT_LENGTH * 4])
    return " ".join(visible.split())[:EXCERPT_LENGTH]
