"""The list of trees: columns, search, filters, copies, deletions."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse

from ivr import services
from ivr.models import IvrKeyPress, IvrNode, IvrTree, Key, KeyAction
from tests import factories

pytestmark = pytest.mark.django_db

LIST = "admin:ivr_ivrtree_changelist"


@pytest.fixture
def editor(client, supervisor):
    client.force_login(supervisor)
    return client


def new_tree(project, name, *, nodes=0, hangs_up=True):
    tree = IvrTree.objects.create(project=project, tree_name=name)
    for number in range(nodes):
        node = IvrNode(project=project, tree=tree, node_name=f"{name} {number}", node_play_content="Bye.")
        services.add_node(node)
        if hangs_up:
            key = IvrKeyPress(project=project, node=node, node_key=Key.EMPTY, action=KeyAction.HANG_UP)
            services.save_key(key)
    return tree


def rows(response):
    """The cells of the list, as text."""
    table = re.search(r'<table[^>]*id="result_list".*?</table>', response.content.decode(), re.S)
    assert table
    cell = re.compile(r'<t[dh][^>]*class="[^"]*field-(\w+)[^"]*"[^>]*>(.*?)</t[dh]>', re.S)
    found = [cell.findall(row) for row in re.findall(r"<tr\b.*?</tr>", table.group(), re.S)]
    return [{name: text_of(content) for name, content in row} for row in found if row]


def text_of(content):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", content))).strip()


def names(response):
    return [row["tree_name"] for row in rows(response)]


def test_a_row_says_what_is_in_a_tree_who_uses_it_and_what_is_wrong(editor, ours):
    fine = new_tree(ours, "Fine", nodes=1)
    new_tree(ours, "Lost", nodes=2, hangs_up=False)
    new_tree(ours, "New")
    number = factories.NumberFactory(project=ours, number="842473082686", enable_ivr=True, ivr_tree=fine)
    response = editor.get(reverse(LIST))
    assert [(row["node_count"], row["key_count"], row["used_by"], row["findings"]) for row in rows(response)] == [
        ("1", "1", "842473082686", "None"),
        ("2", "0", "No number", "2 warnings"),
        ("0", "0", "No number", "1 warning"),
    ]
    assert reverse("admin:numbers_app_number_change", args=[number.pk]) in response.content.decode()


def test_the_list_costs_the_same_however_many_trees_there_are(editor, ours, django_assert_max_num_queries):
    new_tree(ours, "First", nodes=1)
    editor.get(reverse(LIST))
    with django_assert_max_num_queries(25) as few:
        editor.get(reverse(LIST))
    for number in range(8):
        tree = new_tree(ours, f"Tree {number}", nodes=3)
        factories.NumberFactory(project=ours, enable_ivr=True, ivr_tree=tree)
    with django_assert_max_num_queries(25) as many:
        assert len(names(editor.get(reverse(LIST)))) == 9
    assert len(many.captured_queries) == len(few.captured_queries)


def test_trees_are_found_by_their_name_and_by_those_of_their_nodes(editor, ours, theirs):
    new_tree(ours, "Welcome", nodes=3)
    new_tree(ours, "Night", nodes=1)
    new_tree(theirs, "Welcome too", nodes=1)
    assert names(editor.get(reverse(LIST), {"q": "welc"})) == ["Welcome"]
    assert names(editor.get(reverse(LIST), {"q": "night 0"})) == ["Night"]


def test_trees_are_filtered_by_findings_and_by_use(editor, ours):
    fine = new_tree(ours, "Fine", nodes=1)
    new_tree(ours, "Lost", nodes=1, hangs_up=False)
    broken = new_tree(ours, "Broken", nodes=1)
    IvrKeyPress.objects.filter(tree=broken).update(action=KeyAction.NODE)
    factories.NumberFactory(project=ours, enable_ivr=True, ivr_tree=fine)
    assert names(editor.get(reverse(LIST), {"findings": "error"})) == ["Broken"]
    assert names(editor.get(reverse(LIST), {"findings": "warning"})) == ["Lost"]
    assert names(editor.get(reverse(LIST), {"findings": "none"})) == ["Fine"]
    assert names(editor.get(reverse(LIST), {"used": "yes"})) == ["Fine"]
    assert names(editor.get(reverse(LIST), {"used": "no"})) == ["Broken", "Lost"]
    assert names(editor.get(reverse(LIST), {"used": "perhaps"})) == ["Broken", "Fine", "Lost"]


def test_without_trees_the_list_says_what_they_are_for(editor):
    content = editor.get(reverse(LIST)).content.decode()
    assert "An IVR tree is the menu that callers hear" in content
    assert reverse("admin:ivr_ivrtree_add") in content


def test_a_new_tree_opens_in_the_editor_and_asks_for_its_first_node(editor, ours):
    response = editor.post(reverse("admin:ivr_ivrtree_add"), {"tree_name": "Welcome"})
    tree = IvrTree.objects.get()
    assert (tree.project, tree.tree_name) == (ours, "Welcome")
    assert response["Location"] == reverse("admin:ivr_ivrtree_change", args=[tree.pk])
    assert "Create the first node" in editor.get(response["Location"]).content.decode()


def test_trees_are_copied_after_a_look_at_what_will_be_made(editor, ours):
    tree = new_tree(ours, "Welcome", nodes=2)
    chosen = {"action": "duplicate", ACTION_CHECKBOX_NAME: [tree.pk]}
    assert "Welcome (copy)" in editor.post(reverse(LIST), chosen).content.decode()
    assert IvrTree.objects.count() == 1
    editor.post(reverse(LIST), {**chosen, "confirmed": "1"})
    copy = IvrTree.objects.get(tree_name="Welcome (copy)")
    assert (copy.project, copy.nodes.count(), copy.keys.count()) == (ours, 2, 2)


def test_the_name_of_a_copy_is_never_too_long(editor, ours):
    tree = new_tree(ours, "x" * 200)
    editor.post(reverse(LIST), {"action": "duplicate", ACTION_CHECKBOX_NAME: [tree.pk], "confirmed": "1"})
    assert IvrTree.objects.get(tree_name__endswith=" (copy)").tree_name == "x" * 193 + " (copy)"


def test_a_tree_goes_with_its_nodes_and_keys_unless_a_number_uses_it(editor, ours):
    tree = new_tree(ours, "Welcome", nodes=2)
    number = factories.NumberFactory(project=ours, number="842473082686", enable_ivr=True, ivr_tree=tree)
    delete = reverse("admin:ivr_ivrtree_delete", args=[tree.pk])
    assert "used by: number 842473082686" in editor.get(delete).content.decode()
    editor.post(delete, {"post": "yes"})
    assert IvrTree.objects.count() == 1
    number.delete()
    question = editor.get(delete).content.decode()
    assert "Welcome 0" in question
    editor.post(delete, {"post": "yes"})
    assert not IvrTree.objects.exists()
    assert not IvrNode.objects.exists()
    assert not IvrKeyPress.objects.exists()


def test_a_viewer_sees_the_list_and_can_add_nothing(client, viewer, ours):
    tree = new_tree(ours, "Welcome", nodes=1)
    client.force_login(viewer)
    assert names(client.get(reverse(LIST))) == ["Welcome"]
    assert client.post(reverse("admin:ivr_ivrtree_add"), {"tree_name": "x"}).status_code == 403
    assert client.post(reverse("admin:ivr_ivrtree_delete", args=[tree.pk]), {"post": "yes"}).status_code == 403
    client.post(reverse(LIST), {"action": "duplicate", ACTION_CHECKBOX_NAME: [tree.pk], "confirmed": "1"})
    assert list(IvrTree.objects.values_list("tree_name", flat=True)) == ["Welcome"]


def test_another_project_sees_and_copies_none_of_it(client, outsider, ours):
    tree = new_tree(ours, "Welcome", nodes=1)
    client.force_login(outsider)
    assert "Welcome" not in client.get(reverse(LIST)).content.decode()
    client.post(reverse(LIST), {"action": "duplicate", ACTION_CHECKBOX_NAME: [tree.pk], "confirmed": "1"})
    assert IvrTree.objects.count() == 1
