"""Writes on accounts, projects, keys and members."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from common import clock, ids
from common.refusals import InUse
from projects.models import Account, ApiKey, CallSettings, Member, Project, Role, User


@transaction.atomic
def create_project(account: Account, name: str, *, owner: User | None = None, time_zone: str = "") -> Project:
    """Create a project with its call settings, a first API key and, when given, an owner."""
    project = Project(account=account, name=name)
    if time_zone:
        project.time_zone = time_zone
    project.full_clean()
    equip_project(project, owner=owner)
    return project


@transaction.atomic
def equip_project(project: Project, *, owner: User | None = None) -> None:
    """Save a new project with what every project has: call settings, a first API key and, when given, an owner."""
    project.save()
    CallSettings.objects.create(project=project)
    ApiKey.objects.create(project=project, created_by=owner)
    if owner:
        Member.objects.create(project=project, user=owner, role=Role.OWNER)


def issue_key(project: Project, *, label: str = "", created_by: User | None = None) -> ApiKey:
    """Make a new API key. Its secret can be read from the returned object; the console shows it this once."""
    return ApiKey.objects.create(project=project, label=label, created_by=created_by)


def revoke_key(key: ApiKey) -> None:
    """Refuse every token signed with this key from now on. Idempotent: the first time stays."""
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])


class LastOwner(InUse):
    """A project must keep somebody who may manage it."""

    def __init__(self) -> None:
        super().__init__(_("This is the project's last owner. Make somebody else an owner first."), [])


@transaction.atomic
def change_role(member: Member, role: Role) -> None:
    """Give a member another role. Raises LastOwner.

    Locks: the project's owners, so that two owners cannot demote each other at the same time.
    """
    if role != Role.OWNER:
        _keep_an_owner_besides(member)
    member.role = role
    member.save(update_fields=["role"])


@transaction.atomic
def remove_member(member: Member) -> None:
    """Take a user out of a project. Raises LastOwner. Locks: as `change_role`."""
    _keep_an_owner_besides(member)
    member.delete()


@transaction.atomic
def delete_user(user: User) -> None:
    """Delete a person with all memberships. Raises LastOwner. Locks: as `change_role`, project by project."""
    for member in Member.objects.filter(user=user, role=Role.OWNER).order_by("project_id"):
        _keep_an_owner_besides(member)
    user.delete()


def _keep_an_owner_besides(member: Member) -> None:
    owners = Member.objects.select_for_update().filter(project_id=member.project_id, role=Role.OWNER)
    if [owner.pk for owner in owners] == [member.pk]:
        raise LastOwner


def renew_account_secret(account: Account) -> str:
    """Give an account a new key secret and return it; tokens signed with the old one are refused from now on."""
    account.secret = ids.key_secret()
    account.save(update_fields=["secret"])
    return account.secret
