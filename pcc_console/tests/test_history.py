from __future__ import annotations

import pytest
from auditlog.models import LogEntry

from agents import services as agent_services
from common.refusals import InUse
from numbers_app import services as number_services
from pcc_console.history import HIDDEN
from pcc_console.history_page import readable_changes
from projects import services
from projects.models import Member, User
from tests import factories

HISTORY = "/auditlog/logentry/"


def entries_of(row):
    return list(LogEntry.objects.get_for_object(row).order_by("id"))


def shown(row):
    """The last change of a row, as people read it: {label: (old, new)}."""
    (changes,) = readable_changes(entries_of(row)[-1:])
    return {change.label: (change.old, change.new) for change in changes}


def test_making_somebody_an_operator_is_kept(db):
    user = factories.UserFactory()

    user.is_superuser = True
    user.save()

    assert shown(user) == {"Superuser status": ("No", "Yes")}


def test_that_a_password_changed_is_kept_and_the_password_is_not(db):
    user = factories.UserFactory()
    before = user.password

    user.set_password("another long password")
    user.save()

    (entry,) = entries_of(user)[-1:]
    assert entry.changes == {"password": [HIDDEN, HIDDEN]}
    assert before not in str([e.changes for e in LogEntry.objects.all()])


def test_that_a_sip_password_changed_is_kept_and_the_password_is_not(agent_1):
    agent_services.set_sip_account(agent_1, "first-password")
    account = agent_services.set_sip_account(agent_1, "second-password")

    assert shown(account) == {"SIP phone password": (HIDDEN, HIDDEN)}
    assert "-password" not in str([entry.changes for entry in LogEntry.objects.all()])


def test_a_new_account_secret_is_kept_hidden(ours):
    secret = services.renew_account_secret(ours.account)

    assert entries_of(ours.account)[-1].changes == {"secret": [HIDDEN, HIDDEN]}
    assert secret not in str([entry.changes for entry in LogEntry.objects.all()])


def test_only_operators_see_what_happened_to_users_and_accounts(client, ours, owner):
    operator = factories.UserFactory(is_superuser=True, username="operator")
    pages = {}
    for user in (owner, operator):
        client.force_login(user)
        session = client.session
        session["project"] = ours.pk
        session.save()
        pages[user.username] = client.get("/setting/history/").content.decode()

    assert "operator" not in pages["owner"]
    assert "operator" in pages["operator"]


def test_a_moved_number_does_not_tell_its_new_project_the_queue_of_the_old(ours):
    sibling = factories.ProjectFactory(account=ours.account)
    queue = factories.QueueFactory(project=ours, name="Secret queue")
    number = factories.NumberFactory(project=ours, queue=queue)

    number_services.attach_number(number, sibling, answer_url=None, event_url=None)

    told = LogEntry.objects.filter(additional_data__project=sibling.pk)
    assert "Secret queue" not in str(readable_changes(list(told)))
    assert "Secret queue" in str(readable_changes(list(LogEntry.objects.filter(additional_data__project=ours.pk))))


def test_the_address_of_whoever_changes_something_is_not_what_a_header_claims(client, ours, owner):
    client.force_login(owner)

    client.post("/setting/group/add/", {"name": "Sales"}, headers={"x-forwarded-for": "203.0.113.9"})

    assert entries_of(ours.group_set.get())[0].remote_addr == "127.0.0.1"


def test_a_person_who_is_a_projects_last_owner_cannot_be_deleted(ours, owner):
    with pytest.raises(InUse):
        services.delete_user(owner)

    assert Member.objects.filter(project=ours, user=owner).exists()


def test_a_person_goes_with_the_memberships_when_another_owner_stays(ours, owner):
    factories.MemberFactory(project=ours)

    services.delete_user(owner)

    assert not User.objects.filter(username="owner").exists()
    assert Member.objects.filter(project=ours).count() == 1
