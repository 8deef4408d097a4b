"""`manage.py export_project` writes a project's configuration as one readable file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.supervision.state import write_private_file
from pcc_console.management.operator_command import OperatorCommand
from pcc_console.portable.exporting import export_project
from pcc_console.portable.stored_sounds import StoredSounds
from pcc_console.provisioning import project_called


class Command(OperatorCommand):
    help = "Write everything that configures a project as one YAML file that import_project reads."

    def add_arguments(self, parser: CommandParser) -> None:
        # Without --json: the file is the answer.
        BaseCommand.add_arguments(self, parser)
        parser.add_argument("project", help="id or name of the project")
        parser.add_argument("--output", type=Path, metavar="F", help="file to write, readable by you alone")
        parser.add_argument("--with-secrets", action="store_true", help="with the passwords of SIP accounts, in clear")

    def act(self, options: dict[str, Any]) -> None:
        project = project_called(options["project"])
        text = export_project(project, StoredSounds(), with_secrets=options["with_secrets"])
        if not (path := options["output"]):
            self.stdout.write(text, ending="")
            return
        try:
            write_private_file(path, text)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        self.stderr.write(f"{path}: {len(text.encode())} bytes.")
