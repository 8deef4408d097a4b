"""What our management commands have in common."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError
from psycopg import errors

from common.acting import acting_as
from common.refusals import Refusal
from pcc_console.portable.document import ProjectFile
from pcc_console.portable.importing import NameTaken, Outcome
from pcc_console.portable.problems import BadProjectFile
from pcc_console.portable.reading import read_project_file
from pcc_console.portable.values import MAX_BYTES

NOT_MIGRATED = (errors.UndefinedTable, errors.UndefinedColumn)


class OperatorCommand(BaseCommand):
    """A command that is named in the configuration history, refuses with one clear line, and can print JSON."""

    requires_system_checks = ()  # they load the whole console, which takes longer than the work

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one line of JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError, which Django prints without a traceback and with exit code 1."""
        try:
            with acting_as(self.name):
                self.act(options)
        except (Refusal, NameTaken, BadProjectFile) as refusal:
            raise CommandError(str(refusal)) from refusal
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}".strip()) from error
        except ProgrammingError as error:
            if isinstance(error.__cause__, NOT_MIGRATED):
                raise CommandError("The database is not up to date: run `manage.py migrate` first.") from error
            raise

    @property
    def name(self) -> str:
        return type(self).__module__.rsplit(".", 1)[-1]

    def act(self, options: dict[str, Any]) -> None:
        """Do the command's work and answer. May raise what `handle` turns into a message."""
        raise NotImplementedError

    def answer(self, options: dict[str, Any], facts: dict[str, Any], text: str) -> None:
        """Print the facts as JSON, or the text for people."""
        self.stdout.write(json.dumps(facts, ensure_ascii=False) if options["json"] else text)

    def warn(self, text: str) -> None:
        """Say something on the error stream, where it is in nobody's way."""
        self.stderr.write(self.style.WARNING(text))


def project_file_at(path: Path) -> ProjectFile:
    """Read a project file; by its name it is JSON or YAML. Raises CommandError or BadProjectFile."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    return read_project_file(content, is_json=path.suffix.lower() == ".json")


def what_was_done(outcome: Outcome) -> str:
    """The outcome of a seeding or an import for people."""
    project = outcome.project
    lines = [f"Project {project.pk} ({project.name}) {'was made' if outcome.is_new else 'was there already'}."]
    for verb, counts in (("Added", outcome.added), ("Left as they are", outcome.kept)):
        if counts:
            lines.append(f"{verb}: " + ", ".join(f"{_words(name)} ({count})" for name, count in counts.items()) + ".")
    if outcome.passwords_to_set:
        lines.append(f"Set a password for these SIP accounts: {', '.join(outcome.passwords_to_set)}.")
    return "\n".join(lines)


def _words(section: str) -> str:
    return {"ivr_trees": "IVR trees", "sip_accounts": "SIP accounts"}.get(section, section.replace("_", " "))
