"""What must hold, whatever happened: S1-S10 and L1-L5 of the design, checked from the rows and the transition log.

Tests run it after every scenario; operators with `manage.py check_invariants`. It only reads. A finding is a bug of
ours (or somebody has changed the database by hand): nothing that callers, agents or customers' servers do makes one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from callflow.invariants import agents, calls, edges, liveness, log, order, tenancy
from callflow.invariants.finding import Code, Finding
from callflow.invariants.records import Scope, read_agents, read_calls, read_projects
from common import clock

__all__ = ["Code", "Finding", "check", "check_twice"]

OF_CALLS = (
    calls.one_connected_agent,
    calls.one_end,
    calls.nothing_vanishes,
    calls.offers_end_in_time,
    tenancy.nothing_crosses,
    log.calls_replay,
    edges.recordings_have_files,
    edges.events_are_owed,
)
OF_AGENTS = (agents.one_thing_at_a_time, agents.freed_in_time, agents.wrap_up_ends, log.agents_replay)
OF_PROJECTS = (order.nobody_is_overtaken, order.decisions_replay, edges.outbound_within_limits, edges.files_have_rows)
OF_NOW = (liveness.free_agents_get_calls, liveness.nothing_is_overdue)


def check(
    project_ids: Collection[int] | None = None,
    since: dt.datetime | None = None,
    *,
    now: dt.datetime,
    live: bool = True,
) -> list[Finding]:
    """What does not hold in some projects (None: all), among calls that began at or after `since` or still run.

    `live`: also what must hold at this moment (deadlines that have passed, agents who should have a call by now);
    leave it out for a copy of a database, in which time stands still.
    Cost: some queries for each five hundred calls, and for each five hundred agents; nothing is locked. Rows that
    change meanwhile can give a finding that is none: look again before you believe one of a running system.
    """
    scope = Scope(now, frozenset(project_ids) if project_ids is not None else None, since, live)
    findings = [each for call in read_calls(scope) for rule in OF_CALLS for each in rule(call, scope)]
    findings += [each for agent in read_agents(scope) for rule in OF_AGENTS for each in rule(agent, scope)]
    for project in read_projects(scope):
        findings += [each for rule in OF_PROJECTS for each in rule(project, scope)]
        if live:
            findings += [each for rule_now in OF_NOW for each in rule_now(project, scope)]
    return findings


def check_twice(project_ids: Collection[int] | None = None, since: dt.datetime | None = None) -> list[Finding]:
    """Look at a running system: what is found again at the second look. Cost: that of two looks."""
    first = {(each.code, each.about) for each in check(project_ids, since, now=clock.now())}
    second = check(project_ids, since, now=clock.now()) if first else []
    return [each for each in second if (each.code, each.about) in first]
