"""Nodes to a ProjectFile: every value is checked by its model's own validators, every reference is followed.

All mistakes are collected, so that a person who writes a file by hand sees them at once and not one by one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from agents.models import RoutingType
from common import phone
from ivr.models import Key
from pcc_console.portable import shapes
from pcc_console.portable.document import (
    GreetingRow,
    GroupRow,
    HoursRow,
    KeyRow,
    NodeReference,
    NodeRow,
    OpenRange,
    OutcomeRow,
    ProjectFile,
    QueueRow,
    Row,
    Spoken,
    TreeRow,
)
from pcc_console.portable.places import Place, Problems
from pcc_console.portable.problems import BadProjectFile
from pcc_console.portable.shapes import Shape
from pcc_console.portable.tunes import TUNES
from pcc_console.portable.values import Table, parse
from queues.models import OutcomeAction, OutcomeCause, Weekday
from sounds.spoken_language import LANGUAGES

T = TypeVar("T")
KINDS = {
    "ivr_trees": "IVR tree",
    "queues": "queue",
    "business_hours": "business hours",
    "groups": "group",
    "agents": "agent with the user ID",
    "greeting_files": "greeting file",
}


def read_project_file(content: bytes, *, is_json: bool = False) -> ProjectFile:
    """Read and check a whole file. Touches no database. Raises BadProjectFile with everything that is wrong."""
    problems = Problems()
    root = Place(parse(content, is_json=is_json), "", problems)
    if not isinstance(root.node, Table):
        raise BadProjectFile.because(f"This is not a project file: it must begin with `format: {shapes.FORMAT}`.")
    _check_version(root)
    file = _Reader(root).project_file()
    problems.raise_if_any()
    return file


def _check_version(root: Place) -> None:
    stated = root.something_at("format")
    if stated is None or stated.text() != shapes.FORMAT:
        raise BadProjectFile.because(f"This is not a project file: it must begin with `format: {shapes.FORMAT}`.")
    version = place.read(shapes.whole_number) if (place := root.something_at("version")) else None
    if version is None:
        raise BadProjectFile.because(f"The file does not say its version: write `version: {shapes.VERSION}`.")
    if version != shapes.VERSION:
        raise BadProjectFile.because(
            f"The file has version {version} of the format; this installation reads version {shapes.VERSION}."
        )


class _Reader:
    """Two passes: the handles of every section first, so that a reference may come before what it names."""

    def __init__(self, root: Place) -> None:
        self._root = root.table({"format", "version", "project", "call_settings", *shapes.SECTIONS, "audio"})
        self._places = {section: root.items_at(section) for section in shapes.SECTIONS}
        self._handles = {section: self._handles_in(section, self._places[section]) for section in KINDS}
        self._nodes = {
            tree: self._handles_in("nodes", place.items_at("nodes"))
            for tree, place in self._handles["ivr_trees"].items()
        }
        self._sounds = self._read_audio()

    def project_file(self) -> ProjectFile:
        project = self._single("project", shapes.PROJECT)
        numbers = self._rows("numbers", self._row)
        blocked = self._rows("blocked_numbers", self._row)
        country = str(project.values["country"])
        self._refuse_same_digits("numbers", numbers, country)
        self._refuse_same_digits("blocked_numbers", blocked, country)
        first = self._rows("priority_callers", self._row)
        self._refuse_same_digits("priority_callers", first, country)
        return ProjectFile(
            project=project,
            call_settings=self._single("call_settings", shapes.CALL_SETTINGS),
            numbers=numbers,
            blocked_numbers=blocked,
            priority_callers=first,
            ivr_trees=self._rows("ivr_trees", self._tree),
            queues=self._rows("queues", self._queue),
            business_hours=self._rows("business_hours", self._hours),
            groups=self._rows("groups", self._group),
            agents=self._rows("agents", self._agent),
            sip_accounts=self._rows("sip_accounts", self._row),
            greeting_files=self._rows("greeting_files", self._greeting),
        )

    # ── Handles ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _handles_in(self, section: str, places: list[Place]) -> dict[str, Place]:
        found: dict[str, Place] = {}
        for place in places:
            handle = _handle(section, place)
            if handle in found:
                place.refuse(f"there is another {handle[:60]!r} above: give one of them a `ref` of its own")
            found[handle] = place
        return found

    def _rows(self, section: str, read: Callable[[Shape, Place, str], T]) -> tuple[T, ...]:
        shape, places = shapes.SECTIONS[section], self._places[section]
        self._refuse_doubles(shape, places)
        return tuple(read(shape, place, _handle(section, place)) for place in places)

    def _refuse_doubles(self, shape: Shape, places: list[Place]) -> None:
        for name in shape.unique:
            seen: set[str] = set()
            for place in places:
                value = inner.text() if (inner := place.something_at(name)) else None
                if value in seen:
                    place.refuse(f"the {name} {value[:60]!r} stands in the file twice")
                seen |= {value} if value is not None else set()

    # ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _single(self, key: str, shape: Shape) -> Row:
        place = self._root.something_at(key)
        return self._row(shape, place or Place(Table({}, 0), key, self._root.problems), "")

    def _row(self, shape: Shape, place: Place, handle: str) -> Row:
        place.table(shape.known_keys())
        stated = {name: inner for name in shape.plain if (inner := place.something_at(name))}
        readable = {name: self._value(shape, name, inner) for name, inner in stated.items()}
        values = {name: shape.default(name) if readable.get(name) is None else readable[name] for name in shape.plain}
        _validate(shape, place, values, reported={name for name, value in readable.items() if value is None})
        references = {
            name: target for name, section in shape.references.items() if (target := self._target(place, name, section))
        }
        return Row(place.path, handle, values, references)

    def _value(self, shape: Shape, name: str, place: Place) -> Any:
        return place.read(lambda text: shapes.read(shape.model, name, text))

    def _target(self, place: Place, name: str, section: str) -> str | None:
        inner = place.something_at(name)
        return inner.one_of(self._handles[section], KINDS[section]) if inner else None

    def _targets(self, place: Place, name: str, section: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for inner in place.items_at(name):
            target = inner.one_of(self._handles[section], KINDS[section])
            if target in found:
                inner.refuse("stands in this list twice")
            elif target is not None:
                found[target] = None
        return tuple(found)

    def _refuse_same_digits(self, section: str, rows: tuple[Row, ...], country: str) -> None:
        seen: set[str] = set()
        for row, place in zip(rows, self._places[section], strict=True):
            try:
                digits = phone.digits_of(row.values["number"], country)
            except phone.InvalidPhoneNumber:
                continue  # reported already
            if digits in seen:
                place.refuse(f"the number {digits} stands in the file twice")
            seen.add(digits)

    def _agent(self, shape: Shape, place: Place, handle: str) -> Row:
        row = self._row(shape, place, handle)
        if row.values["routing_type"] == RoutingType.PHONE and not row.values["phone_number"]:
            place.refuse("an agent with `routing_type: phone` needs a phone_number")
        return row

    def _queue(self, shape: Shape, place: Place, handle: str) -> QueueRow:
        row = self._row(shape, place, handle)
        primary = self._targets(place, "primary_groups", "groups")
        backup = self._targets(place, "backup_groups", "groups")
        if both := set(primary) & set(backup):
            place.refuse(f"the group {min(both)[:60]!r} is both primary and backup")
        stated = place.something_at("outcomes")
        outcomes = tuple(self._outcome(inner, cause, handle) for cause, inner in stated.entries()) if stated else ()
        return QueueRow(**_parts(row), primary_groups=primary, backup_groups=backup, outcomes=outcomes)

    def _outcome(self, place: Place, cause: str, queue: str) -> OutcomeRow:
        if cause not in OutcomeCause.values:
            place.refuse(f"is no cause; the causes are {', '.join(OutcomeCause.values)}")
        row = self._row(shapes.OUTCOMES, place, cause)
        inner = place.something_at("to_node")
        outcome = OutcomeRow(**_parts(row), to_node=self._node_of_any_tree(inner) if inner else None)
        self._refuse_outcome_without_target(place, outcome)
        if outcome.references.get("to_queue") == queue:
            place.refuse("leads to its own queue")
        return outcome

    @staticmethod
    def _refuse_outcome_without_target(place: Place, row: OutcomeRow) -> None:
        targets = {
            OutcomeAction.QUEUE: ("to_queue",),
            OutcomeAction.NUMBER: ("to_number",),
            OutcomeAction.NODE: ("to_node",),
            OutcomeAction.MESSAGE: ("message", "greeting"),
        }.get(row.values["action"], ())
        if targets and not any(place.something_at(name) for name in targets):
            place.refuse(f"needs {' or '.join(f'`{name}`' for name in targets)}")

    def _group(self, shape: Shape, place: Place, handle: str) -> GroupRow:
        return GroupRow(**_parts(self._row(shape, place, handle)), agents=self._targets(place, "agents", "agents"))

    # ── Business hours ───────────────────────────────────────────────────────────────────────────────────────────────

    def _hours(self, shape: Shape, place: Place, handle: str) -> HoursRow:
        row = self._row(shape, place, handle)
        if row.values["is_default"] and place is not self._first_default():
            place.refuse("another one is the default already")
        weekly = self._weekly(inner) if (inner := place.something_at("weekly")) else ()
        exceptions = tuple(self._exception(inner) for inner in place.items_at("exceptions"))
        self._refuse_same_exception(place, exceptions)
        return HoursRow(**_parts(row), weekly=weekly, exceptions=exceptions)

    def _first_default(self) -> Place | None:
        for place in self._places["business_hours"]:
            inner = place.something_at("is_default")
            if inner and (inner.text() or "").lower() in shapes.TRUE:
                return place
        return None

    def _weekly(self, place: Place) -> tuple[OpenRange, ...]:
        days = {shapes.word(day): day for day in Weekday}
        ranges: list[OpenRange] = []
        for name, _ in place.table(days).entries():
            opened: set[Any] = set()
            for inner in place.items_at(name):
                times = inner.read(_range)
                if times is None or name not in days:
                    continue
                if times[0] in opened:
                    inner.refuse("another range of this day opens at the same time")
                opened.add(times[0])
                ranges.append(OpenRange(int(days[name]), *times))
        return tuple(ranges)

    def _exception(self, place: Place) -> Row:
        row = self._row(shapes.EXCEPTIONS, place, "")
        if (row.values["opens"] is None) != (row.values["closes"] is None):
            place.refuse("needs both `opens` and `closes`, or neither for a closed day")
        return row

    def _refuse_same_exception(self, place: Place, exceptions: tuple[Row, ...]) -> None:
        seen: set[Any] = set()
        for row, inner in zip(exceptions, place.items_at("exceptions"), strict=True):
            beginning = row.values["date"], row.values["opens"]
            if beginning in seen:
                inner.refuse("stands in this list twice")
            seen.add(beginning)

    # ── IVR ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _tree(self, shape: Shape, place: Place, handle: str) -> TreeRow:
        row = self._row(shape, place, handle)
        places = place.items_at("nodes")
        nodes = tuple(self._node(inner, handle) for inner in places)
        root: NodeReference | None = None
        if (stated := place.at("root_node")) is None:
            root = NodeReference(handle, nodes[0].handle) if nodes else None
        elif not stated.is_nothing:
            root = self._node_reference(stated, handle)
        return TreeRow(**_parts(row), root_node=root, nodes=nodes)

    def _node(self, place: Place, tree: str) -> NodeRow:
        row = self._row(shapes.NODES, place, _handle("nodes", place))
        keys = place.something_at("keys")
        branches = tuple(self._key(inner, key, tree) for key, inner in keys.entries()) if keys else ()
        return NodeRow(**_parts(row), keys=branches)

    def _key(self, place: Place, key: str, tree: str) -> KeyRow:
        if key not in Key.values:
            place.refuse(f"is not a key; the keys are {', '.join(Key.values)}")
        row = self._row(shapes.KEYS, place, key)
        inner = place.something_at("next_node")
        return KeyRow(**_parts(row), next_node=self._node_reference(inner, tree) if inner else None)

    def _node_reference(self, place: Place, own_tree: str) -> NodeReference | None:
        """A name means a node of the same tree; `{tree: …, node: …}` one of another tree."""
        if place.is_table:
            return self._node_of_any_tree(place)
        node = place.one_of(self._nodes.get(own_tree, {}), "node")
        return None if node is None else NodeReference(own_tree, node)

    def _node_of_any_tree(self, place: Place) -> NodeReference | None:
        place.table({"tree", "node"})
        tree = self._target(place, "tree", "ivr_trees")
        inner = place.something_at("node")
        node = inner.one_of(self._nodes.get(tree or "", {}), "node") if inner and tree is not None else None
        if tree is None or node is None:
            place.refuse("needs `tree` and `node`")
            return None
        return NodeReference(tree, node)

    # ── Greeting files ───────────────────────────────────────────────────────────────────────────────────────────────

    def _greeting(self, shape: Shape, place: Place, handle: str) -> GreetingRow:
        row = self._row(shape, place, handle)
        audio = inner.one_of(self._sounds, "audio") if (inner := place.something_at("audio")) else None
        tune = inner.one_of(TUNES, "built-in tune") if (inner := place.something_at("tune")) else None
        speech = tuple(self._spoken(inner) for inner in place.items_at("speech"))
        if sum(place.something_at(source) is not None for source in ("audio", "speech", "tune")) != 1:
            place.refuse("needs one source of sound: `audio`, `speech` or `tune`")
        content = self._sounds[audio] if audio is not None else None
        return GreetingRow(**_parts(row), audio=content, speech=speech, tune=tune or "")

    def _spoken(self, place: Place) -> Spoken:
        place.table({"language", "text"})
        language = inner.read(_language) if (inner := place.something_at("language")) else None
        text = inner.text() if (inner := place.something_at("text")) else None
        if not language or not text:
            place.refuse("needs `language` and `text`")
        return Spoken(language or "", text or "")

    def _read_audio(self) -> dict[str, bytes]:
        """The sounds at the end of the file by their checksums."""
        place = self._root.something_at("audio")
        sounds: dict[str, bytes] = {}
        for name, inner in place.entries() if place else ():
            content = inner.read(_bytes)
            if content is not None and name != checksum(content):
                inner.refuse("the sound does not match its checksum: the file was cut or changed")
            sounds[name] = content or b""
        return sounds


def checksum(content: bytes) -> str:
    """The name of a sound in a file."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _handle(section: str, place: Place) -> str:
    for key in ("ref", *shapes.NAMES_OF_ROWS[section]):
        if (inner := place.something_at(key)) and (text := inner.text()):
            return text
    return shapes.NAMELESS


def _validate(shape: Shape, place: Place, values: Mapping[str, Any], reported: set[str]) -> None:
    """Let the model check its fields: required, length, range, choice, spelling."""
    row = shape.model(**values)
    left_out = reported | {name for name in shape.optional if not values[name]}
    try:
        row.clean_fields(exclude={field.name for field in row._meta.fields} - set(shape.plain) | left_out)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            if inner := place.at(name):
                inner.refuse(" ".join(messages))
            else:
                place.refuse(f"{name} is missing: {' '.join(messages)}")


def _parts(row: Row) -> dict[str, Any]:
    return {"path": row.path, "handle": row.handle, "values": row.values, "references": row.references}


def _range(text: str) -> tuple[Any, Any]:
    opens, dash, closes = text.partition("-")
    if not dash:
        raise ValueError(f"must be a range such as 08:00-12:00, not {shapes.shortened(text)}")
    return shapes.clock(opens.strip()), shapes.clock(closes.strip())


def _language(text: str) -> str:
    if text in LANGUAGES:
        return text
    raise ValueError(f"must be one of {', '.join(LANGUAGES)}, not {shapes.shortened(text)}")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("is not base64") from error
