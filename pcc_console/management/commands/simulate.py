"""`manage.py simulate` runs a scenario: thousands of calls in seconds, decided by production code."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import translation

from callflow.simulation import report
from callflow.simulation.run import Result, run
from callflow.simulation.scenario import Scenario
from callflow.simulation.story import Story
from pcc_console.management.operator_command import OperatorCommand
from pcc_console.scenario_file import scenario_at

MOST_CALLS = 10_000_000


class Command(OperatorCommand):
    help = "Run a scenario on a virtual clock, without a database, and print what comes of it (docs/simulation.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--scenario", type=Path, required=True, metavar="FILE", help="the scenario, a YAML file")
        parser.add_argument("--seed", type=int, help="another seed than the scenario's: other calls of the same kind")
        parser.add_argument(
            "--calls", type=_count, metavar="N", help="run on, day after day, until N calls have come; else one day"
        )
        parser.add_argument("--load", type=_factor, default=1.0, metavar="F", help="F times as many calls a minute")
        parser.add_argument("--explain", type=_count, metavar="CALL", help="tell the story of the CALL-th call instead")

    def act(self, options: dict[str, Any]) -> None:
        scenario = _scenario(options["scenario"])
        story = Story(scenario, options["explain"]) if options["explain"] else None
        began = time.process_time()
        with translation.override("en"):  # the same bytes, whatever language this installation speaks
            result = _run(scenario, options, story)
            self._answer(options, result, story)
        took_s = time.process_time() - began
        self.stderr.write(f"{result.figures.calls} calls in {took_s:.1f} s of CPU time")

    def _answer(self, options: dict[str, Any], result: Result, story: Story | None) -> None:
        if story is None:
            facts = report.facts(result)
            self.answer(options, facts, report.page(facts))
            return
        if not story.lines:
            raise CommandError(f"There is no call {options['explain']}: {result.figures.calls} calls came.")
        self.answer(options, {"call": options["explain"], "story": story.lines}, "\n".join(story.lines))


def _scenario(path: Path) -> Scenario:
    try:
        return scenario_at(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _run(scenario: Scenario, options: dict[str, Any], story: Story | None) -> Result:
    return run(
        scenario,
        options["seed"],
        calls=options["calls"],
        load=options["load"],
        watchers=[story] if story is not None else [],
        shows_busy=story is not None,
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_CALLS:
        raise ArgumentTypeError(f"must be a whole number from 1 to {MOST_CALLS}")
    return int(text)


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0.001 <= factor <= 1000:
        raise ArgumentTypeError("must be a number from 0.001 to 1000")
    return factor
