"""The benchmarks: what they report, not how fast anything is. Nobody can tell here how busy the machine is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from pcc_console.bench import machine
from pcc_console.bench.figures import growth_exponent, percentile, spread
from pcc_console.bench.meter import Meter
from pcc_console.bench.tables import calls_text, dispatch_text, table

BASE_DIR = Path(__file__).resolve().parent.parent.parent
SERIES = {"waiting calls", "agents, all but one busy", "agents, all free"}


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_percentile_is_one_of_the_values():
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.95, 1.0)] == [1.0, 3.0, 5.0, 5.0]
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_spread_of_nothing_only_counts():
    assert spread([]) == {"count": 0}
    assert spread([2.0, 1.0]) == {"count": 2, "p50": 1.0, "p95": 2.0, "p99": 2.0, "max": 2.0}


@given(
    st.floats(-2, 2),
    st.floats(0.1, 100),
    st.lists(st.integers(1, 100_000), min_size=2, max_size=6, unique=True),
)
def test_the_growth_of_a_power_is_its_exponent(exponent, factor, sizes):
    assert growth_exponent({size: factor * size**exponent for size in sizes}) == pytest.approx(exponent, abs=1e-6)


def test_one_size_shows_no_growth():
    with pytest.raises(ValueError, match="two sizes"):
        growth_exponent({10: 1.0})


# ── Meter ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
def test_the_meter_counts_statements_and_commits():
    meter = Meter()
    with meter.measured(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT 2")
    with meter.measured(), connection.cursor() as cursor:
        cursor.execute("SELECT 3")

    assert [(each.queries, each.commits) for each in meter.readings] == [(2, 1), (1, 1)]
    assert meter.facts()["clock_ms"]["count"] == 2


def test_processor_time_of_a_process_and_of_its_child_is_known():
    burn = "sum(range(5_000_000))"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); print('done'); input()"
    with subprocess.Popen(
        [sys.executable, "-uc", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "done\n"
        assert "-uc import subprocess" in machine.children_of(os.getpid())[process.pid]
        assert machine.tree_cpu_s(process.pid) > 0.05
        process.communicate("\n")
    assert machine.tree_cpu_s(process.pid) == 0


# ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def databases() -> set[str]:
    with psycopg.connect(settings.DATABASE_URL) as session:
        rows = session.execute("SELECT datname FROM pg_database").fetchall()
    return {name for (name,) in rows if name.startswith("pcc_bench_")}


def test_bench_dispatch_reports_every_series_and_leaves_nothing_behind():
    before = databases()

    done = subprocess.run(
        [sys.executable, "manage.py", "bench_dispatch", "--quick", "--json"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )

    facts = json.loads(done.stdout)
    assert set(facts) == {"machine", "series", "memory"}
    assert set(facts["series"]) == SERIES
    for series in facts["series"].values():
        assert set(series["growth"]) == {"clock", "cpu"}
        for point in series["points"]:
            assert set(point) == {"waiting", "agents", "clock_ms", "cpu_ms", "per_second", "queries", "commits"}
            assert (point["clock_ms"]["count"], point["commits"]) == (5, 1.0)
    assert [point["waiting"] for point in facts["series"]["waiting calls"]["points"]] == [20, 40]
    assert [point["agents"] for point in facts["series"]["agents, all free"]["points"]] == [10, 20]
    assert facts["memory"]["bytes_per_waiting_call"]["total"] > 0
    assert databases() == before
    assert "decisions/s" in dispatch_text(facts)


# ── For people ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_columns_stand_below_each_other():
    assert table(("name", "ms"), [("a", 1), ("bcdef", 1000)]) == "name     ms\na         1\nbcdef  1000"


def test_the_run_of_calls_is_told():
    times = {"count": 2, "p50": 10.0, "p95": 20.0, "p99": 20.0, "max": 20.0}
    text = calls_text(
        {
            "machine": {"processor": "Fast", "cores": 2, "python": "3.11", "postgresql": "18", "load_1m": 0.1},
            "agents": 40,
            "talk_s": 1.0,
            "idle": {"commits_per_s": 5, "queries_per_s": 9, "cpu_share": {"engine": 0.01}},
            "ramp": [{"offered": 3.0, "completed": 2.9}],
            "max_per_second": 2.9,
            "run": {
                "rate": 1.45,
                "seconds": 45.0,
                "calls": 65,
                "completed": 65,
                "scarce_agents": 1,
                "load_1m": 0.2,
                "agent_free_to_offer_ms": times,
                "caller_waiting_to_offer_ms": {"count": 0},
                "commits_per_call": 20.0,
                "queries_per_call": 150.0,
                "reference_checks_per_call": 90.0,
                "cpu_ms_per_call": {"engine": 50.0},
            },
        }
    )
    assert "At most 2.9 calls/s go through" in text
    assert "65 of 65 completed" in text
