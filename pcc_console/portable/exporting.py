"""A project's rows to the text of a project file. The same rows give the same text, byte for byte."""

from __future__ import annotations

import base64
import datetime as dt
import textwrap
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypeVar

import yaml

from agents.models import Agent, Group, GroupMembership, SipAccount
from ivr.models import GreetingFile, IvrKeyPress, IvrNode, IvrTree, Key
from numbers_app.models import BlockedNumber, Number, PriorityCaller
from pcc_console.portable import shapes
from pcc_console.portable.reading import checksum
from pcc_console.portable.shapes import Shape
from pcc_console.portable.sounds import Sounds
from projects.models import CallSettings, Project, Tenanted
from queues.models import BusinessHours, HoursException, OpeningRange, OutcomeCause, Queue, QueueOutcome, Weekday
from routing.models import GroupRouting, Tier

HEADER = "# A project of PCC Console. What may stand here: docs/project-file.md\n"
BASE64_LINE = 120  # characters
ENDLESS_LINE = 2**31 - 1  # texts are not folded, so that a change of one word is a change of one line
KEY_ORDER = {key: place for place, key in enumerate(Key.values)}
CAUSE_ORDER = {cause: place for place, cause in enumerate(OutcomeCause.values)}
INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})  # categories of Unicode

Entry = dict[str, Any]  # one row as it stands in the file
Row = TypeVar("Row", bound=Tenanted)


def export_project(project: Project, sounds: Sounds, *, with_secrets: bool = False) -> str:
    """Write everything that configures a project as one YAML text.

    Left out: ids, API keys, members, states of agents, and, unless `with_secrets`, the passwords of SIP accounts.
    Cost: one query for each kind of row, and the reading of every greeting file.
    """
    return _Exporter(project, sounds, with_secrets=with_secrets).text()


