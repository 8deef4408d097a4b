from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from agents import activity, services
from agents.models import Agent, GroupMembership, SipAccount
from common import clock
from common.refusals import InUse
from tests import factories


def test_an_agent_is_put_into_a_group_once(ours, agent_1):
    group = factories.GroupFactory(project=ours)

    assert services.add_to_group(agent_1, group) is True
    assert services.add_to_group(agent_1, group) is False
    assert GroupMembership.objects.count() == 1


def test_taking_an_agent_out_of_a_group_twice_does_nothing_the_second_time(ours, agent_1):
    group = factories.GroupFactory(project=ours)
    services.add_to_group(agent_1, group)

    assert services.remove_from_group(agent_1, group) is True
    assert services.remove_from_group(agent_1, group) is False


def test_a_sip_account_is_named_after_the_agent_and_its_password_can_change(ours, agent_1):
    services.set_sip_account(agent_1, "first-password")
    account = services.set_sip_account(agent_1, "second-password")

    assert SipAccount.objects.count() == 1
    assert account.login == f"{ours.pk}_agent_1"
    assert SipAccount.objects.get().password == "second-password"


def test_an_agent_goes_with_memberships_and_phones_and_others_stay(ours, agent_1, agent_2):
    group = factories.GroupFactory(project=ours)
    for agent in (agent_1, agent_2):
        services.add_to_group(agent, group)
        services.set_sip_account(agent, "desk-phone-password")

    services.delete_agent(agent_1)

    assert list(Agent.objects.all()) == [agent_2]
    assert [membership.agent for membership in GroupMembership.objects.all()] == [agent_2]
    assert [account.user_name for account in SipAccount.objects.all()] == ["agent_2"]


def test_an_agent_in_a_call_cannot_be_deleted_and_nothing_changes(ours, agent_1):
    call = factories.CallFactory(project=ours)
    services.set_sip_account(agent_1, "desk-phone-password")
    activity.called_out(agent_1.pk, call.call_id, clock.now())

    with pytest.raises(InUse, match=call.call_id):
        services.delete_agent(agent_1)

    assert Agent.objects.count() == SipAccount.objects.count() == 1


def test_an_agent_on_the_own_phone_must_have_a_number(agent_1):
    agent_1.routing_type = 2

    with pytest.raises(IntegrityError, match="agent_phone_for_type_2"), transaction.atomic():
        agent_1.save()


def test_two_agents_of_a_project_cannot_share_a_user_id_but_two_projects_can(ours, theirs, agent_1):
    factories.AgentFactory(project=theirs, stringee_user_id="agent_1")

    with pytest.raises(IntegrityError, match="agent_user_id_in_project"), transaction.atomic():
        factories.AgentFactory(project=ours, stringee_user_id="agent_1")


def test_a_new_sip_password_changes_nothing_else_of_the_account(ours, agent_1):
    account = services.set_sip_account(agent_1, "first-password")
    SipAccount.objects.filter(pk=account.pk).update(stringee_user_id="renamed")

    services.change_sip_password(account, "second-password")

    account.refresh_from_db()
    assert (account.stringee_user_id, account.password) == ("renamed", "second-password")
