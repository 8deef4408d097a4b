"""What this installation says about itself to operators and load balancers: /healthz, /readyz, /metrics.

Answered by the first middleware, before hosts, sessions and redirects are looked at: probes come by address, without
a host name, and must not depend on what they are asked to judge. Answers name no address, user or password of a
dependency.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pcc_console import beat, heartbeats, metrics
from pcc_console.celery import HEARTBEAT_EVERY_S, QUEUES

DATABASE_TIMEOUT_S = 2
# Several heartbeats may be late behind longer tasks before we call a queue dead.
WORKER_SILENCE_LIMIT_S = 4 * HEARTBEAT_EVERY_S
BEAT_SILENCE_LIMIT_S = 3 * HEARTBEAT_EVERY_S
ENGINE_SILENCE_LIMIT_S = 15.0  # three of its heartbeats
HEARTBEATS = ("worker", "beat", "engine")

FINDINGS_HOLD_S = 0.5  # probes come every few seconds
_looking = threading.Lock()

Handler = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True)
class Finding:
    """What we found out about one dependency.

    `age`: seconds since its last sign of life; None when none is known.
    """

    name: str
    ok: bool
    detail: str
    age: float | None = None


_found: list[Finding] = []
_found_at = float("-inf")


def readiness() -> list[Finding]:
    """Look at every dependency; what was found less than FINDINGS_HOLD_S ago is told again.

    Cost: two new connections; when servers hang, at most about DATABASE_TIMEOUT_S + 2 * heartbeats.TIMEOUT_S. Anybody
    may ask, so one look at a time, however many ask.
    """
    global _found, _found_at
    with _looking:
        if time.monotonic() - _found_at >= FINDINGS_HOLD_S:
            _found = [check_database(), *check_redis_and_heartbeats()]
            _found_at = time.monotonic()
        return _found


def check_database() -> Finding:
    """Ask the database over a connection of its own, so that an exhausted pool does not look like a dead server."""
    if not settings.HAS_SERVERS:
        return Finding("database", ok=False, detail="not configured")
    parameters = {**connection.get_connection_params(), "connect_timeout": DATABASE_TIMEOUT_S}
    parameters.pop("pool", None)
    began = time.monotonic()
    try:
        with psycopg.connect(**parameters) as session:
            session.execute("SELECT 1")
    except psycopg.Error as error:
        return Finding("database", ok=False, detail=f"does not answer ({type(error).__name__})")
    return Finding("database", ok=True, detail=_answers_in(began), age=0.0)


def check_redis_and_heartbeats() -> list[Finding]:
    """Ask Redis, and what it knows about the workers, beat and engines."""
    if not settings.HAS_SERVERS:
        return [Finding(name, ok=False, detail="not configured") for name in ("redis", *HEARTBEATS)]
    began = time.monotonic()
    try:
        with heartbeats.connect(settings.REDIS_URL) as server:
            ages = heartbeats.ages(server)
    except redis.RedisError as error:
        unknown = [Finding(name, ok=False, detail="unknown while redis does not answer") for name in HEARTBEATS]
        return [Finding("redis", ok=False, detail=f"does not answer ({type(error).__name__})"), *unknown]
    return [
        Finding("redis", ok=True, detail=_answers_in(began), age=0.0),
        judge_worker(ages),
        judge_beat(ages),
        judge_engine(ages),
    ]


def judge_worker(ages: dict[str, float]) -> Finding:
    """Every queue needs a worker; the finding's age is that of the queue that was silent longest."""
    of_queue = {queue: ages.get(f"worker:{queue}") for queue in QUEUES}
    silent = [queue for queue, age in of_queue.items() if age is None or age > WORKER_SILENCE_LIMIT_S]
    known = [age for age in of_queue.values() if age is not None]
    age = round(max(known), 1) if len(known) == len(QUEUES) else None
    if silent:
        return Finding("worker", ok=False, detail=f"no worker answers for: {', '.join(silent)}", age=age)
    return Finding("worker", ok=True, detail=f"answers for: {', '.join(QUEUES)}", age=age)


def judge_beat(ages: dict[str, float]) -> Finding:
    """Beat lives when it has sent a periodic task lately."""
    age = ages.get(beat.NAME)
    if age is None:
        return Finding("beat", ok=False, detail="has not sent a periodic task yet")
    verb = "sends" if age <= BEAT_SILENCE_LIMIT_S else "has stopped sending"
    return Finding("beat", ok=age <= BEAT_SILENCE_LIMIT_S, detail=f"{verb} periodic tasks", age=round(age, 1))


def judge_engine(ages: dict[str, float]) -> Finding:
    """One engine is enough; the finding's age is that of the liveliest."""
    prefix = heartbeats.ENGINE
    of_node = {name.removeprefix(prefix): age for name, age in ages.items() if name.startswith(prefix)}
    if not of_node:
        return Finding("engine", ok=False, detail="no engine has shown a sign of life yet")
    alive = sorted(node for node, age in of_node.items() if age <= ENGINE_SILENCE_LIMIT_S)
    detail = f"alive: {', '.join(alive)}" if alive else f"no sign of life from: {', '.join(sorted(of_node))}"
    return Finding("engine", ok=bool(alive), detail=detail, age=round(min(of_node.values()), 1))


def answer_probes(get_response: Handler) -> Handler:
    """Middleware: answer the probes; everything else goes on."""
    probes: dict[str, Handler] = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics_page}

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = probes.get(request.path_info)
        if probe is None:
            return get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = probe(request)
        response.headers["Cache-Control"] = "no-store"
        # Not ready is an answer, not an error of ours: Django would log each 503.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response

    return middleware


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process can answer at all. A broken database must not make an orchestrator restart the web."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every dependency is usable, else 503.

    Shape: {"ready": bool, NAME: {"ok": bool, "detail": str, "age": seconds or null}, …}, one line for each dependency.
    """
    findings = readiness()
    ready = all(finding.ok for finding in findings)
    rows = [("ready", json.dumps(ready))]
    rows += [(each.name, json.dumps({"ok": each.ok, "detail": each.detail, "age": each.age})) for each in findings]
    text = ",\n".join(f'"{name}": {value}' for name, value in rows)
    return HttpResponse(f"{{{text}}}\n", content_type="application/json", status=200 if ready else 503)


def metrics_page(request: HttpRequest) -> HttpResponse:
    """The counters of this process and the readiness of the installation, for Prometheus.

    With PCC_METRICS_TOKEN set, only for those who send it as `Authorization: Bearer …`.
    """
    expected = settings.PCC_METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if expected and not secrets.compare_digest(given.encode(), f"Bearer {expected}".encode()):
        return HttpResponse("Send the metrics token.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    for finding in readiness():
        metrics.READY.labels(finding.name).set(finding.ok)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _answers_in(began: float) -> str:
    return f"answers in {(time.monotonic() - began) * 1000:.0f} ms"
