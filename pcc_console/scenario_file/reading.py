"""A whole scenario file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

from callflow.simulation.scenario import DAY, Scenario
from pcc_console.portable.places import Place, Problems
from pcc_console.portable.problems import BadProjectFile
from pcc_console.portable.values import Table, parse
from pcc_console.scenario_file.fields import get, need
from pcc_console.scenario_file.menus import menu_tree, number_plan
from pcc_console.scenario_file.names import names_in, names_of
from pcc_console.scenario_file.people import MOST_AGENTS, agent_plan, callers_plan
from pcc_console.scenario_file.queues import queue_plan, server_plan
from pcc_console.scenario_file.values import a_duration, an_instant, any_text, time_zone, whole_number
from queues.models import ONE_DAY_S

FORMAT = "pcc-console/scenario"
VERSION = "1"
MOST_CALLERS = 100  # kinds of callers: their numbers have two digits for it

_FIELDS = {
    "format",
    "version",
    "name",
    "starts",
    "time_zone",
    "duration",
    "seed",
    "short_abandon_s",
    "missed_calls_limit",
    "numbers",
    "menus",
    "queues",
    "groups",
    "agents",
    "callers",
    "customer_info",
}


def scenario_at(path: Path) -> Scenario:
    """Read a file. Raises OSError, or BadProjectFile with everything that is wrong."""
    return read_scenario(path.read_bytes())


def read_scenario(content: bytes) -> Scenario:
    """Read and check a whole file. Raises BadProjectFile with everything that is wrong."""
    problems = Problems()
    root = Place(parse(content), "", problems)
    stated = root.something_at("format") if isinstance(root.node, Table) else None
    if stated is None or stated.text() != FORMAT:
        raise BadProjectFile.because(f"This is not a scenario: it must begin with `format: {FORMAT}`.")
    version = root.something_at("version")
    if version is None or version.text() != VERSION:
        raise BadProjectFile.because(f"The file must say `version: {VERSION}`: that is the one which is read here.")
    scenario = _scenario(root.table(_FIELDS))
    problems.raise_if_any()
    return scenario


def _scenario(root: Place) -> Scenario:
    names = names_in(root)
    starts = need(root, "starts", an_instant, dt.datetime(2026, 1, 1))  # noqa: DTZ001 - of the wall, on purpose
    duration = need(root, "duration", a_duration, DAY)
    numbers = tuple(number_plan(names, place) for place in _some(root, "numbers"))
    scenario = Scenario(
        name=need(root, "name", any_text, ""),
        starts=starts,
        time_zone=get(root, "time_zone", time_zone, ZoneInfo("Asia/Ho_Chi_Minh")),
        duration=duration,
        numbers=numbers,
        queues=tuple(queue_plan(names, place) for place in _some(root, "queues")),
        groups=tuple(names.groups),
        agents=tuple(agent_plan(names, place) for place in _some(root, "agents")),
        callers=tuple(callers_plan(names, place, starts, duration) for place in _some(root, "callers")),
        menus=tuple(menu_tree(names, place) for place in root.items_at("menus")),
        customer_info=server_plan(inner) if (inner := root.something_at("customer_info")) else None,
        seed=get(root, "seed", whole_number(0, 999_999_999), 1),
        short_abandon_s=get(root, "short_abandon_s", whole_number(0, ONE_DAY_S), 5),
        missed_calls_limit=get(root, "missed_calls_limit", whole_number(0, 50), 3),
    )
    _refuse_too_many(root, scenario)
    return scenario


def _some(root: Place, section: str) -> list[Place]:
    places = root.items_at(section)
    if not places:
        root.refuse(f"needs `{section}`")
    return places


def _refuse_too_many(root: Place, scenario: Scenario) -> None:
    if sum(plan.count for plan in scenario.agents) > MOST_AGENTS:
        root.refuse(f"has more than {MOST_AGENTS} agents")
    if len(scenario.callers) > MOST_CALLERS:
        root.refuse(f"has more than {MOST_CALLERS} kinds of callers")
    for section in ("agents", "callers"):
        names_of(root, section)
