"""Writes on IVR trees."""

from __future__ import annotations

from django.db import transaction

from common.deletion import delete_or_refuse, in_use
from ivr.models import IvrNode, IvrTree


@transaction.atomic
def add_node(node: IvrNode) -> bool:
    """Save a new node; the first node of a tree becomes its root. Returns whether it is the root.

    Locks: the tree's row, so that two first nodes cannot both become the root.
    """
    tree = IvrTree.objects.select_for_update().get(pk=node.tree_id)
    node.project_id = tree.project_id
    node.save()
    if tree.root_node_id is None:
        tree.root_node = node
        tree.save(update_fields=["root_node", "updated_at"])
    return tree.root_node_id == node.pk


@transaction.atomic
def delete_node(node: IvrNode) -> None:
    """Delete a node with its keys.

    Raises InUse when keys of other nodes lead to it, or when it is the root of a tree that answers a number.
    """
    tree = IvrTree.objects.select_for_update().get(pk=node.tree_id)
    if tree.root_node_id == node.pk and (numbers := list(tree.numbers.all())):
        raise in_use(node, numbers)
    # Keys of its own may lead back to it; those go with it.
    node.keys.filter(next_node=node).delete()
    delete_or_refuse(node)
