"""The setup checklist and the figures of the home page."""

from __future__ import annotations

import pytest

from agents.domain import AVAILABLE
from ivr.models import KeyAction
from pcc_console import checklist
from tests import factories
from tests.console import FRAME_QUERIES, sign_in, texts

HOME_QUERIES = 7  # steps, agents, and five of the linter


def done(project) -> str:
    return "".join(step.step.letter for step in checklist.checked_steps(project) if step.done)


def build(project, until: str) -> None:
    """Do the tutorial's steps in their order, up to a letter."""
    number = tree = node = agent = queue = group = None
    for letter in "abcdefghi"[: "abcdefghi".index(until) + 1]:
        match letter:
            case "a":
                number = factories.NumberFactory(project=project)
            case "b":
                tree = factories.IvrTreeFactory(project=project)
                node = factories.IvrNodeFactory(project=project, tree=tree)
                tree.root_node = node
                tree.save()
            case "c":
                agent = factories.AgentFactory(project=project)
            case "d":
                group = factories.GroupFactory(project=project)
                factories.GroupMembershipFactory(project=project, group=group, agent=agent)
            case "e":
                queue = factories.QueueFactory(project=project)
            case "f":
                factories.GroupRoutingFactory(project=project, queue=queue, group=group)
            case "g":
                factories.IvrKeyPressFactory(project=project, node=node, action=KeyAction.QUEUE, queue=queue)
            case "h":
                factories.GreetingFileFactory(project=project)
            case "i":
                number.enable_ivr, number.ivr_tree = True, tree
                number.save()


def test_nothing_is_done_in_a_new_project(ours, theirs):
    build(theirs, "i")
    assert done(ours) == ""
    assert [step.step.letter for step in checklist.checked_steps(ours) if step.is_next] == ["a"]


@pytest.mark.parametrize("letter", "abcdefghi")
def test_steps_are_done_one_after_the_other(ours, letter):
    build(ours, letter)
    assert done(ours) == "abcdefghi"[: "abcdefghi".index(letter) + 1]


def test_tree_without_a_node_and_group_without_agents_are_not_done(ours):
    factories.IvrTreeFactory(project=ours)
    factories.GroupFactory(project=ours)
    assert done(ours) == ""


def test_key_without_its_queue_is_not_done(ours):
    tree = factories.IvrTreeFactory(project=ours)
    node = factories.IvrNodeFactory(project=ours, tree=tree)
    factories.IvrKeyPressFactory(project=ours, node=node, action=KeyAction.QUEUE, queue=None)
    assert done(ours) == ""


def test_step_left_out_stays_the_next_one(ours):
    build(ours, "i")
    ours.greetingfile_set.all().delete()
    assert [step.step.letter for step in checklist.checked_steps(ours) if step.is_next] == ["h"]


def test_every_step_leads_to_a_page(ours, supervisor):
    page = sign_in(supervisor, ours).get("/").content.decode()
    assert page.count("Do it") == 9


def test_viewer_is_led_to_look_not_to_do(ours, viewer):
    page = sign_in(viewer, ours).get("/").content.decode()
    assert "Do it" not in page
    assert "/add/" not in page
    assert 'href="/setting/agent/"' in page


def test_finished_setup_says_so(ours, supervisor):
    build(ours, "i")
    page = sign_in(supervisor, ours).get("/")
    assert "Everything is in place." in texts(page)
    assert page.context["percent"] == 100


def test_agents_are_counted_by_what_they_do(ours, theirs):
    for manual, system in [
        (AVAILABLE, 1),
        (AVAILABLE, 1),
        (AVAILABLE, 0),
        (None, 0),
        ("LUNCH", 2),
        ("LUNCH", 1),
        (None, 1),
    ]:
        factories.AgentFactory(project=ours, manual_status=manual, system_status=system)
    factories.AgentFactory(project=theirs, manual_status=AVAILABLE)
    shares = checklist.agents_by_state(ours)
    assert {share.style: share.count for share in shares} == {"free": 2, "in_call": 2, "wrap_up": 1, "away": 2}
    assert sum(share.percent for share in shares) == pytest.approx(100)


def test_without_agents_there_is_no_picture_of_them(ours):
    assert checklist.agents_by_state(ours) == []


def test_home_names_what_the_linter_found_with_the_way_to_it(ours, supervisor):
    build(ours, "e")
    node = ours.ivrnode_set.get()
    factories.IvrKeyPressFactory(project=ours, node=node, action=KeyAction.QUEUE, queue=ours.queue_set.get())
    page = sign_in(supervisor, ours).get("/")
    assert "Nobody serves the queue" in texts(page) or "nobody serves the queue" in texts(page)
    assert f"/setting/ivrtree/{node.tree_id}/change/#" in page.content.decode()


def test_home_costs_the_same_however_much_there_is(django_assert_num_queries, ours, supervisor):
    build(ours, "i")
    client = sign_in(supervisor, ours)
    client.get("/")
    with django_assert_num_queries(FRAME_QUERIES + HOME_QUERIES):
        client.get("/")
    for _number in range(5):
        tree = factories.IvrTreeFactory(project=ours)
        factories.IvrNodeFactory.create_batch(3, project=ours, tree=tree)
        factories.AgentFactory(project=ours)
    with django_assert_num_queries(FRAME_QUERIES + HOME_QUERIES):
        client.get("/")
