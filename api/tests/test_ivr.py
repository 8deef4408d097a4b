"""/v1/ivrtree, /v1/ivrnode, /v1/ivrkeypress."""

from __future__ import annotations

import pytest

from api.tests.samples import everything
from ivr.models import IvrKeyPress, IvrNode, IvrTree, KeyAction
from tests import factories

TALK = {"node_name": "Welcome", "node_play_mode": "talk", "node_play_content": "Press 1 for sales."}


@pytest.fixture
def tree(ours):
    return factories.IvrTreeFactory(project=ours, tree_name="Welcome")


@pytest.fixture
def node(ours, tree):
    return factories.IvrNodeFactory(project=ours, tree=tree)


@pytest.fixture
def queue(ours):
    return factories.QueueFactory(project=ours)


def test_a_tree_and_its_first_node(api, ours):
    created = api.post("/v1/ivrtree", {"tree_name": "Welcome"})
    tree = IvrTree.objects.get()
    assert (created["r"], created["message"]) == (0, "Create ivr tree success")
    assert created["ivrTreeID"] == tree.public_id
    row = {
        "id": tree.public_id,
        "account": ours.account_id,
        "project": ours.pk,
        "tree_name": "Welcome",
        "root_node": "",
    }
    listed = api.get("/v1/ivrtree?page=1")
    assert listed["message"] == "Load IVR tree success"
    assert listed["data"] == {"totalCount": "1", "totalPages": 1, "currentPage": 1, "limit": 50, "ivrTrees": [row]}

    first = api.post("/v1/ivrnode", {"tree": tree.public_id, **TALK})
    second = api.post("/v1/ivrnode", {"tree": tree.public_id, **TALK})
    assert (first["isRootNode"], second["isRootNode"]) == (True, False)
    assert first["message"] == "Create ivr node success"
    assert api.get(f"/v1/ivrtree/{tree.public_id}")["data"] == {**row, "root_node": first["ivrNodeID"]}

    renamed = api.put(f"/v1/ivrtree/{tree.public_id}", {"tree_name": "Good day"})
    assert (renamed["ivrTreeID"], renamed["message"]) == (tree.public_id, "Update ivr tree success")
    assert api.delete(f"/v1/ivrtree/{tree.public_id}")["message"] == "Delete ivr tree success"
    assert (IvrTree.objects.count(), IvrNode.objects.count()) == (0, 0)


def test_a_tree_that_answers_a_number_stays(api, ours, tree):
    factories.NumberFactory(project=ours, number="842473082686", enable_ivr=True, ivr_tree=tree)
    before = everything()
    answer = api.delete(f"/v1/ivrtree/{tree.public_id}")
    assert (answer["r"], answer["usedBy"]) == (7, ["number 842473082686"])
    assert everything() == before


def test_a_node_to_the_letter(api, ours, tree):
    node_id = api.post("/v1/ivrnode", {"tree": tree.public_id, **TALK})["ivrNodeID"]
    listed = api.get(f"/v1/ivrnode?tree={tree.public_id}")
    assert (listed["message"], listed["data"]["totalCount"]) == ("Load IVR node success", "1")
    assert listed["data"]["ivrNodes"] == [
        {
            "id": node_id,
            "account": ours.account_id,
            "project": ours.pk,
            "tree": tree.public_id,
            "node_name": "Welcome",
            "node_play_mode": "talk",
            "node_play_content": "Press 1 for sales.",
            "bargeIn": 1,
            "loop_count": 1,
            "sched": 0,
            "voice": "hn_female_thutrang_phrase_48k-hsmm",
            "speed": 0,
            "keypress_timeout": 5,
        }
    ]


def test_nodes_of_one_tree_or_of_all(api, ours, node):
    factories.IvrNodeFactory(project=ours, tree=factories.IvrTreeFactory(project=ours))
    assert api.get("/v1/ivrnode")["data"]["totalCount"] == "2"
    assert api.get(f"/v1/ivrnode?tree={node.tree.public_id}")["data"]["totalCount"] == "1"
    assert api.get(f"/v1/ivrnode?id={node.public_id}")["data"]["totalCount"] == "1"


def test_a_node_takes_every_setting(api, node):
    sent = {"bargeIn": "false", "loop_count": "3", "sched": 500, "voice": "north", "speed": "-3", "keypress_timeout": 9}
    answer = api.put(f"/v1/ivrnode/{node.public_id}", sent)
    assert (answer["ivrNodeID"], answer["message"]) == (node.public_id, "Update ivr node success")
    row = api.get(f"/v1/ivrnode/{node.public_id}")["data"]
    shown = {"bargeIn": 0, "loop_count": 3, "sched": 500, "voice": "north", "speed": -3, "keypress_timeout": 9}
    assert {name: row[name] for name in sent} == shown
    api.put(f"/v1/ivrnode/{node.public_id}", dict.fromkeys(sent))
    row = api.get(f"/v1/ivrnode/{node.public_id}")["data"]
    assert [row[name] for name in sent] == [1, 1, 0, "hn_female_thutrang_phrase_48k-hsmm", 0, 5]


