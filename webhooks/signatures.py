"""Signatures with which a customer's server knows that a request is ours: pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

STRINGEE_HEADER = "X-STRINGEE-SIGNATURE"
STANDARD_PREFIX = "whsec_"  # what libraries for Standard Webhooks expect in front of a secret in base64


def stringee_signature(secret: str, data: bytes) -> str:
    """`base64(HMAC-SHA1(secret, data))`. The data: a POST's body, a GET's request URI (Source: webhooks.md §2)."""
    return base64.b64encode(hmac.new(secret.encode(), data, hashlib.sha1).digest()).decode()


def standard_signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,base64(HMAC-SHA256(secret, id.timestamp.body))` (Source: the Standard Webhooks specification)."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def standard_form(secret: str) -> str:
    """The secret as libraries for Standard Webhooks want it: they sign with the decoded bytes, which are ours."""
    return STANDARD_PREFIX + base64.b64encode(secret.encode()).decode()


def get_headers(secrets: Sequence[str], target: str) -> dict[str, str]:
    """Headers of a GET. `secrets`: newest first; receivers of this header know one key, so the newest signs."""
    return {STRINGEE_HEADER: stringee_signature(secrets[0], target.encode())}


def post_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Headers of a POST. Every secret signs `webhook-signature`; the newest signs the older header.

    Units: timestamp in whole seconds since 1970.
    """
    return {
        STRINGEE_HEADER: stringee_signature(secrets[0], body),
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(standard_signature(each, message_id, timestamp, body) for each in secrets),
    }
