"""Writes on agents, groups and SIP accounts."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agents import activity
from agents.models import Agent, Group, GroupMembership, SipAccount
from calls.models import Call
from common import clock
from common.acting import current_actor
from common.deletion import in_use
from common.saving import Twin, save_row


@transaction.atomic
def save_agent(agent: Agent) -> None:
    """Store a new or changed agent; when the user ID changes, the SIP accounts go on ringing for him.

    Raises AlreadyExists when the user ID has an agent, InvalidInput.
    """
    former = Agent.objects.filter(pk=agent.pk).values_list("stringee_user_id", "manual_status").first()
    same_user_id = Agent.objects.filter(project_id=agent.project_id, stringee_user_id=agent.stringee_user_id)
    save_row(agent, Twin("agent_user_id_in_project", same_user_id, _("An agent has this user ID already.")))
    if former is None:
        return
    user_id, manual_status = former
    if user_id != agent.stringee_user_id:
        keep_sip_accounts(agent, user_id)
    if manual_status != agent.manual_status:
        activity.tell_manual_status(agent, clock.now())


@transaction.atomic
def save_agent_of_program(agent: Agent, *, is_back: bool = False) -> None:
    """As `save_agent`; the `system_status` that a program wrote takes effect as `activity.take_program_status` says.

    `is_back`: the program says AVAILABLE. That returns an agent who was set aside though he was AVAILABLE all the time:
    programs know no other way.
    The caller holds the row's lock since it was read, so that only a written status differs from the stored one.
    """
    written = agent.system_status
    save_agent(agent)
    if agent.system_status != written:
        activity.take_program_status(agent.pk, written, clock.now())
    if is_back and agent.set_aside_at is not None:
        activity.return_agent(agent.pk, clock.now(), by=current_actor())


def save_sip_account(account: SipAccount) -> None:
    """Store a new or changed SIP account. Raises AlreadyExists when its user name or its extension is taken."""
    accounts = SipAccount.objects.filter(project_id=account.project_id)
    save_row(
        account,
        Twin(
            "sip_user_name_in_project",
            accounts.filter(user_name=account.user_name),
            _("A SIP account has this user name already."),
        ),
        Twin(
            "sip_extension_in_project",
            accounts.filter(extension=account.extension),
            _("A SIP account has this extension already."),
        ),
    )


def add_to_group(agent: Agent, group: Group) -> bool:
    """Put an agent into a group. Idempotent: returns False when he was in it."""
    _membership, created = GroupMembership.objects.get_or_create(project_id=group.project_id, group=group, agent=agent)
    return created


def remove_from_group(agent: Agent, group: Group) -> bool:
    """Take an agent out of a group. Idempotent: returns False when he was not in it."""
    deleted, _by_model = GroupMembership.objects.filter(group=group, agent=agent).delete()
    return deleted > 0


@transaction.atomic
def set_groups(agent: Agent, groups: Collection[int]) -> None:
    """Make an agent a member of exactly these groups (keys of groups of his project).

    Raises IntegrityError when somebody else adds him at the same time.
    Locks: the agent before his seats, as everybody who changes them.
    """
    _lock([agent.pk])
    GroupMembership.objects.filter(agent=agent).exclude(group__in=groups).delete()
    has = set(GroupMembership.objects.filter(agent=agent).values_list("group_id", flat=True))
    for group in Group.objects.filter(project_id=agent.project_id, pk__in=set(groups) - has):
        GroupMembership.objects.create(project_id=agent.project_id, group=group, agent=agent)


@transaction.atomic
def set_members(group: Group, agents: Collection[int]) -> None:
    """Make exactly these agents the members of a group (keys of agents of its project).

    Raises IntegrityError when somebody else adds one of them at the same time.
    Locks: the agents before their seats, as everybody who changes them.
    """
    _lock({*agents, *GroupMembership.objects.filter(group=group).values_list("agent_id", flat=True)})
    GroupMembership.objects.filter(group=group).exclude(agent__in=agents).delete()
    has = set(GroupMembership.objects.filter(group=group).values_list("agent_id", flat=True))
    for agent in Agent.objects.filter(project_id=group.project_id, pk__in=set(agents) - has):
        GroupMembership.objects.create(project_id=group.project_id, group=group, agent=agent)


def sip_accounts_of(agent: Agent) -> QuerySet[SipAccount]:
    """The SIP accounts that ring for an agent."""
    return SipAccount.objects.filter(project_id=agent.project_id, stringee_user_id=agent.stringee_user_id)


def sip_login_is_taken(project_id: int, user_id: str) -> bool:
    """Whether a SIP account has the name that this agent's would get, and rings for somebody else."""
    accounts = SipAccount.objects.filter(project_id=project_id, user_name=user_id)
    return accounts.exclude(stringee_user_id=user_id).exists()


@transaction.atomic
def keep_sip_accounts(agent: Agent, former_user_id: str) -> None:
    """Let the SIP accounts of an agent whose user ID has changed go on ringing for him. Their logins stay."""
    for account in SipAccount.objects.filter(project_id=agent.project_id, stringee_user_id=former_user_id):
        account.stringee_user_id = agent.stringee_user_id
        account.save()


def change_sip_password(account: SipAccount, password: str) -> None:
    """Give a SIP account a new password; phones with the old one can no longer register."""
    account.password = password
    account.save(update_fields=["password", "updated_at"])


@transaction.atomic
def remove_sip_accounts(agent: Agent) -> None:
    """Delete the SIP accounts that ring for an agent."""
    sip_accounts_of(agent).delete()


@transaction.atomic
def set_sip_account(agent: Agent, password: str) -> SipAccount:
    """Give an agent a SIP phone account named after the user ID, or change its password."""
    account, _created = SipAccount.objects.update_or_create(
        project_id=agent.project_id,
        user_name=agent.stringee_user_id,
        defaults={"password": password, "stringee_user_id": agent.stringee_user_id},
    )
    return account


@transaction.atomic
def delete_agent(agent: Agent) -> None:
    """Delete an agent with memberships and the SIP accounts that ring for him.

    Raises InUse while a call rings for him or he is in one: who would let the caller go on?
    Locks: the agent, so that no call comes to him meanwhile.
    """
    _lock([agent.pk])
    call_ref = Agent.objects.filter(pk=agent.pk).values_list("call_ref", flat=True).first()
    if call_ref and (calls := list(Call.objects.filter(call_id=call_ref))):
        raise in_use(agent, calls)
    remove_sip_accounts(agent)
    agent.delete()


def _lock(agent_ids: Collection[int]) -> None:
    """Hold agents, in the order of their keys, until the transaction ends."""
    agents = Agent.objects.filter(pk__in=agent_ids).order_by("pk").select_for_update(no_key=True)
    list(agents.values_list("pk"))
