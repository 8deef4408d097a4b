"""Log lines: complete, readable, and without secrets."""

from __future__ import annotations

import json
import logging
import sys

import jwt
import pytest

from pcc_console.logs import JsonLines, ReadableLines, configuration, redact

TOKEN = jwt.encode({"jti": "SK.0.x", "rest_api": True}, "k" * 32, headers={"cty": "stringee-api;v=1"})


def record(message="something happened", args=(), exc_info=None, **extra):
    made = logging.LogRecord("agents.services", logging.WARNING, __file__, 1, message, args, exc_info)
    made.__dict__.update(extra)
    return made


def test_production_lines_are_json_with_the_fields_of_extra():
    line = json.loads(JsonLines().format(record("call %s", ("ended",), call_id="c-1", took_ms=12)))

    assert line.pop("time").startswith("20")
    assert line == {
        "level": "WARNING",
        "logger": "agents.services",
        "message": "call ended",
        "call_id": "c-1",
        "took_ms": 12,
    }


def test_development_lines_are_readable():
    line = ReadableLines().format(record(call_id="c-1", request=object()))

    assert line.partition(" ")[2] == "WARNING agents.services something happened  call_id=c-1"


@pytest.mark.parametrize("formatter", [JsonLines(), ReadableLines()], ids=["production", "development"])
def test_tracebacks_are_redacted_too(formatter):
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        line = formatter.format(record(exc_info=sys.exc_info()))

    assert "ValueError: bad token [redacted]" in line
    assert TOKEN not in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /v1/agent?limit=5&access_token=abc.def&page=2", "GET /v1/agent?limit=5&access_token=[redacted]&page=2"),
        ("{'X-Stringee-Auth': 'abc', 'Accept': '*/*'}", "{'X-Stringee-Auth': '[redacted]', 'Accept': '*/*'}"),
        ("HTTP_X_STRINGEE_AUTH=abc", "HTTP_X_STRINGEE_AUTH=[redacted]"),
        ("X-STRINGEE-AUTH: abc", "X-STRINGEE-AUTH: [redacted]"),
        ("Authorization: Bearer abc", "Authorization: Bearer [redacted]"),
        (f"token {TOKEN}, next", "token [redacted], next"),
        ("postgresql://pcc:pw@db:5432/pcc", "postgresql://[redacted]@db:5432/pcc"),
        ("redis://:pw@127.0.0.1:6379/0", "redis://[redacted]@127.0.0.1:6379/0"),
        ("https://example.com/a:b@c", "https://example.com/a:b@c"),
        ("agent 1 took eyJ a break", "agent 1 took eyJ a break"),
    ],
)
def test_redaction_removes_secrets_and_leaves_the_rest(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    "secret", ['{"access_token": "abc.def"}', '"X-STRINGEE-AUTH: abc"', "?access_token=abc'", 'x access_token="abc" y']
)
def test_a_redacted_json_line_is_still_json(secret):
    line = JsonLines().format(record("body %s", (secret,), body=secret))

    assert "abc" not in line
    assert set(json.loads(line)) == {"time", "level", "logger", "message", "body"}


def test_production_writes_json_and_development_readable_lines():
    written = {production: configuration(production=production, level="INFO") for production in (True, False)}

    assert written[True]["formatters"]["line"]["()"] == "pcc_console.logs.JsonLines"
    assert written[False]["formatters"]["line"]["()"] == "pcc_console.logs.ReadableLines"
