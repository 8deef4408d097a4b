"""How log records are written: one JSON object a line in production, readable lines in development. Never secrets.

Records are events: a constant message and fields in `extra`. Whatever looks like a secret is taken out of the
finished line, so that tracebacks and the messages of libraries are covered too. Full phone numbers are not
recognisable as such: callers must not log them.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

GONE = "[redacted]"
_SECRETS = (
    # Query parameter and JSON field of REST and websocket tokens.
    (re.compile(r"""(access_token\\?["']?\s*[=:]\s*\\?["']?)[^&\s"'\\,}]+""", re.IGNORECASE), rf"\1{GONE}"),
    # Headers, as they stand in a request, a dict or Django's META.
    (re.compile(r"""(X[-_]STRINGEE[-_]AUTH\\?["']?\s*[=:]\s*\\?["']?)[^\s"'\\,}]+""", re.IGNORECASE), rf"\1{GONE}"),
    (re.compile(r"""(\bBearer\s+)[^\s"'\\,}]+""", re.IGNORECASE), rf"\1{GONE}"),
    # A JSON Web Token anywhere: three base64url parts, the first of which begins with `{"`.
    (re.compile(r"\beyJ[\w-]*\.[\w-]+\.[\w-]*"), GONE),
    # User and password in the address of a database or a Redis server.
    (re.compile(r"(\w://)[^\s/@\"'\\]*:[^\s/@\"'\\]*@"), rf"\1{GONE}@"),
)
_STANDARD_FIELDS = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}
# Objects, or the same once more in colour.
_UNWANTED_FIELDS = {"request", "server_time", "color_message", "fields"}


def redact(text: str) -> str:
    """Return the text without tokens, passwords and authentication headers. A JSON text stays valid JSON."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class JsonLines(JsonFormatter):
    """Shape: {"time": ISO 8601, "level": str, "logger": str, "message": str, …fields of `extra`}."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            reserved_attrs=[*_STANDARD_FIELDS, *_UNWANTED_FIELDS],
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            json_ensure_ascii=False,
        )

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class ReadableLines(logging.Formatter):
    """`08:15:30 WARNING agents.services message  key=value …`"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s%(fields)s", datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS | _UNWANTED_FIELDS}
        record.fields = "".join(f"  {name}={value}" for name, value in extra.items() if _is_plain(value))
        return redact(super().format(record))


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def configuration(*, production: bool, level: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything goes to standard error, for the supervisor or the container to collect."""
    formatter = "pcc_console.logs.JsonLines" if production else "pcc_console.logs.ReadableLines"
    # These say at INFO what happens several times a second, or what our supervisor says better.
    chatty = (
        "uvicorn.access",
        "uvicorn.error",
        "celery.beat",
        "celery.worker.strategy",
        "celery.app.trace",
        "httpx",
        "httpcore",
    )
    # Uvicorn gives these handlers of its own before our settings are read.
    ours_again = ("uvicorn", "django", "celery")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"handlers": [], "propagate": True} for name in ours_again},
            **{name: {"handlers": [], "propagate": True, "level": "WARNING"} for name in chatty},
        },
    }
