"""The way of one call so far, for the page of the telephone that it was made with.

Shape: steps are {"kind", "name", "detail"?, "pressed"?, "keys"?}; kind: call, called, node, queue, ring, talk, message,
number, program, end. `lit` are ids in the picture of the tree, `now` the one of the node that is heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.db.models import Q

from callflow.domain.dialling import TELEPHONE
from callflow.pages.words import cause_text, outcome_text, party_text
from calls.domain import CallState, Direction, LegRole, LegState
from calls.models import Call, Leg
from ivr.domain.findings import Place
from ivr.domain.tree import Action, KeyPress, Node, NodeId, Tree, in_key_order
from ivr.models import IvrTree, KeyAction
from ivr.selectors import menu_of
from ivr.words import place_id
from queues.models import Queue, QueueEntry

Step = dict[str, Any]
NO_PATH: dict[str, Any] = {"steps": [], "lit": [], "now": "", "over": False}


def path_of(call: Call, *, names_people: bool) -> dict[str, Any]:
    """Everything that the page draws. `names_people`: agents by their names, not for strangers.

    Cost: five queries, and one more while a key of the present node leads to a queue.
    """
    walk = _Walk(call)
    steps = [
        _first_step(call),
        *walk.menu_steps(),
        *_queue_steps(call),
        *_party_steps(call, names_people=names_people),
        *_last_step(call),
    ]
    return {"steps": steps, "lit": walk.lit, "now": walk.now, "over": call.state == CallState.ENDED}


def _first_step(call: Call) -> Step:
    if call.direction == Direction.INBOUND:
        return {"kind": "call", "name": party_text(call.to_number)}
    return {"kind": "called", "name": party_text(call.from_number)}


class _Walk:
    """The call's way through its tree, by the names of nodes and keys that its position keeps."""

    def __init__(self, call: Call) -> None:
        menu = call.flow.get("menu") or {}
        self.project_id = call.project_id
        self.is_in_menu = call.state == CallState.IVR
        self.path: list[tuple[str, str]] = [(name, key) for name, key, *_moment in menu.get("path", ())]
        self.node_id = menu.get("node")
        self.tree = _tree_of(call)
        self.lit: list[str] = []
        self.now = ""

    def menu_steps(self) -> Iterator[Step]:
        node = self._node(self.tree.root) if self.tree is not None else None
        for name, key in self.path:
            node = node if node is not None and node.name == name else self._named(name)
            self._light(node, key)
            yield {"kind": "node", "name": name, "pressed": key}
            node = self._next(node, key)
        current = self._node(self.node_id) if self.is_in_menu else None
        if current is not None:
            self.now = place_id(Place(node=current.id))
            self.lit.append(self.now)
            yield {"kind": "node", "name": current.name, "keys": list(self._choices(current))}

    def _light(self, node: Node | None, key: str) -> None:
        if node is not None:
            self.lit += [place_id(Place(node=node.id)), place_id(Place(node=node.id, key=key))]

    def _node(self, node_id: str | None) -> Node | None:
        return self.tree.by_id.get(NodeId(node_id)) if self.tree is not None and node_id else None

    def _named(self, name: str) -> Node | None:
        nodes = self.tree.nodes if self.tree is not None else ()
        return next((node for node in nodes if node.name == name), None)

    def _next(self, node: Node | None, key: str) -> Node | None:
        branch = next((each for each in node.keys if each.key == key), None) if node is not None else None
        return self._node(branch.next_node) if branch is not None and branch.action is Action.NODE else node

    def _choices(self, node: Node) -> Iterator[dict[str, str]]:
        for branch in in_key_order(node.keys):
            yield {"key": branch.key, "leads": self._leads(branch)}

    def _leads(self, branch: KeyPress) -> str:
        """The next node or queue by its name, anything else by the kind of what happens."""
        node = self._node(branch.next_node) if branch.action is Action.NODE else None
        if node is not None:
            return node.name
        queue = self.queues.get(branch.queue) if branch.action is Action.QUEUE and branch.queue else None
        return queue or str(KeyAction(branch.action).label)

    @cached_property
    def queues(self) -> dict[str, str]:
        """The project's queues: names by the ids that keys know them by."""
        return dict(Queue.objects.filter(project=self.project_id).values_list("public_id", "name"))


def _tree_of(call: Call) -> Tree | None:
    public_id = call.flow.get("tree")
    row = IvrTree.objects.filter(project=call.project_id, public_id=public_id).first() if public_id else None
    return menu_of(row) if row is not None else None


def _queue_steps(call: Call) -> Iterator[Step]:
    for name in QueueEntry.objects.filter(call=call).order_by("pk").values_list("queue__name", flat=True):
        yield {"kind": "queue", "name": name}


def _party_steps(call: Call, *, names_people: bool) -> Iterator[Step]:
    """Whom the telephone could talk with: every leg but its own, the last one as it is now. Supervisors stay unseen."""
    own = Q(number=call.customer_number) | Q(endpoint=f"{TELEPHONE}{call.customer_number}")
    legs = Leg.objects.filter(call=call).exclude(role=LegRole.SUPERVISOR).exclude(own)
    for leg in legs.select_related("agent").order_by("pk"):
        if leg.answered_at is not None:
            yield {"kind": "talk", "name": _party_name(leg, names_people)}
        elif leg.state != LegState.ENDED and leg.role != LegRole.CALLER:
            kind = "ring" if leg.role == LegRole.AGENT else "number"
            yield {"kind": kind, "name": _party_name(leg, names_people)}


def _party_name(leg: Leg, names_people: bool) -> str:
    if leg.agent is not None:
        return leg.agent.name if names_people else ""
    return party_text(leg.number)


def _last_step(call: Call) -> Iterator[Step]:
    match call.state:
        case CallState.VOICEMAIL:
            yield {"kind": "message", "name": ""}
        case CallState.PROGRAM | CallState.AUTHORISING:
            yield {"kind": "program", "name": ""}
        case CallState.ENDED:
            yield {"kind": "end", "name": outcome_text(call), "detail": cause_text(call.cause)}
