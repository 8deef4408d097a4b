"""The way to the broker: kombu's for Redis, with one fault less.

When Redis goes away while a worker has a message that is not acknowledged, Celery gives the connection up twice: the
first time takes the address away, the second wants to put the message back at that address. That ends in an
AttributeError which nobody expects: the worker ends, and what its threads were doing ends with it (kombu 5.7.0; seen in
2 of 25 kills of Redis while nobody called). Told that the connection has failed, Celery connects again.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis
from redis.exceptions import ConnectionError as RedisConnectionError


class Channel(kombu_redis.Channel):
    """Says what has happened when it is asked to connect after its connection was given up."""

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection.client is None:
            raise RedisConnectionError("the connection was given up")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]  # the stubs do not know it


class Transport(kombu_redis.Transport):
    """What every address that begins with redis:// is reached with, once `use_for_redis` was called."""

    Channel = Channel


def use_for_redis() -> None:
    """Let addresses of Redis mean our transport; as a setting, its name would stand in every address that is logged."""
    ours = f"{Transport.__module__}:{Transport.__qualname__}"
    TRANSPORT_ALIASES.update(redis=ours, rediss=ours)
