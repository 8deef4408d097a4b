"""`manage.py seed_project` makes a project, or adds to it what it lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from pcc_console.management.operator_command import OperatorCommand, project_file_at, what_was_done
from pcc_console.portable import shapes
from pcc_console.portable.document import ProjectFile
from pcc_console.portable.importing import Outcome, add_missing, one_at_a_time
from pcc_console.portable.reading import read_project_file
from pcc_console.portable.stored_sounds import StoredSounds
from pcc_console.provisioning import DEFAULT_ACCOUNT, account_called, usable_key


class Command(OperatorCommand):
    help = (
        "Make a project, or add to it what it lacks, and print its API key. "
        "Safe to repeat: what is there already, edited by people or not, is left as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name", default="", help="name of the project; without it, the name in the file")
        parser.add_argument("--account", default=DEFAULT_ACCOUNT, help="name of the account; made when it is new")
        parser.add_argument("--number", action="append", default=[], help="a telephone number; may be repeated")
        parser.add_argument("--file", type=Path, help="a project file (docs/project-file.md), YAML or JSON")

    def act(self, options: dict[str, Any]) -> None:
        files = [project_file_at(options["file"])] if options["file"] else []
        name = options["name"] or (files[0].project.values["name"] if files else "")
        if not name:
            raise CommandError("Say --name NAME, or --file FILE with a project that has a name.")
        files.append(only_numbers(name, options["number"]))
        with transaction.atomic():
            one_at_a_time()
            account = account_called(options["account"])
            outcomes = [add_missing(file, account, name, StoredSounds()) for file in files]
            project = outcomes[0].project
            key = usable_key(project, self.name)
        facts = {"project": project.pk, "key_sid": key.sid, "key_secret": key.secret}
        text = f"{what_was_done(together(outcomes))}\nAPI key SID:    {key.sid}\nAPI key secret: {key.secret}"
        self.answer(options, facts, text)


def only_numbers(name: str, numbers: list[str]) -> ProjectFile:
    """A project file with nothing but numbers, read by the same rules as any other."""
    document = {
        "format": shapes.FORMAT,
        "version": shapes.VERSION,
        "project": {"name": name},
        "numbers": [{"number": number} for number in numbers],
    }
    return read_project_file(json.dumps(document).encode(), is_json=True)


def together(outcomes: list[Outcome]) -> Outcome:
    first = outcomes[0]
    for outcome in outcomes[1:]:
        first.added += outcome.added
        first.kept += outcome.kept
    return first
