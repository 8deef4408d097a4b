"""Who signs in at the door, and what he may do there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.models import USER_ID_MAX_LENGTH
from common import clock
from projects import verification
from projects.console import SUPERVISORS_AND_OWNERS
from projects.models import ApiKey, Project, User
from projects.selectors import projects_of, role_in
from projects.verification import FIRST_MS, TokenAbsent, TokenRefused
from softphone import listener_access, phone_access
from softphone.listener_access import ListenerAccess
from softphone.models import PublicPhone
from softphone.phone_access import PhoneAccess

# A page that comes back in the middle of a call may do so with the token with which the call began.
RESUMED_GRACE_S = 12 * 3600
MOST_TOPICS = 20
MAX_TOPIC = 64


class PayloadRefused(TokenRefused):
    """The token is signed rightly, but is not one for softphones."""

    code = 7


class ProjectNotFound(TokenRefused):
    code = 8

    def __init__(self) -> None:
        super().__init__("the token names no project")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user of a project, a page that plays a telephone (`phone`), or one on which a supervisor listens (`listener`).

    `expires_at`: seconds since 1970. `key`: with which a user's token was signed; empty for our own pages.
    `agent`: the contact center's calls come here and may be made from here (the claim `icc_api`).
    `publishes`: attributes and the topics that hear of their changes.
    """

    project_id: int
    user: str
    expires_at: float
    key: str = ""
    agent: bool = False
    phone: PhoneAccess | None = None
    listener: ListenerAccess | None = None
    topics: tuple[str, ...] = ()
    publishes: tuple[tuple[str, str], ...] = ()

    @property
    def is_user(self) -> bool:
        """Whether it is somebody whom others know, not a page of ours."""
        return self.phone is None and self.listener is None

    @property
    def endpoint(self) -> str:
        """Where calls for it ring; empty when there is no such place."""
        if self.listener is not None:
            return self.listener.endpoint
        if self.phone is not None:
            return f"tel:{self.phone.caller}" if self.phone.caller else ""
        return f"web:{self.project_id}_{self.user}"

    @property
    def user_key(self) -> str:
        """What all pages of one user, or of one telephone, have in common."""
        if self.listener is not None:
            return f"{self.project_id}_{self.listener.user}"
        return f"{self.project_id}:{self.phone.caller}" if self.phone is not None else f"{self.project_id}_{self.user}"

    def session_of(self, device: str, page: str) -> str:
        """The name of a page: nobody else's page can have it, whatever ids it claims."""
        parts = json.dumps([self.user_key, device, page])
        return "s-" + hashlib.sha256(parts.encode()).hexdigest()[:32]

    def has_ended(self, now: float) -> bool:
        return now > self.expires_at + verification.SKEW_S


def sign_in(token: str) -> Identity:
    """Whose token it is. One that has ended lately is read too: look at `has_ended`. Raises TokenRefused."""
    if not token:
        raise TokenAbsent
    if phone_access.is_phone(token):
        return _telephone(token)
    if listener_access.is_listener(token):
        return _listener(token)
    verified = verification.verify(token, grace_s=RESUMED_GRACE_S)
    if verified.project is None:
        raise ProjectNotFound
    claims = verified.claims
    return Identity(
        project_id=verified.project.pk,
        user=_user_of(claims),
        expires_at=_end_of(claims),
        key=verified.sid,
        agent=claims.get("icc_api") is True,
        topics=_topics_of(claims),
        publishes=_published_of(claims),
    )


def may_stay(who: Identity) -> bool:
    """Whether what a page was let in with still opens the door. Cost: a query or two."""
    if who.phone is not None:
        return _may_play(who.phone)
    if who.listener is not None:
        return _may_listen(who.listener)
    return ApiKey.objects.filter(sid=who.key, revoked_at=None).exists()


def _telephone(token: str) -> Identity:
    access = phone_access.read(token)
    if not Project.objects.filter(pk=access.project_id).exists():
        raise ProjectNotFound
    if not _may_play(access):
        raise PayloadRefused("who has issued the token may not do so any more, or the link is switched off")
    return Identity(access.project_id, "", clock.now().timestamp() + phone_access.LIFETIME_S, phone=access)


def _may_play(access: PhoneAccess) -> bool:
    """Members as long as they are, visitors as long as the number's public link is switched on."""
    if not access.issued_by:
        return PublicPhone.objects.filter(project=access.project_id, number__digits=access.only_number).exists()
    user = User.objects.filter(pk=access.issued_by, is_active=True).first()
    return user is not None and projects_of(user).filter(pk=access.project_id).exists()


def _listener(token: str) -> Identity:
    access = listener_access.read(token)
    if not _may_listen(access):
        raise PayloadRefused("who has issued the token may not listen to calls any more")
    ends_at = clock.now().timestamp() + listener_access.LIFETIME_S
    return Identity(access.project_id, "", ends_at, listener=access)


def _may_listen(access: ListenerAccess) -> bool:
    """Whoever may supervise the project's calls still."""
    user = User.objects.filter(pk=access.issued_by, is_active=True).first()
    project = Project.objects.filter(pk=access.project_id).first()
    return user is not None and project is not None and role_in(user, project) in SUPERVISORS_AND_OWNERS


def _user_of(claims: Mapping[str, Any]) -> str:
    user = claims.get("userId")
    if not isinstance(user, str) or not 0 < len(user) <= USER_ID_MAX_LENGTH or not user.isprintable():
        raise PayloadRefused("the token's userId is missing or too long")
    return user


def _end_of(claims: Mapping[str, Any]) -> float:
    """Units: `exp` in seconds or milliseconds, checked before."""
    exp = float(claims["exp"])
    return exp / 1000 if exp >= FIRST_MS else exp


def _topics_of(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Source: tokens.md §2, `subscribe`: names with commas between them."""
    names = claims.get("subscribe")
    parts = (each.strip() for each in names.split(",")) if isinstance(names, str) else ()
    return tuple(dict.fromkeys(each for each in parts if 0 < len(each) <= MAX_TOPIC))[:MOST_TOPICS]


def _published_of(claims: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Source: tokens.md §2, `attributes`: a list of `{attribute, topic}`, or a JSON text of one."""
    listed = claims.get("attributes")
    if isinstance(listed, str):
        try:
            listed = json.loads(listed)
        except (ValueError, RecursionError):
            return ()
    if not isinstance(listed, list):
        return ()
    pairs = [(each.get("attribute"), each.get("topic")) for each in listed if isinstance(each, dict)]
    return tuple(
        (attribute, topic)
        for attribute, topic in pairs
        if isinstance(attribute, str) and isinstance(topic, str) and 0 < len(topic) <= MAX_TOPIC
    )[:MOST_TOPICS]
