"""Writes on accounts, projects, keys and members."""

from __future__ import annotations

from django.db import transaction

from common import clock
from projects.models import Account, ApiKey, CallSettings, Member, Project, Role, User


@transaction.atomic
def create_project(account: Account, name: str, *, owner: User | None = None, time_zone: str = "") -> Project:
    """Create a project with its call settings, a first API key and, when given, an owner."""
    project = Project(account=account, name=name)
    if time_zone:
        project.time_zone = time_zone
    project.full_clean()
    project.save()
    CallSettings.objects.create(project=project)
    ApiKey.objects.create(project=project, created_by=owner)
    if owner:
        Member.objects.create(project=project, user=owner, role=Role.OWNER)
    return project


def issue_key(project: Project, *, label: str = "", created_by: User | None = None) -> ApiKey:
    """Make a new API key. Its secret can be read from the returned object; the console shows it this once."""
    return ApiKey.objects.create(project=project, label=label, created_by=created_by)


def revoke_key(key: ApiKey) -> None:
    """Refuse every token signed with this key from now on. Idempotent: the first time stays."""
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])
