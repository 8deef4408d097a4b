from __future__ import annotations

import pytest

from agents.models import Group
from common.refusals import InUse
from routing.models import GroupRouting
from routing.services import delete_group
from tests import factories


@pytest.fixture
def served(ours):
    """A queue that a number leads to, served by one group."""
    queue = factories.QueueFactory(project=ours, name="Support")
    group = factories.GroupFactory(project=ours, name="Helpers")
    factories.NumberFactory(project=ours, queue=queue)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    return queue, group


def test_the_only_group_of_a_queue_that_calls_reach_cannot_be_deleted(served):
    _, group = served

    with pytest.raises(InUse) as refused:
        delete_group(group)

    assert refused.value.used_by == ("queue Support",)
    assert Group.objects.filter(pk=group.pk).exists()
    assert GroupRouting.objects.count() == 1


def test_a_group_can_go_when_another_serves_its_queue(served, ours):
    queue, group = served
    factories.GroupRoutingFactory(
        project=ours, queue=queue, group=factories.GroupFactory(project=ours), primary_group=0
    )

    delete_group(group)

    assert [routing.primary_group for routing in queue.routings.all()] == [0]


def test_a_group_can_go_when_the_customers_server_chooses_the_agents(served):
    queue, group = served
    queue.get_list_agents_url = "https://crm.example.net/agents"
    queue.save()

    delete_group(group)

    assert queue.routings.count() == 0


def test_a_group_can_go_when_no_call_reaches_its_queue(ours):
    group = factories.GroupFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=factories.QueueFactory(project=ours), group=group)

    delete_group(group)

    assert Group.objects.count() == 0


def test_a_key_that_leads_to_the_queue_counts_as_reaching_it(ours):
    queue, group = factories.QueueFactory(project=ours), factories.GroupFactory(project=ours)
    tree = factories.IvrTreeFactory(project=ours)
    node = factories.IvrNodeFactory(project=ours, tree=tree)
    factories.IvrKeyPressFactory(project=ours, tree=tree, node=node, action=2, queue=queue)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)

    with pytest.raises(InUse):
        delete_group(group)
