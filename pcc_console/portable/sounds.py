"""Where the sound of greeting files comes from and where it goes."""

from __future__ import annotations

from typing import Protocol

from ivr.models import GreetingFile
from pcc_console.portable.document import GreetingRow
from projects.models import Project


class Sounds(Protocol):
    """The greeting files' bytes. The real one is `stored_sounds.StoredSounds`; tests keep them in memory."""

    def content_of(self, greeting: GreetingFile) -> bytes:
        """The file as it was uploaded."""
        ...

    def content_for(self, row: GreetingRow) -> bytes:
        """The bytes to store for a row of a project file: given, spoken or composed."""
        ...

    def store(self, project: Project, content: bytes, row: GreetingRow) -> GreetingFile:
        """Check, convert and keep a file. Raises a Refusal for what is no sound."""
        ...

    def forget(self, greeting: GreetingFile) -> None:
        """Remove the files of a row that was never committed."""
        ...
