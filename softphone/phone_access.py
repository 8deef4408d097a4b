"""Access for pages that play a customer's telephone."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from softphone import page_access

PREFIX = "phone:"  # by which the door tells it from an agent's token
LIFETIME_S = 3600  # the page asks for another one; whoever leaves the project, or a link that is switched off, is out


@dataclass(frozen=True, slots=True)
class PhoneAccess:
    """What a page that plays a telephone may do.

    `caller` (digits) is the number that the page is: its calls come from it, and calls to it ring there.
    `issued_by` is the console user, 0 for a visitor with a public link; he may call `only_number` (digits) alone.
    """

    project_id: int
    caller: str
    issued_by: int = 0
    only_number: str = ""

    def may_call(self, digits: str) -> bool:
        """Whether the page may dial one of the project's numbers."""
        return not self.only_number or digits == self.only_number


def issue(access: PhoneAccess) -> str:
    """The text with which a page signs in at the door, for `LIFETIME_S`."""
    return page_access.sign(PREFIX, asdict(access))


def is_phone(token: str) -> bool:
    """Whether a token is meant to be one of these."""
    return token.startswith(PREFIX)


def read(token: str) -> PhoneAccess:
    """What a token allows. Raises TokenInvalid when it is too old, TokenMalformed when it is not one of ours."""
    return PhoneAccess(**page_access.read(PREFIX, token, LIFETIME_S))
