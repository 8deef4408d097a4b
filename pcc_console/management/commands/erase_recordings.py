"""`manage.py erase_recordings` erases the sound of one caller's calls."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from calls import erasing
from pcc_console.management.operator_command import OperatorCommand
from pcc_console.provisioning import project_called


class Command(OperatorCommand):
    help = (
        "Erase the recordings of the calls with one number, conversations and messages, for good. The calls stay in "
        "the list, without sound; each erasure is in the history."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--project", required=True, metavar="N", help="id or name of the project")
        parser.add_argument("--number", required=True, metavar="NUMBER", help="the caller, in any spelling")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def act(self, options: dict[str, Any]) -> None:
        found = erasing.of_caller(project_called(options["project"]), options["number"])
        erased = 0 if options["dry_run"] else erasing.erase(found.pks)
        facts = {"number": found.digits, "found": len(found.pks), "erased": erased, "running": found.running}
        self.answer(options, facts, _text(found, erased, dry=options["dry_run"]))


def _text(found: erasing.OfCaller, erased: int, *, dry: bool) -> str:
    done = f"{len(found.pks)} recordings would be erased." if dry else f"Erased: {erased} recordings."
    return f"{done} {found.running} more are being recorded now: run it again later." if found.running else done
