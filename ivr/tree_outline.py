"""The outline of a tree: every node below the key that leads to it, with its keys and findings, in words.

It says in text what the picture shows, and it is where nodes and keys are edited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ivr.addresses import audio_address, queue_address
from ivr.domain.findings import Place, Severity
from ivr.domain.paths import Step, apart_from, walk_from_entries
from ivr.domain.tree import Action, KeyPress, Node, NodeId, in_key_order
from ivr.fitting import visible
from ivr.greetings import has_audio
from ivr.models import IvrKeyPress, IvrNode, Key, PlayMode
from ivr.selectors import LintedTree
from ivr.words import Told, Words, key_name, place_id, short_key_name

_ICONS = {
    Action.NODE: "arrow_forward",
    Action.QUEUE: "queue",
    Action.FORWARD: "phone_forwarded",
    Action.VOICEMAIL: "voicemail",
    Action.SMS: "sms",
    Action.HANG_UP: "call_end",
}
MOST_STEPS_IN = 4  # deeper nodes are not moved further to the right: the page must stay readable on a telephone


@dataclass(frozen=True)
class OutlineKey:
    """A key of a node.

    `kind` says in words what `icon` says in a sign, where `target` does not; `target_id` is where its next node stands
    on the page; `queue_address` is the page of its queue.
    """

    id: str
    row: IvrKeyPress
    name: str
    short_name: str
    icon: str
    kind: str
    target: str
    target_id: str
    queue_address: str
    caller_id: str
    told: Sequence[Told]

    @property
    def edit_id(self) -> str:
        return f"edit-key-{self.row.public_id}"

    @property
    def delete_id(self) -> str:
        return f"delete-key-{self.row.public_id}"


@dataclass(frozen=True)
class OutlineNode:
    """A node. `came_from` says by which key callers get here first; empty for the root and where no key leads."""

    id: str
    row: IvrNode
    steps_in: int
    is_root: bool
    is_apart: bool
    came_from: str
    audio: str
    settings: Sequence[str]
    keys: Sequence[OutlineKey]
    told: Sequence[Told]

    @property
    def is_spoken(self) -> bool:
        return self.row.node_play_mode == PlayMode.TALK

    @property
    def has_free_keys(self) -> bool:
        return len(self.keys) < len(Key)

    @property
    def edit_id(self) -> str:
        return f"edit-node-{self.row.public_id}"

    @property
    def delete_id(self) -> str:
        return f"delete-node-{self.row.public_id}"

    @property
    def add_key_id(self) -> str:
        return f"add-key-{self.row.public_id}"


@dataclass(frozen=True)
class Outline:
    """Everything on the page that is not a form."""

    nodes: Sequence[OutlineNode]
    told: Sequence[Told]

    @property
    def summary(self) -> str:
        """How many findings of each kind there are."""
        counts = [sum(told.severity is severity for told in self.told) for severity in Severity]
        errors, warnings, hints = counts
        parts = [
            ngettext("%(count)s error", "%(count)s errors", errors) % {"count": errors} if errors else "",
            ngettext("%(count)s warning", "%(count)s warnings", warnings) % {"count": warnings} if warnings else "",
            ngettext("%(count)s hint", "%(count)s hints", hints) % {"count": hints} if hints else "",
        ]
        return ", ".join(part for part in parts if part) or _("No problems found")


def outline_of(linted: LintedTree) -> Outline:
    """The outline of a tree. Cost: linear in nodes, keys and texts; no query."""
    words = Words(linted.tree, linted.queues)
    told = [words.told(finding) for finding in linted.findings]
    by_place: dict[Place, list[Told]] = defaultdict(list)
    for each in told:
        by_place[each.finding.place].append(each)
    met = walk_from_entries(linted.tree)
    steps = {**met, **apart_from(linted.tree, met)}
    nodes = linted.tree.by_id
    return Outline(
        [
            _node(linted, words, by_place, nodes[node], steps[node], depth, is_apart=node not in met)
            for node, depth in _as_branches(steps)
        ],
        told,
    )


def _as_branches(steps: Mapping[NodeId, Step]) -> Iterator[tuple[NodeId, int]]:
    """Every node, followed by what its keys lead to before the next key of the node above; with its depth."""
    below: dict[NodeId | None, list[NodeId]] = defaultdict(list)
    for node, step in steps.items():
        below[step.came_from].append(node)
    ahead = [(node, 0) for node in reversed(below[None])]
    while ahead:
        node, depth = ahead.pop()
        yield node, depth
        ahead.extend((child, depth + 1) for child in reversed(below[node]))


def _node(
    linted: LintedTree,
    words: Words,
    told: Mapping[Place, list[Told]],
    node: Node,
    step: Step,
    steps_in: int,
    *,
    is_apart: bool,
) -> OutlineNode:
    row = linted.node_rows[node.id]
    playable = row.greeting_file is not None and has_audio(row.greeting_file)
    return OutlineNode(
        id=place_id(Place(node.id)),
        row=row,
        steps_in=min(steps_in, MOST_STEPS_IN),
        is_root=node.id == linted.tree.root,
        is_apart=is_apart,
        came_from=_came_from(step, words),
        audio=audio_address(row.greeting_file) if row.greeting_file is not None and playable else "",
        settings=_settings(row),
        keys=[_key(linted, words, told, node, key) for key in in_key_order(node.keys)],
        told=told.get(Place(node.id), []),
    )


def _came_from(step: Step, words: Words) -> str:
    if step.came_from is None or step.by_key is None:
        return ""
    return _("From %(node)s, %(key)s") % {"node": visible(words.names[step.came_from]), "key": key_name(step.by_key)}


def _settings(row: IvrNode) -> list[str]:
    """What differs from a usual node."""
    default = {field.name: field.default for field in IvrNode._meta.concrete_fields}
    seconds = row.keypress_timeout
    found = {
        "loop_count": ngettext("said %(count)s time", "said %(count)s times", row.loop_count)
        % {"count": row.loop_count},
        "sched": _("pause of %(ms)s ms") % {"ms": row.sched},
        "barge_in": _("keys do not interrupt"),
        "keypress_timeout": ngettext("waits %(count)s second", "waits %(count)s seconds", seconds) % {"count": seconds},
        "voice": _("voice %(name)s") % {"name": row.voice},
        "speed": _("speed %(speed)s") % {"speed": row.speed},
    }
    return [text for name, text in found.items() if getattr(row, name) != default[name]]


def _key(linted: LintedTree, words: Words, told: Mapping[Place, list[Told]], node: Node, key: KeyPress) -> OutlineKey:
    row = linted.key_rows[node.id, key.key]
    place = Place(node.id, key.key)
    leads_on = key.action is Action.NODE and key.next_node in words.names
    return OutlineKey(
        id=place_id(place),
        row=row,
        name=key_name(key.key),
        short_name=short_key_name(key.key),
        icon=_ICONS[key.action],
        kind="" if key.action in (Action.HANG_UP, Action.VOICEMAIL) else row.get_action_display(),
        target=visible(words.short_target(key)),
        target_id=place_id(Place(key.next_node)) if leads_on else "",
        queue_address=queue_address(row.queue_id) if key.queue is not None and row.queue_id is not None else "",
        caller_id=key.caller_id.given if key.action is Action.FORWARD else "",
        told=told.get(place, []),
    )
