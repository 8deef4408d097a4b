"""Trees as the linter sees them, read from the database with a fixed number of queries."""

from __future__ import annotations

import pytest

from ivr import selectors
from ivr.domain.findings import Code, Finding, Place
from ivr.domain.tree import Action, KeyPress, Node, Phone, Play, Talk, Tree
from ivr.greetings import audio_path
from ivr.models import GreetingFile, IvrTree, Key, KeyAction, PlayMode
from tests import factories

pytestmark = pytest.mark.django_db

QUERIES_FOR_TREES = 4  # nodes, keys, queues, numbers
QUERIES_FOR_A_PROJECT = 5  # and the trees
QUERIES_FOR_A_MENU = 2  # nodes, keys


@pytest.fixture
def tree(ours):
    return factories.IvrTreeFactory(project=ours, tree_name="Welcome")


def node(tree, **values):
    return factories.IvrNodeFactory(project=tree.project, tree=tree, **values)


def key(node, **values):
    return factories.IvrKeyPressFactory(project=node.project, node=node, **values)


def only_key(tree):
    return selectors.tree_for_linting(tree).tree.nodes[0].keys[0]


def codes(tree):
    return [finding.code for finding in selectors.tree_for_linting(tree).findings]


def with_root(tree, root):
    tree.root_node = root
    tree.save()
    return root


def test_a_tree_is_read_with_its_nodes_keys_and_numbers(ours, tree):
    root = with_root(tree, node(tree, node_name="Welcome", node_play_content="Press 1."))
    key(root, node_key=Key.KEY_1, action=KeyAction.NODE, next_node=root)
    number = factories.NumberFactory(project=ours, number="+84 24 7308 2686", enable_ivr=True, ivr_tree=tree)
    read = selectors.tree_for_linting(tree).tree
    assert (read.id, read.name, read.root) == (tree.public_id, "Welcome", root.public_id)
    assert [(each.id, each.given) for each in read.numbers] == [(number.public_id, "+84 24 7308 2686")]
    assert read.nodes[0].announcement == Talk("Press 1.")
    assert [(each.key, each.next_node) for each in read.nodes[0].keys] == [("1", root.public_id)]


def test_a_number_with_the_ivr_switched_off_does_not_enter_the_tree(ours, tree):
    factories.NumberFactory(project=ours, enable_ivr=False, ivr_tree=tree)
    assert selectors.tree_for_linting(tree).tree.numbers == ()


def test_a_queue_is_served_by_a_group_or_by_its_agent_list(ours, tree):
    root = with_root(tree, node(tree, node_play_content="Press 1, 2 or 3."))
    with_group = factories.QueueFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=with_group, group=factories.GroupFactory(project=ours))
    with_url = factories.QueueFactory(project=ours, get_list_agents_url="https://crm.example.com/agents")
    without = factories.QueueFactory(project=ours, name="Nobody")
    for name, queue in (("1", with_group), ("2", with_url), ("3", without)):
        key(root, node_key=name, action=KeyAction.QUEUE, queue=queue)
    found = selectors.tree_for_linting(tree).findings
    assert [each for each in found if each.code is Code.QUEUE_UNSERVED] == [
        Finding(Code.QUEUE_UNSERVED, Place(root.public_id, "3"), "Nobody")
    ]


def test_a_caller_id_is_ours_in_any_spelling_and_not_when_it_is_theirs(ours, theirs, tree):
    root = with_root(tree, node(tree))
    forward = {"action": KeyAction.FORWARD, "to_phone_number": "0909 982 888"}
    key(root, from_number_callout_to_agent="024 7308 2686", **forward)
    factories.NumberFactory(project=theirs, number="842473082686")
    assert only_key(tree).caller_id == Phone("024 7308 2686", "842473082686")
    assert only_key(tree).destination == Phone("0909 982 888", "84909982888")
    assert Code.CALLER_ID_NOT_OURS in codes(tree)
    factories.NumberFactory(project=ours, number="+842473082686")
    assert Code.CALLER_ID_NOT_OURS not in codes(tree)


