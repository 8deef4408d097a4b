"""Opaque ids in the shapes that existing clients have seen (Source: docs/compatibility.md, "Ids")."""

from __future__ import annotations

import secrets
import string
import time

SHORT_ALPHABET = string.ascii_uppercase + string.digits
KEY_ALPHABET = string.ascii_letters + string.digits


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def short_id(prefix: str) -> str:
    """Two letters and six upper-case alphanumerics, e.g. `AGX4M7QT`."""
    return prefix + _random(SHORT_ALPHABET, 6)


def file_sid() -> str:
    """Sixteen upper-case alphanumerics, e.g. `F0T6BZ2M9QW4X7KD`."""
    return _random(SHORT_ALPHABET, 16)


def file_name(extension: str) -> str:
    """Ten upper-case alphanumerics, epoch milliseconds, extension, e.g. `ABCDEFGHJK-1718000000000.mp3`."""
    return f"{_random(SHORT_ALPHABET, 10)}-{int(time.time() * 1000)}.{extension}"


def call_id() -> str:
    """`call-vn-1-`, ten upper-case alphanumerics, epoch milliseconds, e.g. `call-vn-1-Q7ZK02M4XD-1718000000123`."""
    return f"call-vn-1-{_random(SHORT_ALPHABET, 10)}-{int(time.time() * 1000)}"


def leg_id() -> str:
    """`leg-` and twenty alphanumerics: names a leg to the engine."""
    return "leg-" + _random(KEY_ALPHABET, 20)


def room_id() -> str:
    """`room-` and twenty alphanumerics: names to a page where it speaks and hears in a call."""
    return "room-" + _random(KEY_ALPHABET, 20)


def room_token() -> str:
    """32 alphanumerics with which a page enters its room."""
    return _random(KEY_ALPHABET, 32)


def offer_id() -> str:
    """`offer-` and twenty alphanumerics."""
    return "offer-" + _random(KEY_ALPHABET, 20)


def event_id(at_ms: int) -> str:
    """Ten upper-case alphanumerics and the event's epoch milliseconds, e.g. `K2M9QX7T0B-1718000093456`."""
    return f"{_random(SHORT_ALPHABET, 10)}-{at_ms}"


def key_sid() -> str:
    """`SK.0.` and 32 alphanumerics: names a project's API key."""
    return "SK.0." + _random(KEY_ALPHABET, 32)


def account_sid() -> str:
    """`AC` and 32 alphanumerics: names an account."""
    return "AC" + _random(KEY_ALPHABET, 32)


def key_secret() -> str:
    """A signing secret of 43 characters (256 bits); clients use it as a raw string."""
    return secrets.token_urlsafe(32)
