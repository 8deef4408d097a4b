"""The one HTTP client for the URLs of customers.

A customer may write any URL into the settings, and any answer may come from it. So: the name is resolved once and
only public addresses are connected to (`webhooks.addresses`); redirects, cookies and proxies do not exist; the whole
request, with resolving and encryption, has one deadline that no trickle of bytes can stretch; and the body has a
limit, counted after decompression.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import httpcore
from django.conf import settings

from webhooks.addresses import Address, Network, is_reachable
from webhooks.failures import FailureReason, FetchFailed
from webhooks.texts import storable
from webhooks.tls import tls_context
from webhooks.urls import BadUrl, Url, parse

MAX_BYTES = 256 * 1024
MAX_TIMEOUT_S = 30.0  # below the lease of a claim and the limits of the workers
WRITE_AT_ONCE_BYTES = 16 * 1024  # between two slices the deadline is looked at
MAX_ADDRESSES = 3  # of one name are tried
MAX_DETAIL_LENGTH = 200
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
USER_AGENT = "PCC-Console"

LookUp = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request to a customer's URL.

    `query` is appended to the URL's own. `body_matters=False` is for receivers whose status is their whole answer:
    what comes after it can then spoil nothing. Units: `timeout_s` for everything together.
    """

    method: str
    url: str
    timeout_s: float
    query: Mapping[str, str] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    max_bytes: int = MAX_BYTES
    body_matters: bool = True

    def __post_init__(self) -> None:
        if self.method not in ("GET", "POST"):
            raise ValueError("Customers' URLs are asked with GET or POST.")
        if not 0 < self.timeout_s <= MAX_TIMEOUT_S:
            raise ValueError(f"A timeout is between 0 and {MAX_TIMEOUT_S:g} seconds.")
        if self.max_bytes <= 0:
            raise ValueError("A limit of bytes is positive.")


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer. `body` is decompressed."""

    status: int
    body: bytes
    content_type: str
    duration_ms: int

    @property
    def text(self) -> str:
        """The body as text that can be stored: UTF-8, what is not is replaced."""
        return readable(self.body)


def readable(body: bytes) -> str:
    """Bytes of a customer as text that the database takes."""
    return storable(body.decode("utf-8", "replace"))


def fetch(request: Outgoing, *, look_up: LookUp | None = None) -> Answer:
    """Send a request and return its 2xx answer. Raises FetchFailed, and nothing else.

    Cost: at most `timeout_s`, and `max_bytes` of memory and some for the connection; no database.
    `look_up` takes the place of the system's resolver in tests.
    """
    deadline = _Deadline(request.timeout_s)
    try:
        url = parse(request.url, request.query)
    except BadUrl as error:
        raise FetchFailed(FailureReason.BAD_URL, str(error)) from error
    addresses = _reachable_addresses(url, deadline, look_up or system_look_up)
    return _exchange(request, url, _PinnedNetwork(addresses, deadline), deadline)


def allowed_networks() -> tuple[Network, ...]:
    """Private networks that the operator lets URLs lead to (PCC_ALLOWED_PRIVATE_NETWORKS)."""
    return _networks(tuple(settings.PCC_ALLOWED_PRIVATE_NETWORKS))


@lru_cache(maxsize=4)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._ends = self._began + seconds

    def left(self) -> float:
        """Seconds left. Raises FetchFailed when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise FetchFailed(FailureReason.TIMEOUT)
        return seconds

    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)


# ── Where it leads ───────────────────────────────────────────────────────────────────────────────────────────────────


