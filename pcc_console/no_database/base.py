"""The database backend while no server is known: commands say how to start one instead of failing oddly."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.management.base import CommandError
from django.db.backends.postgresql import base

HOW_TO_START = "No servers are running: start them with `make run`, or set DATABASE_URL and REDIS_URL."


class DatabaseWrapper(base.DatabaseWrapper):
    """Knows what PostgreSQL can do, as system checks ask, but has no server to connect to."""

    def get_connection_params(self) -> dict[str, Any]:
        return {}

    def get_new_connection(self, conn_params: Any) -> NoReturn:
        raise CommandError(HOW_TO_START)
