"""Where everything goes in the picture of a tree.

Columns from left to right: the root, then what one key leads to, then two. A node is one card with a row for every key.
It is drawn once, where the fewest keys lead to it, and joined to that key by a line; every other key that leads to it
names it in its row. So lines never touch, and sixty nodes read like three. Lengths are in pixels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ivr.domain.paths import Step, apart_from, leads_out, walk_from_entries
from ivr.domain.tree import Action, KeyPress, Node, NodeId, Tree, in_key_order

CARD_WIDTH = 250
HEAD_HEIGHT = 86  # the name and two lines of the announcement
ROW_HEIGHT = 30
FOOT_HEIGHT = 8
TITLE_MIDDLE = 22  # where a line enters a card
GAP_X = 52
TURN_FIRST, TURN_LAST = 8, 34  # within the gap, the strip in which lines turn: clear of the card and of the arrival
GAP_Y = 24
MARGIN = 12
START_WIDTH = 48  # left of the root: where calls come in
CAPTION_HEIGHT = 40  # above the nodes that callers cannot reach


class Leads(StrEnum):
    """What a key's row shows."""

    ON = "on"  # by a line, to the card of a node
    BACK = "back"  # to a node whose card is joined to another key
    OUT = "out"  # of the menu, or an SMS
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Row:
    """A key in a card; `middle` is the height of its centre in the picture."""

    key: KeyPress
    leads: Leads
    middle: int


@dataclass(frozen=True, slots=True)
class Card:
    """A node, by its top left corner."""

    node: Node
    left: int
    top: int
    height: int
    is_root: bool
    is_apart: bool
    rows: tuple[Row, ...]

    @property
    def bottom(self) -> int:
        return self.top + self.height


@dataclass(frozen=True, slots=True)
class Line:
    """From a key's row level to `turn_x`, up or down, and level to the card that it leads to."""

    key: str
    from_x: int
    from_y: int
    turn_x: int
    to_x: int
    to_y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole picture. `apart_top`: where the nodes begin that callers cannot reach, None when there are none."""

    width: int
    height: int
    cards: tuple[Card, ...]
    lines: tuple[Line, ...]
    apart_top: int | None


def draw(tree: Tree) -> Drawing:
    """Lay out a tree; the nodes that callers cannot reach come below, apart.

    Cost: linear in nodes and keys; no recursion, so that a long chain of nodes is drawn as well.
    """
    met = walk_from_entries(tree)
    apart = apart_from(tree, met)
    steps = {**met, **apart}
    nodes = tree.by_id
    heights = _block_heights(nodes, steps)
    first_left = MARGIN + (START_WIDTH if met else 0)
    places = _places(steps, heights, len(met), first_left)
    cards = tuple(
        _card(nodes[node], places[node], steps, is_root=node == tree.root, is_apart=node in apart) for node in steps
    )
    apart_top = min((card.top for card in cards if card.is_apart), default=None)
    return Drawing(
        width=max((card.left + CARD_WIDTH for card in cards), default=0) + MARGIN,
        height=max((card.bottom for card in cards), default=0) + MARGIN,
        cards=cards,
        lines=tuple(_lines(cards)),
        apart_top=None if apart_top is None else apart_top - CAPTION_HEIGHT,
    )


def _card_height(node: Node) -> int:
    return HEAD_HEIGHT + ROW_HEIGHT * len(node.keys) + (FOOT_HEIGHT if node.keys else 0)


def _block_heights(nodes: Mapping[NodeId, Node], steps: Mapping[NodeId, Step]) -> dict[NodeId, int]:
    """The height of every node with all that is drawn to its right. In `steps` a node comes after its parent."""
    of_children: dict[NodeId, int] = defaultdict(int)
    heights: dict[NodeId, int] = {}
    for node in reversed(list(steps)):
        heights[node] = max(_card_height(nodes[node]), of_children[node] - GAP_Y)
        if (parent := steps[node].came_from) is not None:
            of_children[parent] += heights[node] + GAP_Y
    return heights


def _places(
    steps: Mapping[NodeId, Step], heights: Mapping[NodeId, int], reached: int, first_left: int
) -> dict[NodeId, tuple[int, int]]:
    """The top left corner of every card. The first `reached` nodes of `steps` are those that callers can reach."""
    places: dict[NodeId, tuple[int, int]] = {}
    next_top: dict[NodeId | None, int] = {None: MARGIN}
    for node, step in steps.items():
        if len(places) == reached:  # the first node that callers cannot reach
            next_top[None] += CAPTION_HEIGHT
        left = first_left if step.came_from is None else places[step.came_from][0] + CARD_WIDTH + GAP_X
        top = next_top[step.came_from]
        places[node] = (left, top)
        next_top[step.came_from] = top + heights[node] + GAP_Y
        next_top[node] = top
    return places


def _card(node: Node, place: tuple[int, int], steps: Mapping[NodeId, Step], *, is_root: bool, is_apart: bool) -> Card:
    left, top = place
    rows = tuple(
        Row(key, _leads(node.id, key, steps), top + HEAD_HEIGHT + ROW_HEIGHT * number + ROW_HEIGHT // 2)
        for number, key in enumerate(in_key_order(node.keys))
    )
    return Card(node, left, top, _card_height(node), is_root, is_apart, rows)


def _leads(node: NodeId, key: KeyPress, steps: Mapping[NodeId, Step]) -> Leads:
    if key.action is not Action.NODE:
        return Leads.OUT if leads_out(key) else Leads.NOWHERE
    step = steps.get(key.next_node) if key.next_node is not None else None
    if step is None:
        return Leads.NOWHERE
    return Leads.ON if (step.came_from, step.by_key) == (node, key.key) else Leads.BACK


def _lines(cards: Collection[Card]) -> Iterator[Line]:
    """The lines of a card turn one before the other, the lowest first, so that they cannot cross."""
    ends = {card.node.id: (card.left, card.top + TITLE_MIDDLE) for card in cards}
    for card in cards:
        rows = [row for row in card.rows if row.leads is Leads.ON]
        right = card.left + CARD_WIDTH
        for place, row in enumerate(reversed(rows)):
            turn = right + TURN_FIRST + (TURN_LAST - TURN_FIRST) * (place + 1) // (len(rows) + 1)
            if row.key.next_node is not None:
                yield Line(row.key.key, right, row.middle, turn, *ends[row.key.next_node])
