"""Signs of life of the processes that have no port to ask: Celery workers (one per queue), beat and voice engines.

They are kept in Redis, timed by Redis's own clock, so that the clocks of several machines do not matter. Nothing else
is stored there: a lost heartbeat comes again after a few seconds.

`python -m pcc_console.heartbeats NAME SECONDS` ends with code 0 when NAME was alive within the last SECONDS: a
container's health check of what has no port.

Shape: hash `pcc:heartbeats`, field = name (`worker:dispatch`, `beat`, `engine:browser`), value = seconds since 1970
as text.
"""

from __future__ import annotations

import os
import sys

import redis

KEY = "pcc:heartbeats"
ENGINE = "engine:"  # and the node's name
SIMULATOR = "simulator:"  # likewise
TIMEOUT_S = 2.0


def record(redis_url: str, name: str) -> None:
    """Note that the named process is alive now."""
    with connect(redis_url) as server:
        server.hset(KEY, name, str(_now(server)))


def ages(server: redis.Redis) -> dict[str, float]:
    """Return how many seconds ago each name was last alive. Raises redis.RedisError."""
    now = _now(server)
    noted: dict[bytes, bytes] = server.hgetall(KEY)  # type: ignore[assignment]  # the client is not asynchronous
    return {name.decode(): max(0.0, now - float(at)) for name, at in noted.items()}


def forget_all(redis_url: str) -> None:
    """Forget every sign of life, at the start of a run."""
    with connect(redis_url) as server:
        server.delete(KEY)


def connect(redis_url: str) -> redis.Redis:
    """A connection that fails soon instead of waiting."""
    return redis.Redis.from_url(redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)


def _now(server: redis.Redis) -> float:
    seconds, microseconds = server.time()
    return float(seconds + microseconds / 1_000_000)


def main(name: str, limit_s: str) -> int:
    """Return the exit code of a health check."""
    with connect(os.environ["REDIS_URL"]) as server:
        return 0 if ages(server).get(name, float("inf")) <= float(limit_s) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
