"""Writes on agents, groups and SIP accounts."""

from __future__ import annotations

from django.db import transaction

from agents.models import Agent, Group, GroupMembership, SipAccount


def add_to_group(agent: Agent, group: Group) -> bool:
    """Put an agent into a group. Idempotent: returns False when he was in it."""
    _, created = GroupMembership.objects.get_or_create(project_id=group.project_id, group=group, agent=agent)
    return created


def remove_from_group(agent: Agent, group: Group) -> bool:
    """Take an agent out of a group. Idempotent: returns False when he was not in it."""
    deleted, _ = GroupMembership.objects.filter(group=group, agent=agent).delete()
    return deleted > 0


@transaction.atomic
def set_sip_account(agent: Agent, password: str) -> SipAccount:
    """Give an agent a SIP phone account named after the user ID, or change its password."""
    account, _ = SipAccount.objects.update_or_create(
        project_id=agent.project_id,
        user_name=agent.stringee_user_id,
        defaults={"password": password, "stringee_user_id": agent.stringee_user_id},
    )
    return account


@transaction.atomic
def delete_agent(agent: Agent) -> None:
    """Delete an agent with memberships and the SIP accounts that ring for him."""
    SipAccount.objects.filter(project_id=agent.project_id, stringee_user_id=agent.stringee_user_id).delete()
    agent.delete()
