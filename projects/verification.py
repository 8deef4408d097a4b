"""Reading access tokens: whose they are, and every reason to refuse one (Source: docs/compatibility.md, "Tokens")."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Never

import jwt

from common import clock
from common.refusals import Refusal
from common.strict_json import BadJson, parse_object
from projects.models import Account, ApiKey, Project
from projects.tokens import ALGORITHM, CONTENT_TYPE

MAX_BYTES = 4096  # tokens of real clients have 200 to 900 bytes
SKEW_S = 60  # how far a client's clock may be behind ours
FIRST_MS = 100_000_000_000  # larger values of `exp` are milliseconds: as seconds they would be after the year 5138
LAST_MS = 253_402_300_799_999  # the end of the year 9999
ACCOUNT_PREFIX = "AC"

_SEGMENT = r"[A-Za-z0-9_-]+"
_COMPACT = re.compile(rf"({_SEGMENT})\.({_SEGMENT})\.{_SEGMENT}")
_SID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SIGNATURES = jwt.PyJWS(algorithms=[ALGORITHM])


class TokenRefused(Refusal):
    """The token opens nothing. The codes are those that clients know from connecting a softphone."""


class TokenAbsent(TokenRefused):
    code = 1

    def __init__(self) -> None:
        super().__init__("access token is missing")


class TokenUndecodable(TokenRefused):
    code = 2


class TokenMalformed(TokenRefused):
    code = 3


class WrongAlgorithm(TokenRefused):
    code = 4

    def __init__(self) -> None:
        super().__init__(f"the token's algorithm is not {ALGORITHM}")


class UnknownKey(TokenRefused):
    """Unknown, revoked, or not a key of the kind that is asked for; the same words for all."""

    code = 5

    def __init__(self) -> None:
        super().__init__("keySid invalid")


class TokenInvalid(TokenRefused):
    code = 6


@dataclass(frozen=True)
class Verified:
    """A token whose signature and end are right. `project` is None for an account's token."""

    sid: str
    account: Account
    project: Project | None
    claims: Mapping[str, Any]


def verify(token: str, *, grace_s: float = 0) -> Verified:
    """Find the key that a token names and check the token against it. One that ended `grace_s` ago still passes.

    Nothing in the token's header but `alg` and `cty` is looked at: the key is found by `iss` alone, in our tables.
    Cost: one query. Raises TokenRefused. A revoked key is refused from the moment of its revocation.
    """
    claims = _read(token)
    sid = claims.get("iss")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        raise UnknownKey
    secret, account, project = _account_key(sid) if sid.startswith(ACCOUNT_PREFIX) else _project_key(sid)
    try:
        _SIGNATURES.decode_complete(token, secret, algorithms=[ALGORITHM])
    except jwt.InvalidSignatureError as error:
        raise TokenInvalid("the token's signature is wrong") from error
    except jwt.InvalidTokenError as error:
        raise TokenMalformed("the token's format is invalid") from error
    _check_end(claims.get("exp"), grace_s)
    return Verified(sid, account, project, claims)


def named_key(token: str) -> str:
    """The key that a token claims to be signed with, unchecked: for choosing a door, never for opening it."""
    try:
        sid = _read(token).get("iss")
    except TokenRefused:
        return ""
    return sid if isinstance(sid, str) else ""


def _read(token: str) -> dict[str, Any]:
    """The claims of a token whose header is as it must be; the signature is not checked yet."""
    if len(token) > MAX_BYTES:
        raise TokenUndecodable(f"the token is longer than {MAX_BYTES} bytes")
    if token[:7].lower() == "bearer ":
        raise TokenUndecodable("send the token alone, without the word Bearer")
    parts = _COMPACT.fullmatch(token)
    if not parts:
        raise TokenUndecodable("the token cannot be decoded")
    header, claims = (_segment(part) for part in parts.groups())
    if header.get("alg") != ALGORITHM:
        raise WrongAlgorithm
    if header.get("cty") != CONTENT_TYPE:
        raise UnknownKey  # what clients of the compatible API are told (docs/compatibility.md)
    if "crit" in header:
        raise TokenMalformed("the token needs extensions that are not known here")  # RFC 7515 §4.1.11
    return claims


def _segment(text: str) -> dict[str, Any]:
    try:
        return parse_object(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except binascii.Error as error:
        raise TokenUndecodable("the token cannot be decoded") from error
    except BadJson as error:
        raise TokenMalformed("the token's format is invalid") from error


def _project_key(sid: str) -> tuple[str, Account, Project]:
    key = ApiKey.objects.select_related("project__account").filter(sid=sid, revoked_at=None).first()
    if key is None:
        raise UnknownKey
    return key.secret, key.project.account, key.project


def _account_key(sid: str) -> tuple[str, Account, None]:
    account = Account.objects.filter(sid=sid).first()
    if account is None:
        raise UnknownKey
    return account.secret, account, None


def _check_end(exp: Any, grace_s: float) -> None:
    """Units: `exp` in seconds or milliseconds since 1970, whole or not."""
    if isinstance(exp, bool) or not isinstance(exp, int | float) or not math.isfinite(exp):
        _refuse_end()
    if exp <= 0 or exp > LAST_MS:
        _refuse_end()
    seconds = exp / 1000 if exp >= FIRST_MS else exp
    if seconds + SKEW_S + grace_s < clock.now().timestamp():
        raise TokenInvalid("the token has expired")


def _refuse_end() -> Never:
    raise TokenInvalid("the token's exp is missing or not a time")
