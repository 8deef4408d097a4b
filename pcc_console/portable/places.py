"""A value of a project file together with where it stands, and the list of what is wrong with the file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from pcc_console.portable.problems import BadProjectFile, Problem
from pcc_console.portable.values import Items, Node, Table, Text

T = TypeVar("T")
ENOUGH_PROBLEMS = 100  # then reading stops: the file is something else altogether
_SIMPLE_KEY = re.compile(r"[A-Za-z_]{1,60}")


@dataclass
class Problems:
    """What is wrong so far."""

    found: list[Problem] = field(default_factory=list)

    def add(self, place: Place, message: str) -> None:
        """Note a problem, once. Raises BadProjectFile when there are too many to be worth going on."""
        problem = Problem(place.path, place.line, message)
        if problem not in self.found:
            self.found.append(problem)
        if len(self.found) >= ENOUGH_PROBLEMS:
            self.raise_if_any()

    def raise_if_any(self) -> None:
        """Raises BadProjectFile with all that was found."""
        if self.found:
            raise BadProjectFile(sorted(self.found, key=lambda problem: problem.line))


@dataclass(frozen=True)
class Place:
    """One value. A value of the wrong kind is reported once and then read as if it were not there."""

    node: Node
    path: str
    problems: Problems

    @property
    def line(self) -> int:
        return self.node.line

    @property
    def is_nothing(self) -> bool:
        """Nothing stands here: `null`, or no value behind the colon."""
        return isinstance(self.node, Text) and self.node.text is None

    @property
    def is_table(self) -> bool:
        return isinstance(self.node, Table)

    def refuse(self, message: str) -> None:
        self.problems.add(self, message)

    def at(self, key: str) -> Place | None:
        """The value under a key; None when the key is not there."""
        entries = self.node.entries if isinstance(self.node, Table) else {}
        return self._inner(entries[key], _step(key)) if key in entries else None

    def something_at(self, key: str) -> Place | None:
        """The value under a key; None also when nothing stands there."""
        place = self.at(key)
        return None if place is None or place.is_nothing else place

    def table(self, known: Collection[str]) -> Place:
        """Itself, after a check that it is a mapping and has no keys but these."""
        for key, place in self.entries():
            if key not in known:
                place.refuse(f"is not known here{_did_you_mean(key, known)}")
        return self

    def entries(self) -> Iterator[tuple[str, Place]]:
        """The values of a mapping, in order."""
        if isinstance(self.node, Table):
            for key, node in self.node.entries.items():
                yield key, self._inner(node, _step(key))
        elif not self.is_nothing:
            self.refuse("must be a mapping (`key: value` lines)")

    def items_at(self, key: str) -> list[Place]:
        """The items of the list under a key; none when it is not there."""
        place = self.something_at(key)
        if place is None:
            return []
        if isinstance(place.node, Items):
            return [place._inner(node, f"[{index}]") for index, node in enumerate(place.node.items)]
        place.refuse("must be a list (`- item` lines)")
        return []

    def text(self) -> str | None:
        """The text; None, and a problem, for anything else."""
        if isinstance(self.node, Text) and self.node.text is not None:
            return self.node.text
        self.refuse("must be a text")
        return None

    def read(self, reader: Callable[[str], T]) -> T | None:
        """The text, turned into something by a function that raises ValueError with a message."""
        text = self.text()
        if text is None:
            return None
        try:
            return reader(text)
        except ValueError as error:
            self.refuse(str(error))
            return None

    def one_of(self, known: Collection[str], kind: str) -> str | None:
        """A text that names one of the known ones; `kind` says in the message what they are."""
        text = self.text()
        if text is None or text in known:
            return text
        self.refuse(f"there is no {kind} {text[:60]!r} in this file{_did_you_mean(text, known)}")
        return None

    def _inner(self, node: Node, step: str) -> Place:
        return Place(node, (self.path + step).removeprefix("."), self.problems)


def _step(key: str) -> str:
    return f".{key}" if _SIMPLE_KEY.fullmatch(key) else f"[{key[:40]!r}]"


def _did_you_mean(text: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(text[:100], [name for name in known if len(name) < 100], n=1, cutoff=0.75)
    return f"; did you mean {close[0]!r}?" if close else ""
