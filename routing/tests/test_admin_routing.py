from __future__ import annotations

import pytest

from routing.models import GroupRouting, Tier
from tests import factories
from tests.console import FRAME_QUERIES, page, said, sign_in, texts


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


@pytest.fixture
def queue(ours):
    return factories.QueueFactory(project=ours, name="Support")


@pytest.fixture
def group(ours, agent_1):
    group = factories.GroupFactory(project=ours, name="Technicians")
    factories.GroupMembershipFactory(project=ours, group=group, agent=agent_1)
    return group


def address(queue):
    return page("routing_grouprouting", "queue", queue.pk)


def tiers(queue):
    return dict(GroupRouting.objects.filter(queue=queue).values_list("group__name", "primary_group"))


def test_group_is_put_into_a_tier_moved_and_taken_out(console, queue, group):
    response = console.post(address(queue), {"group": group.pk, "to": "backup"})
    assert response["Location"] == f"{address(queue)}?moved={group.pk}"
    assert said(response) == ["Technicians is now a backup group."]
    assert tiers(queue) == {"Technicians": Tier.BACKUP}

    response = console.post(address(queue), {"group": group.pk, "to": "primary"})
    assert said(response)[-1] == "Technicians is now a primary group."
    assert tiers(queue) == {"Technicians": Tier.PRIMARY}

    response = console.post(address(queue), {"group": group.pk, "to": "out"})
    assert said(response)[-1] == "Technicians no longer serves this queue."
    assert tiers(queue) == {}


def test_moving_twice_changes_nothing_the_second_time(console, queue, group):
    for _ in range(2):
        console.post(address(queue), {"group": group.pk, "to": "primary"})
    assert tiers(queue) == {"Technicians": Tier.PRIMARY}
    for _ in range(2):
        assert console.post(address(queue), {"group": group.pk, "to": "out"}).status_code == 302
    assert tiers(queue) == {}


def test_focus_returns_to_the_moved_group_and_the_search_is_kept(console, queue, group):
    moved = console.post(f"{address(queue)}?q=tech", {"group": group.pk, "to": "primary"})
    assert moved["Location"] == f"{address(queue)}?q=tech&moved={group.pk}"
    body = console.get(moved["Location"]).content.decode()
    assert 'aria-label="Move to backup: Technicians" x-data x-init="$nextTick(() => $el.focus())"' in body
    assert "$el.focus()" not in console.get(address(queue)).content.decode()


@pytest.mark.parametrize("data", [{}, {"group": "x", "to": "out"}, {"group": "²", "to": "out"}, {"to": "primary"}])
def test_nonsense_is_not_found(console, queue, data):
    assert console.post(address(queue), data).status_code == 404
    assert tiers(queue) == {}


def test_unknown_tier_is_not_found(console, queue, group):
    assert console.post(address(queue), {"group": group.pk, "to": "first"}).status_code == 404
    assert console.put(address(queue)).status_code == 405


def test_queue_and_group_of_another_project_are_not_found(console, queue, group, theirs):
    foreign_queue = factories.QueueFactory(project=theirs)
    foreign_group = factories.GroupFactory(project=theirs, name="Foreign group")
    assert console.get(address(foreign_queue)).status_code == 404
    assert console.post(address(foreign_queue), {"group": group.pk, "to": "primary"}).status_code == 404
    assert console.post(address(queue), {"group": foreign_group.pk, "to": "primary"}).status_code == 404
    assert "Foreign group" not in texts(console.get(address(queue)))
    assert not GroupRouting.objects.exists()


def test_viewer_sees_the_tiers_without_buttons(viewer, ours, queue, group):
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    console = sign_in(viewer, ours)
    shown = texts(console.get(address(queue)))
    assert "Technicians" in shown
    assert "Move to backup" not in shown
    assert console.post(address(queue), {"group": group.pk, "to": "out"}).status_code == 403
    assert tiers(queue) == {"Technicians": Tier.PRIMARY}


def test_page_warns_when_callers_would_wait_in_vain(console, ours, queue, group):
    assert "Nobody serves this queue: its callers wait in vain." in texts(console.get(address(queue)))

    empty = factories.GroupFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=empty, primary_group=0)
    assert "The groups of this queue have no agents" in texts(console.get(address(queue)))

    factories.GroupRoutingFactory(project=ours, queue=queue, group=group, primary_group=0)
    assert "There are only backup groups" in texts(console.get(address(queue)))

    queue.get_list_agents_url = "https://crm.example.com/agents"
    queue.save()
    assert "the groups below are ignored" in texts(console.get(address(queue)))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "The backup groups are asked as soon as no agent of a primary group is available."),
        (15, "After 15 seconds of waiting, the backup groups are asked too."),
    ],
)
def test_page_says_when_backup_groups_are_asked(console, ours, seconds, text):
    queue = factories.QueueFactory(project=ours, route_to_backup_groups_after=seconds)
    assert text in texts(console.get(address(queue)))


def test_groups_are_searched_when_there_are_many(console, ours, queue):
    for number in range(9):
        factories.GroupFactory(project=ours, name=f"Team {number}")
    assert 'type="search" name="q"' in console.get(address(queue)).content.decode()
    shown = texts(console.get(address(queue), {"q": "team 7"}))
    assert "Team 7" in shown
    assert "Team 6" not in shown


def test_page_costs_the_same_for_any_number_of_groups(console, ours, queue, django_assert_num_queries):
    for _ in range(12):
        group = factories.GroupFactory(project=ours)
        factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    with django_assert_num_queries(FRAME_QUERIES + 3):  # queue, tiers, groups with their counts
        assert console.get(address(queue)).status_code == 200


def test_all_routings_are_listed_and_none_is_changed_there(
    console, ours, theirs, queue, group, django_assert_num_queries
):
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    foreign = factories.QueueFactory(project=theirs, name="Foreign queue")
    factories.GroupRoutingFactory(project=theirs, queue=foreign, group=factories.GroupFactory(project=theirs))
    with django_assert_num_queries(FRAME_QUERIES + 4):  # queues and groups for the filters, count, rows
        shown = texts(console.get(page("routing_grouprouting", "changelist")))
    assert "Support Technicians Primary" in shown
    assert "Foreign queue" not in shown
    assert console.get(page("routing_grouprouting", "add")).status_code == 403
