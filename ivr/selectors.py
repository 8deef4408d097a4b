"""Reads of IVR trees: as rules see them, and what the linter finds in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from common.phone import InvalidPhoneNumber, digits_of
from ivr.domain.findings import Finding
from ivr.domain.linter import lint
from ivr.domain.tree import (
    Action,
    KeyPress,
    Node,
    NodeId,
    Number,
    Phone,
    Play,
    Queue,
    QueueId,
    Talk,
    Tree,
)
from ivr.greetings import has_audio
from ivr.models import GreetingFile, IvrKeyPress, IvrNode, IvrTree, PlayMode
from projects.models import Project


@dataclass(frozen=True)
class LintedTree:
    """A tree as the rules see it, with what the linter knows about its surroundings and finds in it.

    `node_rows` and `key_rows` are the rows behind it, the keys by their node and key.
    """

    row: IvrTree
    tree: Tree
    queues: Mapping[QueueId, Queue]
    findings: tuple[Finding, ...]
    node_rows: Mapping[NodeId, IvrNode]
    key_rows: Mapping[tuple[NodeId, str], IvrKeyPress]


def tree_for_linting(tree: IvrTree) -> LintedTree:
    """One tree with its findings. Cost: 4 queries, whatever its size."""
    return trees_for_linting(tree.project, [tree])[0]


def trees_for_linting(project: Project, trees: Iterable[IvrTree]) -> list[LintedTree]:
    """Trees of a project with their findings, in their order. Cost: 4 queries, however many and large they are."""
    rows = list(trees)
    if not rows:
        return []
    surroundings = _Surroundings(project)
    nodes: dict[int, list[IvrNode]] = defaultdict(list)
    for node in IvrNode.objects.filter(tree__in=rows).select_related("greeting_file"):
        nodes[node.tree_id].append(node)
    keys: dict[int, list[IvrKeyPress]] = defaultdict(list)
    for key in IvrKeyPress.objects.filter(tree__in=rows).annotate(next_public_id=F("next_node__public_id")):
        keys[key.tree_id].append(key)
    return [surroundings.linted(row, nodes[row.pk], keys[row.pk]) for row in rows]


def project_findings(project: Project) -> list[LintedTree]:
    """The trees of a project in which the linter finds something, by name. Cost: 5 queries."""
    trees = IvrTree.objects.filter(project=project).order_by("tree_name", "pk")
    return [linted for linted in trees_for_linting(project, trees) if linted.findings]


def trees_with_counts(trees: QuerySet[IvrTree]) -> QuerySet[IvrTree]:
    """Trees, each with `node_count` and `key_count`."""
    return trees.annotate(node_count=Count("nodes", distinct=True), key_count=Count("keys", distinct=True))


class _Surroundings:
    """What trees of a project are checked against: its queues and its numbers. Cost: 2 queries."""

    def __init__(self, project: Project) -> None:
        self.project = project
        groups = project.grouprouting_set.filter(queue=OuterRef("pk"))
        queues = project.queue_set.annotate(served=Exists(groups) | ~Q(get_list_agents_url=""))
        self.queues: dict[QueueId, Queue] = {}
        self.queue_ids: dict[int, QueueId] = {}
        for pk, public_id, name, served in queues.values_list("pk", "public_id", "name", "served"):
            self.queue_ids[pk] = QueueId(public_id)
            self.queues[QueueId(public_id)] = Queue(QueueId(public_id), name, served)
        numbers = list(project.number_set.all())
        self.our_numbers = frozenset(number.digits for number in numbers)
        self.entering: dict[int, list[Number]] = defaultdict(list)
        for number in numbers:
            if number.enable_ivr and number.ivr_tree_id is not None:
                self.entering[number.ivr_tree_id].append(Number(number.public_id, number.number))

    def linted(self, row: IvrTree, nodes: list[IvrNode], keys: list[IvrKeyPress]) -> LintedTree:
        presses: dict[int, list[KeyPress]] = defaultdict(list)
        for key in keys:
            presses[key.node_id].append(self._key_press(key))
        public_ids = {node.pk: NodeId(node.public_id) for node in nodes}
        tree = Tree(
            id=row.public_id,
            name=row.tree_name,
            root=public_ids.get(row.root_node_id) if row.root_node_id else None,
            nodes=tuple(_node(node, presses[node.pk]) for node in nodes),
            numbers=tuple(self.entering[row.pk]),
        )
        return LintedTree(
            row=row,
            tree=tree,
            queues=self.queues,
            findings=lint(tree, self.queues, self.our_numbers),
            node_rows={public_ids[node.pk]: node for node in nodes},
            key_rows={(public_ids[key.node_id], key.node_key): key for key in keys},
        )

    def _key_press(self, key: IvrKeyPress) -> KeyPress:
        next_public_id: str | None = key.next_public_id  # type: ignore[attr-defined]  # annotated
        return KeyPress(
            key=key.node_key,
            action=Action(key.action),
            next_node=NodeId(next_public_id) if next_public_id else None,
            queue=self.queue_ids.get(key.queue_id) if key.queue_id else None,
            caller_id=self._phone(key.from_number_callout_to_agent),
            destination=self._phone(key.to_phone_number),
            sms=key.sms,
        )

    def _phone(self, given: str) -> Phone:
        try:
            return Phone(given, digits_of(given, self.project.country))
        except InvalidPhoneNumber:
            return Phone(given)


def _node(node: IvrNode, keys: list[KeyPress]) -> Node:
    spoken = node.node_play_mode == PlayMode.TALK
    announcement = Talk(node.node_play_content) if spoken else _play(node.greeting_file)
    return Node(NodeId(node.public_id), node.node_name, announcement, tuple(keys))


def _play(greeting: GreetingFile | None) -> Play:
    return Play(None) if greeting is None else Play(str(greeting), readable=has_audio(greeting))
