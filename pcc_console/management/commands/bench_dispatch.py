"""`manage.py bench_dispatch` measures how long it takes to decide which agent gets which call."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from pcc_console.bench import dispatching, machine
from pcc_console.bench.scratch import scratch_database
from pcc_console.bench.tables import dispatch_text
from pcc_console.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Measure decisions while the lines and the number of agents grow, in a database of its own on the same "
        "server. About two minutes; it keeps the server busy."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it works, not how fast it is")

    def act(self, options: dict[str, Any]) -> None:
        say = (lambda text: None) if options["json"] else self._say
        with scratch_database():
            before = machine.facts()
            facts = dispatching.measure(dispatching.QUICK if options["quick"] else dispatching.FULL, say)
            facts = {"machine": before, **facts}
        self.answer(options, facts, dispatch_text(facts))

    def _say(self, text: str) -> None:
        self.stderr.write(text)
