"""Access for pages of the console on which a supervisor listens to one call."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass

from softphone import page_access

PREFIX = "listener:"  # by which the door tells it from an agent's token
LIFETIME_S = 12 * 3600  # longer than calls last: whose socket breaks comes back with it. Who supervises no more is out
# With what is before it, longer than any user's id may be; and agents' ids have no slash: nobody else is rung there.
PAGE_BYTES = 32


@dataclass(frozen=True, slots=True)
class ListenerAccess:
    """One page of one member: it is rung for one call, and can do nothing else. `issued_by` is the console user."""

    project_id: int
    call: str
    issued_by: int
    page: str

    @property
    def endpoint(self) -> str:
        """Where it is rung."""
        return f"web:{self.project_id}_{self.user}"

    @property
    def user(self) -> str:
        """Stands where agents' endpoints have a user's id."""
        return f"/{self.page}"


def new(project_id: int, call: str, issued_by: int) -> ListenerAccess:
    """Access for a page that is opened now."""
    return ListenerAccess(project_id, call, issued_by, secrets.token_hex(PAGE_BYTES))


def issue(access: ListenerAccess) -> str:
    """The text with which the page signs in at the door, for `LIFETIME_S`."""
    return page_access.sign(PREFIX, asdict(access))


def is_listener(token: str) -> bool:
    """Whether a token is meant to be one of these."""
    return token.startswith(PREFIX)


def read(token: str) -> ListenerAccess:
    """What a token allows. Raises TokenInvalid when it is too old, TokenMalformed when it is not one of ours."""
    return ListenerAccess(**page_access.read(PREFIX, token, LIFETIME_S))
