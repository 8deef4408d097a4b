"""Numbers and menus of a scenario file."""

from __future__ import annotations

from collections.abc import Collection

from callflow.simulation.scenario import NumberPlan
from ivr.domain.tree import KEY_ORDER, Action, KeyPress, Node, NodeId, Phone, QueueId, Talk, Tree
from pcc_console.portable.places import Place
from pcc_console.scenario_file.fields import get, need
from pcc_console.scenario_file.names import Names
from pcc_console.scenario_file.values import any_text, one_of, phone_digits, whole_number, yes_or_no


def number_plan(names: Names, place: Place) -> NumberPlan:
    place.table({"number", "queue", "menu"})
    plan = NumberPlan(
        need(place, "number", phone_digits, ""),
        names.target(place, "queue", names.queues, "queue"),
        names.target(place, "menu", names.menus, "menu"),
    )
    if (place.something_at("queue") is None) == (place.something_at("menu") is None):
        place.refuse("needs either `queue` or `menu`")
    if plan.number in names.numbers:
        place.refuse(f"the number {plan.number} stands in the file twice")
    names.numbers[plan.number] = None
    return plan


def menu_tree(names: Names, place: Place) -> Tree:
    place.table({"name", "nodes"})
    name = need(place, "name", any_text, "")
    places = place.items_at("nodes")
    known = [need(inner, "name", any_text, "") for inner in places]
    if not known:
        place.refuse("needs `nodes`")
    nodes = tuple(_node(names, inner, known) for inner in places)
    return Tree(name, name, nodes[0].id if nodes else None, nodes)


def _node(names: Names, place: Place, nodes: Collection[str]) -> Node:
    place.table({"name", "text", "barge_in", "loop_count", "keypress_timeout", "keys"})
    name = get(place, "name", any_text, "")
    keys = place.something_at("keys")
    return Node(
        id=NodeId(name),
        name=name,
        announcement=Talk(get(place, "text", any_text, "")),
        keys=tuple(_key(names, inner, key, nodes) for key, inner in keys.entries()) if keys is not None else (),
        barge_in=get(place, "barge_in", yes_or_no, usual=True),
        loop_count=get(place, "loop_count", whole_number(1, 10), 1),
        keypress_timeout=get(place, "keypress_timeout", whole_number(0, 60), 5),
    )


def _key(names: Names, place: Place, key: str, nodes: Collection[str]) -> KeyPress:
    """`voicemail`, `hang_up`, `{queue: …}`, `{node: …}` or `{forward: number}`."""
    if key not in KEY_ORDER:
        place.refuse(f"is no key; the keys are {' '.join(KEY_ORDER)}")
    if not place.is_table:
        word = place.read(one_of(("voicemail", "hang_up")))
        return KeyPress(key, Action.VOICEMAIL if word == "voicemail" else Action.HANG_UP)
    place.table({"queue", "node", "forward"})
    if place.something_at("queue") is not None:
        return KeyPress(key, Action.QUEUE, queue=QueueId(names.target(place, "queue", names.queues, "queue")))
    if place.something_at("node") is not None:
        return KeyPress(key, Action.NODE, next_node=NodeId(names.target(place, "node", nodes, "node")))
    number = need(place, "forward", phone_digits, "")
    return KeyPress(key, Action.FORWARD, destination=Phone(number, number))
