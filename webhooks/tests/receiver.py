"""A customer's server on the loopback interface, which answers as a test says and remembers what it was asked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Handler(BaseHTTPRequestHandler):
    """Hands every request to the receiver's `answer`."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        receiver = self.server.receiver
        receiver.received.append(Received(self.command, self.path, dict(self.headers.items()), body))
        self.close_connection = True
        receiver.answer(self)

    do_POST = do_GET  # noqa: N815  the server looks for this name

    def reply(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """A whole answer; underscores of header names stand for hyphens."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drip(self, first: bytes, drop: bytes) -> None:
        """Send a beginning, and then a drop every few milliseconds until the client or the test ends."""
        self.wfile.write(first)
        while not self.server.receiver.ended.wait(0.01):
            self.wfile.write(drop)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what the tests are about."""


def say_ok(handler: Handler) -> None:
    handler.reply(200, b'{"status":"ok"}', Content_Type="application/json")


@dataclass
class Receiver:
    """`answer` may be exchanged at any time."""

    port: int
    answer: Callable[[Handler], None] = say_ok
    received: list[Received] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def answer_with(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer every request from now on like this."""
        self.answer = lambda handler: handler.reply(status, body, **headers)


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver on a port of its own."""
    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver = server.receiver = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
