from __future__ import annotations

import pytest

from queues.models import Queue, Schedule
from tests import factories
from tests.console import FRAME_QUERIES, act, errors_of, form_values, page, said, sign_in, texts

QUEUE = "queues_queue"
# Groups for the filter, count, rows; of the rows the routings, groups, numbers, keys, trees, and the ways out that lead
# to them with their queues.
LIST_QUERIES = FRAME_QUERIES + 10


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


def new_queue(console, **changes):
    """The form of a new queue with its defaults, some of them changed."""
    return {**form_values(console.get(page(QUEUE, "add"))), "name": "Support", **changes}


def test_queue_is_created_with_the_defaults_of_the_compatible_api(console, ours):
    assert console.post(page(QUEUE, "add"), new_queue(console)).status_code == 302
    queue = Queue.objects.get()
    assert (queue.project, queue.name, queue.schedule, queue.wait_agent_answer_timeout) == (ours, "Support", 1, 15)
    assert (queue.agent_wrap_up_after_calls, queue.wrap_up_time_limit, queue.record_calls) == (True, 10, True)
    assert (queue.maximum_queue_size, queue.maximum_queue_wait_time, queue.enable_voicemail) == (5, 60, False)
    assert (queue.cond_routing, queue.route_to_backup_groups_after) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"wait_agent_answer_timeout": "2"}, "wait_agent_answer_timeout"),
        ({"wait_agent_answer_timeout": "601"}, "wait_agent_answer_timeout"),
        ({"wrap_up_time_limit": "-1"}, "wrap_up_time_limit"),
        ({"maximum_queue_size": "100001"}, "maximum_queue_size"),
        ({"maximum_queue_wait_time": "9223372036854775808"}, "maximum_queue_wait_time"),
        ({"sla_target_percent": "101"}, "sla_target_percent"),
        ({"cond_routing": "7"}, "cond_routing"),
        ({"from_number_callout_to_agent": "office"}, "from_number_callout_to_agent"),
        ({"get_list_agents_url": "ftp://crm.example.com"}, "get_list_agents_url"),
    ],
)
def test_error_in_a_closed_level_is_on_the_page(console, changes, field):
    response = console.post(page(QUEUE, "add"), new_queue(console, **changes))

    assert list(errors_of(response)) == [field]
    assert not Queue.objects.exists()
    levels = list(response.context["adminform"])
    closed = {name for level in levels if level.is_collapsible for line in level for name in line.fields}
    assert field not in closed
    assert any(level.is_collapsible for level in levels)


def test_business_hours_are_forgotten_while_the_queue_is_always_open(console, ours):
    hours = factories.BusinessHoursFactory(project=ours)
    console.post(page(QUEUE, "add"), new_queue(console, business_hours=hours.pk))
    assert Queue.objects.get().business_hours is None

    console.post(page(QUEUE, "add"), new_queue(console, business_hours=hours.pk, schedule="2"))
    assert Queue.objects.get(schedule=2).business_hours == hours


def test_music_and_hours_of_another_project_cannot_be_chosen(console, theirs):
    hours, music = factories.BusinessHoursFactory(project=theirs), factories.GreetingFileFactory(project=theirs)
    changes = {"schedule": "2", "business_hours": hours.pk, "wait_greeting": music.pk, "hold_greeting": music.pk}
    response = console.post(page(QUEUE, "add"), new_queue(console, **changes))
    assert set(errors_of(response)) == {"business_hours", "wait_greeting", "hold_greeting"}


