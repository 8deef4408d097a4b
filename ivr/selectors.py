"""Reads of IVR trees: as rules see them, and what the linter finds in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

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
from ivr.models import IvrKeyPress, IvrNode, IvrTree, PlayMode
from projects.models import Project
from sounds.speech import languages_spoken
from sounds.spoken import has_failed
from webhooks.selectors import has_sms_gateway


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
    """One tree with its findings. Cost: 4 queries, whatever its size, and one more when a key sends an SMS."""
    return trees_for_linting(tree.project, [tree])[0]


def trees_for_linting(project: Project, trees: Iterable[IvrTree]) -> list[LintedTree]:
    """Trees of a project with their findings, in their order.

    Cost: 4 queries, however many and large they are, and one more when a key sends an SMS.
    """
    rows = list(trees)
    if not rows:
        return []
    surroundings = _Surroundings(project)
    nodes: dict[int, list[IvrNode]] = defaultdict(list)
    ways_out = IvrNode.objects.filter(pk=OuterRef("pk"), reached_by_outcomes__action="node")
    rows_of_nodes = IvrNode.objects.filter(tree__in=rows).annotate(is_entered=Exists(ways_out))
    for node in rows_of_nodes.select_related("greeting_file"):
        nodes[node.tree_id].append(node)
    keys: dict[int, list[IvrKeyPress]] = defaultdict(list)
    for key in _with_targets(IvrKeyPress.objects.filter(tree__in=rows)):
        keys[key.tree_id].append(key)
    return [surroundings.linted(row, nodes[row.pk], keys[row.pk]) for row in rows]


def menu_of(tree: IvrTree) -> Tree:
    """One tree for the calls that run through it: whole, but without its numbers and without a look at the audio.

    Unlike in linting, where people read them, greeting files go by the file names that engines find them by.
    Nodes and queues go by their public ids. Cost: 2 queries, whatever its size.
    """
    keys = _with_targets(IvrKeyPress.objects.filter(tree=tree).order_by("pk")).annotate(country=F("project__country"))
    presses: dict[int, list[KeyPress]] = defaultdict(list)
    for key in keys:
        presses[key.node_id].append(_key_press(key, key.country))
    nodes = IvrNode.objects.filter(tree=tree).order_by("pk").select_related("greeting_file")
    return _tree(tree, {node.pk: _node(node, _as_engines_know_it(node), presses[node.pk]) for node in nodes})


def project_findings(project: Project) -> list[LintedTree]:
    """The trees of a project in which the linter finds something, by name. Cost: 5 or 6 queries."""
    trees = IvrTree.objects.filter(project=project).order_by("tree_name", "pk")
    return [linted for linted in trees_for_linting(project, trees) if linted.findings]


def trees_with_counts(trees: QuerySet[IvrTree]) -> QuerySet[IvrTree]:
    """Trees, each with `node_count` and `key_count`."""
    return trees.annotate(node_count=Count("nodes", distinct=True), key_count=Count("keys", distinct=True))


class _Surroundings:
    """What trees of a project are checked against: its queues and its numbers.

    Cost: 2 queries, and one more when a key sends a text message.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        groups = project.grouprouting_set.filter(queue=OuterRef("pk"))
        queues = project.queue_set.annotate(served=Exists(groups) | ~Q(get_list_agents_url=""))
        self.queues = {
            QueueId(public_id): Queue(QueueId(public_id), name, served)
            for public_id, name, served in queues.values_list("public_id", "name", "served")
        }
        numbers = list(project.number_set.all())
        self.our_numbers = frozenset(number.digits for number in numbers)
        self.entering: dict[int, list[Number]] = defaultdict(list)
        for number in numbers:
            if number.enable_ivr and number.ivr_tree_id is not None:
                self.entering[number.ivr_tree_id].append(Number(number.public_id, number.number))

    def linted(self, row: IvrTree, nodes: list[IvrNode], keys: list[IvrKeyPress]) -> LintedTree:
        presses: dict[int, list[KeyPress]] = defaultdict(list)
        for key in keys:
            presses[key.node_id].append(_key_press(key, self.project.country))
        read = {node.pk: _node(node, _as_people_know_it(node), presses[node.pk]) for node in nodes}
        entered = sorted(read[node.pk].id for node in nodes if node.is_entered)  # type: ignore[attr-defined]  # annotated
        tree = _tree(row, read, self.entering[row.pk], entered)
        return LintedTree(
            row=row,
            tree=tree,
            queues=self.queues,
            findings=lint(
                tree, self.queues, self.our_numbers, sends_sms=self._sends_sms(keys), spoken=self._languages_spoken
            ),
            node_rows={read[node.pk].id: node for node in nodes},
            key_rows={(read[key.node_id].id, key.node_key): key for key in keys},
        )

    def _sends_sms(self, keys: Iterable[IvrKeyPress]) -> bool:
        """Whether text messages have a way out; not asked for a tree that sends none."""
        return all(key.action != Action.SMS for key in keys) or self._has_sms_gateway

    @cached_property
    def _languages_spoken(self) -> AbstractSet[str]:
        return languages_spoken()

    @cached_property
    def _has_sms_gateway(self) -> bool:
        return has_sms_gateway(self.project.pk)


