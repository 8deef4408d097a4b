"""`manage.py bench_calls` measures how many whole calls go through, and how soon they are offered."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from common.supervision.errors import CannotStart
from pcc_console.bench.installation import BASE_DIR, NotReady, installation
from pcc_console.bench.tables import calls_text
from pcc_console.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Start an installation in a temporary folder, let more and more simulated callers come until it does not keep "
        "up, then half as many for a while. About three minutes; it keeps the machine busy."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--calls", type=int, help="calls of the run (default: those of 45 s)")
        parser.add_argument("--rate", type=float, help="calls a second of the run (default: half of the maximum)")
        parser.add_argument("--agents", type=int, default=40, help="how many agents there are (default: 40)")
        parser.add_argument("--quick", action="store_true", help="a few calls: whether it works, not how fast it is")

    def act(self, options: dict[str, Any]) -> None:
        given = [f"--{name}={options[name]}" for name in ("agents", "calls", "rate") if options[name] is not None]
        try:
            with installation() as up:
                load = subprocess.run(
                    [sys.executable, "-m", "pcc_console.bench.load", *given, *["--quick"] * options["quick"]],
                    cwd=BASE_DIR,
                    env=dict(up.environment),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL if options["json"] else None,
                    text=True,
                    check=False,
                )
        except (CannotStart, NotReady) as reason:
            raise CommandError(str(reason)) from reason
        if load.returncode != 0:
            raise CommandError("The measurement failed; without --json it says why.")
        facts = json.loads(load.stdout)
        self.answer(options, facts, calls_text(facts))
