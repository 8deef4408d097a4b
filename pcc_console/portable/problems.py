"""What is wrong with a project file, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_SHOWN = 20  # more than one sitting's worth of mistakes is noise


@dataclass(frozen=True)
class Problem:
    """One mistake. `path` names the value, e.g. `queues[1].wait_greeting`; `line` is 0 where it is not known."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.path) if part)
        return f"{where}: {self.message}" if where else self.message


class BadProjectFile(Exception):
    """The file cannot be imported; nothing was written. `problems` says all that is wrong, in the file's order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [str(problem) for problem in self.problems[:MAX_SHOWN]]
        if (more := len(self.problems) - len(shown)) > 0:
            shown.append(f"… and {more} more.")
        super().__init__("\n".join(shown))

    @classmethod
    def because(cls, message: str) -> BadProjectFile:
        """A file that is wrong as a whole."""
        return cls([Problem("", 0, message)])