def test_a_destination_that_is_no_number_has_no_digits(tree):
    key(with_root(tree, node(tree)), action=KeyAction.FORWARD, to_phone_number="the boss")
    assert only_key(tree).destination == Phone("the boss", "")
    assert Code.DESTINATION_INVALID in codes(tree)


def test_audio_is_readable_when_its_files_are_there(ours, tree):
    greeting = factories.GreetingFileFactory(project=ours, desc1="Welcome music")
    with_root(tree, node(tree, node_play_mode=PlayMode.PLAY, greeting_file=greeting))
    assert selectors.tree_for_linting(tree).tree.nodes[0].announcement == Play("Welcome music", readable=False)
    assert Code.AUDIO_UNREADABLE in codes(tree)
    for rate in (8_000, 24_000, 48_000):
        path = audio_path(GreetingFile.objects.get(), rate)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"audio")
    assert selectors.tree_for_linting(tree).tree.nodes[0].announcement == Play("Welcome music", readable=True)


def test_a_key_that_leads_into_another_tree_is_found(ours, tree):
    elsewhere = node(factories.IvrTreeFactory(project=ours))
    key(with_root(tree, node(tree)), action=KeyAction.NODE, next_node=elsewhere)
    assert only_key(tree).next_node == elsewhere.public_id
    assert Code.NEXT_NODE_ELSEWHERE in codes(tree)


def test_the_root_of_another_tree_is_no_root(ours, tree):
    node(tree)
    with_root(tree, node(factories.IvrTreeFactory(project=ours)))
    assert selectors.tree_for_linting(tree).tree.root is None
    assert Code.ROOT_MISSING in codes(tree)


def test_a_node_to_which_a_queue_sends_callers_is_entered(ours, tree):
    root, entered, other = (node(tree, node_name=name) for name in ("Root", "Entered", "Other"))
    with_root(tree, root)
    queue = factories.QueueFactory(project=ours)
    factories.QueueOutcomeFactory(project=ours, queue=queue, cause="full", action="node", to_node=entered)
    factories.QueueOutcomeFactory(project=ours, queue=queue, cause="closed", action="hang_up", to_node=other)
    assert selectors.tree_for_linting(tree).tree.entered == (entered.public_id,)


def test_the_findings_of_a_project_are_those_of_its_trees_by_name(ours, theirs):
    for project in (ours, theirs):
        factories.IvrTreeFactory(project=project, tree_name="Second")
    first = factories.IvrTreeFactory(project=ours, tree_name="First")
    well = factories.IvrTreeFactory(project=ours, tree_name="A fine tree")
    key(with_root(well, node(well, node_play_content="Bye.")), node_key=Key.EMPTY, action=KeyAction.HANG_UP)
    found = selectors.project_findings(ours)
    assert [(each.row.tree_name, each.findings) for each in found] == [
        ("First", (Finding(Code.NO_NODES),)),
        ("Second", (Finding(Code.NO_NODES),)),
    ]
    assert found[0].row.pk == first.pk


def test_reading_costs_the_same_however_large_trees_are(ours, tree, django_assert_num_queries):
    with django_assert_num_queries(QUERIES_FOR_TREES):
        selectors.tree_for_linting(tree)
    for each in (tree, *(factories.IvrTreeFactory(project=ours) for _ in range(3))):
        greeting = factories.GreetingFileFactory(project=ours)
        nodes = [node(each, node_play_mode=PlayMode.PLAY, greeting_file=greeting) for _ in range(5)]
        for one in nodes:
            queue = factories.QueueFactory(project=ours)
            key(one, node_key=Key.KEY_1, action=KeyAction.QUEUE, queue=queue)
            key(one, node_key=Key.KEY_2, action=KeyAction.NODE, next_node=nodes[0])
    with django_assert_num_queries(QUERIES_FOR_TREES):
        selectors.tree_for_linting(tree)
    with django_assert_num_queries(QUERIES_FOR_A_PROJECT):
        assert len(selectors.project_findings(ours)) == 4


