from __future__ import annotations

import pytest

from agents.models import Group
from tests import factories
from tests.console import FRAME_QUERIES, errors_of, page, sign_in, texts

GROUP = "agents_group"


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


def test_group_is_created_with_its_members(console, ours, agent_1, agent_2):
    response = console.post(page(GROUP, "add"), {"name": "Sales", "members": [agent_1.pk, agent_2.pk]})
    assert response.status_code == 302
    group = Group.objects.get()
    assert (group.project, group.name) == (ours, "Sales")
    assert set(group.agents.all()) == {agent_1, agent_2}


def test_members_are_replaced_by_the_chosen_ones(console, ours, agent_1, agent_2):
    group = factories.GroupFactory(project=ours, name="Sales")
    membership = factories.GroupMembershipFactory(project=ours, group=group, agent=agent_1)

    console.post(page(GROUP, "change", group.pk), {"name": "Sales", "members": [agent_1.pk, agent_2.pk]})
    assert set(group.agents.all()) == {agent_1, agent_2}
    assert group.memberships.get(agent=agent_1).pk == membership.pk

    console.post(page(GROUP, "change", group.pk), {"name": "Sales"})
    assert group.agents.count() == 0


@pytest.mark.parametrize("wrong", ["foreign", "999999", "x", "9223372036854775808", "\x00"])
def test_what_is_no_agent_of_the_project_cannot_be_a_member(console, theirs, wrong):
    foreign = factories.AgentFactory(project=theirs, name="Foreign agent")
    response = console.post(
        page(GROUP, "add"), {"name": "Sales", "members": [foreign.pk if wrong == "foreign" else wrong]}
    )
    assert list(errors_of(response)) == ["members"]
    assert "Foreign agent" not in texts(response)
    assert not Group.objects.exists()


def test_form_lists_members_first_with_their_user_ids(console, ours):
    group = factories.GroupFactory(project=ours)
    factories.AgentFactory(project=ours, name="An", stringee_user_id="an_1")
    lan = factories.AgentFactory(project=ours, name="Lan", stringee_user_id="lan")
    factories.GroupMembershipFactory(project=ours, group=group, agent=lan)
    shown = texts(console.get(page(GROUP, "change", group.pk)))
    assert shown.index("Lan · lan") < shown.index("An · an_1")


def test_form_costs_the_same_for_any_number_of_agents(console, ours, django_assert_num_queries):
    group = factories.GroupFactory(project=ours)
    for _ in range(50):
        factories.AgentFactory(project=ours)
    with django_assert_num_queries(FRAME_QUERIES + 8):  # savepoint and release, group, members, agents, queues, …
        assert console.get(page(GROUP, "change", group.pk)).status_code == 200


def test_form_says_which_queues_the_group_serves(console, ours):
    group = factories.GroupFactory(project=ours)
    queue = factories.QueueFactory(project=ours, name="Support")
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group, primary_group=0)
    assert "Support (Backup)" in texts(console.get(page(GROUP, "change", group.pk)))


def test_list_counts_agents_and_queues_in_one_query(console, ours, django_assert_num_queries):
    queues = [factories.QueueFactory(project=ours) for _ in range(3)]
    agents = [factories.AgentFactory(project=ours) for _ in range(2)]
    for name in ("Sales", "Support", "Spanish"):
        group = factories.GroupFactory(project=ours, name=name)
        for queue in queues:
            factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
        for agent in agents:
            factories.GroupMembershipFactory(project=ours, agent=agent, group=group)
    factories.GroupFactory(project=ours, name="Empty")

    with django_assert_num_queries(FRAME_QUERIES + 3):  # queues for the filter, count, rows
        shown = texts(console.get(page(GROUP, "changelist")))

    assert "Empty 0 0 Sales 2 3 Spanish 2 3 Support 2 3" in shown


def test_group_is_found_by_its_members(console, ours, agent_1):
    group = factories.GroupFactory(project=ours, name="Sales")
    factories.GroupFactory(project=ours, name="Support")
    factories.GroupMembershipFactory(project=ours, group=group, agent=agent_1)
    for search in ("sal", "Agent One", "agent_1"):
        found = console.get(page(GROUP, "changelist"), {"q": search}).context["cl"].result_list
        assert [row.pk for row in found] == [group.pk]


def test_group_that_alone_serves_a_queue_is_not_deleted(console, ours):
    group = factories.GroupFactory(project=ours, name="Sales")
    queue = factories.QueueFactory(project=ours, name="Hot queue")
    factories.NumberFactory(project=ours, queue=queue)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    address = page(GROUP, "delete", group.pk)

    assert "Hot queue" in texts(console.get(address))
    console.post(address, {"post": "yes"})
    assert Group.objects.filter(pk=group.pk).exists()

    factories.GroupRoutingFactory(project=ours, queue=queue, group=factories.GroupFactory(project=ours))
    assert "Hot queue" in texts(console.get(address))
    console.post(address, {"post": "yes"})
    assert not Group.objects.filter(pk=group.pk).exists()


def test_group_that_alone_serves_a_queue_behind_another_one_is_not_deleted(console, ours):
    group = factories.GroupFactory(project=ours, name="Sales")
    full, reserve = (factories.QueueFactory(project=ours, name=name) for name in ("Full queue", "Reserve queue"))
    factories.QueueOutcomeFactory(project=ours, queue=full, action="queue", to_queue=reserve)
    factories.GroupRoutingFactory(project=ours, queue=reserve, group=group)

    assert "Reserve queue" in texts(console.get(page(GROUP, "delete", group.pk)))
    console.post(page(GROUP, "delete", group.pk), {"post": "yes"})
    assert Group.objects.filter(pk=group.pk).exists()


def test_viewer_reads_a_group_and_changes_nothing(viewer, ours, agent_1):
    group = factories.GroupFactory(project=ours, name="Sales")
    factories.GroupMembershipFactory(project=ours, group=group, agent=factories.AgentFactory(project=ours, name="Lan"))
    console = sign_in(viewer, ours)
    assert "Name Sales Members Lan Serves" in texts(console.get(page(GROUP, "change", group.pk)))
    answer = console.post(page(GROUP, "change", group.pk), {"name": "Mine", "members": [agent_1.pk]})
    assert answer.status_code == 403
    group.refresh_from_db()
    assert group.name == "Sales"
    assert [agent.name for agent in group.agents.all()] == ["Lan"]
