"""What goes out, in words, in the language of the reader: states, and why a request got no usable answer."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webhooks.domain import GONE, DeliveryState, QuestionState, SmsState
from webhooks.failures import FailureReason

Text = str | Promise

TRIED_AGAIN = "tried_again"  # stands for what waits for another attempt after one that failed, where colours are chosen
DELIVERY_COLOURS = {
    TRIED_AGAIN: "warning",
    DeliveryState.PENDING.value: "info",
    DeliveryState.SENDING.value: "info",
    DeliveryState.DELIVERED.value: "success",
    DeliveryState.GIVEN_UP.value: "danger",
    DeliveryState.DISABLED.value: "warning",
}
QUESTION_COLOURS = {
    QuestionState.PENDING.value: "info",
    QuestionState.ASKED.value: "info",
    QuestionState.ANSWERED.value: "success",
    QuestionState.FAILED.value: "danger",
}
SMS_COLOURS = {
    TRIED_AGAIN: "warning",
    SmsState.PENDING.value: "info",
    SmsState.SENDING.value: "info",
    SmsState.SENT.value: "success",
    SmsState.FAILED.value: "danger",
    SmsState.NO_GATEWAY.value: "warning",
}

FAILURES: Mapping[str, Text] = {
    FailureReason.BAD_URL: gettext_lazy("This is not a web address that can be asked. Correct the URL."),
    FailureReason.REFUSED_ADDRESS: gettext_lazy(
        "The host name leads to a private address, and this installation asks public ones only."
    ),
    FailureReason.UNRESOLVED: gettext_lazy("The host name was not found."),
    FailureReason.TIMEOUT: gettext_lazy("No answer came in time."),
    FailureReason.CONNECTION: gettext_lazy("There was no connection, or it was cut off."),
    FailureReason.TOO_LARGE: gettext_lazy("The answer was too long."),
    FailureReason.UNREADABLE: gettext_lazy("The answer was compressed in a way that was not asked for."),
    FailureReason.REDIRECT: gettext_lazy("The answer leads elsewhere, and this is not followed. Enter the final URL."),
    FailureReason.STATUS: gettext_lazy("The answer was not a success."),
    FailureReason.BREAKER_OPEN: gettext_lazy(
        "Nothing was sent: the server had failed several times in a row and was left alone for a moment."
    ),
    FailureReason.BAD_NUMBER: gettext_lazy("The receiver is not a phone number that can be dialled."),
}


def failure_text(reason: str, status: int | None = None) -> str:
    """Why there was no usable answer, and what to do; empty without a reason."""
    if reason == FailureReason.STATUS and status == GONE:
        return _("The server says with HTTP 410 that it wants no more events at this URL.")
    if reason == FailureReason.STATUS and status is not None:
        return _("The server answered HTTP %(status)s; a success is 200 to 299.") % {"status": status}
    return str(FAILURES.get(reason, reason))


def unanswered_text(reason: str, status: int | None, duration_ms: int | None) -> str:
    """Why a question got no usable answer; no server is blamed for what there was no time to ask."""
    if reason == FailureReason.TIMEOUT and not duration_ms:
        return _("It was not asked in time: this installation was too busy.")
    return failure_text(reason, status)


def answer_text(failure: str, status: int | None) -> str:
    """What came back, for a list: why it was of no use, else the HTTP status; a dash when nothing came yet."""
    return failure or (f"HTTP {status}" if status else "–")


def took_text(duration_ms: int | None) -> str:
    """How long a request took; a dash when none was made."""
    return "–" if duration_ms is None else _("%(ms)s ms") % {"ms": duration_ms}
