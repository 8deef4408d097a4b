"""The ways through a tree: which nodes callers meet, in which order, and where they can only go round."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ivr.domain.tree import Action, KeyPress, Node, NodeId, Tree, in_key_order


@dataclass(frozen=True, slots=True)
class Step:
    """How a walk first came to a node: from which node by which key; both None where it started."""

    node: NodeId
    came_from: NodeId | None = None
    by_key: str | None = None


def walk(tree: Tree, starts: Iterable[NodeId]) -> dict[NodeId, Step]:
    """The nodes that can be reached from `starts`, each with the shortest way to it from the first start that does.

    Order: start by start; then by the number of keys pressed; then in the order of the keys. It is the same however
    nodes and keys are stored. Cost: linear in nodes and keys.
    """
    nodes = tree.by_id
    found: dict[NodeId, Step] = {}
    for start in starts:
        ahead = deque([Step(start)] if start in nodes else [])
        while ahead:
            step = ahead.popleft()
            if step.node not in found:
                found[step.node] = step
                ahead.extend(Step(target, step.node, key) for key, target in _targets(nodes, step.node))
    return found


def walk_from_entries(tree: Tree) -> dict[NodeId, Step]:
    """The nodes that callers can meet, from the root and from where queues send them; empty when there is neither."""
    return walk(tree, [*([] if tree.root is None else [tree.root]), *tree.entered])


def apart_from(tree: Tree, met: Mapping[NodeId, Step]) -> dict[NodeId, Step]:
    """The other nodes, walked in their turn: first from those that no key leads to, then from the rest by id."""
    others = sorted(node.id for node in tree.nodes if node.id not in met)
    led_to = {key.next_node for node in tree.nodes for key in node.keys if key.action is Action.NODE}
    beginnings = [node for node in others if node not in led_to]
    walked = walk(tree, [*beginnings, *others])
    return {node: step for node, step in walked.items() if node not in met}


def leads_out(key: KeyPress) -> bool:
    """Whether a key takes the caller out of the menu. One without its target takes him nowhere."""
    match key.action:
        case Action.NODE:
            return False
        case Action.QUEUE:
            return key.queue is not None
        case Action.FORWARD:
            return bool(key.destination.given)
        case _:
            return True


def loops_without_exit(tree: Tree, met: Iterable[NodeId]) -> list[tuple[NodeId, ...]]:
    """Sets of nodes in which every key leads to another node of the set, so that a caller can only go round.

    Order: members and sets in the order of `met`. Cost: linear in nodes and keys.
    """
    nodes = tree.by_id
    order = {node: place for place, node in enumerate(met)}
    loops = [
        tuple(sorted(members, key=order.__getitem__))
        for members in _connected_sets(nodes, order)
        if _only_goes_round(nodes, members)
    ]
    return sorted(loops, key=lambda members: order[members[0]])


def _targets(nodes: Mapping[NodeId, Node], node: NodeId) -> Iterator[tuple[str, NodeId]]:
    """The keys of a node that lead to nodes of its tree."""
    for key in in_key_order(nodes[node].keys):
        if key.action is Action.NODE and key.next_node is not None and key.next_node in nodes:
            yield key.key, key.next_node


def _only_goes_round(nodes: Mapping[NodeId, Node], members: frozenset[NodeId]) -> bool:
    targets = [target for member in members for _, target in _targets(nodes, member)]
    stays = bool(targets) and members.issuperset(targets)
    return stays and not any(leads_out(key) for member in members for key in nodes[member].keys)


def _connected_sets(nodes: Mapping[NodeId, Node], met: Iterable[NodeId]) -> Iterator[frozenset[NodeId]]:
    """Sets of nodes that can all reach each other.

    Source: R. Tarjan, "Depth-first search and linear graph algorithms", 1972; without recursion, because a tree may
    be a chain of thousands of nodes.
    """
    number: dict[NodeId, int] = {}
    low: dict[NodeId, int] = {}
    open_nodes: list[NodeId] = []
    is_open: set[NodeId] = set()
    for start in met:
        if start in number:
            continue
        path = [(start, _targets(nodes, start))]
        number[start] = low[start] = len(number)
        open_nodes.append(start)
        is_open.add(start)
        while path:
            node, targets = path[-1]
            for _, target in targets:
                if target not in number:
                    number[target] = low[target] = len(number)
                    open_nodes.append(target)
                    is_open.add(target)
                    path.append((target, _targets(nodes, target)))
                    break
                if target in is_open:
                    low[node] = min(low[node], number[target])
            else:
                path.pop()
                if path:
                    parent = path[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == number[node]:
                    members = _pop_until(open_nodes, node)
                    is_open -= members
                    yield members


def _pop_until(stack: list[NodeId], last: NodeId) -> frozenset[NodeId]:
    members = {stack.pop()}
    while last not in members:
        members.add(stack.pop())
    return frozenset(members)
