"""`manage.py doctor` says whether this installation is well."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pcc_console import doctor
from pcc_console.diagnosis import Diagnosis, Status


class Command(BaseCommand):
    help = "Look at settings, servers, processes and folders, and say what to do. Exit code 1 when something fails."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(each) for each in found], indent=2))
        else:
            self.print_table(found)
        if any(each.status is Status.FAIL for each in found):
            sys.exit(1)

    def print_table(self, found: list[Diagnosis]) -> None:
        paint = {
            Status.OK: self.style.SUCCESS,
            Status.WARN: self.style.WARNING,
            Status.FAIL: self.style.ERROR,
        }
        for each in found:
            self.stdout.write(f"{paint[each.status](f'{each.status:<4}')}  {each.name:<13} {each.detail}")
            if each.advice:
                self.stdout.write(f"      {'':<13} → {each.advice}")
