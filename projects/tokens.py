"""Access tokens: JWTs signed with an API key's secret (Source: docs/compatibility.md, "Tokens")."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import jwt

from common import clock
from projects.models import ApiKey

CONTENT_TYPE = "stringee-api;v=1"  # `cty` of the header; tokens without it are refused
ALGORITHM = "HS256"
REST_LIFETIME_S = 3600
AGENT_LIFETIME_S = 12 * 3600  # one long working day


@dataclass(frozen=True)
class IssuedToken:
    """A signed token and when it ends (epoch seconds)."""

    token: str
    expires: int


def rest_token(key: ApiKey, *, lifetime_s: int = REST_LIFETIME_S) -> IssuedToken:
    """A token for programs that call `/v1`."""
    return _sign(key, {"rest_api": True}, lifetime_s)


def agent_token(key: ApiKey, user_id: str, *, pcc: bool, lifetime_s: int = AGENT_LIFETIME_S) -> IssuedToken:
    """A token for a softphone. With `pcc` the device takes the contact center's calls (`icc_api`)."""
    claims: dict[str, object] = {"userId": user_id}
    if pcc:
        claims["icc_api"] = True
    return _sign(key, claims, lifetime_s)


def _sign(key: ApiKey, claims: dict[str, object], lifetime_s: int) -> IssuedToken:
    now = int(clock.now().timestamp())
    payload = {"jti": f"{key.sid}-{now}-{secrets.token_hex(4)}", "iss": key.sid, "exp": now + lifetime_s, **claims}
    token = jwt.encode(payload, key.secret, algorithm=ALGORITHM, headers={"cty": CONTENT_TYPE})
    return IssuedToken(token, now + lifetime_s)
