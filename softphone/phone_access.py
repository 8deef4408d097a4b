"""Access for pages that play a customer's telephone: a signed text in the place of an agent's token."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.core import signing

from projects.verification import TokenInvalid, TokenMalformed

PREFIX = "phone:"  # by which the door tells it from an agent's token
LIFETIME_S = 3600  # the page asks for another one; whoever leaves the project, or a link that is switched off, is out
_SALT = "softphone.phone_access"


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
    return PREFIX + signing.dumps(asdict(access), salt=_SALT)


def is_phone(token: str) -> bool:
    """Whether a token is meant to be one of these."""
    return token.startswith(PREFIX)


def read(token: str) -> PhoneAccess:
    """What a token allows. Raises TokenInvalid when it is too old, TokenMalformed when it is not one of ours."""
    try:
        return PhoneAccess(**signing.loads(token.removeprefix(PREFIX), salt=_SALT, max_age=LIFETIME_S))
    except signing.SignatureExpired as error:
        raise TokenInvalid("the token has expired") from error
    except signing.BadSignature as error:
        raise TokenMalformed("the token's format is invalid") from error
