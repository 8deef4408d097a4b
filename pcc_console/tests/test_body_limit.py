from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from pcc_console.body_limit import OVERHEAD_BYTES, BodyLimit

LIMIT_BYTES = 1000
MOST = LIMIT_BYTES + OVERHEAD_BYTES


def exchange(chunks, headers=()):
    """What the application received, and what was sent back."""
    received, sent = [], []

    async def application(scope, receive, send):
        while True:
            message = await receive()
            received.append(message["type"])
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return

    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    limited = BodyLimit(application, LIMIT_BYTES)({"type": "http", "headers": list(headers)}, receive, send)
    with ThreadPoolExecutor(1) as other_thread:  # the browser tests' event loop is in this one
        other_thread.submit(asyncio.run, limited).result()
    return received, sent


def test_a_body_that_is_announced_too_large_is_refused_before_the_application_sees_it():
    received, sent = exchange([b"x"], [(b"content-length", str(MOST + 1).encode())])

    assert received == []
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["r"] == 1


def test_a_body_that_was_not_announced_is_cut_off_where_it_becomes_too_large():
    received, sent = exchange([b"x" * MOST, b"x", b"x"])

    assert received == ["http.request", "http.disconnect"]
    assert sent == []


def test_a_body_of_exactly_the_limit_passes():
    received, _ = exchange([b"x" * MOST], [(b"content-length", str(MOST).encode())])

    assert received == ["http.request", "http.request"]


def test_an_absurd_length_is_left_to_the_server():
    received, _ = exchange([b"x"], [(b"content-length", b"-1")])

    assert received == ["http.request", "http.request"]
