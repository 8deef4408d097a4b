"""The URLs of customers, taken apart: pure rules. What is written here is exactly what is sent and signed."""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
# Programs that take lines of text for commands, so that a POST could do harm there.
REFUSED_PORTS = frozenset(
    {21, 22, 23, 25, 53, 110, 119, 143, 179, 389, 445, 465, 514, 587, 636, 993, 995, 2049, 6379, 11211}
)
KEPT_IN_TARGET = "/%:@!$&'()*+,;=~-._?[]"  # a "%" is one of the customer's own escapes
MAX_HOST_LENGTH = 253  # of the name system
ENDPOINT_MAX_LENGTH = 300
HOST_NAME = re.compile(r"[a-z0-9._-]+")


class BadUrl(Exception):
    """This text cannot be asked over HTTP."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL in parts. `target` is path and query as they go over the wire; `host` is ASCII, without brackets."""

    scheme: str
    host: str
    port: int
    target: str
    credentials: str = ""  # "user:password" of the URL, decoded

    @property
    def origin(self) -> str:
        """Scheme, host and port. Without credentials."""
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"

    @property
    def endpoint(self) -> str:
        """What can be up or down: origin and path, since one program of a server may fail while others are well.

        Without the query, in which customers write what differs from call to call.
        """
        path, _mark, _query = self.target.partition("?")
        return f"{self.origin}{path}"[:ENDPOINT_MAX_LENGTH]

    @property
    def host_header(self) -> str:
        """The value of `Host`: the port is left out when it is the scheme's own."""
        usual = self.port == DEFAULT_PORTS[self.scheme]
        return _bracketed(self.host) if usual else f"{_bracketed(self.host)}:{self.port}"

    @property
    def authorization(self) -> str:
        """The value of `Authorization` for a URL with credentials, else empty."""
        return f"Basic {b64encode(self.credentials.encode()).decode()}" if self.credentials else ""


def parse(text: str, query: Mapping[str, str] | None = None) -> Url:
    """Take a URL apart and append a query, with "&" where it has one already. Raises BadUrl.

    Source: webhooks.md §2 (spaces as %20, percent-encoded values).
    """
    parts = _split(text.strip(" "))
    if parts.scheme not in DEFAULT_PORTS:
        raise BadUrl("The URL begins with neither https:// nor http://.")
    return Url(parts.scheme, _host(parts), _port(parts), _target(parts, query or {}), _credentials(parts))


def endpoint_of(text: str) -> str:
    """The endpoint of a URL, or empty when it is no URL."""
    try:
        return parse(text).endpoint
    except BadUrl:
        return ""


def origin_of(text: str) -> str:
    """The origin of a URL, or empty when it is no URL."""
    try:
        return parse(text).origin
    except BadUrl:
        return ""


def _split(text: str) -> SplitResult:
    if any(not letter.isprintable() or letter == "\\" for letter in text):
        raise BadUrl("The URL contains letters that no URL has.")
    try:
        return urlsplit(text)
    except ValueError as error:
        raise BadUrl("The URL cannot be read.") from error


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host.replace("%", "/")))  # no interface of ours is named from outside
        except ValueError as error:
            raise BadUrl("The URL has no address that exists.") from error
    try:
        ascii_host = host.encode("idna").decode()
    except UnicodeError as error:
        raise BadUrl("The URL has no host name that exists.") from error
    if len(ascii_host) > MAX_HOST_LENGTH or not HOST_NAME.fullmatch(ascii_host):
        raise BadUrl("The URL has no host name that exists.")
    return ascii_host


def _port(parts: SplitResult) -> int:
    try:
        port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError as error:
        raise BadUrl("The URL has no port that exists.") from error
    if port == 0 or port in REFUSED_PORTS:
        raise BadUrl("The URL names a port that is not for HTTP.")
    return port


def _target(parts: SplitResult, query: Mapping[str, str]) -> str:
    path = quote(parts.path or "/", safe=KEPT_IN_TARGET.replace("?", ""))
    own = quote(parts.query, safe=KEPT_IN_TARGET)
    added = "&".join(f"{_escaped(key)}={_escaped(value)}" for key, value in query.items())
    joined = "&".join(part for part in (own, added) if part)
    return f"{path}?{joined}" if joined else path


def _escaped(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _credentials(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    return f"{unquote(parts.username)}:{unquote(parts.password or '')}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
