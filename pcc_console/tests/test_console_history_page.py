"""The configuration history: who, what, before and after, in words; of this project only; never changed."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry

from common.acting import acting_as
from ivr.models import KeyAction
from pcc_console.history_page import readable_changes
from queues.models import Queue
from tests import factories
from tests.console import FRAME_QUERIES, form_values, sign_in, texts


def entries(client, query="") -> list[LogEntry]:
    return list(client.get(f"/setting/history/{query}").context["cl"].result_list)


@pytest.fixture
def client(ours, owner):
    return sign_in(owner, ours)


def test_change_by_a_person_is_shown_with_before_and_after(client, ours, owner):
    queue = factories.QueueFactory(project=ours, name="Support")
    given = form_values(client.get(f"/setting/queue/{queue.pk}/change/"))
    assert client.post(f"/setting/queue/{queue.pk}/change/", {**given, "name": "Care", "_save": "1"}).status_code == 302
    newest = entries(client)[0]
    assert newest.actor == owner
    assert [(each.label, each.old, each.new) for each in newest.readable] == [("Name", "Support", "Care")]


def test_change_by_an_api_key_names_the_key(client, ours):
    with acting_as("API key SK.0.EXAMPLE"):
        factories.QueueFactory(project=ours)
    assert "API key SK.0.EXAMPLE" in texts(client.get("/setting/history/"))
    assert len(entries(client, "?actor=name:API+key+SK.0.EXAMPLE")) == 1


def test_values_are_shown_as_people_read_them(ours, owner):
    tree = factories.IvrTreeFactory(project=ours)
    node = factories.IvrNodeFactory(project=ours, tree=tree, node_name="Language")
    queue = factories.QueueFactory(project=ours, name="Support")
    key = factories.IvrKeyPressFactory(project=ours, node=node, action=KeyAction.HANG_UP)
    key.action, key.queue = KeyAction.QUEUE, queue
    key.save()
    queue.record_calls = False
    queue.save()
    changes = readable_changes(list(LogEntry.objects.filter(action=LogEntry.Action.UPDATE).order_by("pk")))
    assert [[(each.label, each.old, each.new) for each in row] for row in changes] == [
        [("Action", "End call", "Go to queue"), ("Queue", "–", "Support")],
        [("Record calls", "Yes", "No")],
    ]


def test_row_that_is_gone_is_named_by_its_number(ours):
    queue = factories.QueueFactory(project=ours)
    number = factories.NumberFactory(project=ours, queue=queue)
    number.delete()
    pk = queue.pk
    queue.delete()
    gone = LogEntry.objects.get(action=LogEntry.Action.DELETE, content_type__model="number")
    assert ("Queue", f"deleted ({pk})") in [(each.label, each.old) for each in readable_changes([gone])[0]]


def test_history_of_another_project_is_not_there(client, theirs):
    factories.QueueFactory(project=theirs, name="Their secret")
    foreign = LogEntry.objects.get(object_repr="Their secret")
    assert "Their secret" not in texts(client.get("/setting/history/?q=secret"))
    assert client.get(f"/setting/history/{foreign.pk}/change/").status_code == 404
    row = f"?row=queues.queue@{Queue.objects.get().pk}"
    assert entries(client, row) == []


def test_names_behind_foreign_keys_are_only_our_own(client, theirs):
    """A reference to another project's row cannot be stored; if one ever were, its name would still not be shown."""
    factories.QueueFactory(project=theirs, name="Their secret")
    foreign = Queue.objects.get()
    number = factories.NumberFactory(project=client.get("/").context["project"])
    entry = LogEntry.objects.get(object_pk=str(number.pk), content_type__model="number")
    LogEntry.objects.filter(pk=entry.pk).update(changes={"queue": ["None", str(foreign.pk)]})
    assert "Their secret" not in texts(client.get("/setting/history/"))


def test_project_settings_belong_to_the_history(client, ours):
    ours.name = "Renamed"
    ours.save()
    assert entries(client)[0].object_repr == "Renamed"


def test_filters_narrow_the_list(client, ours, owner):
    factories.QueueFactory(project=ours, name="Support")
    factories.AgentFactory(project=ours, name="Lan")
    assert {entry.content_type.model for entry in entries(client, "?kind=agents.agent")} == {"agent"}
    assert entries(client, "?kind=nonsense") == entries(client)
    assert entries(client, "?action__exact=2") == []
    assert {entry.object_repr for entry in entries(client, "?q=Lan")} == {"Lan"}
    assert entries(client, f"?actor=user:{owner.username}") == []
    assert entries(client, "?row=nonsense") == entries(client)


def test_row_leads_to_its_own_history(client, ours):
    queue = factories.QueueFactory(project=ours)
    factories.QueueFactory(project=ours)
    address = client.get(f"/setting/queue/{queue.pk}/history/")["Location"]
    assert [entry.object_pk for entry in list(client.get(address).context["cl"].result_list)] == [str(queue.pk)]


def test_deleted_row_stays_in_the_history_without_a_link(client, ours):
    queue = factories.QueueFactory(project=ours, name="Short-lived")
    pk = queue.pk
    queue.delete()
    page = client.get("/setting/history/?kind=queues.queue&action__exact=2")
    assert "Queue: Short-lived" in texts(page)
    assert f"/setting/queue/{pk}/change/" not in page.content.decode()


@pytest.mark.parametrize("role", ["owner", "supervisor", "viewer"])
def test_nobody_changes_the_history(ours, role):
    client = sign_in(factories.MemberFactory(project=ours, role=role).user, ours)
    entry = LogEntry.objects.filter(additional_data__project=ours.pk).first()
    before = list(LogEntry.objects.values())
    for path in ("add/", f"{entry.pk}/change/", f"{entry.pk}/delete/"):
        assert client.post(f"/setting/history/{path}", {"post": "yes", "_save": "1"}).status_code == 403
    client.post("/setting/history/", {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert list(LogEntry.objects.values()) == before


def test_secrets_never_enter_the_history(ours):
    account = factories.SipAccountFactory(project=ours, password="desk-phone-password")
    account.password = "another-phone-password"
    account.save()
    kept = " ".join(str(entry.changes) for entry in LogEntry.objects.all())
    assert "phone-password" not in kept
    assert ours.apikey_set.get().secret not in kept


def test_list_costs_the_same_for_many_entries(django_assert_max_num_queries, client, ours):
    most = FRAME_QUERIES + 12
    tree = factories.IvrTreeFactory(project=ours)
    for number in range(20):
        node = factories.IvrNodeFactory(project=ours, tree=tree)
        factories.IvrKeyPressFactory(project=ours, node=node)
        queue = factories.QueueFactory(project=ours)
        factories.NumberFactory(project=ours, queue=queue, number=f"8424730{number:05d}")
    client.get("/setting/history/")
    with django_assert_max_num_queries(most):
        client.get("/setting/history/")
