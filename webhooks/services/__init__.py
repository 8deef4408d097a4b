"""Writes: what is owed to and asked of customers' servers."""

from webhooks.services.deliveries import (
    UrlDisabled,
    deliver,
    due_deliveries,
    enable_url,
    forget_old_deliveries,
    owe_event,
    send_again,
)
from webhooks.services.fetching import fetch_signed, forget_old_health
from webhooks.services.messages import (
    NoGateway,
    NotDialled,
    due_messages,
    forget_old_messages,
    put_sms,
    send_sms,
    send_sms_again,
)
from webhooks.services.questions import (
    ask,
    fail_overdue_questions,
    forget_old_questions,
    give_up_question,
    put_question,
)
from webhooks.services.signing import reveal_signing_secret, rotate_signing_secret, signing_secrets

__all__ = [
    "NoGateway",
    "NotDialled",
    "UrlDisabled",
    "ask",
    "deliver",
    "due_deliveries",
    "due_messages",
    "enable_url",
    "fail_overdue_questions",
    "fetch_signed",
    "forget_old_deliveries",
    "forget_old_health",
    "forget_old_messages",
    "forget_old_questions",
    "give_up_question",
    "owe_event",
    "put_question",
    "put_sms",
    "reveal_signing_secret",
    "rotate_signing_secret",
    "send_again",
    "send_sms",
    "send_sms_again",
    "signing_secrets",
]
