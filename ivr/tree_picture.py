"""The picture of a tree as SVG: the layout of `ivr.domain.layout` in words, signs and colours.

The picture is one image to a screen reader; the outline beside it says the same in text. Colours and fonts are in
`static/ivr/tree.css`, so that light and dark need no second picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ivr.domain import layout
from ivr.domain.findings import Place, Severity
from ivr.domain.tree import DIALLED_KEYS, EMPTY_KEY, INVALID_KEY, Action
from ivr.fitting import shortened, visible, wrapped
from ivr.selectors import LintedTree
from ivr.words import Told, Words, key_name, place_id, short_key_name

# The width of a usual small letter in the font sizes of `tree.css`, in px, measured with Inter.
NAME_LETTER, SAID_LETTER, TARGET_LETTER = 7.9, 6.8, 7.1
SIGN_WIDTH, WORD_WIDTH = 24, 80  # px: the box of a key, and of "no key" and "other key"
BOX_LEFT = 14
MARK_LEFT = layout.CARD_WIDTH - 30
SPACE = 6  # px: between a text and what stands right of it
CORNER = 8  # px: the radius of a line's turns

_ICONS = {
    Action.QUEUE: "queue",
    Action.FORWARD: "forward",
    Action.VOICEMAIL: "voicemail",
    Action.SMS: "sms",
    Action.HANG_UP: "hang-up",
}


_SIGNS = {EMPTY_KEY: "…", INVALID_KEY: "?"}  # where there is room for one letter


@dataclass(frozen=True)
class Mark:
    """The worst finding of a place, and all of them in words."""

    severity: Severity
    text: str


@dataclass(frozen=True)
class PictureRow:
    """A key in a card. `middle` counts from the top of the card."""

    id: str
    middle: int
    key: str
    key_name: str
    box_width: int
    icon: str
    short_target: str
    full_target: str
    leads: layout.Leads
    mark: Mark | None

    @property
    def target(self) -> str:
        """Where the key leads, as far as it fits before the mark."""
        right = MARK_LEFT if self.mark else layout.CARD_WIDTH
        return shortened(self.short_target, (right - SPACE - self.target_left) / TARGET_LETTER)

    @property
    def box_middle(self) -> int:
        return BOX_LEFT + self.box_width // 2

    @property
    def icon_left(self) -> int:
        return BOX_LEFT + self.box_width + 8

    @property
    def target_left(self) -> int:
        return self.icon_left + 22


@dataclass(frozen=True)
class PictureCard:
    """A node."""

    id: str
    place: layout.Card
    name: str
    full_name: str
    said: Sequence[str]
    full_said: str
    rows: Sequence[PictureRow]
    mark: Mark | None
    width: int = layout.CARD_WIDTH
    mark_left: int = MARK_LEFT


@dataclass(frozen=True)
class PictureLine:
    """A way from a key to its node; the key is shown again where it arrives, which may be far away."""

    path: str
    sign: str
    key_name: str
    x: int
    y: int


@dataclass(frozen=True)
class Picture:
    """Everything that the template draws."""

    title: str
    description: str
    drawing: layout.Drawing
    cards: Sequence[PictureCard]
    lines: Sequence[PictureLine]
    start: layout.Card | None


def picture_of(linted: LintedTree) -> Picture:
    """The picture of a tree, with its findings marked. Cost: linear in nodes, keys and texts; no query."""
    drawing = layout.draw(linted.tree)
    words = Words(linted.tree, linted.queues)
    marks = _marks([words.told(finding) for finding in linted.findings])
    return Picture(
        title=_("Picture of the IVR tree %(name)s") % {"name": visible(linted.tree.name)},
        description=_describe(drawing),
        drawing=drawing,
        cards=[_card(card, words, marks) for card in drawing.cards],
        lines=[_line(line) for line in drawing.lines],
        start=next((card for card in drawing.cards if card.is_root), None),
    )


def _describe(drawing: layout.Drawing) -> str:
    keys = sum(len(card.rows) for card in drawing.cards)
    nodes = ngettext("%(count)s node", "%(count)s nodes", len(drawing.cards)) % {"count": len(drawing.cards)}
    branches = ngettext("%(count)s key", "%(count)s keys", keys) % {"count": keys}
    return _("%(nodes)s and %(keys)s. The outline on this page says the same in text.") % {
        "nodes": nodes,
        "keys": branches,
    }


def _marks(told: Sequence[Told]) -> dict[Place, Mark]:
    by_place: dict[Place, list[Told]] = defaultdict(list)
    for each in told:
        by_place[each.finding.place].append(each)
    # Findings come by severity, so the first of a place is its worst.
    return {
        place: Mark(found[0].severity, "\n".join(visible(each.text) for each in found))
        for place, found in by_place.items()
    }


def _card(card: layout.Card, words: Words, marks: dict[Place, Mark]) -> PictureCard:
    said = words.announcement(card.node.announcement)
    place = Place(card.node.id)
    return PictureCard(
        id=place_id(place),
        place=card,
        name=shortened(card.node.name, (MARK_LEFT - BOX_LEFT - SPACE) / NAME_LETTER),
        full_name=visible(card.node.name),
        said=wrapped(said, (layout.CARD_WIDTH - 2 * BOX_LEFT) / SAID_LETTER, 2),
        full_said=visible(said),
        rows=[_row(row, card, words, marks) for row in card.rows],
        mark=marks.get(place),
    )


def _row(row: layout.Row, card: layout.Card, words: Words, marks: dict[Place, Mark]) -> PictureRow:
    key = row.key
    place = Place(card.node.id, key.key)
    is_sign = key.key in DIALLED_KEYS
    return PictureRow(
        id=place_id(place),
        middle=row.middle - card.top,
        key=key.key if is_sign else short_key_name(key.key),
        key_name=key_name(key.key),
        box_width=SIGN_WIDTH if is_sign else WORD_WIDTH,
        icon=_icon(row),
        short_target=words.short_target(key),
        full_target=visible(words.target(key)),
        leads=row.leads,
        mark=marks.get(place),
    )


def _icon(row: layout.Row) -> str:
    if row.leads is layout.Leads.NOWHERE:
        return "nowhere"
    return _ICONS.get(row.key.action, row.leads.value)


def _line(line: layout.Line) -> PictureLine:
    """A line with round corners; straight when it arrives at the height at which it leaves."""
    corner = min(CORNER, abs(line.to_y - line.from_y) // 2)
    down = corner if line.to_y > line.from_y else -corner
    path = (
        f"M{line.from_x} {line.from_y}H{line.turn_x - corner}"
        f"Q{line.turn_x} {line.from_y} {line.turn_x} {line.from_y + down}"
        f"V{line.to_y - down}"
        f"Q{line.turn_x} {line.to_y} {line.turn_x + corner} {line.to_y}H{line.to_x}"
    )
    return PictureLine(path, _SIGNS.get(line.key, line.key), key_name(line.key), line.to_x, line.to_y)