class _Exporter:
    def __init__(self, project: Project, sounds: Sounds, *, with_secrets: bool) -> None:
        self._project = project
        self._sounds = sounds
        self._with_secrets = with_secrets
        self._content: dict[str, bytes] = {}

        self._trees = _rows(project, IvrTree)
        self._queues = _rows(project, Queue)
        self._hours = _rows(project, BusinessHours)
        self._groups = _rows(project, Group)
        self._agents = _rows(project, Agent)
        self._greetings = _rows(project, GreetingFile)
        self._nodes = _by_parent(_rows(project, IvrNode), "tree_id")

        self._handles: dict[str, dict[int, str]] = {
            "ivr_trees": _handles(self._trees, "ivr_trees"),
            "queues": _handles(self._queues, "queues"),
            "business_hours": _handles(self._hours, "business_hours"),
            "groups": _handles(self._groups, "groups"),
            "agents": _handles(self._agents, "agents"),
            "greeting_files": _handles(self._greetings, "greeting_files"),
        }
        # node → (its tree, its handle in that tree)
        self._node_handles = {
            pk: (tree, handle) for tree, nodes in self._nodes.items() for pk, handle in _handles(nodes, "nodes").items()
        }

    def text(self) -> str:
        project = self._project
        document = {
            "format": shapes.FORMAT,
            "version": shapes.VERSION,
            "project": self._entry(shapes.PROJECT, project),
            "call_settings": self._entry(shapes.CALL_SETTINGS, CallSettings.objects.get(project=project)),
            "numbers": [self._entry(shapes.NUMBERS, row) for row in _rows(project, Number)],
            "blocked_numbers": [self._entry(shapes.BLOCKED_NUMBERS, row) for row in _rows(project, BlockedNumber)],
            "priority_callers": [self._entry(shapes.PRIORITY_CALLERS, row) for row in _rows(project, PriorityCaller)],
            "ivr_trees": self._tree_entries(),
            "queues": self._queue_entries(),
            "business_hours": self._hours_entries(),
            "groups": self._group_entries(),
            "agents": [self._entry(shapes.AGENTS, row) for row in self._agents],
            "sip_accounts": [self._sip_entry(row) for row in _rows(project, SipAccount)],
            "greeting_files": [self._greeting_entry(row) for row in self._greetings],
        }
        return HEADER + _yaml({key: value for key, value in document.items() if value}) + self._audio_section()

    # ── Any row ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _entry(self, shape: Shape, row: Any) -> Entry:
        entry: Entry = {}
        for name in shape.fields:
            if section := shape.references.get(name):
                value = self._handles[section].get(getattr(row, f"{name}_id"))
            else:
                value = getattr(row, name)
            if name in shape.always or value != shape.default(name):
                entry[name] = shapes.written(shape.model, name, value)
        return entry

    def _named_entry(self, section: str, row: Tenanted) -> Entry:
        """With a `ref` where the name does not name the row alone."""
        entry = self._entry(shapes.SECTIONS[section], row)
        return _with_ref(entry, self._handles[section][row.pk], shapes.name_of(section, row))

    # ── Rows with parts ──────────────────────────────────────────────────────────────────────────────────────────────

    def _tree_entries(self) -> list[Entry]:
        keys = _by_parent(_rows(self._project, IvrKeyPress), "node_id")
        return [self._tree_entry(tree, keys) for tree in self._trees]

    def _tree_entry(self, tree: IvrTree, keys: dict[int, list[IvrKeyPress]]) -> Entry:
        entry = self._named_entry("ivr_trees", tree)
        if nodes := self._nodes.get(tree.pk):
            entry["root_node"] = self._node_reference(tree.root_node_id, tree)
            entry["nodes"] = [self._node_entry(node, tree, keys.get(node.pk, [])) for node in nodes]
        elif tree.root_node_id is not None:
            entry["root_node"] = self._node_reference(tree.root_node_id, tree)
        return entry

    def _node_entry(self, node: IvrNode, tree: IvrTree, keys: list[IvrKeyPress]) -> Entry:
        entry = _with_ref(
            self._entry(shapes.NODES, node), self._node_handles[node.pk][1], shapes.name_of("nodes", node)
        )
        if keys:
            in_order = sorted(keys, key=lambda key: KEY_ORDER[key.node_key])
            entry["keys"] = {key.node_key: self._key_entry(key, tree) for key in in_order}
        return entry

    def _key_entry(self, key: IvrKeyPress, tree: IvrTree) -> Entry:
        entry = self._entry(shapes.KEYS, key)
        if key.next_node_id is not None:
            entry["next_node"] = self._node_reference(key.next_node_id, tree)
        return entry

    def _node_reference(self, node_id: int | None, tree: IvrTree) -> str | Entry | None:
        if node_id is None:
            return None
        tree_id, handle = self._node_handles[node_id]
        return handle if tree_id == tree.pk else self._node_of_any_tree(node_id)

    def _node_of_any_tree(self, node_id: int) -> Entry:
        tree_id, handle = self._node_handles[node_id]
        return {"tree": self._handles["ivr_trees"][tree_id], "node": handle}

    def _queue_entries(self) -> list[Entry]:
        routings = _by_parent(_rows(self._project, GroupRouting), "queue_id")
        outcomes = _by_parent(_rows(self._project, QueueOutcome), "queue_id")
        return [
            self._queue_entry(queue, routings.get(queue.pk, []), outcomes.get(queue.pk, [])) for queue in self._queues
        ]

    def _queue_entry(self, queue: Queue, routings: list[GroupRouting], outcomes: list[QueueOutcome]) -> Entry:
        entry = self._named_entry("queues", queue)
        for name, tier in (("primary_groups", Tier.PRIMARY), ("backup_groups", Tier.BACKUP)):
            groups = [self._handles["groups"][row.group_id] for row in routings if row.primary_group == tier]
            entry |= {name: groups} if groups else {}
        if outcomes:
            in_order = sorted(outcomes, key=lambda outcome: CAUSE_ORDER[outcome.cause])
            entry["outcomes"] = {outcome.cause: self._outcome_entry(outcome) for outcome in in_order}
        return entry

    def _outcome_entry(self, outcome: QueueOutcome) -> Entry:
        entry = self._entry(shapes.OUTCOMES, outcome)
        return entry | ({"to_node": self._node_of_any_tree(outcome.to_node_id)} if outcome.to_node_id else {})

    def _hours_entries(self) -> list[Entry]:
        ranges = _by_parent(_rows(self._project, OpeningRange), "hours_id")
        exceptions = _by_parent(_rows(self._project, HoursException), "hours_id")
        return [self._hours_entry(row, ranges.get(row.pk, []), exceptions.get(row.pk, [])) for row in self._hours]

    def _hours_entry(self, hours: BusinessHours, ranges: list[OpeningRange], exceptions: list[HoursException]) -> Entry:
        entry = self._named_entry("business_hours", hours)
        weekly: dict[str, list[str]] = {}
        for row in sorted(ranges, key=lambda row: (row.weekday, row.opens)):
            times = f"{shapes.clock_text(row.opens)}-{shapes.clock_text(row.closes)}"
            weekly.setdefault(shapes.word(Weekday(row.weekday)), []).append(times)
        entry |= {"weekly": weekly} if weekly else {}
        in_order = sorted(exceptions, key=lambda row: (row.date, row.opens is not None, row.opens or dt.time.min))
        entry |= {"exceptions": [self._entry(shapes.EXCEPTIONS, row) for row in in_order]} if in_order else {}
        return entry

    def _group_entries(self) -> list[Entry]:
        memberships = _by_parent(_rows(self._project, GroupMembership), "group_id")
        return [self._group_entry(group, memberships.get(group.pk, [])) for group in self._groups]

    def _group_entry(self, group: Group, memberships: list[GroupMembership]) -> Entry:
        entry = self._named_entry("groups", group)
        agents = [self._handles["agents"][row.agent_id] for row in memberships]
        return entry | ({"agents": agents} if agents else {})

    def _sip_entry(self, account: SipAccount) -> Entry:
        entry = self._entry(shapes.SIP_ACCOUNTS, account)
        return entry if self._with_secrets else {name: value for name, value in entry.items() if name != "password"}

    # ── Sounds ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _greeting_entry(self, greeting: GreetingFile) -> Entry:
        content = self._sounds.content_of(greeting)
        self._content[name := checksum(content)] = content
        return self._named_entry("greeting_files", greeting) | {"audio": name}

    def _audio_section(self) -> str:
        """The sounds, each once, at the end where nobody has to scroll over them.

        Written by hand: a YAML library looks at each of millions of letters to find out whether it needs quotes.
        """
        if not self._content:
            return ""
        return "audio:\n" + "".join(
            f"  {name}: |\n" + textwrap.indent(_base64_lines(content), "    ")
            for name, content in sorted(self._content.items())
        )


def _rows(project: Project, model: type[Row]) -> list[Row]:
    """All rows of a kind in the order in which they were made, which is that of the file."""
    return list(model._default_manager.filter(project=project).order_by("pk"))


def _by_parent(rows: Iterable[Row], parent: str) -> dict[int, list[Row]]:
    grouped: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, parent)].append(row)
    return grouped


def _handles(rows: list[Row], section: str) -> dict[int, str]:
    given = shapes.handles(shapes.name_of(section, row) for row in rows)
    return {row.pk: handle for row, handle in zip(rows, given, strict=True)}


def _with_ref(entry: Entry, handle: str, name: str) -> Entry:
    return entry if handle == name else {"ref": handle, **entry}


def _base64_lines(content: bytes) -> str:
    text = base64.b64encode(content).decode()
    return "".join(text[start : start + BASE64_LINE] + "\n" for start in range(0, len(text), BASE64_LINE))


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and never an anchor."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if any(unicodedata.category(letter) in INVISIBLE for letter in text if letter != "\n"):
        style = '"'  # written as escapes; readers take some of these for the end of a line
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _yaml(document: Entry) -> str:
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=ENDLESS_LINE)
    return text
