"""Reachability and loops, compared with slow and obvious definitions."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.paths import Step, apart_from, leads_out, loops_without_exit, walk_from_entries
from ivr.domain.tree import EMPTY_KEY, Action, NodeId
from ivr.tests.trees import any_trees, node, to_node, to_queue, tree


def reachable_by_closure(checked):
    """From every node, the nodes that can be reached in one or more key presses: the transitive closure."""
    ids = {each.id for each in checked.nodes}
    to = {
        each.id: {key.next_node for key in each.keys if key.action is Action.NODE and key.next_node in ids}
        for each in checked.nodes
    }
    for _ in ids:
        to = {each: to[each] | {far for near in to[each] for far in to[near]} for each in ids}
    return to


@given(any_trees())
def test_the_walk_meets_exactly_the_nodes_in_the_closure_of_the_root(checked):
    closure = reachable_by_closure(checked)
    expected = {checked.root} | closure[checked.root] if checked.root in closure else set()
    assert set(walk_from_entries(checked)) == expected


@given(any_trees(), st.data())
def test_the_walk_goes_on_where_queues_send_callers(checked, data):
    ids = [each.id for each in checked.nodes]
    entered = data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    closure = reachable_by_closure(checked)
    expected = set(walk_from_entries(checked)).union(entered, *(closure[each] for each in entered))
    assert set(walk_from_entries(replace(checked, entered=tuple(entered)))) == expected


@given(any_trees())
def test_every_step_of_the_walk_is_a_key_that_exists(checked):
    nodes = {each.id: each for each in checked.nodes}
    walked = walk_from_entries(checked)
    for step in walked.values():
        if step.came_from is None:
            assert step.node == checked.root
        else:
            assert (step.by_key, step.node) in {(key.key, key.next_node) for key in nodes[step.came_from].keys}
            assert list(walked).index(step.came_from) < list(walked).index(step.node)


@given(any_trees())
def test_every_node_is_either_met_or_apart(checked):
    met = walk_from_entries(checked)
    apart = apart_from(checked, met)
    assert not met.keys() & apart.keys()
    assert met.keys() | apart.keys() == {each.id for each in checked.nodes}


@given(any_trees())
def test_a_loop_is_a_set_of_nodes_that_reach_only_each_other_and_no_way_out(checked):
    closure = reachable_by_closure(checked)
    exits = {each.id for each in checked.nodes if any(leads_out(key) for key in each.keys)}
    met = list(walk_from_entries(checked))
    expected = {
        frozenset(closure[each])
        for each in met
        if each in closure[each]
        and not closure[each] & exits
        and all(each in closure[other] for other in closure[each])
    }
    found = loops_without_exit(checked, met)
    assert {frozenset(loop) for loop in found} == expected
    assert len(found) == len(expected)


def test_a_node_is_drawn_where_the_fewest_keys_lead_to_it():
    checked = tree(
        node("A", to_node("1", "B"), to_node("2", "C")),
        node("B", to_node("1", "C"), to_node("2", "A")),
        node("C", to_queue(EMPTY_KEY)),
    )
    assert list(walk_from_entries(checked).values()) == [
        Step(NodeId("A")),
        Step(NodeId("B"), NodeId("A"), "1"),
        Step(NodeId("C"), NodeId("A"), "2"),
    ]


def test_what_is_apart_begins_with_nodes_that_no_key_leads_to():
    checked = tree(
        node("A", to_queue(EMPTY_KEY)),
        node("B", to_queue(EMPTY_KEY)),
        node("C", to_node("1", "B")),
        node("D", to_node("1", "E"), to_node("2", "A")),
        node("E", to_node("1", "D")),
    )
    assert list(apart_from(checked, walk_from_entries(checked)).values()) == [
        Step(NodeId("C")),
        Step(NodeId("B"), NodeId("C"), "1"),
        Step(NodeId("D")),
        Step(NodeId("E"), NodeId("D"), "1"),
    ]
