"""The tutorial's welcome tree, built in the editor by keyboard alone."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from ivr.greetings import store_greeting
from ivr.models import IvrNode, IvrTree, Key, KeyAction
from ivr.selectors import tree_for_linting
from tests import factories
from tests.sounds import tone, wav

WELCOME = "Press 1 for instructions in English, press 2 for Spanish."
ENGLISH = "For sales press 1, for technical support press 2."
SPANISH = "Para ventas presione 1, para soporte técnico presione 2."


@pytest.fixture
def queues(ours):
    """The tutorial's three queues, each served by its group."""
    queues = [factories.QueueFactory(project=ours, name=f"Queue {number}") for number in (1, 2, 3)]
    for number, queue in enumerate(queues, 1):
        group = factories.GroupFactory(project=ours, name=f"Group {number}")
        factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    return queues


@pytest.fixture
def tree(ours):
    return IvrTree.objects.create(project=ours, tree_name="Welcome")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def type_into_next(page: Page, text: str) -> None:
    press(page, "Tab")
    page.keyboard.type(text)


def focused(page: Page) -> str:
    """The name of what has the keyboard: its id, or the field's name."""
    name: str = page.evaluate(
        "document.activeElement.id || document.activeElement.name || document.activeElement.tagName"
    )
    return name


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this id has the keyboard."""
    for _ in range(120):
        if focused(page) == name:
            return
        press(page, "Tab")
    raise AssertionError(f"{name} cannot be reached with Tab")


def said(page: Page, text: str) -> None:
    """What is read out after a step."""
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def choose(page: Page, name: str, label: str) -> None:
    """Choose in a select that is reached with Tab, by typing the beginning of the choice."""
    tab_to(page, f"ivr-{name}")
    page.keyboard.type(label)


def save(page: Page) -> None:
    tab_to(page, "ivr-save")
    press(page, "Enter")


def add_key(page: Page, node: str, key: str, action: str) -> None:
    """Open the form for a new key of a node, and choose the key and what it does."""
    tab_to(page, f"add-key-{IvrNode.objects.get(node_name=node).public_id}")
    press(page, "Enter")
    expect(page.locator("#ivr-node_key")).to_be_focused()
    page.keyboard.type(key)
    choose(page, "action", action)


def add_key_with_node(page: Page, node: str, key: str, name: str, text: str) -> None:
    add_key(page, node, key, "Next node")
    choose(page, "next_node_id", "New node")
    tab_to(page, "ivr-new_node_name")
    page.keyboard.type(name)
    type_into_next(page, text)
    save(page)
    said(page, f"node “{name}” was created.")


def add_key_to_queue(page: Page, node: str, key: str, queue: str) -> None:
    add_key(page, node, key, "Go to queue")
    choose(page, "queue", queue)
    save(page)
    said(page, f"Key {key} was saved.")


def test_the_tutorials_tree_is_built_by_keyboard_alone(console, check_page, supervisor, ours, queues):
    console.sign_in(supervisor)
    page = console.open(reverse("admin:ivr_ivrtree_add"))
    page.get_by_label("Name").focus()
    page.keyboard.type("Welcome")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Create the first node")).to_be_visible()

    expect(page.locator("#ivr-node_name")).to_be_focused()
    page.keyboard.type("Welcome")
    tab_to(page, "ivr-node_play_content")
    page.keyboard.type(WELCOME)
    save(page)
    said(page, "Node “Welcome” was created.")

    add_key_with_node(page, "Welcome", "1", "English", ENGLISH)
    add_key_with_node(page, "Welcome", "2", "Español", SPANISH)
    for node, key, queue in (
        ("English", "1", "Queue 1"),
        ("English", "2", "Queue 2"),
        ("Español", "1", "Queue 3"),
        ("Español", "2", "Queue 2"),
    ):
        add_key_to_queue(page, node, key, queue)
    for node in ("Welcome", "English", "Español"):
        add_key(page, node, "No key pressed", "End call")
        save(page)
        said(page, "No key pressed was saved.")
    said(page, "No problems found.")

    linted = tree_for_linting(IvrTree.objects.get())
    assert linted.findings == ()
    assert {
        (key.node.node_name, key.node_key, key.action, str(key.next_node or key.queue or ""))
        for key in linted.key_rows.values()
    } == {
        ("Welcome", "1", KeyAction.NODE, "English"),
        ("Welcome", "2", KeyAction.NODE, "Español"),
        ("English", "1", KeyAction.QUEUE, "Queue 1"),
        ("English", "2", KeyAction.QUEUE, "Queue 2"),
        ("Español", "1", KeyAction.QUEUE, "Queue 3"),
        ("Español", "2", KeyAction.QUEUE, "Queue 2"),
        *((node, Key.EMPTY, KeyAction.HANG_UP, "") for node in ("Welcome", "English", "Español")),
    }
    picture = page.get_by_role("img", name="Picture of the IVR tree Welcome")
    expect(picture.get_by_text("Queue 3", exact=True)).to_be_visible()
    check_page(page, "ivr-tutorial-tree")


@pytest.fixture
def broken(tree, queues):
    """A tree with something of every kind: a loop, an unreachable node, a key that leads nowhere, odd names."""
    ours = tree.project
    nodes = [
        factories.IvrNodeFactory(project=ours, tree=tree, node_name=name, node_play_content=text)
        for name, text in (("Start", "Press 1."), ("Round", "Press 1 or 9."), ("Forgotten", "Nobody hears this."))
    ]
    tree.root_node = nodes[0]
    tree.save()
    for node, key, values in (
        (nodes[0], "1", {"action": KeyAction.NODE, "next_node": nodes[1]}),
        (nodes[0], "2", {"action": KeyAction.QUEUE, "queue": None}),
        (nodes[1], "1", {"action": KeyAction.NODE, "next_node": nodes[1]}),
    ):
        factories.IvrKeyPressFactory(project=ours, node=node, node_key=key, **values)
    return tree


def open_tree(console, tree):
    return console.open(reverse("admin:ivr_ivrtree_change", args=[tree.pk]))


def test_every_state_of_the_page_is_accessible(console, check_page, supervisor, broken):
    console.sign_in(supervisor)
    node, key = broken.nodes.order_by("pk")[1], broken.keys.order_by("pk")[1]
    check_page(open_tree(console, broken), "ivr-findings")
    for opened in (
        "name",
        "add-node",
        f"edit-node:{node.public_id}",
        f"add-key:{node.public_id}",
        f"edit-key:{key.public_id}",
        f"delete-node:{node.public_id}",
        f"delete-key:{key.public_id}",
    ):
        page = console.open(reverse("admin:ivr_ivrtree_change", args=[broken.pk]) + f"?open={opened}")
        check_page(page, f"ivr-{opened.partition(':')[0]}")
    check_page(console.open(reverse("admin:ivr_ivrtree_changelist")), "ivr-list")


def test_a_viewer_gets_an_accessible_page_without_forms(console, check_page, viewer, broken):
    console.sign_in(viewer)
    page = open_tree(console, broken)
    expect(page.locator("#ivr-editor form, #ivr-editor button")).to_have_count(0)
    check_page(page, "ivr-viewer")


def test_a_mistake_gets_the_keyboard_and_is_read_out(console, supervisor, broken):
    console.sign_in(supervisor)
    page = open_tree(console, broken)
    key = broken.keys.get(node_key="2")
    page.locator(f"#edit-key-{key.public_id}").focus()
    press(page, "Enter")
    expect(page.locator("#ivr-node_key")).to_be_focused()
    save(page)
    said(page, "Nothing was saved: please correct the form.")
    expect(page.locator("#ivr-queue")).to_be_focused()
    expect(page.locator("#ivr-queue_error")).to_have_text("Choose the queue in which callers wait.")


def test_only_the_fields_of_the_chosen_action_are_shown(console, supervisor, broken):
    console.sign_in(supervisor)
    page = console.open(
        reverse("admin:ivr_ivrtree_change", args=[broken.pk]) + f"?open=add-key:{broken.root_node.public_id}"
    )
    shown = {
        "Go to queue": ["ivr-queue"],
        "Forward to a phone": ["ivr-to_phone_number", "ivr-from_number_callout_to_agent"],
        "Next node": ["ivr-next_node_id"],
        "Send an SMS": ["ivr-sms"],
        "End call": [],
        "Voicemail": [],
    }
    for action, fields in shown.items():
        page.get_by_label("Action").select_option(label=action)
        visible = page.locator("#ivr-form [data-shown-for] :is(input, select, textarea):visible")
        assert [field.get_attribute("id") for field in visible.all()] == fields


def test_a_greeting_file_can_be_heard_before_it_is_chosen(console, supervisor, broken):
    greeting = store_greeting(broken.project, BytesIO(wav(tone(1))), original_name="menu.wav", description="Menu")
    console.sign_in(supervisor)
    page = console.open(
        reverse("admin:ivr_ivrtree_change", args=[broken.pk]) + f"?open=edit-node:{broken.root_node.public_id}"
    )
    page.get_by_label("Announcement", exact=True).select_option(label="Play a greeting file")
    player = page.get_by_label("Listen to the chosen file")
    expect(player).to_be_hidden()
    page.get_by_label("Greeting file").select_option(label="Menu")
    expect(player).to_be_visible()
    address = reverse("console-greeting-audio", args=[greeting.public_id])
    expect(player).to_have_attribute("src", address)
    save(page)
    said(page, "Node “Start” was saved.")
    playing = page.get_by_label("Listen to Menu")
    playing.evaluate("player => player.play()")
    page.wait_for_function("player => player.duration > 0.9", arg=playing.element_handle())


def test_cancelling_gives_the_keyboard_back(console, supervisor, broken):
    console.sign_in(supervisor)
    page = open_tree(console, broken)
    opener = page.locator(f"#edit-node-{broken.root_node.public_id}")
    opener.focus()
    press(page, "Enter")
    expect(page.locator("#ivr-node_name")).to_be_focused()
    page.get_by_role("link", name="Cancel").press("Enter")
    expect(opener).to_be_focused()


def test_what_was_typed_is_not_lost_by_accident(console, supervisor, broken):
    console.sign_in(supervisor)
    page = open_tree(console, broken)
    asked = []

    def answer(dialog):
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", answer)
    page.locator(f"#edit-node-{broken.root_node.public_id}").press("Enter")
    page.locator("#ivr-node_name").fill("Changed")
    page.locator("#open-name").press("Enter")
    expect(page.locator("#ivr-node_name")).to_have_value("Changed")
    assert asked == ["What you typed is not saved. Discard it?"]


def test_a_finding_and_the_picture_lead_to_the_place_in_the_outline(console, supervisor, broken):
    console.sign_in(supervisor)
    page = open_tree(console, broken)
    page.get_by_role("link", name="Start, key 2: Leads nowhere. Choose a queue.").press("Enter")
    assert page.url.endswith(f"#key-{broken.root_node.public_id}-2")
    round_node = broken.nodes.get(node_name="Round")
    page.locator(f"svg [data-goto='node-{round_node.public_id}']").click()
    expect(page.locator(f"#node-{round_node.public_id}")).to_be_focused()


def test_a_node_is_deleted_after_a_question_that_names_what_goes_along(console, supervisor, broken):
    console.sign_in(supervisor)
    page = open_tree(console, broken)
    node = broken.nodes.get(node_name="Round")
    page.locator(f"#delete-node-{node.public_id}").press("Enter")
    question = page.get_by_role("form", name="Delete the node “Round”?")
    expect(question).to_be_focused()
    expect(question).to_contain_text("These keys lead here and are deleted as well: Start, 1")
    question.get_by_role("button", name="Delete").press("Enter")
    said(page, "Node “Round” was deleted.")
    assert not IvrNode.objects.filter(pk=node.pk).exists()
    assert [key.node_key for key in broken.keys.all()] == ["2"]


def test_a_node_deleted_in_another_window_is_said_to_be_gone(console, supervisor, broken):
    console.sign_in(supervisor)
    page = open_tree(console, broken)
    node = broken.nodes.get(node_name="Forgotten")
    page.locator(f"#edit-node-{node.public_id}").press("Enter")
    expect(page.locator("#ivr-node_name")).to_be_focused()
    node.delete()
    save(page)
    said(page, "This node was deleted meanwhile, so nothing was saved.")
    expect(page.locator("#tree-outline")).to_be_focused()


def test_after_signing_out_elsewhere_a_step_leads_to_the_sign_in(console, supervisor, broken):
    console.sign_in(supervisor)
    page = open_tree(console, broken)
    console.context.clear_cookies()
    page.locator(f"#edit-node-{broken.root_node.public_id}").press("Enter")
    page.wait_for_url(re.compile("/login/"))


def test_the_tree_can_be_built_without_scripts(chromium, live_server, console, supervisor, tree):
    console.sign_in(supervisor)
    plain = chromium.new_context(java_script_enabled=False)
    plain.add_cookies(console.context.cookies())
    page = plain.new_page()
    page.goto(live_server.url + reverse("admin:ivr_ivrtree_change", args=[tree.pk]))
    page.get_by_label("Name").fill("Start")
    page.get_by_label("Text to speak").fill("Press 1.")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Add a key").click()
    page.get_by_label("Key", exact=True).select_option("1")
    page.get_by_label("Action").select_option(label="End call")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Key 1 was saved.")).to_be_visible()
    assert [(key.node_key, key.action) for key in tree.keys.all()] == [("1", KeyAction.HANG_UP)]
    plain.close()
