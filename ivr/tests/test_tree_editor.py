"""The page of a tree: what it shows to whom, and every step that can be done there, with and without scripts."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse

from ivr import services
from ivr.models import IvrKeyPress, IvrNode, IvrTree, Key, KeyAction, PlayMode
from tests import factories
from tests.console import texts

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
STEPS_ON_A_NODE = ("save-node", "make-root", "delete-node", "add-key")
STEPS_ON_A_KEY = ("save-key", "delete-key")


@pytest.fixture
def tree(ours):
    return factories.IvrTreeFactory(project=ours, tree_name="Welcome")


@pytest.fixture
def root(tree):
    return new_node(tree, "Start")


@pytest.fixture
def queue(ours):
    return factories.QueueFactory(project=ours, name="Support")


@pytest.fixture
def editor(client, supervisor):
    """A signed-in supervisor."""
    client.force_login(supervisor)
    return client


def new_node(tree, name, **values):
    node = IvrNode(project=tree.project, tree=tree, node_name=name, node_play_content="Press 1.", **values)
    services.add_node(node)
    return node


def new_key(node, key, **values):
    press = IvrKeyPress(project=node.project, node=node, node_key=key, **values)
    services.save_key(press)
    return press


def page(tree):
    return reverse("admin:ivr_ivrtree_change", args=[tree.pk])


def step(tree, name, row=None):
    return reverse("admin:ivr_ivrtree_edit", args=[tree.pk, name, *([row.public_id] if row else [])])


def node_values(**values):
    defaults = {"loop_count": 1, "sched": 0, "barge_in": "on", "keypress_timeout": 5, "speed": 0}
    return {
        "node_name": "Start",
        "node_play_mode": "talk",
        "node_play_content": "Press 1.",
        "voice": "female",
        **defaults,
        **values,
    }


def version(row):
    row.refresh_from_db()
    return row.updated_at.isoformat()


# ── Showing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_tree_asks_for_its_first_node(editor, tree):
    response = editor.get(page(tree))
    assert "Create the first node" in texts(response)
    assert 'name="node_name"' in response.content.decode()


def test_the_page_shows_picture_outline_findings_and_use(editor, ours, tree, root, queue):
    new_key(root, Key.KEY_1, action=KeyAction.QUEUE, queue=queue)
    factories.NumberFactory(project=ours, number="842473082686", enable_ivr=True, ivr_tree=tree)
    response = editor.get(page(tree))
    shown = texts(response)
    assert "Picture of the IVR tree Welcome" in shown
    assert "Findings: 1 error, 1 hint" in shown
    assert "Start, key 1: Nobody serves the queue Support." in shown
    assert "Used by 842473082686" in shown
    content = response.content.decode()
    assert f'href="#key-{root.public_id}-1"' in content
    assert f'id="key-{root.public_id}-1"' in content
    assert reverse("admin:queues_queue_change", args=[queue.pk]) in content


def test_a_tree_that_no_number_uses_says_what_to_do(editor, tree, root):
    assert "No number uses this tree yet" in texts(editor.get(page(tree)))


def test_a_greeting_can_be_listened_to_when_its_audio_is_there(editor, ours, tree, root, monkeypatch):
    greeting = factories.GreetingFileFactory(project=ours, desc1="Music")
    root.node_play_mode, root.greeting_file = PlayMode.PLAY, greeting
    services.save_node(root)
    address = reverse("console-greeting-audio", args=[greeting.public_id])
    assert address not in editor.get(page(tree)).content.decode()
    monkeypatch.setattr("ivr.tree_outline.has_audio", lambda greeting: True)
    assert f'src="{address}"' in editor.get(page(tree)).content.decode()


def test_settings_that_are_not_usual_are_named(editor, tree, root):
    root.loop_count, root.barge_in, root.speed = 3, False, -1
    services.save_node(root)
    assert "said 3 times · keys do not interrupt · speed -1" in texts(editor.get(page(tree)))


@pytest.mark.parametrize(
    ("opened", "field"),
    [
        ("name", "tree_name"),
        ("add-node", "node_name"),
        ("edit-node:{node}", "node_play_content"),
        ("add-key:{node}", "node_key"),
        ("edit-key:{key}", "action"),
        ("delete-node:{node}", "csrfmiddlewaretoken"),
        ("delete-key:{key}", "csrfmiddlewaretoken"),
    ],
)
def test_each_form_opens_on_the_page_and_as_its_inner_part(editor, tree, root, opened, field):
    key = new_key(root, Key.KEY_1, action=KeyAction.HANG_UP)
    address = page(tree) + "?open=" + opened.format(node=root.public_id, key=key.public_id)
    whole, inner = editor.get(address), editor.get(address, headers=HTMX)
    for response in (whole, inner):
        form = re.search(r'<form id="ivr-form".*?</form>', response.content.decode(), re.S)
        assert form
        assert f'name="{field}"' in form.group()
        assert 'data-focus="ivr-form"' in response.content.decode()
    assert "<html" in whole.content.decode()
    assert "<html" not in inner.content.decode()
    assert inner["X-Tree-Editor"] == "1"
    assert "no-store" in inner["Cache-Control"]


@pytest.mark.parametrize(
    "opened", ["nonsense", "edit-node:", "edit-node:NOGONE00", "edit-key:<script>", "delete-key:", ":"]
)
def test_an_address_that_opens_nothing_shows_the_page(editor, tree, root, opened):
    response = editor.get(page(tree), {"open": opened})
    assert response.status_code == 200
    assert 'id="ivr-form"' not in response.content.decode()
    assert "<script>" not in response.content.decode().partition('id="ivr-editor"')[2]


def test_closing_a_form_gives_the_keyboard_back_to_what_opened_it(editor, tree, root):
    response = editor.get(page(tree), {"closed": f"edit-node-{root.public_id}"}, headers=HTMX)
    assert f'data-focus="edit-node-{root.public_id}"' in response.content.decode()


# ── Nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_node_is_created_and_is_where_calls_start(editor, tree):
    response = editor.post(step(tree, "add-node"), node_values(node_play_content="Welcome."), headers=HTMX)
    node = tree.nodes.get()
    tree.refresh_from_db()
    assert tree.root_node == node
    assert (node.node_name, node.node_play_content, node.project) == ("Start", "Welcome.", tree.project)
    assert "Node “Start” was created." in texts(response)
    assert "Calls start here" in texts(response)
    assert f'data-focus="add-key-{node.public_id}"' in response.content.decode()


def test_without_scripts_a_step_leads_back_to_the_page_and_says_what_was_done(editor, tree):
    response = editor.post(step(tree, "add-node"), node_values())
    assert response.status_code == 302
    assert response["Location"] == f"{page(tree)}#add-key-{tree.nodes.get().public_id}"
    assert "Node “Start” was created." in texts(editor.get(page(tree)))


def test_every_setting_of_a_node_is_saved(editor, ours, tree, root):
    values = node_values(
        node_name="Menu",
        node_play_content="Bấm phím 1.",
        voice="banmai",
        loop_count=3,
        sched=1500,
        keypress_timeout=9,
        speed=-2,
        version=version(root),
    )
    del values["barge_in"]
    response = editor.post(step(tree, "save-node", root), values, headers=HTMX)
    root.refresh_from_db()
    assert "Node “Menu” was saved." in texts(response)
    assert (root.node_name, root.node_play_content, root.voice) == ("Menu", "Bấm phím 1.", "banmai")
    assert (root.loop_count, root.sched, root.keypress_timeout, root.speed, root.barge_in) == (3, 1500, 9, -2, False)


def test_a_node_plays_a_greeting_file_of_the_project(editor, ours, theirs, tree, root):
    ours_file = factories.GreetingFileFactory(project=ours)
    theirs_file = factories.GreetingFileFactory(project=theirs)
    values = node_values(node_play_mode="play", version=version(root))
    refused = editor.post(step(tree, "save-node", root), {**values, "greeting_file": theirs_file.pk}, headers=HTMX)
    assert "That choice is not one of the available choices." in texts(refused)
    editor.post(step(tree, "save-node", root), {**values, "greeting_file": ours_file.pk}, headers=HTMX)
    root.refresh_from_db()
    assert root.greeting_file == ours_file


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"node_name": ""}, "node_name", "This field is required."),
        ({"node_name": "x" * 201}, "node_name", "at most 200 characters"),
        ({"node_name": "a\x00b"}, "node_name", "Null characters are not allowed."),
        ({"node_play_content": " "}, "node_play_content", "Enter the text that callers hear."),
        ({"node_play_content": "x" * 2001}, "node_play_content", "at most 2000 characters"),
        ({"node_play_mode": "sing"}, "node_play_mode", "is not one of the available choices"),
        ({"node_play_mode": "play"}, "greeting_file", "Choose the greeting file that callers hear."),
        ({"node_play_mode": "play", "greeting_file": "x"}, "greeting_file", "not one of the available choices"),
        ({"loop_count": "0"}, "loop_count", "greater than or equal to 1"),
        ({"loop_count": str(2**63)}, "loop_count", "less than or equal to 20"),
        ({"sched": "-1"}, "sched", "greater than or equal to 0"),
        ({"keypress_timeout": "NaN"}, "keypress_timeout", "Enter a whole number."),
        ({"speed": "4"}, "speed", "less than or equal to 3"),
        ({"voice": "nobody"}, "voice", "is not one of the available choices"),
    ],
)
def test_a_mistake_is_shown_at_its_field_and_nothing_is_saved(editor, tree, root, values, field, message):
    before = version(root)
    response = editor.post(
        step(tree, "save-node", root), node_values(version=before, **{"node_name": "Changed", **values}), headers=HTMX
    )
    content = response.content.decode()
    errors = re.search(rf'<ul[^>]*id="ivr-{field}_error".*?</ul>', content, re.S)
    assert errors
    assert message in html.unescape(errors.group())
    assert re.search(rf'id="ivr-{field}"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*id="ivr-{field}"', content)
    assert "Nothing was saved: please correct the form." in texts(response)
    assert version(root) == before
    without_scripts = editor.post(step(tree, "save-node", root), node_values(**values))
    assert without_scripts.status_code == 200
    assert message in texts(without_scripts)


def test_the_rarely_used_settings_are_open_when_the_mistake_is_there(editor, tree, root):
    values = node_values(version=version(root), loop_count=99)
    assert '<details class="ivr-more" open>' in editor.post(step(tree, "save-node", root), values).content.decode()


def test_a_change_by_somebody_else_is_not_overwritten_by_accident(editor, tree, root):
    seen = version(root)
    root.node_name = "Changed by another"
    services.save_node(root)
    response = editor.post(step(tree, "save-node", root), node_values(node_name="Mine", version=seen), headers=HTMX)
    root.refresh_from_db()
    assert root.node_name == "Changed by another"
    assert "This was changed after you opened it." in texts(response)
    assert 'value="Mine"' in response.content.decode()
    again = re.search(r'name="version" value="([^"]+)"', response.content.decode())
    assert again
    editor.post(step(tree, "save-node", root), node_values(node_name="Mine", version=again.group(1)), headers=HTMX)
    root.refresh_from_db()
    assert root.node_name == "Mine"


@pytest.mark.parametrize("headers", [HTMX, {}])
@pytest.mark.parametrize("name", STEPS_ON_A_NODE)
def test_a_node_deleted_meanwhile_is_said_to_be_gone(editor, tree, root, name, headers):
    gone = new_node(tree, "Gone")
    address = step(tree, name, gone)
    gone.delete()
    response = editor.post(address, node_values(), headers=headers, follow=True)
    assert response.status_code == 200
    assert "This node was deleted meanwhile, so nothing was saved." in texts(response)
    assert [node.node_name for node in tree.nodes.all()] == ["Start"]


def test_calls_can_start_at_another_node(editor, tree, root):
    other = new_node(tree, "Other")
    response = editor.post(step(tree, "make-root", other), headers=HTMX)
    tree.refresh_from_db()
    assert tree.root_node == other
    assert "Calls now start at “Other”." in texts(response)


def test_before_a_node_is_deleted_the_keys_that_go_along_are_named(editor, tree, root):
    menu = new_node(tree, "Menu")
    leading = new_key(root, Key.KEY_1, action=KeyAction.NODE, next_node=menu)
    new_key(menu, Key.STAR, action=KeyAction.NODE, next_node=root)
    question = texts(editor.get(page(tree), {"open": f"delete-node:{menu.public_id}"}))
    assert "Delete the node “Menu”?" in question
    assert "Its 1 key goes with it." in question
    assert "These keys lead here and are deleted as well: Start , 1" in question
    editor.post(step(tree, "delete-node", menu), {"with-key": [leading.public_id]}, headers=HTMX)
    assert [node.node_name for node in tree.nodes.all()] == ["Start"]
    assert not tree.keys.exists()


def test_a_key_that_was_added_after_the_question_keeps_the_node(editor, tree, root):
    menu = new_node(tree, "Menu")
    new_key(root, Key.KEY_1, action=KeyAction.NODE, next_node=menu)
    response = editor.post(step(tree, "delete-node", menu), headers=HTMX)
    assert "is used by: IVR key 1." in texts(response)
    assert tree.nodes.count() == 2


def test_the_node_at_which_calls_start_is_kept_while_a_number_uses_it(editor, ours, tree, root):
    factories.NumberFactory(project=ours, number="842473082686", enable_ivr=True, ivr_tree=tree)
    question = editor.get(page(tree), {"open": f"delete-node:{root.public_id}"})
    assert "Calls to 842473082686 start here." in texts(question)
    assert "pcc-button-danger" not in question.content.decode()
    response = editor.post(step(tree, "delete-node", root), headers=HTMX)
    assert "is used by: number 842473082686" in texts(response)
    assert tree.nodes.count() == 1


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_to_a_queue(editor, tree, root, queue):
    response = editor.post(
        step(tree, "add-key", root), {"node_key": "1", "action": 2, "queue": queue.pk, "sms": "x"}, headers=HTMX
    )
    key = tree.keys.get()
    assert (key.node, key.node_key, key.action, key.queue, key.sms) == (root, "1", KeyAction.QUEUE, queue, "")
    assert "Key 1 was saved." in texts(response)
    assert "Go to queue: Support" in texts(response)
    assert f'data-focus="add-key-{root.public_id}"' in response.content.decode()


def test_a_key_to_a_node_that_is_there(editor, tree, root):
    editor.post(step(tree, "add-key", root), {"node_key": "*", "action": 4, "next_node_id": root.public_id})
    assert tree.keys.get().next_node == root


def test_a_key_and_the_node_behind_it_in_one_go(editor, tree, root):
    values = {"node_key": "1", "action": 4, "next_node_id": "new", "new_node_name": "Menu", "new_node_text": "Hello."}
    response = editor.post(step(tree, "add-key", root), values, headers=HTMX)
    key = tree.keys.get()
    assert (key.next_node.node_name, key.next_node.node_play_content) == ("Menu", "Hello.")
    assert "Key 1 was saved, and node “Menu” was created." in texts(response)
    tree.refresh_from_db()
    assert tree.root_node == root


def test_a_key_that_forwards_shows_one_of_our_numbers(editor, ours, tree, root):
    factories.NumberFactory(project=ours, number="842473082686")
    values = {"node_key": "0", "action": 3, "to_phone_number": "0909 982 888"}
    editor.post(step(tree, "add-key", root), {**values, "from_number_callout_to_agent": "842473082686"})
    key = tree.keys.get()
    assert (key.to_phone_number, key.from_number_callout_to_agent) == ("0909 982 888", "842473082686")


@pytest.mark.parametrize(("action", "expected"), [(1, KeyAction.VOICEMAIL), (6, KeyAction.HANG_UP)])
def test_a_key_without_a_target(editor, tree, root, action, expected):
    editor.post(step(tree, "add-key", root), {"node_key": "EMPTY_KEY", "action": action})
    assert tree.keys.get().action == expected


def test_a_key_that_sends_an_sms(editor, tree, root):
    editor.post(step(tree, "add-key", root), {"node_key": "5", "action": 5, "sms": "Our address."})
    assert tree.keys.get().sms == "Our address."


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"node_key": ""}, "node_key", "This field is required."),
        ({"node_key": "A"}, "node_key", "not one of the available choices"),
        ({"node_key": "7"}, "node_key", "not one of the available choices"),
        ({"action": "9"}, "action", "not one of the available choices"),
        ({"action": "2"}, "queue", "Choose the queue in which callers wait."),
        ({"action": "2", "queue": "{theirs}"}, "queue", "not one of the available choices"),
        ({"action": "3"}, "to_phone_number", "Enter the phone number that is called."),
        ({"action": "3"}, "from_number_callout_to_agent", "Choose the number that is shown to who is called."),
        ({"action": "3", "to_phone_number": "call me"}, "to_phone_number", "is not a phone number"),
        ({"action": "3", "from_number_callout_to_agent": "84999"}, "from_number_callout_to_agent", "not one of the"),
        ({"action": "4"}, "next_node_id", "Choose the node that comes next."),
        ({"action": "4", "next_node_id": "{theirs_node}"}, "next_node_id", "not one of the available choices"),
        ({"action": "4", "next_node_id": "{other_tree_node}"}, "next_node_id", "not one of the available choices"),
        ({"action": "4", "next_node_id": "new"}, "new_node_name", "Give the new node a name."),
        ({"action": "5", "sms": "  "}, "sms", "Enter the text of the SMS."),
        ({"action": "5", "sms": "x" * 501}, "sms", "at most 500 characters"),
    ],
)
def test_a_key_with_a_mistake_is_not_saved(editor, ours, theirs, tree, root, values, field, message):
    new_key(root, Key.KEY_7, action=KeyAction.HANG_UP)
    elsewhere = new_node(factories.IvrTreeFactory(project=ours), "Elsewhere")
    outside = new_node(factories.IvrTreeFactory(project=theirs), "Theirs")
    names = {
        "{theirs}": factories.QueueFactory(project=theirs).pk,
        "{theirs_node}": outside.public_id,
        "{other_tree_node}": elsewhere.public_id,
    }
    sent = {"node_key": "1", "action": "6", **{name: names.get(value, value) for name, value in values.items()}}
    response = editor.post(step(tree, "add-key", root), sent, headers=HTMX)
    errors = re.search(rf'<ul[^>]*id="ivr-{field}_error".*?</ul>', response.content.decode(), re.S)
    assert errors
    assert message in html.unescape(errors.group())
    assert [key.node_key for key in tree.keys.all()] == ["7"]
    assert tree.nodes.count() == 1


def test_a_key_is_changed(editor, tree, root, queue):
    key = new_key(root, Key.KEY_1, action=KeyAction.HANG_UP)
    values = {"node_key": "2", "action": 2, "queue": queue.pk, "version": version(key)}
    response = editor.post(step(tree, "save-key", key), values, headers=HTMX)
    key.refresh_from_db()
    assert (key.node_key, key.action, key.queue) == ("2", KeyAction.QUEUE, queue)
    assert f'data-focus="edit-key-{key.public_id}"' in response.content.decode()


def test_a_key_changed_by_somebody_else_is_not_overwritten_by_accident(editor, tree, root):
    key = new_key(root, Key.KEY_1, action=KeyAction.HANG_UP)
    response = editor.post(step(tree, "save-key", key), {"node_key": "1", "action": 1, "version": "old"}, headers=HTMX)
    key.refresh_from_db()
    assert key.action == KeyAction.HANG_UP
    assert "This was changed after you opened it." in texts(response)


def test_a_key_taken_at_the_same_moment_is_an_error_at_the_field(editor, tree, root, monkeypatch):
    new_key(root, Key.KEY_1, action=KeyAction.HANG_UP)
    monkeypatch.setattr("ivr.tree_forms.KeyForm._free_keys", lambda form: Key.choices)
    response = editor.post(step(tree, "add-key", root), {"node_key": "1", "action": 1}, headers=HTMX)
    assert "The node has this key already." in texts(response)
    assert tree.keys.get().action == KeyAction.HANG_UP


def test_a_key_is_deleted(editor, tree, root):
    key = new_key(root, Key.KEY_1, action=KeyAction.HANG_UP)
    assert "Delete key 1 of “Start”?" in texts(editor.get(page(tree), {"open": f"delete-key:{key.public_id}"}))
    response = editor.post(step(tree, "delete-key", key), headers=HTMX)
    assert "Key 1 was deleted." in texts(response)
    assert not tree.keys.exists()


@pytest.mark.parametrize("name", STEPS_ON_A_KEY)
def test_a_key_deleted_meanwhile_is_said_to_be_gone(editor, tree, root, name):
    key = new_key(root, Key.KEY_1, action=KeyAction.HANG_UP)
    address = step(tree, name, key)
    key.delete()
    response = editor.post(address, {"node_key": "1", "action": 1}, headers=HTMX)
    assert "This key was deleted meanwhile, so nothing was saved." in texts(response)
    assert not tree.keys.exists()


def test_a_node_with_every_key_offers_no_further_one(editor, tree, root):
    for key in Key:
        new_key(root, key, action=KeyAction.HANG_UP)
    assert "open=add-key" not in editor.get(page(tree)).content.decode()


# ── Tree ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tree_is_renamed(editor, tree, root):
    response = editor.post(step(tree, "rename"), {"tree_name": "New name"}, headers=HTMX)
    tree.refresh_from_db()
    assert tree.tree_name == "New name"
    assert "The tree was renamed." in texts(response)


def test_a_name_that_is_refused_is_not_shown_as_the_name(editor, tree, root):
    response = editor.post(step(tree, "rename"), {"tree_name": "x" * 201})
    assert "at most 200 characters" in texts(response)
    assert "Picture of the IVR tree Welcome" in texts(response)
    tree.refresh_from_db()
    assert tree.tree_name == "Welcome"


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def all_steps(tree, node, key):
    return [
        step(tree, "rename"),
        step(tree, "add-node"),
        *(step(tree, name, node) for name in STEPS_ON_A_NODE),
        *(step(tree, name, key) for name in STEPS_ON_A_KEY),
    ]


def stored():
    """Everything about trees that is in the database."""
    return [list(model.objects.order_by("pk").values()) for model in (IvrTree, IvrNode, IvrKeyPress)]


def test_a_viewer_sees_everything_and_can_change_nothing(client, viewer, tree, root):
    key = new_key(root, Key.KEY_1, action=KeyAction.HANG_UP)
    client.force_login(viewer)
    content = client.get(page(tree), {"open": f"edit-node:{root.public_id}"}).content.decode()
    inner = content.partition('id="ivr-editor"')[2]
    assert "Picture of the IVR tree Welcome" in inner
    assert "<form" not in inner
    assert "open=" not in inner
    before = stored()
    for address in all_steps(tree, root, key):
        assert client.post(address, {**node_values(), "tree_name": "x"}, headers=HTMX).status_code == 403
    assert stored() == before


def test_another_project_has_no_such_tree(client, outsider, tree, root):
    key = new_key(root, Key.KEY_1, action=KeyAction.HANG_UP)
    client.force_login(outsider)
    before = stored()
    assert client.get(page(tree)).status_code == 404
    for address in all_steps(tree, root, key):
        assert client.post(address, node_values(), headers=HTMX).status_code == 404
    assert stored() == before


def test_nodes_and_keys_of_another_tree_cannot_be_reached_through_this_one(editor, ours, theirs, tree, root):
    for project in (ours, theirs):
        node = new_node(factories.IvrTreeFactory(project=project), "Elsewhere")
        key = new_key(node, Key.KEY_1, action=KeyAction.HANG_UP)
        before = stored()
        for name in STEPS_ON_A_NODE:
            assert "deleted meanwhile" in texts(editor.post(step(tree, name, node), node_values(), headers=HTMX))
        for name in STEPS_ON_A_KEY:
            assert "deleted meanwhile" in texts(editor.post(step(tree, name, key), {"node_key": "1"}, headers=HTMX))
        assert stored() == before
        new_key(root, Key.KEY_2 if project is ours else Key.KEY_3, action=KeyAction.HANG_UP)


def test_strangers_are_asked_to_sign_in(client, tree, root):
    assert client.get(page(tree)).status_code == 302
    assert client.post(step(tree, "add-node"), node_values()).status_code == 302
    assert tree.nodes.count() == 1


def test_a_step_needs_the_token_of_the_page(supervisor, tree, root, client):
    client.handler.enforce_csrf_checks = True
    client.force_login(supervisor)
    assert client.post(step(tree, "make-root", root)).status_code == 403


def test_coming_back_to_the_address_of_a_step_shows_the_page(editor, tree, root):
    response = editor.get(step(tree, "delete-node", root))
    assert (response.status_code, response["Location"]) == (302, page(tree))
    assert tree.nodes.count() == 1


def test_an_unknown_step_is_not_found(editor, tree, root):
    assert editor.post(step(tree, "explode", root)).status_code == 404


# ── Hostile texts and costs ──────────────────────────────────────────────────────────────────────────────────────────


def test_hostile_names_are_shown_as_text(editor, ours):
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    tree = IvrTree.objects.create(project=ours, tree_name=evil)
    node = IvrNode(project=ours, tree=tree, node_name=evil, node_play_content=evil)
    services.add_node(node)
    queue = factories.QueueFactory(project=ours, name=evil)
    new_key(node, Key.KEY_1, action=KeyAction.QUEUE, queue=queue)
    sms = new_key(node, Key.KEY_2, action=KeyAction.SMS, sms=evil)
    factories.GreetingFileFactory(project=ours, desc1=evil)
    for opened in ("", f"edit-node:{node.public_id}", f"edit-key:{sms.public_id}", f"delete-node:{node.public_id}"):
        content = editor.get(page(tree), {"open": opened}).content.decode()
        assert "<script>alert" not in content
        assert "<img src=x" not in content
        assert evil in html.unescape(content)


def test_no_script_stands_in_the_page(editor, tree, root):
    inner = editor.get(page(tree), headers=HTMX).content.decode()
    assert not re.search(r"<script|\son\w+=|javascript:|hx-on", inner)


def test_the_page_costs_the_same_however_large_the_tree_is(editor, ours, tree, root, django_assert_max_num_queries):
    editor.get(page(tree), headers=HTMX)
    with django_assert_max_num_queries(20) as small:
        editor.get(page(tree), headers=HTMX)
    for number in range(10):
        node = new_node(tree, f"Node {number}")
        queue = factories.QueueFactory(project=ours)
        new_key(node, Key.KEY_1, action=KeyAction.QUEUE, queue=queue)
        new_key(node, Key.KEY_2, action=KeyAction.NODE, next_node=root)
    with django_assert_max_num_queries(20) as large:
        editor.get(page(tree), headers=HTMX)
    assert len(large.captured_queries) == len(small.captured_queries)
