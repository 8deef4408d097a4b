"""Puts calls on an installation that is up, and reads from its database what became of them.

`python -m pcc_console.bench.load`, with that installation's PCC_DATA_DIR. Prints one line of JSON; progress goes to
standard error.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

import django

IDLE_S = 5.0
FIRST_RATE = 3.0
FASTER = 1.3
STEP_S = 6.0
SETTLE_S = 2.0  # of a step that do not count: the first calls have not ended yet
KEPT_UP = 0.85  # share of the calls offered that must come through
MOST_STEPS = 12
RUN_S = 45.0
SEED = 7
# An agent has a call from the offer to the caller's end, and some time between two of them.
HANDLING_S = 1.3
# By what stands in the command line of a child of the supervisor.
ROLES = {
    " --queues hooks": "worker for hooks",
    " worker ": "worker",
    " beat ": "beat",
    " --kind simulated": "engine",
    " --kind browser": "engine for browsers",
    "uvicorn": "web",
    "postgres": "postgresql",
    "valkey": "valkey",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """What an installation has used until now.

    `commits`: transactions that wrote something, for which the database waits for the disk. Those that only read are
    not numbered, and the server tells of them only late.
    `checks`: statements with which the database itself makes sure that a reference leads somewhere.
    """

    at: float
    commits: int
    statements: int
    checks: int
    cpu_s: dict[str, float]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pcc_console.settings")
    django.setup()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=40)
    parser.add_argument("--rate", type=float, help="calls a second of the run (default: half of the maximum)")
    parser.add_argument("--calls", type=int, help="calls of the run (default: as many as come in 45 s)")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    print(json.dumps(measure(options.agents, options.rate, options.calls, quick=options.quick)))  # noqa: T201  its use


def measure(agents: int, rate: float | None, calls: int | None, *, quick: bool) -> dict[str, Any]:
    """Shape: {"machine", "idle", "ramp": […], "max_per_second", "run": {…}}."""
    from pcc_console.bench import callers, machine

    facts: dict[str, Any] = {"machine": machine.facts(), "agents": agents, "talk_s": callers.TALK_S}
    scene = callers.make_scene(agents)
    callers.bring_agents_online(scene)
    _count_statements()
    _say("idle")
    idle = _idle(IDLE_S)
    facts["idle"] = idle
    if rate is None or not quick:
        facts["ramp"] = _ramp(scene, 1 if quick else MOST_STEPS)
        facts["max_per_second"] = max(step["completed"] for step in facts["ramp"])
    wanted = rate or facts["max_per_second"] / 2
    seconds = calls / wanted if calls else (4.0 if quick else RUN_S)
    facts["run"] = _run(scene, wanted, seconds, idle)
    return facts


def _ramp(scene: Any, most_steps: int) -> list[dict[str, float]]:
    """Faster and faster until the calls do not come through any more. Shape: [{"offered", "completed"}, …] a second."""
    from common import clock
    from pcc_console.bench import callers

    steps: list[dict[str, float]] = []
    for step in range(most_steps):
        offered = FIRST_RATE * FASTER**step
        _say(f"{offered:.1f} calls/s")
        callers.callers(scene, offered, SETTLE_S)
        since = clock.now()
        callers.callers(scene, offered, STEP_S - SETTLE_S)
        completed = callers.completed_between(scene, since) / (clock.now() - since).total_seconds()
        steps.append({"offered": round(offered, 2), "completed": round(completed, 2)})
        callers.wait_until_all_ended(scene, within_s=60.0)
        if completed < KEPT_UP * offered:
            break
    return steps


def _run(scene: Any, rate: float, seconds: float, idle: dict[str, Any]) -> dict[str, Any]:
    from common import clock
    from pcc_console.bench import callers
    from pcc_console.bench.figures import spread

    scarce = math.floor(rate / callers.QUEUES * HANDLING_S) + 1
    callers.serve_scarcely(scene, scarce)
    _say(f"{rate:.1f} calls/s for {seconds:.0f} s")
    load_before, before, since = os.getloadavg()[0], _counts(), clock.now()
    came = callers.callers(scene, rate, seconds, seed=SEED)
    callers.wait_until_all_ended(scene, within_s=60.0)
    after = _counts()
    freed, waiting = callers.times_to_offer(scene, since)
    completed = callers.completed_between(scene, since)
    return {
        "rate": round(rate, 2),
        "seconds": round(seconds, 1),
        "calls": came,
        "completed": completed,
        "scarce_agents": scarce,
        "load_1m": round(load_before, 1),
        "agent_free_to_offer_ms": spread(freed),
        "caller_waiting_to_offer_ms": spread(waiting),
        **_per_call(before, after, came, idle),
    }


def _per_call(before: Counts, after: Counts, calls: int, idle: dict[str, Any]) -> dict[str, Any]:
    """What a call costs beyond what an idle installation does; without the caller's own statement and commit."""
    took = after.at - before.at
    commits = (after.commits - before.commits - took * idle["commits_per_s"]) / calls - 1
    statements = (after.statements - before.statements - took * idle["queries_per_s"]) / calls - 1
    checks = (after.checks - before.checks) / calls
    cpu = {
        role: round(1000 * (used - before.cpu_s.get(role, 0.0) - took * idle["cpu_share"].get(role, 0.0)) / calls, 1)
        for role, used in after.cpu_s.items()
    }
    return {
        "commits_per_call": round(commits, 1),
        "queries_per_call": round(statements, 1),
        "reference_checks_per_call": round(checks, 1),
        "cpu_ms_per_call": cpu,
    }


def _idle(seconds: float) -> dict[str, Any]:
    """What the installation does while nobody calls, a second. `cpu_share`: of one processor."""
    before = _counts()
    time.sleep(seconds)
    after = _counts()
    took = after.at - before.at
    return {
        "commits_per_s": round((after.commits - before.commits) / took, 2),
        "queries_per_s": round((after.statements - before.statements) / took, 2),
        "cpu_share": {role: round((used - before.cpu_s[role]) / took, 4) for role, used in after.cpu_s.items()},
    }


_COUNTED = """
    SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
           coalesce(sum(calls) FILTER (WHERE NOT is_check), 0)::bigint,
           coalesce(sum(calls) FILTER (WHERE is_check), 0)::bigint
    FROM (
        SELECT calls, query LIKE 'SELECT % FROM ONLY %' AND query LIKE '%FOR KEY SHARE OF x' AS is_check
        FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS told
"""


def _counts() -> Counts:
    from django.conf import settings
    from django.db import connection

    from common.supervision import state
    from pcc_console.bench import machine

    with connection.cursor() as cursor:
        cursor.execute(_COUNTED)
        commits, statements, checks = cursor.fetchone()
    supervisor = int((state.load_services(settings.DATA_DIR) or {})["pid"])
    cpu = {_role(command): machine.tree_cpu_s(pid) for pid, command in machine.children_of(supervisor).items()}
    return Counts(time.monotonic(), commits, statements, checks, cpu)


def _role(command: str) -> str:
    return next((role for sign, role in ROLES.items() if sign in command), command)


def _count_statements() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  progress


if __name__ == "__main__":
    main()
