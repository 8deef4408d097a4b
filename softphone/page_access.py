"""Signed texts in the place of an agent's token, for pages of ours that are no agent's. Each kind has its prefix."""

from __future__ import annotations

from typing import Any

from django.core import signing

from projects.verification import TokenInvalid, TokenMalformed

LIFETIME_S = 3600  # a page asks for another one; whoever leaves the project is out before


def sign(prefix: str, facts: dict[str, Any]) -> str:
    """The text with which a page signs in at the door, for `LIFETIME_S`."""
    return prefix + signing.dumps(facts, salt=_salt(prefix))


def read(prefix: str, token: str) -> dict[str, Any]:
    """The facts of a token of this kind. Raises TokenInvalid when it is too old, TokenMalformed when it is not one."""
    try:
        facts: dict[str, Any] = signing.loads(token.removeprefix(prefix), salt=_salt(prefix), max_age=LIFETIME_S)
    except signing.SignatureExpired as error:
        raise TokenInvalid("the token has expired") from error
    except signing.BadSignature as error:
        raise TokenMalformed("the token's format is invalid") from error
    return facts


def _salt(prefix: str) -> str:
    return f"softphone.page_access.{prefix}"
