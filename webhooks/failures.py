"""Why a customer's URL could not be asked: one type, with a reason."""

from __future__ import annotations

from enum import StrEnum


class FailureReason(StrEnum):
    """Names of reasons; they are stored and shown."""

    BAD_URL = "bad_url"
    REFUSED_ADDRESS = "refused_address"
    UNRESOLVED = "unresolved"
    TIMEOUT = "timeout"
    CONNECTION = "connection"  # refused, cut off, broken TLS, not HTTP
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"  # compressed in a way that was not asked for
    REDIRECT = "redirect"
    STATUS = "status"
    BREAKER_OPEN = "breaker_open"
    BAD_NUMBER = "bad_number"  # of a text message: nothing that can be dialled


class FetchFailed(Exception):
    """A request got no usable answer.

    `status` and `body` are those of the answer when there was one; `detail` is a short technical text in English.
    """

    def __init__(
        self, reason: FailureReason, detail: str = "", *, status: int | None = None, body: bytes = b""
    ) -> None:
        super().__init__(reason, detail, status)
        self.reason = reason
        self.detail = detail
        self.status = status
        self.body = body

    @property
    def is_endpoint_down(self) -> bool:
        """Whether it says something against the endpoint itself; an answer like 404 shows that somebody is there."""
        if self.reason is FailureReason.STATUS:
            return self.status is not None and (self.status >= 500 or self.status == 429)
        return self.reason in _NOBODY_THERE


_NOBODY_THERE = frozenset(
    {FailureReason.REFUSED_ADDRESS, FailureReason.UNRESOLVED, FailureReason.TIMEOUT, FailureReason.CONNECTION}
)
