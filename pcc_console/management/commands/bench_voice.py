"""`manage.py bench_voice` measures what sound costs in the browser engine."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from pcc_console.bench import machine
from pcc_console.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Measure an engine of its own with synthetic browsers: processor time and memory of calls, how soon one hears "
        "something. About five minutes; it keeps two cores busy, and touches no calls of this installation."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it works, not how fast it is")

    def act(self, options: dict[str, Any]) -> None:
        from pcc_console.bench import voice  # these take the media libraries along
        from pcc_console.bench.voice_text import voice_text

        say = (lambda text: None) if options["json"] else self.stderr.write
        facts = {"machine": machine.facts()}
        facts |= voice.measure(settings.REDIS_URL, voice.QUICK if options["quick"] else voice.FULL, say)
        self.answer(options, facts, voice_text(facts))
