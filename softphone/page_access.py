"""Signed texts in the place of an agent's token, for pages of ours that are no agent's. Each kind has its prefix."""

from __future__ import annotations

from typing import Any

from django.core import signing

from projects.verification import TokenInvalid, TokenMalformed


def sign(prefix: str, facts: dict[str, Any]) -> str:
    """The text with which a page signs in at the door."""
    return prefix + signing.dumps(facts, salt=_salt(prefix))


def read(prefix: str, token: str, lifetime_s: int) -> dict[str, Any]:
    """The facts of a token of this kind. Raises TokenInvalid when it is too old, TokenMalformed when it is not one."""
    try:
        facts: dict[str, Any] = signing.loads(token.removeprefix(prefix), salt=_salt(prefix), max_age=lifetime_s)
    except signing.SignatureExpired as error:
        raise TokenInvalid("the token has expired") from error
    except signing.BadSignature as error:
        raise TokenMalformed("the token's format is invalid") from error
    return facts


def _salt(prefix: str) -> str:
    return f"softphone.page_access.{prefix}"
