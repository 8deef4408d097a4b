"""The picture of a tree: complete, marked, escaped, and one image to a screen reader."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.linter import lint
from ivr.domain.tree import EMPTY_KEY, INVALID_KEY, Action, KeyPress, Node, NodeId, Talk, Tree
from ivr.models import IvrTree
from ivr.selectors import LintedTree
from ivr.tests.trees import OURS, QUEUES, UNSERVED, any_trees, forward, hang_up, node, to_node, to_queue, tree
from ivr.tree_picture import picture_of

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "]]>",
    "<!--",
    "{{ 7|add:1 }}{% now 'Y' %}",
    "&lt;b&gt; &amp; ' \" `",
]


def drawn(checked: Tree) -> str:
    """The SVG of a tree."""
    linted = LintedTree(IvrTree(), checked, QUEUES, lint(checked, QUEUES, OURS), {}, {})
    return render_to_string("ivr/picture.html", {"picture": picture_of(linted)})


def parsed(checked: Tree) -> ET.Element:
    return ET.fromstring(drawn(checked))


def texts(picture: ET.Element, kind: str) -> list[str | None]:
    return [each.text for each in picture.iter(f"{SVG}text") if kind in each.get("class", "").split()]


def test_every_kind_of_key_is_drawn_with_what_it_leads_to():
    picture = parsed(
        tree(
            node(
                "Welcome",
                to_node("1", "Menu"),
                to_queue("2"),
                forward("3"),
                KeyPress("4", Action.VOICEMAIL),
                KeyPress("5", Action.SMS, sms="Our address"),
                to_node("6", None),
                to_queue("7", None),
                to_node(EMPTY_KEY, "Welcome"),
                hang_up(INVALID_KEY),
            ),
            node("Menu", to_node("*", "Welcome")),
        )
    )
    assert list(zip(texts(picture, "ivr-key"), texts(picture, "ivr-target"), strict=True)) == [
        ("1", "Menu"),
        ("2", "Support"),
        ("3", "84909982888"),
        ("4", "Voicemail"),
        ("5", "Our address"),
        ("6", "Next node: none chosen"),
        ("7", "Queue: none chosen"),
        ("No key", "Welcome"),
        ("Other key", "End call"),
        ("*", "Welcome"),
    ]
    titles = [each.text for each in picture.iter(f"{SVG}title")]
    assert "key 2: Queue: Support" in titles
    assert "key 3: Forward to 84909982888" in titles
    leads = [each.get("class") for each in picture.iter(f"{SVG}g") if "ivr-row" in each.get("class", "")]
    assert [name.rsplit("-", 1)[1] for name in leads if name] == [
        "on",
        "out",
        "out",
        "out",
        "out",
        "nowhere",
        "nowhere",
        "back",
        "out",
        "back",
    ]


def test_the_root_is_marked_and_unreachable_nodes_stand_apart():
    picture = parsed(tree(node("A", hang_up(EMPTY_KEY)), node("B", hang_up(EMPTY_KEY))))
    cards = [each for each in picture.iter(f"{SVG}svg") if "ivr-card" in each.get("class", "")]
    assert [each.get("class") for each in cards] == ["ivr-card is-root", "ivr-card is-apart has-warning"]
    assert texts(picture, "ivr-caption") == ["Callers never reach these nodes"]
    assert "Calls start here" in drawn(tree(node("A")))


def test_a_tree_without_a_root_has_no_start():
    picture = drawn(Tree("TR1", "Welcome", None, (node("A", hang_up(EMPTY_KEY)),)))
    assert "Calls start here" not in picture
    assert "Callers never reach these nodes" in picture


def test_findings_are_marked_at_their_place_with_their_text():
    picture = parsed(tree(node("A", to_queue("1", UNSERVED), says="Press 2.")))
    marks = [
        (use.get("href"), each.findtext(f"{SVG}title"))
        for each in picture.iter(f"{SVG}g")
        for use in each.findall(f"{SVG}use")
        if "ivr-mark" in use.get("class", "")
    ]
    assert marks == [
        (
            "#ivr-mark-warning",
            "The text names key 2, which does nothing here.\n"
            "Nothing is set for callers who press no key. They hear it again, then the call ends.",
        ),
        (
            "#ivr-mark-error",
            "Nobody serves the queue Nobody. Give it a group with “Group routing”.\n"
            "The text does not mention this key.",
        ),
    ]


def test_long_texts_are_cut_and_kept_in_full_beside():
    name, said = "A node with a very long name indeed", "Welcome to our company. " * 10
    picture = parsed(tree(Node(NodeId("A"), name, Talk(said), (hang_up(EMPTY_KEY),))))
    assert texts(picture, "ivr-name") == ["A node with a very long na…"]
    assert len(texts(picture, "ivr-said")) == 2
    assert f"{name}: {said.strip()}" in [each.text for each in picture.iter(f"{SVG}title")]


def test_it_is_one_image_with_a_name_and_points_to_the_text():
    picture = parsed(tree(node("A", hang_up(EMPTY_KEY)), node("B")))
    assert picture.get("role") == "img"
    named_by = [picture.find(f".//*[@id='{name}']") for name in (picture.get("aria-labelledby") or "").split()]
    assert [each.text for each in named_by if each is not None] == [
        "Picture of the IVR tree Welcome",
        "2 nodes and 1 key. The outline on this page says the same in text.",
    ]
    # Nothing inside of an image may want the keyboard.
    assert not re.search(r"<a |tabindex|<button", drawn(tree(node("A"))))


def test_cards_and_rows_know_their_place_in_the_outline():
    picture = parsed(tree(node("NO1", to_queue("*"), to_queue(EMPTY_KEY))))
    places = [each.get("data-goto") for each in picture.iter() if each.get("data-goto")]
    assert places == ["node-NO1", "key-NO1-star", "key-NO1-none"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_as_text(text):
    checked = tree(Node(NodeId("A"), text, Talk(text), (KeyPress("1", Action.SMS, sms=text),)))
    picture = parsed(checked)
    allowed = {
        f"{SVG}{name}"
        for name in ("svg", "title", "desc", "defs", "symbol", "path", "circle", "rect", "g", "text", "use")
    }
    assert {each.tag for each in picture.iter()} <= allowed
    assert not [name for each in picture.iter() for name in each.attrib if name.startswith("on")]
    assert f"{text}: {text}" in [each.text for each in picture.iter(f"{SVG}title")]


@given(any_trees(), st.text(max_size=60))
def test_any_tree_with_any_text_is_a_well_formed_picture(checked, text):
    nodes = tuple(Node(each.id, text, Talk(text), each.keys) for each in checked.nodes)
    picture = parsed(Tree(checked.id, text, checked.root, nodes, checked.numbers))
    assert len(texts(picture, "ivr-name")) == len(nodes)
    assert len(texts(picture, "ivr-key")) == sum(len(each.keys) for each in nodes)


@pytest.mark.parametrize("invisible", ["\x07", "\ufffe", "\ud800"])
def test_findings_name_nodes_without_their_invisible_characters(invisible):
    keys = [(KeyPress(key, Action.NODE, next_node=NodeId("A")),) for key in (EMPTY_KEY, INVALID_KEY)]
    nodes = (Node(NodeId("A"), f"One{invisible}", Talk("Welcome."), keys[0] + keys[1]),)
    picture = parsed(Tree("TR1", "Menu", NodeId("A"), nodes, ()))
    assert "Callers can only go round, no key leads out: One." in [each.text for each in picture.iter(f"{SVG}title")]


def test_the_same_tree_gives_the_same_picture():
    checked = tree(node("A", to_node("1", "B")), node("B", to_node("1", "A")))
    assert drawn(checked) == drawn(checked)
