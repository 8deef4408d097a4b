"""A ProjectFile to rows: all of them, or none.

A row that the project has already is left exactly as it is, with everything that is part of it: what people have edited
since stays edited. Into a new project everything is missing, so importing and seeding are the same act.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import connection, models, transaction

from agents.models import GroupMembership, SipAccount
from common import phone
from common.refusals import Refusal
from ivr.models import IvrNode
from numbers_app.models import PhoneRow
from pcc_console.portable import shapes
from pcc_console.portable.document import KeyRow, NodeReference, ProjectFile, QueueRow, Row, TreeRow
from pcc_console.portable.problems import BadProjectFile, Problem
from pcc_console.portable.shapes import Shape
from pcc_console.portable.sounds import Sounds
from projects.models import Account, CallSettings, Project
from projects.services import create_project
from queues.models import BusinessHours, HoursException, OpeningRange, OutcomeAction
from routing.models import GroupRouting, Tier

AnyRow = TypeVar("AnyRow", bound=Row)
PROVISIONING_LOCK = 0x50434331  # any number of our own; one import or seeding at a time


@dataclass
class Outcome:
    """What was done. `added` and `kept` count rows by section."""

    project: Project
    is_new: bool
    added: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    # user names of new SIP accounts whose password was not in the file; nobody knows the random one they have
    passwords_to_set: list[str] = field(default_factory=list)


class NameTaken(Exception):
    """The account has a project of this name already."""


@transaction.atomic
def import_as_new_project(file: ProjectFile, account: Account, sounds: Sounds, *, name: str = "") -> Outcome:
    """Make a project from a file, with new ids and a new API key.

    Raises NameTaken, BadProjectFile, and what `sounds` raises; then nothing was written.
    """
    one_at_a_time()
    name = name or str(file.project.values["name"])
    if Project.objects.filter(account=account, name=name).exists():
        raise NameTaken(f"The account {account} has a project {name!r} already; choose another name.")
    return _write(file, _new_project(file, account, name), sounds, is_new=True)


@transaction.atomic
def add_missing(file: ProjectFile, account: Account, name: str, sounds: Sounds) -> Outcome:
    """Make the project if the account has none of this name, and add the rows of the file that it lacks.

    Idempotent by: digits of numbers, user IDs of agents, user names of SIP accounts, and the names of everything else,
    of several rows with the same name the first with the first. Project and call settings are written only to a new
    project. Raises BadProjectFile and what `sounds` raises; then nothing was written.
    """
    one_at_a_time()
    project = Project.objects.filter(account=account, name=name).first()
    is_new = project is None
    return _write(file, project or _new_project(file, account, name), sounds, is_new=is_new)


def one_at_a_time() -> None:
    """Wait until no other import or seeding is under way; held until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PROVISIONING_LOCK])


def _new_project(file: ProjectFile, account: Account, name: str) -> Project:
    project = create_project(account, name)
    for field_name, value in file.project.values.items():
        if field_name != "name":
            setattr(project, field_name, value)
    project.save()
    call_settings = CallSettings.objects.get(project=project)
    for field_name, value in file.call_settings.values.items():
        setattr(call_settings, field_name, value)
    call_settings.save()
    return project


def _write(file: ProjectFile, project: Project, sounds: Sounds, *, is_new: bool) -> Outcome:
    writer = _Writer(project, sounds, Outcome(project, is_new))
    try:
        with transaction.atomic():
            writer.write(file)
            connection.check_constraints()  # those that wait for the commit, while we can still clean up
    except BaseException:
        writer.forget_sounds()
        raise
    return writer.outcome


