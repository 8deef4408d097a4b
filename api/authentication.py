"""Who calls: the access token of a request."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from api.replies import NotForRest
from common.refusals import Refusal
from projects import verification
from projects.models import Account, Project

HEADER = "X-STRINGEE-AUTH"
QUERY_PARAMETER = "access_token"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """A program: the key that signed its token and what the key opens. `project` is None for an account's key."""

    sid: str
    account: Account
    project: Project | None


class TokenAuthentication(BaseAuthentication):
    """Puts a Caller into `request.auth`. Refusals are logged with their reason and never with the token."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller]:
        try:
            return AnonymousUser(), caller_of(token_in(request._request))
        except Refusal as refusal:
            log.info("token refused", extra={"event": "token_refused", "r": refusal.code, "reason": refusal.message})
            raise


def caller_of(token: str) -> Caller:
    """Raises projects.verification.TokenRefused, and NotForRest for a softphone's token. Cost: one query."""
    if not token:
        raise verification.TokenAbsent
    verified = verification.verify(token)
    if verified.claims.get("rest_api") is not True:
        raise NotForRest
    return Caller(verified.sid, verified.account, verified.project)


def token_in(request: HttpRequest) -> str:
    """The header goes before the query."""
    return request.headers.get(HEADER) or request.GET.get(QUERY_PARAMETER) or ""