def test_a_node_plays_a_greeting_by_its_file_name(api, ours, node):
    greeting = factories.GreetingFileFactory(project=ours)
    path = f"/v1/ivrnode/{node.public_id}"
    assert api.put(path, {"node_play_mode": "play", "node_play_content": greeting.filename})["r"] == 0
    node.refresh_from_db()
    assert (node.greeting_file, node.node_play_content) == (greeting, "")
    assert api.get(path)["data"]["node_play_content"] == greeting.filename

    other = factories.GreetingFileFactory(project=ours)
    assert api.put(path, {"node_play_content": other.filename})["r"] == 0
    assert api.get(path)["data"]["node_play_content"] == other.filename

    assert api.put(path, {"node_play_mode": "talk", "node_play_content": "Hello"})["r"] == 0
    node.refresh_from_db()
    assert (node.greeting_file, node.node_play_content) == (None, "Hello")


def test_a_node_never_loses_its_announcement(api, ours, tree, node):
    path = f"/v1/ivrnode/{node.public_id}"
    before = everything()
    answer = api.put(path, {"node_play_mode": "play"})
    assert (answer["r"], answer["message"]) == (1, "node_play_content is required when node_play_mode is play.")
    answer = api.put(path, {"node_play_mode": "play", "node_play_content": "Press 1"})
    assert (answer["r"], answer["message"][:35]) == (3, "There is no greeting file Press 1. ")
    answer = api.post("/v1/ivrnode", {"tree": tree.public_id, **TALK, "node_play_content": " "})
    assert (answer["r"], answer["message"]) == (1, "node_play_content must not be blank.")
    assert everything() == before

    greeting = factories.GreetingFileFactory(project=ours)
    api.put(path, {"node_play_mode": "play", "node_play_content": greeting.filename})
    before = everything()
    answer = api.put(path, {"node_play_mode": "talk"})
    assert (answer["r"], answer["message"]) == (1, "node_play_content is required when node_play_mode is talk.")
    assert everything() == before


def test_a_node_stays_in_its_tree(api, ours, node):
    other = factories.IvrTreeFactory(project=ours)
    assert api.put(f"/v1/ivrnode/{node.public_id}", {"tree": node.tree.public_id})["r"] == 0
    answer = api.put(f"/v1/ivrnode/{node.public_id}", {"tree": other.public_id})
    assert (answer["r"], answer["message"]) == (1, "tree cannot be changed.")


def test_deleting_a_root_clears_it_and_takes_its_keys_along(api, ours, tree):
    root_id = api.post("/v1/ivrnode", {"tree": tree.public_id, **TALK})["ivrNodeID"]
    api.post("/v1/ivrkeypress", {"node": root_id, "node_key": "1", "action": 4, "next_node": root_id})
    assert api.delete(f"/v1/ivrnode/{root_id}")["message"] == "Delete ivr node success"
    assert IvrKeyPress.objects.count() == 0
    assert api.get(f"/v1/ivrtree/{tree.public_id}")["data"]["root_node"] == ""


def test_a_node_that_keys_lead_to_stays(api, ours, tree, node):
    target = factories.IvrNodeFactory(project=ours, tree=tree)
    factories.IvrKeyPressFactory(project=ours, node=node, action=KeyAction.NODE, next_node=target)
    before = everything()
    answer = api.delete(f"/v1/ivrnode/{target.public_id}")
    assert (answer["r"], len(answer["usedBy"])) == (7, 1)
    assert everything() == before


def test_a_key_to_the_letter(api, ours, node, queue):
    created = api.post(
        "/v1/ivrkeypress", {"node": node.public_id, "node_key": "1", "action": 2, "queue_id": queue.public_id}
    )
    key = IvrKeyPress.objects.get()
    assert (created["r"], created["message"]) == (0, "Create ivr node key success")
    assert created["ivrNodeKeyID"] == key.public_id
    listed = api.get(f"/v1/ivrkeypress?node={node.public_id}")
    assert (listed["message"], listed["data"]["totalCount"]) == ("Load IVR node key success", "1")
    assert listed["data"]["ivrNodeKeys"] == [
        {
            "id": key.public_id,
            "account": ours.account_id,
            "project": ours.pk,
            "tree": node.tree.public_id,
            "node": node.public_id,
            "node_key": "1",
            "action": 2,
            "next_node": None,
            "queue_id": queue.public_id,
            "from_number_callout_to_agent": None,
            "to_phone_number": None,
            "sms": None,
        }
    ]


