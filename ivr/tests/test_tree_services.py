"""Writes on trees: first nodes, roots, deletions, copies."""

from __future__ import annotations

import pytest

from common.refusals import AlreadyExists, InUse, InvalidInput
from ivr import services
from ivr.models import IvrKeyPress, IvrNode, IvrTree, Key, KeyAction, PlayMode
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(ours):
    return factories.IvrTreeFactory(project=ours, tree_name="Welcome")


def new_node(tree, name, **values):
    node = IvrNode(project=tree.project, tree=tree, node_name=name, node_play_content="Hello.", **values)
    services.add_node(node)
    return node


def new_key(node, key, **values):
    press = IvrKeyPress(project=node.project, node=node, node_key=key, **values)
    services.save_key(press)
    return press


def test_the_first_node_of_a_tree_becomes_its_root_and_the_second_does_not(tree):
    first, second = new_node(tree, "First"), new_node(tree, "Second")
    tree.refresh_from_db()
    assert tree.root_node == first
    services.set_root(second)
    tree.refresh_from_db()
    assert tree.root_node == second


def test_a_node_keeps_what_it_plays_and_forgets_the_rest(tree):
    greeting = factories.GreetingFileFactory(project=tree.project)
    node = new_node(tree, "First", node_play_mode=PlayMode.PLAY, greeting_file=greeting)
    assert (node.node_play_content, node.greeting_file) == ("", greeting)
    node.node_play_mode, node.node_play_content = PlayMode.TALK, "Hello."
    services.save_node(node)
    node.refresh_from_db()
    assert (node.node_play_content, node.greeting_file) == ("Hello.", None)


def test_a_key_keeps_the_target_of_its_action_and_forgets_the_rest(tree):
    node = new_node(tree, "First")
    queue = factories.QueueFactory(project=tree.project)
    key = new_key(
        node,
        Key.KEY_1,
        action=KeyAction.FORWARD,
        queue=queue,
        next_node=node,
        to_phone_number="84909982888",
        from_number_callout_to_agent="842473082686",
        sms="Hello",
    )
    key.refresh_from_db()
    assert (key.queue, key.next_node, key.sms) == (None, None, "")
    assert (key.to_phone_number, key.from_number_callout_to_agent) == ("84909982888", "842473082686")
    assert key.tree == tree


def test_a_key_is_there_once_in_a_node(tree):
    node = new_node(tree, "First")
    new_key(node, Key.KEY_1, action=KeyAction.HANG_UP)
    with pytest.raises(AlreadyExists):
        new_key(node, Key.KEY_1, action=KeyAction.VOICEMAIL)
    assert node.keys.get().action == KeyAction.HANG_UP


def test_a_key_cannot_lead_to_a_node_of_another_tree(tree):
    elsewhere = new_node(factories.IvrTreeFactory(project=tree.project), "Elsewhere")
    with pytest.raises(InvalidInput):
        new_key(new_node(tree, "First"), Key.KEY_1, action=KeyAction.NODE, next_node=elsewhere)
    assert not IvrKeyPress.objects.exists()


def test_a_node_is_created_together_with_the_key_that_leads_to_it(tree):
    first = new_node(tree, "First")
    key = IvrKeyPress(project=tree.project, node=first, node_key=Key.KEY_2, action=KeyAction.NODE)
    services.add_node_behind(key, IvrNode(tree=tree, node_name="Second", node_play_content="Hello."))
    key.refresh_from_db()
    assert (key.action, str(key.next_node)) == (KeyAction.NODE, "Second")


def test_a_node_is_not_created_when_its_key_is_taken(tree):
    first = new_node(tree, "First")
    new_key(first, Key.KEY_2, action=KeyAction.HANG_UP)
    key = IvrKeyPress(project=tree.project, node=first, node_key=Key.KEY_2, action=KeyAction.NODE)
    with pytest.raises(AlreadyExists):
        services.add_node_behind(key, IvrNode(tree=tree, node_name="Second"))
    assert [node.node_name for node in IvrNode.objects.all()] == ["First"]


def test_a_node_goes_with_its_keys_even_those_that_lead_back_to_it(tree):
    node = new_node(tree, "First")
    new_key(node, Key.KEY_1, action=KeyAction.NODE, next_node=node)
    services.delete_node(node)
    tree.refresh_from_db()
    assert tree.root_node is None
    assert not IvrNode.objects.exists()
    assert not IvrKeyPress.objects.exists()


def test_a_node_that_other_keys_lead_to_stays_unless_they_are_named(tree):
    first, second = new_node(tree, "First"), new_node(tree, "Second")
    key = new_key(first, Key.KEY_1, action=KeyAction.NODE, next_node=second)
    other = new_key(first, Key.KEY_2, action=KeyAction.NODE, next_node=second)
    with pytest.raises(InUse) as refused:
        services.delete_node(second)
    assert refused.value.used_by == ("IVR key 1", "IVR key 2")
    with pytest.raises(InUse):
        services.delete_node(second, with_keys=[key.public_id])
    assert IvrKeyPress.objects.count() == 2
    services.delete_node(second, with_keys=[key.public_id, other.public_id])
    assert list(IvrNode.objects.all()) == [first]
    assert not IvrKeyPress.objects.exists()


def test_keys_that_lead_elsewhere_are_not_deleted_by_naming_them(tree):
    first, second = new_node(tree, "First"), new_node(tree, "Second")
    kept = new_key(first, Key.KEY_1, action=KeyAction.HANG_UP)
    services.delete_node(second, with_keys=[kept.public_id])
    assert list(IvrKeyPress.objects.all()) == [kept]


def test_the_root_of_a_tree_that_answers_a_number_stays(tree):
    node = new_node(tree, "First")
    factories.NumberFactory(project=tree.project, number="842473082686", enable_ivr=True, ivr_tree=tree)
    with pytest.raises(InUse) as refused:
        services.delete_node(node)
    assert refused.value.used_by == ("number 842473082686",)
    assert IvrNode.objects.count() == 1


def test_a_copy_has_the_same_nodes_and_keys_and_leads_only_to_itself(tree):
    queue = factories.QueueFactory(project=tree.project)
    first, second = new_node(tree, "First", loop_count=3), new_node(tree, "Second")
    new_key(first, Key.KEY_1, action=KeyAction.NODE, next_node=second)
    new_key(first, Key.KEY_2, action=KeyAction.QUEUE, queue=queue)
    new_key(second, Key.STAR, action=KeyAction.NODE, next_node=first)
    factories.NumberFactory(project=tree.project, enable_ivr=True, ivr_tree=tree)

    copy = services.duplicate_tree(IvrTree.objects.get(pk=tree.pk), "Welcome (copy)")

    copy.refresh_from_db()
    assert (copy.tree_name, copy.project, copy.numbers.count()) == ("Welcome (copy)", tree.project, 0)
    nodes = {node.node_name: node for node in copy.nodes.all()}
    assert copy.root_node == nodes["First"]
    assert nodes["First"].loop_count == 3
    assert {(key.node.node_name, key.node_key, key.next_node, key.queue) for key in copy.keys.all()} == {
        ("First", "1", nodes["Second"], None),
        ("First", "2", None, queue),
        ("Second", "*", nodes["First"], None),
    }
    ids = list(IvrNode.objects.values_list("public_id", flat=True))
    assert len(set(ids)) == 4
    assert tree.nodes.count() == 2
    assert tree.keys.count() == 3


def test_an_empty_tree_can_be_copied(tree):
    copy = services.duplicate_tree(tree, "Copy")
    assert (copy.root_node, copy.nodes.count()) == (None, 0)
