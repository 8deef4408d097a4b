"""The names in a scenario file, read first, so that a reference may come before what it names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pcc_console.portable.places import Place
from pcc_console.scenario_file.fields import get
from pcc_console.scenario_file.values import any_text


@dataclass(frozen=True, slots=True)
class Names:
    """What a file can refer to. `numbers` fills while numbers are read."""

    queues: Mapping[str, None]
    menus: Mapping[str, None]
    groups: Mapping[str, None]
    numbers: dict[str, None] = field(default_factory=dict)

    def target(self, place: Place, key: str, known: Collection[str], kind: str) -> str:
        inner = place.something_at(key)
        return (inner.one_of(known, kind) or "") if inner is not None else ""

    def groups_at(self, place: Place, key: str) -> tuple[str, ...]:
        found = [inner.one_of(self.groups, "group") for inner in place.items_at(key)]
        return tuple(name for name in found if name is not None and name in self.groups)


def names_in(root: Place) -> Names:
    return Names(names_of(root, "queues"), names_of(root, "menus"), _group_names(root))


def names_of(root: Place, section: str) -> dict[str, None]:
    """The names of a section's items, each once."""
    found: dict[str, None] = {}
    for place in root.items_at(section):
        name = get(place, "name", any_text, "")
        if name in found:
            place.refuse(f"there is another {name[:60]!r} above")
        found[name] = None
    return found


def _group_names(root: Place) -> dict[str, None]:
    found: dict[str, None] = {}
    for place in root.items_at("groups"):
        name = place.text() or ""
        if name in found:
            place.refuse("stands in this list twice")
        found[name] = None
    return found
