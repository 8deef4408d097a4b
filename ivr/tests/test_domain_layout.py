"""The picture's geometry: complete, and without overlaps."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given

from ivr.domain.layout import (
    CAPTION_HEIGHT,
    CARD_WIDTH,
    GAP_X,
    GAP_Y,
    HEAD_HEIGHT,
    MARGIN,
    ROW_HEIGHT,
    START_WIDTH,
    TITLE_MIDDLE,
    Leads,
    Line,
    draw,
)
from ivr.domain.paths import walk_from_entries
from ivr.domain.tree import EMPTY_KEY, Action
from ivr.tests.trees import any_trees, hang_up, node, to_node, to_queue, tree


def rows(drawing, name):
    card = next(card for card in drawing.cards if card.node.id == name)
    return [(row.key.key, row.leads) for row in card.rows]


def test_a_key_leads_on_back_out_or_nowhere():
    drawing = draw(
        tree(
            node("A", to_node("1", "B"), to_node("2", "B"), to_queue("3"), to_queue("4", None), to_node("5", None)),
            node("B", to_node("0", "A"), hang_up(EMPTY_KEY), to_node("9", "ELSEWHERE")),
        )
    )
    assert rows(drawing, "A") == [
        ("1", Leads.ON),
        ("2", Leads.BACK),
        ("3", Leads.OUT),
        ("4", Leads.NOWHERE),
        ("5", Leads.NOWHERE),
    ]
    assert rows(drawing, "B") == [("9", Leads.NOWHERE), ("0", Leads.BACK), (EMPTY_KEY, Leads.OUT)]


def test_the_root_is_at_the_top_left_and_what_a_key_leads_to_is_one_column_on():
    drawing = draw(tree(node("A", to_node("1", "B"), to_node("2", "C")), node("B"), node("C")))
    left, column = MARGIN + START_WIDTH, CARD_WIDTH + GAP_X
    assert [(card.node.id, card.left, card.top, card.is_root) for card in drawing.cards] == [
        ("A", left, MARGIN, True),
        ("B", left + column, MARGIN, False),
        ("C", left + column, MARGIN + HEAD_HEIGHT + GAP_Y, False),
    ]
    row_middle = MARGIN + HEAD_HEIGHT + ROW_HEIGHT // 2
    right, arrival = left + CARD_WIDTH, MARGIN + TITLE_MIDDLE
    assert drawing.lines == (
        Line("2", right, row_middle + ROW_HEIGHT, right + 16, left + column, arrival + HEAD_HEIGHT + GAP_Y),
        Line("1", right, row_middle, right + 25, left + column, arrival),
    )
    assert drawing.width == left + column + CARD_WIDTH + MARGIN
    assert drawing.apart_top is None


def test_what_callers_cannot_reach_is_drawn_below_under_a_caption():
    drawing = draw(tree(node("A"), node("B", to_node("1", "A"))))
    a, b = drawing.cards
    assert (a.is_apart, b.is_apart) == (False, True)
    assert drawing.apart_top == a.bottom + GAP_Y
    assert b.top == drawing.apart_top + CAPTION_HEIGHT
    assert rows(drawing, "B") == [("1", Leads.BACK)]


def test_a_tree_without_nodes_is_an_empty_picture():
    assert draw(tree()).cards == ()


def test_a_chain_of_thousands_of_nodes_can_be_drawn():
    chain = [node(f"NO{number}", to_node(EMPTY_KEY, f"NO{number + 1}")) for number in range(3000)]
    assert len(draw(tree(*chain)).lines) == 2999


@given(any_trees())
def test_every_node_is_drawn_once_with_all_its_keys(checked):
    drawing = draw(checked)
    assert sorted(card.node.id for card in drawing.cards) == sorted(each.id for each in checked.nodes)
    for card in drawing.cards:
        assert {row.key for row in card.rows} == set(card.node.keys)
        assert card.is_apart == (card.node.id not in walk_from_entries(checked))


@given(any_trees())
def test_cards_never_overlap_and_stay_in_the_picture(checked):
    drawing = draw(checked)
    for one, other in combinations(drawing.cards, 2):
        beside = abs(one.left - other.left) >= CARD_WIDTH + GAP_X
        assert beside or one.bottom + GAP_Y <= other.top or other.bottom + GAP_Y <= one.top
    for card in drawing.cards:
        assert card.left >= MARGIN
        assert card.top >= MARGIN
        assert card.left + CARD_WIDTH + MARGIN <= drawing.width
        assert card.bottom + MARGIN <= drawing.height


@given(any_trees())
def test_every_node_but_the_first_ones_is_joined_by_exactly_one_line(checked):
    drawing = draw(checked)
    ends = [(line.to_x, line.to_y) for line in drawing.lines]
    assert len(set(ends)) == len(ends)
    assert set(ends) <= {(card.left, card.top + TITLE_MIDDLE) for card in drawing.cards}
    on = [row for card in drawing.cards for row in card.rows if row.leads is Leads.ON]
    assert len(on) == len(ends)
    assert all(row.key.action is Action.NODE for row in on)


def parts(line):
    """The three straight parts of a line, as boxes."""
    low, high = sorted((line.from_y, line.to_y))
    return (
        (line.from_x, line.turn_x, line.from_y, line.from_y),
        (line.turn_x, line.turn_x, low, high),
        (line.turn_x, line.to_x, line.to_y, line.to_y),
    )


def meet(one, other):
    return one[0] <= other[1] and other[0] <= one[1] and one[2] <= other[3] and other[2] <= one[3]


@given(any_trees())
def test_no_two_lines_touch_and_none_runs_through_a_card(checked):
    drawing = draw(checked)
    for one, other in combinations(drawing.lines, 2):
        assert not any(meet(first, second) for first in parts(one) for second in parts(other))
    for line in drawing.lines:
        for card in drawing.cards:
            inside = (card.left + 1, card.left + CARD_WIDTH - 1, card.top + 1, card.bottom - 1)
            assert not any(meet(part, inside) for part in parts(line))
