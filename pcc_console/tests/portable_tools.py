"""Project files in tests: sounds kept in memory, and short ways to write, read and import."""

from __future__ import annotations

import textwrap

from common import ids
from common.refusals import InvalidInput
from ivr.models import GreetingFile
from pcc_console.portable.document import GreetingRow, ProjectFile
from pcc_console.portable.exporting import export_project
from pcc_console.portable.importing import Outcome, import_as_new_project
from pcc_console.portable.reading import read_project_file
from projects.models import Account, Project
from tests import factories

NO_SOUND = b"this is no sound"


class MemorySounds:
    """Sounds without converting anything. What cannot be a sound is refused as the real ones do."""

    def __init__(self) -> None:
        self.kept: dict[int, bytes] = {}
        self.forgotten: list[int] = []

    def content_of(self, greeting: GreetingFile) -> bytes:
        return self.kept[greeting.pk]

    def content_for(self, row: GreetingRow) -> bytes:
        if row.audio is not None:
            return row.audio
        return row.tune.encode() or repr(row.speech).encode()

    def store(self, project: Project, content: bytes, row: GreetingRow) -> GreetingFile:
        if content == NO_SOUND:
            raise InvalidInput("This is not an audio file.")
        return self.keep(project, content, **row.values)

    def forget(self, greeting: GreetingFile) -> None:
        self.forgotten.append(greeting.pk)
        del self.kept[greeting.pk]

    def keep(self, project: Project, content: bytes, **texts: str) -> GreetingFile:
        greeting: GreetingFile = factories.GreetingFileFactory.create(
            project=project, filename=ids.file_name("mp3"), **texts
        )
        self.kept[greeting.pk] = content
        return greeting


def file_of(text: str) -> ProjectFile:
    """A project file from what stands below its first lines."""
    head = "format: pcc-console/project\nversion: 1\n"
    if "project:" not in text:
        head += "project:\n  name: Ours\n"
    return read_project_file((head + textwrap.dedent(text)).encode())


def exported(project: Project, sounds: MemorySounds, **options: bool) -> str:
    return export_project(project, sounds, **options)


def imported(text: str, sounds: MemorySounds, name: str = "") -> Outcome:
    """Into an account of its own."""
    file = read_project_file(text.encode())
    return import_as_new_project(file, Account.objects.create(name="Imported"), sounds, name=name)