@pytest.mark.parametrize(("gateway", "found"), [("", [Code.SMS_WITHOUT_GATEWAY]), ("https://sms.example/", [])])
def test_a_key_that_sends_an_sms_is_looked_at_with_the_gateway_of_the_project(ours, tree, gateway, found):
    ours.call_settings.sms_gateway_url = gateway
    ours.call_settings.save()
    root = with_root(tree, node(tree))
    key(root, node_key=Key.KEY_1, action=KeyAction.SMS, sms="Hello")
    key(root, node_key=Key.EMPTY, action=KeyAction.HANG_UP)

    assert codes(tree) == found


def test_a_menu_is_read_whole_with_how_its_nodes_are_played(ours, tree):
    root = with_root(
        tree,
        node(
            tree,
            node_name="Welcome",
            node_play_content="Press 1.",
            barge_in=False,
            loop_count=3,
            sched=500,
            voice="banmai",
            speed=-1,
            keypress_timeout=7,
        ),
    )
    queue = factories.QueueFactory(project=ours)
    key(root, node_key=Key.KEY_1, action=KeyAction.QUEUE, queue=queue)
    key(root, node_key=Key.KEY_2, action=KeyAction.NODE, next_node=root)
    key(root, node_key=Key.KEY_3, action=KeyAction.FORWARD, to_phone_number="0909 982 888")
    keys = (
        KeyPress("1", Action.QUEUE, queue=queue.public_id),
        KeyPress("2", Action.NODE, next_node=root.public_id),
        KeyPress("3", Action.FORWARD, destination=Phone("0909 982 888", "84909982888")),
    )
    read = selectors.menu_of(tree)
    welcome = Node(root.public_id, "Welcome", Talk("Press 1."), keys, False, 3, 500, "banmai", -1, 7)
    assert read == Tree(tree.public_id, tree.tree_name, root.public_id, (welcome,))
    assert read.by_id == {root.public_id: welcome}


def test_a_menu_and_a_linted_tree_are_played_alike(tree):
    with_root(tree, node(tree, node_play_content="Bye.", loop_count=2, speed=1, voice="leminh"))
    assert selectors.menu_of(tree) == selectors.tree_for_linting(tree).tree


def test_a_menu_names_greetings_by_the_name_of_their_file_without_looking_for_it(ours, tree):
    greeting = factories.GreetingFileFactory(project=ours, desc1="Welcome music")
    with_root(tree, node(tree, node_play_mode=PlayMode.PLAY, greeting_file=greeting))
    assert selectors.menu_of(tree).nodes[0].announcement == Play(greeting.filename)


def test_a_menu_without_nodes_or_with_a_foreign_root_has_no_root(ours, tree):
    assert selectors.menu_of(tree) == Tree(tree.public_id, tree.tree_name)
    with_root(tree, node(factories.IvrTreeFactory(project=ours)))
    assert selectors.menu_of(tree).root is None


def test_reading_a_menu_costs_two_queries_however_large_it_is(ours, tree, django_assert_num_queries):
    nodes = [
        node(tree, node_play_mode=PlayMode.PLAY, greeting_file=factories.GreetingFileFactory(project=ours))
        for _ in range(5)
    ]
    for one in nodes:
        key(one, node_key=Key.KEY_1, action=KeyAction.QUEUE, queue=factories.QueueFactory(project=ours))
        key(one, node_key=Key.KEY_2, action=KeyAction.NODE, next_node=nodes[0])
        key(one, node_key=Key.KEY_3, action=KeyAction.FORWARD, to_phone_number="0909 982 888")
    row = IvrTree.objects.get(pk=tree.pk)
    with django_assert_num_queries(QUERIES_FOR_A_MENU):
        menu = selectors.menu_of(row)
    assert [len(each.keys) for each in menu.nodes] == [3] * 5
