"""Writes on IVR trees."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from common.deletion import delete_or_refuse, in_use
from common.refusals import InvalidInput
from common.saving import Twin, save_row
from ivr.models import IvrKeyPress, IvrNode, IvrTree, KeyAction, PlayMode
from sounds.beforehand import speak_after_commit


def save_tree(tree: IvrTree) -> None:
    """Store a new or renamed tree."""
    save_row(tree)


@transaction.atomic
def add_node(node: IvrNode) -> bool:
    """Save a new node; the first node of a tree becomes its root. Returns whether it is the root.

    Locks: the tree's row, so that two first nodes cannot both become the root.
    """
    tree = IvrTree.objects.select_for_update().get(pk=node.tree_id)
    node.project_id, node.tree = tree.project_id, tree
    save_node(node)
    if tree.root_node_id is None:
        tree.root_node = node
        tree.save(update_fields=["root_node", "updated_at"])
    return tree.root_node_id == node.pk


def save_node(node: IvrNode) -> None:
    """Store a node; of text and greeting file it keeps the one that it plays. A text is spoken after the commit."""
    if node.node_play_mode == PlayMode.TALK:
        node.greeting_file = None
    else:
        node.node_play_content = ""
    save_row(node)
    speak_after_commit(node.node_play_content, voice=node.voice, speed=node.speed)


def save_key(key: IvrKeyPress) -> None:
    """Store a key of a node; it keeps the target of its action and forgets those of other actions.

    Raises AlreadyExists when the node has this key, InvalidInput when it leads to a node of another tree.
    """
    if key.action != KeyAction.QUEUE:
        key.queue = None
    if key.action != KeyAction.NODE:
        key.next_node = None
    if key.action != KeyAction.FORWARD:
        key.to_phone_number = key.from_number_callout_to_agent = ""
    if key.action != KeyAction.SMS:
        key.sms = ""
    if key.next_node and key.next_node.tree_id != key.node.tree_id:
        raise InvalidInput(_("A key can only lead to a node of the same IVR tree."))
    same_key = IvrKeyPress.objects.filter(node=key.node, node_key=key.node_key)
    save_row(key, Twin("key_once_in_node", same_key, _("The node has this key already.")))


@transaction.atomic
def add_node_behind(key: IvrKeyPress, node: IvrNode) -> None:
    """Create a node together with the key that leads to it, or that shall lead to it from now on.

    Raises what `add_node` and `save_key` raise; then neither is stored.
    """
    add_node(node)
    key.action, key.next_node = KeyAction.NODE, node
    save_key(key)


@transaction.atomic
def set_root(node: IvrNode) -> None:
    """Let calls start at this node. Idempotent."""
    tree = IvrTree.objects.select_for_update().get(pk=node.tree_id)
    if tree.root_node_id != node.pk:
        tree.root_node = node
        tree.save(update_fields=["root_node", "updated_at"])


@transaction.atomic
def delete_node(node: IvrNode, *, with_keys: Collection[str] = ()) -> None:
    """Delete a node with its own keys, and with those keys of other nodes whose `public_id` is in `with_keys`.

    Raises InUse when further keys lead to it, or when it is the root of a tree that answers a number.
    """
    tree = IvrTree.objects.select_for_update().get(pk=node.tree_id)
    if tree.root_node_id == node.pk and (numbers := list(tree.numbers.all())):
        raise in_use(node, numbers)
    # Keys of its own may lead back to it; those go with it.
    node.reached_by.filter(Q(node=node) | Q(public_id__in=with_keys)).delete()
    delete_or_refuse(node)


def delete_key(key: IvrKeyPress) -> None:
    """Delete a key of a node. What it led to stays, and may then be out of reach."""
    key.delete()


@transaction.atomic
def duplicate_tree(tree: IvrTree, name: str) -> IvrTree:
    """Copy a tree with its nodes and keys; keys lead to the copies of the nodes that they led to.

    No number enters the copy. Cost: one insert for every node and key, each by itself so that the history has it.
    """
    copy = IvrTree(project_id=tree.project_id, tree_name=name)
    save_row(copy)
    nodes = {node.pk: node for node in tree.nodes.order_by("pk")}
    for node in nodes.values():
        _make_new(node)
        node.tree = copy
        save_row(node)
    for key in tree.keys.select_related("node").order_by("pk"):
        _make_new(key)
        key.node = nodes[key.node_id]
        key.next_node = nodes.get(key.next_node_id) if key.next_node_id else None
        save_row(key)
    if tree.root_node_id:
        copy.root_node = nodes.get(tree.root_node_id)
        copy.save(update_fields=["root_node", "updated_at"])
    return copy


def _make_new(row: IvrNode | IvrKeyPress) -> None:
    """Turn a loaded row into an unsaved one with the same values."""
    row.pk, row.public_id, row._state.adding = None, "", True
