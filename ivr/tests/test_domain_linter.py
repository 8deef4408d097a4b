"""The linter: every kind of finding, and what must hold for any tree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import models
from ivr.domain import tree as shapes
from ivr.domain.findings import SEVERITY, Code, Finding, Place, Severity
from ivr.domain.linter import lint
from ivr.domain.paths import walk_from_entries
from ivr.domain.tree import EMPTY_KEY, INVALID_KEY, Action, KeyPress, Node, NodeId, Number, Phone, Play, Talk, Tree
from ivr.tests.trees import (
    A_CUSTOMER,
    OURS,
    QUEUES,
    UNSERVED,
    any_trees,
    forward,
    hang_up,
    node,
    sound_trees,
    to_node,
    to_queue,
    tree,
)


def findings(checked: Tree) -> list[tuple]:
    """What the linter says, as (code, node, key, detail)."""
    found = lint(checked, QUEUES, OURS)
    return [(each.code, each.place.node, each.place.key, each.detail) for each in found]


def findings_of_key(key: KeyPress) -> list[tuple]:
    """What the linter says about one key of a node that is right otherwise."""
    return [(code, detail) for code, _, _, detail in findings(tree(node("A", key, to_queue(EMPTY_KEY))))]


def test_the_keys_and_actions_of_the_rules_are_those_of_the_database():
    assert list(shapes.KEY_ORDER) == list(models.Key.values)
    assert {action.name: action.value for action in Action} == {
        action.name: action.value for action in models.KeyAction
    }


def test_a_text_that_nothing_here_speaks_is_an_error():
    bilingual = tree(node("A", to_queue("1"), to_queue(EMPTY_KEY), says="Xin chào, bấm phím 1. For sales, press 1."))

    def of_speech(*spoken: str) -> list[tuple]:
        found = lint(bilingual, QUEUES, OURS, spoken=frozenset(spoken))
        return [(each.code, each.severity, each.place.node, each.detail) for each in found]

    assert of_speech("vi", "en") == []
    assert of_speech("en") == [(Code.LANGUAGE_NOT_SPOKEN, Severity.ERROR, "A", "vi")]
    assert of_speech("es") == [(Code.LANGUAGE_NOT_SPOKEN, Severity.ERROR, "A", each) for each in ("vi", "en")]
    assert of_speech() == [(Code.NO_SPEECH, Severity.ERROR, "A", "")]


def test_a_text_that_could_not_be_spoken_is_an_error_where_its_language_is_spoken():
    silent = tree(replace(node("A", hang_up(EMPTY_KEY)), announcement=Talk("Goodbye.", speakable=False)))

    def of_speech(*spoken: str) -> list[tuple]:
        found = lint(silent, QUEUES, OURS, spoken=frozenset(spoken))
        return [(each.code, each.severity, each.place.node) for each in found if each.severity is Severity.ERROR]

    assert of_speech("en") == [(Code.SPEECH_FAILED, Severity.ERROR, "A")]
    assert of_speech("vi") == [(Code.LANGUAGE_NOT_SPOKEN, Severity.ERROR, "A")]
    assert of_speech() == [(Code.NO_SPEECH, Severity.ERROR, "A")]


@pytest.mark.parametrize("announcement", [Play("welcome.mp3"), Talk(""), Talk("...")])
def test_what_is_not_spoken_wants_no_speech(announcement):
    silent = tree(replace(node("A", hang_up(EMPTY_KEY)), announcement=announcement))
    codes = {each.code for each in lint(silent, QUEUES, OURS, spoken=frozenset())}
    assert not codes & {Code.NO_SPEECH, Code.LANGUAGE_NOT_SPOKEN}


def test_every_code_has_a_severity():
    assert set(SEVERITY) == set(Code)


def test_a_tree_without_nodes_is_only_a_warning_until_a_number_enters_it():
    assert findings(tree()) == [(Code.NO_NODES, None, None, "")]
    entered = lint(tree(numbers=[Number("NU2", "8425"), Number("NU1", "8424")]), QUEUES, OURS)
    assert entered == (
        Finding(Code.NUMBER_WITH_EMPTY_TREE, Place(number="NU1"), "8424"),
        Finding(Code.NUMBER_WITH_EMPTY_TREE, Place(number="NU2"), "8425"),
        Finding(Code.NO_NODES),
    )


def test_a_missing_root_is_one_finding_and_not_one_for_every_node():
    without = replace(tree(node("A", to_queue(EMPTY_KEY)), node("B", hang_up(EMPTY_KEY))), root=None)
    assert findings(without) == [(Code.ROOT_MISSING, None, None, "")]


def test_a_root_in_another_tree_is_a_missing_root():
    assert findings(tree(node("A", to_queue(EMPTY_KEY)), root="ELSEWHERE")) == [(Code.ROOT_MISSING, None, None, "")]


def test_without_a_root_the_nodes_are_still_looked_into():
    broken = replace(tree(node("A", to_node(EMPTY_KEY, None))), root=None)
    assert findings(broken) == [(Code.ROOT_MISSING, None, None, ""), (Code.NEXT_NODE_MISSING, "A", EMPTY_KEY, "")]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (to_node("1", None), [(Code.NEXT_NODE_MISSING, "")]),
        (to_node("1", "ELSEWHERE"), [(Code.NEXT_NODE_ELSEWHERE, "")]),
        (to_queue("1", None), [(Code.QUEUE_MISSING, "")]),
        (to_queue("1", "QU_GONE"), [(Code.QUEUE_MISSING, "")]),
        (to_queue("1", UNSERVED), [(Code.QUEUE_UNSERVED, "Nobody")]),
        (to_queue("1"), []),
        (forward("1"), []),
        (forward("1", destination=Phone()), [(Code.DESTINATION_MISSING, "")]),
        (forward("1", destination=Phone("the boss", "")), [(Code.DESTINATION_INVALID, "the boss")]),
        (forward("1", caller_id=Phone()), [(Code.CALLER_ID_MISSING, "")]),
        (forward("1", caller_id=A_CUSTOMER), [(Code.CALLER_ID_NOT_OURS, "84909982888")]),
        (forward("1", caller_id=Phone("our number", "")), [(Code.CALLER_ID_NOT_OURS, "our number")]),
        (forward("1", Phone(), Phone()), [(Code.DESTINATION_MISSING, ""), (Code.CALLER_ID_MISSING, "")]),
        (KeyPress("1", Action.SMS, sms="  "), [(Code.SMS_WITHOUT_TEXT, "")]),
        (KeyPress("1", Action.SMS, sms="Hello"), []),
        (KeyPress("1", Action.VOICEMAIL), []),
        (hang_up("1"), []),
    ],
)
def test_a_key_must_lead_where_its_action_says(key, expected):
    assert findings_of_key(key) == expected


def test_a_key_that_sends_an_sms_needs_a_gateway():
    key = KeyPress("1", Action.SMS, sms="Hello")
    found = lint(tree(node("A", key, to_queue(EMPTY_KEY))), QUEUES, OURS, sends_sms=False)
    assert found == (Finding(Code.SMS_WITHOUT_GATEWAY, Place(NodeId("A"), "1")),)
    assert found[0].severity is Severity.WARNING


def test_without_a_key_that_sends_an_sms_a_missing_gateway_does_not_matter():
    assert lint(tree(node("A", hang_up("1"), to_queue(EMPTY_KEY))), QUEUES, OURS, sends_sms=False) == ()


@pytest.mark.parametrize(
    ("announcement", "expected"),
    [
        (Talk(""), [(Code.TEXT_EMPTY, "")]),
        (Talk(" \n"), [(Code.TEXT_EMPTY, "")]),
        (Talk("... !"), [(Code.TEXT_EMPTY, "")]),
        (Talk("Please wait."), []),
        (Play(None), [(Code.AUDIO_MISSING, "")]),
        (Play("welcome.mp3", readable=False), [(Code.AUDIO_UNREADABLE, "welcome.mp3")]),
        (Play("welcome.mp3"), []),
    ],
)
def test_callers_must_hear_something(announcement, expected):
    checked = tree(Node(NodeId("A"), "A", announcement, (to_queue(EMPTY_KEY),)))
    assert findings(checked) == [(code, "A", None, detail) for code, detail in expected]


def test_a_text_is_compared_with_the_keys_that_there_are():
    checked = tree(node("A", hang_up("1"), hang_up("9"), to_queue(EMPTY_KEY), says="Press 1 or 3, or the star key."))
    assert findings(checked) == [
        (Code.TEXT_NAMES_UNKNOWN_KEY, "A", None, "3"),
        (Code.TEXT_NAMES_UNKNOWN_KEY, "A", None, "*"),
        (Code.KEY_NOT_IN_TEXT, "A", "9", ""),
    ]


def test_what_happens_without_a_key_need_not_be_said():
    checked = tree(node("A", hang_up(EMPTY_KEY), hang_up(INVALID_KEY), says="Good bye."))
    assert findings(checked) == []


def test_the_keys_of_an_audio_file_are_not_guessed():
    checked = tree(Node(NodeId("A"), "A", Play("menu.mp3"), (hang_up("1"), to_queue(EMPTY_KEY))))
    assert findings(checked) == []


def test_a_node_without_keys_ends_the_call_and_needs_no_second_hint():
    assert findings(tree(node("A"))) == [(Code.NODE_WITHOUT_KEYS, "A", None, "")]


def test_a_node_where_silence_leads_nowhere_gets_a_hint():
    assert findings(tree(node("A", hang_up("1")))) == [(Code.NO_EMPTY_KEY, "A", None, "")]


def test_a_node_to_which_a_queue_sends_callers_is_reached_with_what_is_behind_it():
    checked = tree(node("A", hang_up(EMPTY_KEY)), node("B", to_node(EMPTY_KEY, "C")), node("C", hang_up(EMPTY_KEY)))
    assert [code for code, *_ in findings(checked)] == [Code.UNREACHABLE_NODE, Code.UNREACHABLE_NODE]
    assert findings(replace(checked, entered=(NodeId("B"),))) == []


def test_an_unreachable_node_is_reported_once_whatever_else_is_wrong_with_it():
    checked = tree(node("A", hang_up(EMPTY_KEY)), Node(NodeId("B"), "B", Talk(""), (to_node("1", None),)))
    assert findings(checked) == [(Code.UNREACHABLE_NODE, "B", None, "")]


def test_two_nodes_that_lead_only_to_each_other_are_a_loop():
    checked = tree(node("A", to_node(EMPTY_KEY, "B")), node("B", to_node("1", "A"), to_node(EMPTY_KEY, "B")))
    assert lint(checked, QUEUES, OURS) == (
        Finding(Code.LOOP_WITHOUT_EXIT, Place(NodeId("A")), nodes=(NodeId("A"), NodeId("B"))),
    )


@pytest.mark.parametrize(
    "exit_key",
    [
        to_queue("9"),
        forward("9"),
        hang_up("9"),
        hang_up(EMPTY_KEY),
        hang_up(INVALID_KEY),
        KeyPress("9", Action.VOICEMAIL),
        KeyPress("9", Action.SMS, sms="Hello"),
    ],
)
def test_one_way_out_is_enough_for_a_loop(exit_key):
    checked = tree(node("A", to_node("1", "B")), node("B", to_node("1", "A"), exit_key))
    assert Code.LOOP_WITHOUT_EXIT not in {code for code, *_ in findings(checked)}


@pytest.mark.parametrize("no_exit", [to_node("9", None), to_queue("9", None), forward("9", destination=Phone())])
def test_a_key_that_leads_nowhere_does_not_leave_a_loop(no_exit):
    checked = tree(node("A", to_node("1", "A"), no_exit))
    assert Code.LOOP_WITHOUT_EXIT in {code for code, *_ in findings(checked)}


def test_a_loop_that_leads_on_to_another_node_is_left_by_that_key():
    checked = tree(node("A", to_node("1", "B")), node("B", to_node("1", "A"), to_node("2", "C")), node("C"))
    assert Code.LOOP_WITHOUT_EXIT not in {code for code, *_ in findings(checked)}


def test_a_loop_that_nobody_can_enter_is_only_unreachable():
    checked = tree(node("A", hang_up(EMPTY_KEY)), node("B", to_node(EMPTY_KEY, "B")))
    assert findings(checked) == [(Code.UNREACHABLE_NODE, "B", None, "")]


def test_findings_come_by_severity_and_then_as_callers_meet_them():
    checked = tree(
        node("A", to_node("2", "B"), to_node("1", "C"), says="Press 1 or 2 or 3."),
        node("B", to_queue("1", None)),
        node("C", to_queue("1", UNSERVED)),
        node("D"),
    )
    assert [(code, place) for code, place, *_ in findings(checked)] == [
        (Code.QUEUE_UNSERVED, "C"),
        (Code.QUEUE_MISSING, "B"),
        (Code.TEXT_NAMES_UNKNOWN_KEY, "A"),
        (Code.UNREACHABLE_NODE, "D"),
        (Code.NO_EMPTY_KEY, "A"),
        (Code.NO_EMPTY_KEY, "C"),
        (Code.NO_EMPTY_KEY, "B"),
    ]


def test_a_chain_of_thousands_of_nodes_is_no_problem():
    chain = [node(f"NO{number}", to_node(EMPTY_KEY, f"NO{number + 1}")) for number in range(5000)]
    assert findings(tree(*chain, node("NO5000", hang_up(EMPTY_KEY)))) == []


@given(any_trees())
def test_the_linter_never_fails_and_every_finding_names_a_place_that_exists(checked):
    nodes = {each.id: each for each in checked.nodes}
    for finding in lint(checked, QUEUES, OURS):
        assert finding.place.node is None or finding.place.node in nodes
        if finding.place.key is not None:
            assert finding.place.key in {key.key for key in nodes[finding.place.node].keys}
        if finding.place.number is not None:
            assert finding.place.number in {number.id for number in checked.numbers}


@given(any_trees(), st.randoms())
def test_the_order_of_nodes_keys_and_numbers_makes_no_difference(checked, random):
    def shuffled(items):
        return tuple(random.sample(items, len(items)))

    nodes = tuple(replace(each, keys=shuffled(each.keys)) for each in shuffled(checked.nodes))
    other = replace(checked, nodes=nodes, numbers=shuffled(checked.numbers))
    assert lint(other, QUEUES, OURS) == lint(checked, QUEUES, OURS)


@given(any_trees())
def test_no_finding_is_told_twice(checked):
    found = lint(checked, QUEUES, OURS)
    assert len(set(found)) == len(found)


@given(any_trees(), st.data())
def test_removing_an_unreachable_node_removes_its_finding_and_adds_none(checked, data):
    met = walk_from_entries(checked)
    apart = [each.id for each in checked.nodes if met and each.id not in met]
    if not apart:
        return
    gone = data.draw(st.sampled_from(apart))
    kept = tuple(
        replace(each, keys=tuple(key for key in each.keys if (key.action, key.next_node) != (Action.NODE, gone)))
        for each in checked.nodes
        if each.id != gone
    )
    before, after = lint(checked, QUEUES, OURS), lint(replace(checked, nodes=kept), QUEUES, OURS)
    assert Finding(Code.UNREACHABLE_NODE, Place(gone)) in before
    assert after == tuple(each for each in before if each.place.node != gone)


@given(sound_trees())
def test_a_sound_tree_has_no_findings(checked):
    assert lint(checked, QUEUES, OURS) == ()


@given(sound_trees(), st.data())
def test_breaking_one_key_of_a_sound_tree_is_found_there(checked, data):
    broken = data.draw(st.sampled_from(checked.nodes))
    key = data.draw(st.sampled_from(broken.keys))
    cut = replace(key, action=Action.QUEUE, queue=None)
    keys = tuple(cut if each is key else each for each in broken.keys)
    nodes = tuple(replace(each, keys=keys) if each is broken else each for each in checked.nodes)
    found = lint(replace(checked, nodes=nodes), QUEUES, OURS)
    assert Finding(Code.QUEUE_MISSING, Place(broken.id, key.key)) in found
    assert {each.code for each in found if each.severity is Severity.ERROR} <= {
        Code.QUEUE_MISSING,
        Code.LOOP_WITHOUT_EXIT,
    }