def test_list_shows_who_serves_a_queue_and_what_leads_to_it(console, ours):
    tree = factories.IvrTreeFactory(project=ours, tree_name="Welcome")
    node = factories.IvrNodeFactory(project=ours, tree=tree)
    support = factories.QueueFactory(project=ours, name="Support", agent_wrap_up_after_calls=False)
    factories.IvrKeyPressFactory(project=ours, node=node, node_key="2", action=2, queue=support)
    factories.NumberFactory(project=ours, number="842473082686", queue=support)
    factories.NumberFactory(project=ours, number="84899199586", queue=support, enable_ivr=True, ivr_tree=tree)
    for name, tier in (("Technicians", 1), ("Spanish sellers", 0)):
        group = factories.GroupFactory(project=ours, name=name)
        factories.GroupRoutingFactory(project=ours, queue=support, group=group, primary_group=tier)
    factories.QueueFactory(project=ours, name="Alone")
    factories.QueueFactory(project=ours, name="Outside", get_list_agents_url="https://crm.example.com/agents")

    response = console.get(page(QUEUE, "changelist"))

    shown = texts(response)
    row = "Support Always Technicians, Spanish sellers (backup) 15 s – 842473082686 , Welcome, key 2 Group routing"
    assert row in shown
    assert "Alone Always Nobody 15 s 10 s – Group routing" in shown
    assert "Outside Always Agents that your server names" in shown
    assert page("routing_grouprouting", "queue", support.pk) in response.content.decode()


def test_list_costs_the_same_for_any_number_of_queues(console, ours, django_assert_num_queries):
    tree = factories.IvrTreeFactory(project=ours)
    node = factories.IvrNodeFactory(project=ours, tree=tree)
    for key in "123456789":
        queue = factories.QueueFactory(project=ours)
        factories.IvrKeyPressFactory(project=ours, node=node, node_key=key, action=2, queue=queue)
        factories.NumberFactory(project=ours, queue=queue)
        factories.GroupRoutingFactory(project=ours, queue=queue, group=factories.GroupFactory(project=ours))
        full = factories.QueueFactory(project=ours)
        factories.QueueOutcomeFactory(project=ours, queue=full, action="queue", to_queue=queue)
    with django_assert_num_queries(LIST_QUERIES):
        assert console.get(page(QUEUE, "changelist")).status_code == 200


def test_button_on_the_form_leads_to_group_routing(console, ours):
    queue = factories.QueueFactory(project=ours)
    form = console.get(page(QUEUE, "change", queue.pk))
    button = page(QUEUE, "group_routing", queue.pk)
    assert button in form.content.decode()
    assert console.get(button)["Location"] == page("routing_grouprouting", "queue", queue.pk)


@pytest.mark.parametrize(
    ("action", "data", "field", "value"),
    [
        ("record", {}, "record_calls", True),
        ("do_not_record", {}, "record_calls", False),
        ("switch_voicemail_on", {}, "enable_voicemail", True),
        ("switch_voicemail_off", {}, "enable_voicemail", False),
        ("set_ring_time", {"with-seconds": "25"}, "wait_agent_answer_timeout", 25),
        ("open_always", {}, "schedule", Schedule.ALWAYS_OPEN),
        ("follow_business_hours", {"with-business_hours": ""}, "schedule", Schedule.BUSINESS_HOURS),
    ],
)
def test_settings_of_many_queues(console, ours, action, data, field, value):
    before = (
        (not value) if isinstance(value, bool) else {Schedule.ALWAYS_OPEN: 2, Schedule.BUSINESS_HOURS: 1}.get(value, 15)
    )
    queues = [factories.QueueFactory(project=ours, **{field: before}) for _ in range(2)]

    shown = act(console, QUEUE, action, queues, asked="1", **data)
    assert len(shown.context["plans"]) == 2
    assert set(Queue.objects.values_list(field, flat=True)) == {before}

    response = act(console, QUEUE, action, queues, confirmed="1", **data)
    assert said(response) == ["2 rows changed."]
    assert set(Queue.objects.values_list(field, flat=True)) == {value}


def test_queue_that_calls_reach_is_not_deleted_and_says_why(console, ours):
    queue = factories.QueueFactory(project=ours, name="Support")
    factories.NumberFactory(project=ours, number="842473082686", queue=queue)
    address = page(QUEUE, "delete", queue.pk)

    assert "842473082686" in texts(console.get(address))
    console.post(address, {"post": "yes"})
    assert Queue.objects.filter(pk=queue.pk).exists()


def test_viewer_reads_a_queue_and_changes_nothing(viewer, ours):
    queue = factories.QueueFactory(project=ours, name="Support")
    console = sign_in(viewer, ours)
    assert "Support" in texts(console.get(page(QUEUE, "change", queue.pk)))
    assert console.post(page(QUEUE, "change", queue.pk), {"name": "Mine"}).status_code == 403
    queue.refresh_from_db()
    assert queue.name == "Support"
