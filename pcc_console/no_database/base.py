"""The database backend while no server is known: commands say how to start one instead of failing oddly."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.dummy.base import DatabaseWrapper as DummyDatabaseWrapper

HOW_TO_START = "No servers are running: start them with `make run`, or set DATABASE_URL and REDIS_URL."


def _refuse(*args: Any, **kwargs: Any) -> Any:
    raise ImproperlyConfigured(HOW_TO_START)


class DatabaseWrapper(DummyDatabaseWrapper):
    ensure_connection = _refuse
    cursor = _refuse
    _savepoint = _refuse