def system_look_up(host: str, port: int) -> list[str]:
    """Addresses of a name, in the system's order of preference. Raises OSError or UnicodeError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _reachable_addresses(url: Url, deadline: _Deadline, look_up: LookUp) -> tuple[str, ...]:
    found = [ipaddress.ip_address(text) for text in _addresses(url, deadline, look_up)]
    fine = _without_doubles(address for address in found if is_reachable(address, allowed_networks()))
    if not fine:
        raise FetchFailed(FailureReason.REFUSED_ADDRESS, "The address is not in the public network.")
    return fine[:MAX_ADDRESSES]


def _without_doubles(addresses: Iterable[Address]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(address) for address in addresses))


def _addresses(url: Url, deadline: _Deadline, look_up: LookUp) -> Sequence[str]:
    try:
        return (str(ipaddress.ip_address(url.host)),)
    except ValueError:
        return _resolved(url, deadline, look_up)


def _resolved(url: Url, deadline: _Deadline, look_up: LookUp) -> Sequence[str]:
    """Ask the resolver on a thread of its own, since the system's has no time limit that we could set.

    A thread that is left behind ends with the resolver's own limits and holds nothing.
    """
    outcome: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            outcome.put(look_up(url.host, url.port))
        except (OSError, UnicodeError) as error:
            outcome.put(error)

    threading.Thread(target=work, name="resolve a customer's host", daemon=True).start()
    try:
        found = outcome.get(timeout=deadline.left())
    except queue.Empty:
        raise FetchFailed(FailureReason.TIMEOUT, "The name server did not answer.") from None
    if isinstance(found, Exception):
        raise FetchFailed(FailureReason.UNRESOLVED, "The host name has no address.") from found
    return found


# ── The connection ───────────────────────────────────────────────────────────────────────────────────────────────────


class _PinnedNetwork(httpcore.NetworkBackend):
    """Connects to the addresses that were judged, whatever name is asked for."""

    def __init__(self, addresses: Sequence[str], deadline: _Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Try one address after the other, each with an equal share of the time that is left."""
        failure: Exception | None = None
        for tried, address in enumerate(self._addresses):
            share = self._deadline.left() / (len(self._addresses) - tried)
            try:
                return _TimedStream(self._system.connect_tcp(address, port, timeout=share), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("no address")


class _TimedStream(httpcore.NetworkStream):
    """A connection on which every step gets only what is left of the whole time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_AT_ONCE_BYTES):
            self._stream.write(buffer[start : start + WRITE_AT_ONCE_BYTES], self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        encrypted = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _TimedStream(encrypted, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


# ── The exchange ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _exchange(request: Outgoing, url: Url, network: _PinnedNetwork, deadline: _Deadline) -> Answer:
    context = tls_context() if url.scheme == "https" else None
    try:
        with httpcore.ConnectionPool(ssl_context=context, network_backend=network, retries=0) as pool:
            return _answer(request, url, pool, deadline)
    except httpcore.TimeoutException as error:
        raise FetchFailed(FailureReason.TIMEOUT, _detail(error)) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
        raise FetchFailed(FailureReason.CONNECTION, _detail(error)) from error


def _answer(request: Outgoing, url: Url, pool: httpcore.ConnectionPool, deadline: _Deadline) -> Answer:
    address = httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target)
    sent = {"timeout": {"pool": deadline.left()}}
    with pool.stream(
        request.method, address, headers=_headers(request, url), content=request.body, extensions=sent
    ) as response:
        headers = {name.lower(): value for name, value in response.headers}
        body = _body(request, response, headers)
        _refuse_other_than_2xx(response.status, body)
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        return Answer(response.status, body, content_type, deadline.elapsed_ms())


def _headers(request: Outgoing, url: Url) -> list[tuple[str, str]]:
    ours = {
        "Host": url.host_header,
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if url.authorization:
        ours["Authorization"] = url.authorization
    return list({**ours, **request.headers}.items())


def _refuse_other_than_2xx(status: int, body: bytes) -> None:
    if 300 <= status < 400:
        raise FetchFailed(FailureReason.REDIRECT, status=status, body=body)
    if not 200 <= status < 300:
        raise FetchFailed(FailureReason.STATUS, status=status, body=body)


def _body(request: Outgoing, response: httpcore.Response, headers: Mapping[bytes, bytes]) -> bytes:
    """Read the body; all of it for a 2xx that matters, else what comes without trouble."""
    strict = request.body_matters and 200 <= response.status < 300
    body = bytearray()
    try:
        for piece in _decoded(response, headers, request.max_bytes):
            body += piece
            if len(body) > request.max_bytes:
                raise FetchFailed(FailureReason.TOO_LARGE, status=response.status)
    except (FetchFailed, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        if strict:
            raise
    return bytes(body[: request.max_bytes])


def _decoded(response: httpcore.Response, headers: Mapping[bytes, bytes], max_bytes: int) -> Iterator[bytes]:
    """The pieces of a body; each is decompressed no further than the limit, so that a bomb stays small."""
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding in (b"", b"identity"):
        yield from response.iter_stream()
    elif encoding in (b"gzip", b"x-gzip", b"deflate"):
        yield from _inflated(response.iter_stream(), max_bytes)
    else:
        raise FetchFailed(FailureReason.UNREADABLE, "The answer is compressed in an unknown way.")


def _inflated(pieces: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        for piece in pieces:
            yield inflater.decompress(piece, max_bytes + 1)
        yield inflater.flush()
    except zlib.error as error:
        raise FetchFailed(FailureReason.UNREADABLE, "The compressed answer is broken.") from error


def _detail(error: Exception) -> str:
    return storable(str(error))[:MAX_DETAIL_LENGTH]
