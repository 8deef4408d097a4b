"""The figures of a run as facts for programs, and as a page for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from callflow.simulation.figures import EDGES_S, QueueFigures, histogram, occupancy, time_of
from callflow.simulation.floor import Spends
from callflow.simulation.people import people_of
from callflow.simulation.run import Result
from callflow.simulation.scenario import QueuePlan
from routing.domain.offers import OfferState

BAR = 50  # letters of the longest bar
ENDED_OFFERS = [state for state in OfferState if state is not OfferState.OPEN]


# ── Facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def facts(result: Result) -> dict[str, Any]:
    """Shape: scenario, seed, calls, begins, ends, outcomes, causes, total, queues and callers by
    name, agents.

    Units: seconds, rounded to milliseconds; shares from 0 to 1; None where nothing was there to count.
    """
    scenario, figures = result.scenario, result.figures
    spent = _spent(result)
    plans = dict(enumerate(scenario.queues, 1))
    return {
        "scenario": scenario.name,
        "seed": result.seed,
        "load": result.load,
        "calls": figures.calls,
        "begins": result.begins.isoformat(),
        "ends": result.ends.isoformat(),
        "outcomes": dict(sorted(figures.outcomes.items())),
        "causes": dict(sorted(figures.causes.items())),
        "total": {**_queue_facts(figures.total), "occupancy": _share(occupancy(time_of(spent.values())))},
        "queues": {
            plan.name: {
                **_queue_facts(figures.queues[number]),
                "answered_within_s": plan.sla_answered_within,
                "target": plan.sla_target_percent / 100,
                "occupancy": _share(occupancy(time_of(_spent_for(result, plan, spent)))),
            }
            for number, plan in plans.items()
        },
        "callers": {name: _wait_facts(each) for name, each in figures.callers.items()},
        "agents": {what: _seconds(seconds) for what, seconds in time_of(spent.values()).items()},
        "short_abandon_s": scenario.short_abandon_s,
    }


def _wait_facts(figures: QueueFigures) -> dict[str, Any]:
    return {
        "entered": figures.entered,
        "answered": len(figures.answered),
        "abandoned": len(figures.abandoned),
        "short_abandons": figures.short_abandons,
        "sent_elsewhere": len(figures.sent_elsewhere),
        "in_time": figures.in_time,
        "service_level": _share(figures.service_level),
        "abandon_rate": _share(figures.abandon_rate),
        "asa_s": _seconds(figures.asa_s),
        "longest_wait_s": _seconds(figures.longest_wait_s),
    }


def _queue_facts(figures: QueueFigures) -> dict[str, Any]:
    return {
        **_wait_facts(figures),
        "aht_s": _seconds(figures.aht_s),
        "offers": {state.value: figures.offers[state] for state in ENDED_OFFERS},
        "waits": {
            "from_s": list(EDGES_S),
            "answered": histogram(figures.answered),
            "unanswered": histogram(figures.abandoned + figures.sent_elsewhere),
        },
    }


def _spent(result: Result) -> dict[int, dict[Spends, dt.timedelta]]:
    return {agent: seat.spent for agent, seat in result.floor.seats.items()}


def _spent_for(
    result: Result, plan: QueuePlan, spent: Mapping[int, dict[Spends, dt.timedelta]]
) -> list[dict[Spends, dt.timedelta]]:
    """The time of those who serve a queue."""
    listed = plan.agent_list.groups if plan.agent_list is not None else ()
    groups = {*plan.primary_groups, *plan.backup_groups, *listed}
    return [spent[person.id] for person in people_of(result.scenario) if groups & set(person.plan.groups)]


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


# ── A page ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def page(found: Mapping[str, Any]) -> str:
    """Facts as a text for people."""
    queues = _table("By queue", _rows(), [*found["queues"].items(), ("all queues", found["total"])])
    callers = _table("By kind of callers", _wait_rows(), list(found["callers"].items()))
    parts = [_heading(found), queues, callers, _waits(found["total"]["waits"]), _agents(found), _notes(found)]
    return "\n\n".join(parts)


def _heading(found: Mapping[str, Any]) -> str:
    begins, ends = (dt.datetime.fromisoformat(found[name]).strftime("%Y-%m-%d %H:%M") for name in ("begins", "ends"))
    load = f", {found['load']:g} times the calls a minute" if found["load"] != 1 else ""
    lines = [
        f"{found['scenario']}: {found['calls']} calls, seed {found['seed']}{load}, {begins} to {ends}",
        "Ends of calls: " + _listed(found["outcomes"]),
        "Causes: " + _listed(found["causes"]),
    ]
    return "\n".join(lines)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


Cell = Callable[[Mapping[str, Any]], str]


def _table(heading: str, figures: Sequence[tuple[str, Cell]], columns: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """A row for each figure, and a column for each queue or kind of callers."""
    rows = [(heading, [name for name, _ in columns])]
    rows += [(title, [cell(column) for _, column in columns]) for title, cell in figures]
    first = max(len(title) for title, _ in rows)
    widths = [max(len(cells[index]) for _, cells in rows) for index in range(len(columns))]
    lines = [title.ljust(first) + _cells(cells, widths) for title, cells in rows]
    return "\n".join(line.rstrip() for line in lines)


def _cells(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join("  " + cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _wait_rows() -> list[tuple[str, Cell]]:
    return [
        ("callers who entered", lambda column: str(column["entered"])),
        ("  answered", lambda column: str(column["answered"])),
        ("  abandoned", lambda column: str(column["abandoned"])),
        ("  abandoned at once", lambda column: str(column["short_abandons"])),
        ("  sent elsewhere", lambda column: str(column["sent_elsewhere"])),
        ("service level", lambda column: _percent(column["service_level"])),
        ("abandon rate", lambda column: _percent(column["abandon_rate"])),
        ("average speed of answer", lambda column: _clock(column["asa_s"])),
        ("longest wait", lambda column: _clock(column["longest_wait_s"])),
    ]


def _rows() -> list[tuple[str, Cell]]:
    return [
        *_wait_rows(),
        ("service level wanted", _target),
        ("average handle time", lambda column: _clock(column["aht_s"])),
        ("occupancy", lambda column: _percent(column["occupancy"])),
        ("offers", lambda column: str(sum(column["offers"].values()))),
        *((f"  {state.value.replace('_', ' ')}", _offers(state)) for state in ENDED_OFFERS),
    ]


def _target(column: Mapping[str, Any]) -> str:
    return f"{column['target']:.0%} in {column['answered_within_s']} s" if "target" in column else ""


def _offers(state: OfferState) -> Cell:
    return lambda column: str(column["offers"][state.value])


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def _waits(waits: Mapping[str, list[int]]) -> str:
    """How many waited how long: # answered, . not answered."""
    edges = waits["from_s"]
    titles = [f"{low} to {high} s" for low, high in pairwise(edges)] + [f"over {edges[-1]} s"]
    rows = list(zip(titles, waits["answered"], waits["unanswered"], strict=True))
    used = max((place for place, row in enumerate(rows, 1) if row[1] or row[2]), default=0)
    most = max((answered + unanswered for _, answered, unanswered in rows), default=0)
    lines = ["How long callers waited (# answered, . not answered)"]
    for title, answered, unanswered in rows[:used]:
        bar = "#" * _length(answered, most) + "." * _length(unanswered, most)
        lines.append(f"{title:>12}  {answered + unanswered:>6}  {bar}".rstrip())
    return "\n".join(lines)


def _length(count: int, most: int) -> int:
    """Letters of a bar; what is there is seen."""
    return max(1, round(count / most * BAR)) if count else 0


def _agents(found: Mapping[str, Any]) -> str:
    spent = {what: seconds for what, seconds in found["agents"].items() if what != Spends.SIGNED_OUT}
    signed_in = sum(spent.values())
    shares = ", ".join(f"{what.replace('_', '-')} {_percent(seconds / signed_in)}" for what, seconds in spent.items())
    return f"Agents were signed in for {signed_in / 3600:.1f} hours: {shares}" if signed_in else "Nobody was signed in."


def _notes(found: Mapping[str, Any]) -> str:
    lines = [
        "Service level: answered within the queue's time, of all who entered; who left or was sent elsewhere was not.",
        f"Callers who left within {found['short_abandon_s']} s (abandoned at once) count nowhere.",
        "Waits begin when the queue is entered and include the ringing.",
        "Occupancy: talking and wrap-up, of the time in which agents talked, wrapped up, were rung or idle.",
    ]
    return "\n".join(lines)