class _Writer:
    def __init__(self, project: Project, sounds: Sounds, outcome: Outcome) -> None:
        self.outcome = outcome
        self._project = project
        self._sounds = sounds
        self._stored: list[Any] = []
        # section → handle in the file → row, new or old
        self._rows: dict[str, dict[str, Any]] = {section: {} for section in shapes.SECTIONS}
        self._nodes: dict[NodeReference, IvrNode] = {}

    def write(self, file: ProjectFile) -> None:
        """What is referred to before what refers to it."""
        self._add_hours(file)
        self._add_greetings(file)
        new_queues = list(self._missing("queues", file.queues))
        self._create_all("agents", file.agents)
        self._add_groups(file)
        for queue_row in new_queues:
            queue = self._create("queues", queue_row)
            self._route(queue, queue_row.primary_groups, Tier.PRIMARY)
            self._route(queue, queue_row.backup_groups, Tier.BACKUP)
        self._add_trees(file)
        for queue_row in new_queues:
            self._add_outcomes(queue_row)
        self._create_all("numbers", file.numbers)
        self._create_all("blocked_numbers", file.blocked_numbers)
        self._create_all("priority_callers", file.priority_callers)
        self._add_sip_accounts(file)

    def forget_sounds(self) -> None:
        for greeting in self._stored:
            self._sounds.forget(greeting)

    # ── What is missing ──────────────────────────────────────────────────────────────────────────────────────────────

    def _missing(self, section: str, rows: Sequence[AnyRow]) -> Iterator[AnyRow]:
        """The rows that the project lacks; the others are noted as kept."""
        shape = shapes.SECTIONS[section]
        existing = self._by_name(section, shape.model._default_manager.filter(project=self._project).order_by("pk"))
        drafts = self._by_name(section, [shape.model(**row.values) for row in rows])
        for row, name in zip(rows, drafts, strict=True):
            if found := existing.get(name):
                self._rows[section][row.handle] = found
                self.outcome.kept[section] += 1
            else:
                yield row

    def _by_name(self, section: str, rows: Any) -> dict[tuple[str, int], Any]:
        """Rows by their name and the number of rows before them that have it, too."""
        met: Counter[str] = Counter()
        named: dict[tuple[str, int], Any] = {}
        for row in rows:
            name = self._name(section, row)
            named[name, met[name]] = row
            met[name] += 1
        return named

    def _name(self, section: str, row: models.Model) -> str:
        if isinstance(row, PhoneRow):
            return row.digits or phone.digits_of(row.number, self._project.country)
        return shapes.name_of(section, row)

    # ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _create_all(self, section: str, rows: Sequence[Row]) -> None:
        for row in self._missing(section, rows):
            self._create(section, row)

    def _create(self, section: str, row: Row, **more: Any) -> Any:
        made = self._save(shapes.SECTIONS[section], row, **more)
        self._rows[section][row.handle] = made
        self.outcome.added[section] += 1
        return made

    def _save(self, shape: Shape, row: Row, **more: Any) -> Any:
        references = {name: self._rows[shape.references[name]][handle] for name, handle in row.references.items()}
        made = shape.model(**{"project": self._project, **row.values, **references, **more})
        made.save()
        return made

    def _add_hours(self, file: ProjectFile) -> None:
        has_default = BusinessHours.objects.filter(project=self._project, is_default=True).exists()
        for row in self._missing("business_hours", file.business_hours):
            hours = self._create("business_hours", row, is_default=row.values["is_default"] and not has_default)
            for open_range in row.weekly:
                OpeningRange.objects.create(
                    project=self._project,
                    hours=hours,
                    weekday=open_range.weekday,
                    opens=open_range.opens,
                    closes=open_range.closes,
                )
            for exception in row.exceptions:
                closed = exception.values["opens"] is None
                HoursException.objects.create(project=self._project, hours=hours, closed=closed, **exception.values)

    def _add_greetings(self, file: ProjectFile) -> None:
        for row in self._missing("greeting_files", file.greeting_files):
            try:
                greeting = self._sounds.store(self._project, self._sounds.content_for(row), row)
            except Refusal as refusal:
                raise BadProjectFile([Problem(row.path, 0, refusal.message)]) from refusal
            self._stored.append(greeting)
            self._rows["greeting_files"][row.handle] = greeting
            self.outcome.added["greeting_files"] += 1

    def _add_groups(self, file: ProjectFile) -> None:
        for row in self._missing("groups", file.groups):
            group = self._create("groups", row)
            for user_id in row.agents:
                agent = self._rows["agents"][user_id]
                GroupMembership.objects.create(project=self._project, group=group, agent=agent)

    def _route(self, queue: Any, groups: Sequence[str], tier: Tier) -> None:
        for handle in groups:
            group = self._rows["groups"][handle]
            GroupRouting.objects.create(project=self._project, queue=queue, group=group, primary_group=tier)

    def _add_trees(self, file: ProjectFile) -> None:
        """All nodes first: a key may lead to any of them, in a circle or into another tree."""
        new_trees = list(self._missing("ivr_trees", file.ivr_trees))
        for tree_row in new_trees:
            tree = self._create("ivr_trees", tree_row)
            for node_row in tree_row.nodes:
                node = self._save(shapes.NODES, node_row, tree=tree)
                self._nodes[NodeReference(tree_row.handle, node_row.handle)] = node
        self._find_nodes_of_kept_trees(file.ivr_trees, new_trees)
        for tree_row in new_trees:
            if tree_row.root_node is not None:
                tree = self._rows["ivr_trees"][tree_row.handle]
                tree.root_node = self._nodes.get(tree_row.root_node)
                tree.save(update_fields=["root_node", "updated_at"])
            for node_row in tree_row.nodes:
                for key in node_row.keys:
                    self._add_key(self._nodes[NodeReference(tree_row.handle, node_row.handle)], key)

    def _find_nodes_of_kept_trees(self, all_rows: Sequence[TreeRow], new_rows: Sequence[TreeRow]) -> None:
        """A node that was deleted since is not found; then what leads to it leads nowhere, which the linter shows."""
        new = {row.handle for row in new_rows}
        for row in all_rows:
            if row.handle not in new:
                nodes = list(IvrNode.objects.filter(tree=self._rows["ivr_trees"][row.handle]).order_by("pk"))
                handles = shapes.handles(node.node_name for node in nodes)
                found = {NodeReference(row.handle, name): node for name, node in zip(handles, nodes, strict=True)}
                self._nodes |= found

    def _add_key(self, node: IvrNode, row: KeyRow) -> None:
        next_node = self._nodes.get(row.next_node) if row.next_node else None
        self._save(shapes.KEYS, row, node=node, node_key=row.handle, next_node=next_node)

    def _add_outcomes(self, row: QueueRow) -> None:
        """A node that was deleted since is not found; then the queue does as it does without this way out."""
        for outcome in row.outcomes:
            to_node = self._nodes.get(outcome.to_node) if outcome.to_node else None
            if to_node is not None or outcome.values["action"] != OutcomeAction.NODE:
                queue = self._rows["queues"][row.handle]
                self._save(shapes.OUTCOMES, outcome, queue=queue, cause=outcome.handle, to_node=to_node)

    def _add_sip_accounts(self, file: ProjectFile) -> None:
        taken: Mapping[int | None, str] = dict(
            SipAccount.objects.filter(project=self._project).values_list("extension", "user_name")
        )
        for row in self._missing("sip_accounts", file.sip_accounts):
            extension = row.values["extension"]
            if extension is not None and extension in taken:
                message = f"the extension {extension} belongs to {taken[extension]!r} already"
                raise BadProjectFile([Problem(row.path, 0, message)])
            password = row.values["password"]
            if not password:
                self.outcome.passwords_to_set.append(row.values["user_name"])
            self._create("sip_accounts", row, password=password or secrets.token_urlsafe(24))
