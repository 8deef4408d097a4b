"""`manage.py simulate`, as people and programs call it."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from statistics import fmean, stdev

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from callflow.simulation.run import run
from callflow.simulation.tests.log import logged
from pcc_console.scenario_file import scenario_at

SCENARIOS = sorted((Path(settings.BASE_DIR) / "docs" / "scenarios").glob("*.yaml"))
ONE_QUEUE = next(path for path in SCENARIOS if path.stem == "one_queue")
VIP = next(path for path in SCENARIOS if path.stem == "vip")


def simulate(*arguments: str) -> str:
    """What it prints. Tests of this module have no database, so none is asked."""
    out = io.StringIO()
    call_command("simulate", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def in_another_process(*arguments: str, hash_seed: str) -> str:
    command = [sys.executable, "manage.py", "simulate", *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True)
    assert "CPU time" in done.stderr
    return done.stdout


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_scenario_that_we_ship_runs_and_loses_nobody(path):
    log, figures = logged(scenario_at(path), calls=200)
    assert log.broken == []
    assert figures.calls == sum(figures.outcomes.values()) == 200


def test_the_same_seed_prints_the_same_bytes_in_every_process():
    arguments = ["--scenario", str(VIP), "--seed", "4", "--calls", "150"]
    here = simulate(*arguments)
    assert simulate(*arguments) == here
    assert in_another_process(*arguments, hash_seed="2") == here


def test_another_seed_prints_something_else():
    arguments = ["--scenario", str(VIP), "--calls", "50"]
    assert simulate(*arguments, "--seed", "1") != simulate(*arguments, "--seed", "2")


def test_the_page_says_what_its_tables_are_about_and_how_many_times_the_calls():
    page = simulate("--scenario", str(VIP), "--load", "1.2").splitlines()

    assert page[0].startswith("VIP: ")
    assert ", seed 1, 1.2 times the calls a minute, " in page[0]
    assert [line.split("  ")[0] for line in page if line.startswith("By ")] == ["By queue", "By kind of callers"]
    assert not [line for line in page if line != line.rstrip()]


def test_programs_get_one_line_of_json():
    (line,) = simulate("--scenario", str(VIP), "--calls", "120", "--json").splitlines()
    found = json.loads(line)
    assert (found["scenario"], found["seed"], found["calls"]) == ("VIP", 1, 120)
    assert set(found["queues"]) == {"Sales"}
    assert set(found["callers"]) == {"everybody", "vip"}


def test_the_story_of_a_call_is_told():
    told = simulate("--scenario", str(VIP), "--calls", "30", "--explain", "12")
    assert "calls +84 24 0000 0097" in told.splitlines()[0]
    assert "chosen, free since" in told
    assert "→ ended" in told


def test_a_call_that_did_not_come_has_no_story():
    with pytest.raises(CommandError, match=r"There is no call 31: 30 calls came\."):
        simulate("--scenario", str(VIP), "--calls", "30", "--explain", "31")


def test_a_file_that_is_wrong_is_refused_with_its_lines(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(VIP.read_text().replace("last_agent_first: true", "last_agent_frist: true"))
    with pytest.raises(CommandError, match=r"line 18, queues\[0\].last_agent_frist: is not known here; did you mean"):
        simulate("--scenario", str(path))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        simulate("--scenario", str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(("option", "value"), [("--calls", "0"), ("--calls", "many"), ("--load", "0"), ("--load", "x")])
def test_odd_numbers_are_refused(option, value):
    with pytest.raises(CommandError, match="must be a"):
        simulate("--scenario", str(VIP), option, value)


# ── Erlang C ─────────────────────────────────────────────────────────────────────────────────────────────────────────
AGENTS, TALK_S, PER_MINUTE = 5, 180.0, 1.0  # as in docs/scenarios/one_queue.yaml
SEEDS, CALLS, WARM_UP, BATCH = (1, 2, 3, 4), 2000, 200, 600
T_99 = 3.106  # two-sided 99 % of Student's t with 11 degrees of freedom: twelve batches


def erlang_c(agents: int, erlangs: float) -> float:
    """The share of callers who have to wait."""
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = erlangs * blocked / (number + erlangs * blocked)
    return blocked / (1 - erlangs / agents * (1 - blocked))


def band(values: list[float]) -> tuple[float, float]:
    middle, half = fmean(values), T_99 * stdev(values) / math.sqrt(len(values))
    return middle - half, middle + half


def test_one_queue_with_exponential_times_agrees_with_erlang_c():
    scenario = scenario_at(ONE_QUEUE)
    batches: list[list[float]] = []
    for seed in SEEDS:
        waits = run(scenario, seed, calls=CALLS).figures.queues[1].answered
        batches += [waits[begin : begin + BATCH] for begin in range(WARM_UP, CALLS, BATCH)]
    assert [len(batch) for batch in batches] == [BATCH] * 12

    erlangs = PER_MINUTE * TALK_S / 60
    waits_share = erlang_c(AGENTS, erlangs)
    asa_s = waits_share * TALK_S / (AGENTS - erlangs)
    low, high = band([fmean(batch) for batch in batches])
    assert low < asa_s < high
    assert high - low < asa_s  # a band in which anything lies says nothing
    low, high = band([fmean(wait > 0 for wait in batch) for batch in batches])
    assert low < waits_share < high
