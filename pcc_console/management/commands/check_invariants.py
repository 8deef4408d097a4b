"""`manage.py check_invariants` says whether calls, agents, offers and files are as they must be."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from callflow import invariants
from common import clock
from pcc_console.management.operator_command import OperatorCommand

DEFAULT_HOURS = 24.0


class Command(OperatorCommand):
    help = (
        "Check what must hold of calls, agents, offers, recordings and events, from the rows and the log of their "
        "changes. It only reads. Exit code 1 when something does not hold, which is a bug of ours."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--hours", type=float, default=DEFAULT_HOURS, help="calls of so many hours (default 24; 0: all)"
        )
        parser.add_argument("--project", type=int, action="append", help="only this project's; may be given again")
        parser.add_argument(
            "--copy", action="store_true", help="this is a copy of a database: what is late now is not our business"
        )

    def act(self, options: dict[str, Any]) -> None:
        since = clock.now() - dt.timedelta(hours=options["hours"]) if options["hours"] else None
        if options["copy"]:
            findings = invariants.check(options["project"], since, now=clock.now(), live=False)
        else:
            findings = invariants.check_twice(options["project"], since)
        text = "\n".join(str(each) for each in findings) or "Everything holds."
        self.answer(options, {"findings": [asdict(each) for each in findings]}, text)
        if findings:
            sys.exit(1)