def _with_targets(keys: QuerySet[IvrKeyPress]) -> QuerySet[IvrKeyPress]:
    """Keys, each with the public ids of what it leads to."""
    return keys.annotate(next_public_id=F("next_node__public_id"), queue_public_id=F("queue__public_id"))


def _tree(
    row: IvrTree, nodes: Mapping[int, Node], numbers: Iterable[Number] = (), entered: Iterable[NodeId] = ()
) -> Tree:
    """A tree from its nodes by primary key. A root that is not among them is none."""
    root = nodes.get(row.root_node_id) if row.root_node_id else None
    return Tree(
        row.public_id,
        row.tree_name,
        root.id if root else None,
        tuple(nodes.values()),
        tuple(numbers),
        tuple(entered),
    )


def _node(row: IvrNode, announcement: Talk | Play, keys: Iterable[KeyPress]) -> Node:
    return Node(
        id=NodeId(row.public_id),
        name=row.node_name,
        announcement=announcement,
        keys=tuple(keys),
        barge_in=row.barge_in,
        loop_count=row.loop_count,
        sched=row.sched,
        voice=row.voice,
        speed=row.speed,
        keypress_timeout=row.keypress_timeout,
    )


def _as_people_know_it(node: IvrNode) -> Talk | Play:
    """With what is wrong with it."""
    text, file = node.node_play_content, node.greeting_file
    if node.node_play_mode == PlayMode.TALK:
        return Talk(text, speakable=not has_failed(text, voice=node.voice, speed=node.speed))
    return Play(None) if file is None else Play(str(file), readable=has_audio(file))


def _as_engines_know_it(node: IvrNode) -> Talk | Play:
    if node.node_play_mode == PlayMode.TALK:
        return Talk(node.node_play_content)
    return Play(None if node.greeting_file is None else node.greeting_file.filename)


def _key_press(key: IvrKeyPress, country: str) -> KeyPress:
    """Shape: a key of `_with_targets`. Numbers without a country code are read as numbers of `country`."""
    next_public_id: str | None = key.next_public_id  # type: ignore[attr-defined]  # annotated
    queue_public_id: str | None = key.queue_public_id  # type: ignore[attr-defined]  # annotated
    return KeyPress(
        key=key.node_key,
        action=Action(key.action),
        next_node=NodeId(next_public_id) if next_public_id else None,
        queue=QueueId(queue_public_id) if queue_public_id else None,
        caller_id=_phone(key.from_number_callout_to_agent, country),
        destination=_phone(key.to_phone_number, country),
        sms=key.sms,
    )


def _phone(given: str, country: str) -> Phone:
    try:
        return Phone(given, digits_of(given, country))
    except InvalidPhoneNumber:
        return Phone(given)
