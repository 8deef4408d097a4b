"""`manage.py import_project` makes a project from a file that export_project has written, or a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from pcc_console.management.operator_command import OperatorCommand, project_file_at, what_was_done
from pcc_console.portable.importing import import_as_new_project, one_at_a_time
from pcc_console.portable.stored_sounds import StoredSounds
from pcc_console.provisioning import DEFAULT_ACCOUNT, account_called


class Command(OperatorCommand):
    help = "Make a new project from a project file. Nothing is written unless all of it can be."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, help="a project file (docs/project-file.md), YAML or JSON")
        parser.add_argument("--name", default="", metavar="NEW", help="another name than the one in the file")
        parser.add_argument("--account", default=DEFAULT_ACCOUNT, help="name of the account; made when it is new")

    def act(self, options: dict[str, Any]) -> None:
        file = project_file_at(options["file"])
        with transaction.atomic():
            one_at_a_time()
            account = account_called(options["account"])
            outcome = import_as_new_project(file, account, StoredSounds(), name=options["name"])
        facts = {"project": outcome.project.pk, "passwords_to_set": outcome.passwords_to_set}
        self.answer(options, facts, what_was_done(outcome))