def test_a_key_list_needs_its_node(api):
    answer = api.get("/v1/ivrkeypress")
    assert (answer["r"], answer["message"]) == (1, "node is required.")


@pytest.mark.parametrize("node_key", ["0", "9", 1, "*", "#", "EMPTY_KEY", "INVALID_KEY"])
def test_every_key_there_is(node_key, api, node):
    body = {"node": node.public_id, "node_key": node_key, "action": "6"}
    assert api.post("/v1/ivrkeypress", body)["r"] == 0
    assert IvrKeyPress.objects.get().node_key == str(node_key)


@pytest.mark.parametrize("node_key", ["10", "A", "", None, "empty_key", -1, True, ["1"]])
def test_other_keys_do_not_exist(node_key, api, node):
    assert api.post("/v1/ivrkeypress", {"node": node.public_id, "node_key": node_key, "action": 6})["r"] == 1
    assert IvrKeyPress.objects.count() == 0


@pytest.mark.parametrize(("action", "target"), [(2, "queue_id"), ("3", "to_phone_number"), (4, "next_node")])
def test_the_target_of_an_action_is_required(action, target, api, node):
    before = everything()
    body = {"node": node.public_id, "node_key": "1", "action": action}
    for incomplete in (body, {**body, target: None}, {**body, target: ""}):
        answer = api.post("/v1/ivrkeypress", incomplete)
        assert (answer["r"], answer["message"]) == (1, f"{target} is required when action is {action}.")
    assert everything() == before


@pytest.mark.parametrize("action", [1, 5, 6])
def test_other_actions_need_no_target(action, api, node):
    assert api.post("/v1/ivrkeypress", {"node": node.public_id, "node_key": "1", "action": action})["r"] == 0


def test_a_changed_action_needs_and_keeps_its_own_target_only(api, ours, tree, node, queue):
    target = factories.IvrNodeFactory(project=ours, tree=tree)
    key = factories.IvrKeyPressFactory(project=ours, node=node, action=KeyAction.QUEUE, queue=queue)
    path = f"/v1/ivrkeypress/{key.public_id}"
    before = everything()
    assert api.put(path, {"action": 4})["message"] == "next_node is required when action is 4."
    assert api.put(path, {"queue_id": None})["message"] == "queue_id is required when action is 2."
    assert everything() == before

    changed = api.put(path, {"action": 4, "next_node": target.public_id})
    assert (changed["ivrNodeKeyID"], changed["message"]) == (key.public_id, "Update ivr node key success")
    row = api.get(path)["data"]
    assert (row["action"], row["next_node"], row["queue_id"]) == (4, target.public_id, None)

    forward = {"action": 3, "to_phone_number": "84900000011", "from_number_callout_to_agent": "842473082686"}
    assert api.put(path, forward)["r"] == 0
    row = api.get(path)["data"]
    assert {name: row[name] for name in forward} == forward
    assert row["next_node"] is None
    assert api.delete(f"/v1/queue/{queue.public_id}")["r"] == 0


def test_a_key_leads_to_nodes_of_its_own_tree(api, ours, node):
    elsewhere = factories.IvrNodeFactory(project=ours, tree=factories.IvrTreeFactory(project=ours))
    before = everything()
    body = {"node": node.public_id, "node_key": "1", "action": 4, "next_node": elsewhere.public_id}
    answer = api.post("/v1/ivrkeypress", body)
    assert (answer["r"], answer["message"]) == (1, "A key can only lead to a node of the same IVR tree.")
    assert everything() == before


def test_a_node_has_a_key_once(api, ours, tree, node):
    key = factories.IvrKeyPressFactory(project=ours, node=node, node_key="1")
    other = factories.IvrKeyPressFactory(project=ours, node=node, node_key="2")
    before = everything()
    for answer in (
        api.post("/v1/ivrkeypress", {"node": node.public_id, "node_key": "1", "action": 6}),
        api.put(f"/v1/ivrkeypress/{other.public_id}", {"node_key": "1"}),
    ):
        assert (answer["r"], answer["ivrNodeKeyID"]) == (2, key.public_id)
        assert answer["message"] == "The node has this key already."
    assert everything() == before
    assert api.put(f"/v1/ivrkeypress/{key.public_id}", {"node_key": "1", "node": node.public_id})["r"] == 0
