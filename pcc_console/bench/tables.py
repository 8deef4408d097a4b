"""Results for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns that stand below each other, the first to the left and the others to the right."""
    lines = [tuple(head), *(tuple(map(str, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    )


def machine_text(facts: dict[str, Any]) -> str:
    return (
        f"{facts['cores']} × {facts['processor']}, load {facts['load_1m']} when it began, "
        f"PostgreSQL {facts['postgresql']}, Python {facts['python']}"
    )


def dispatch_text(facts: dict[str, Any]) -> str:
    parts = [machine_text(facts["machine"])]
    for name, series in facts["series"].items():
        parts.append(
            f"\nMore and more {name}: time grows with size to the power of {series['growth']['clock']:.2f} "
            f"(processor time: {series['growth']['cpu']:.2f})"
        )
        parts.append(
            table(
                ("waiting", "agents", "decisions/s", "p50 ms", "p95 ms", "cpu p50 ms", "queries", "commits"),
                [
                    (
                        point["waiting"], point["agents"], point["per_second"], point["clock_ms"]["p50"],
                        point["clock_ms"]["p95"], point["cpu_ms"]["p50"], point["queries"], point["commits"],
                    )
                    for point in series["points"]
                ],
            )
        )  # fmt: skip
    memory = facts["memory"]
    parts.append(f"\nThis process held {memory['process_mib']} MiB at most. Bytes in the database for a waiting call:")
    parts.append(table(("table", "bytes"), memory["bytes_per_waiting_call"].items()))
    return "\n".join(parts)


def calls_text(facts: dict[str, Any]) -> str:
    run = facts["run"]
    parts = [machine_text(facts["machine"]), f"{facts['agents']} agents, {facts['talk_s']:g} s of talk\n"]
    if "ramp" in facts:
        parts.append(f"At most {facts['max_per_second']} calls/s go through:")
        parts.append(table(("offered/s", "completed/s"), [tuple(step.values()) for step in facts["ramp"]]))
    parts.append(
        f"\n{run['rate']} calls/s for {run['seconds']} s (load {run['load_1m']}): "
        f"{run['completed']} of {run['calls']} completed; {run['queries_per_call']} queries, "
        f"{run['reference_checks_per_call']} checks of references and {run['commits_per_call']} commits a call"
    )
    waits = [("agent free", run["agent_free_to_offer_ms"]), ("caller waits", run["caller_waiting_to_offer_ms"])]
    columns = ("count", "p50", "p95", "p99", "max")
    rows = [(name, *(times.get(each, "–") for each in columns)) for name, times in waits]
    parts.append(table(("until offered, ms", *columns), rows))
    parts.append("")
    idle = facts["idle"]["cpu_share"]
    parts.append(
        table(
            ("process", "cpu ms/call", "cpu when idle"),
            [(role, ms, f"{idle.get(role, 0):.1%}") for role, ms in run["cpu_ms_per_call"].items()],
        )
    )
    return "\n".join(parts)
