"""Reads of projects and keys."""

from __future__ import annotations

from django.db.models import QuerySet

from projects.models import ApiKey, Member, Project, Role, User


def projects_of(user: User) -> QuerySet[Project]:
    """The projects that a user may open: all of them for an operator (superuser), otherwise where he is a member."""
    projects = Project.objects.select_related("account").order_by("name", "id")
    return projects if user.is_superuser else projects.filter(member__user=user)


def role_in(user: User, project: Project) -> Role | None:
    """A user's role in a project; an operator (superuser) owns every project; None where he has no business."""
    if user.is_superuser:
        return Role.OWNER
    member = Member.objects.filter(user=user, project=project).first()
    return Role(member.role) if member else None


def opened_project(user: User, project_id: int | None) -> tuple[Project, Role] | None:
    """The project with this id and the user's role in it; without an id, his only project, if he has just one.

    Returns None when there is no such project for him. Cost: one query.
    """
    if user.is_superuser:
        owned = Project.objects.select_related("account")
        found = list(owned.filter(pk=project_id) if project_id else owned.order_by("pk")[:2])
        return (found[0], Role.OWNER) if len(found) == 1 else None
    memberships = Member.objects.filter(user=user).select_related("project__account")
    members = list(memberships.filter(project_id=project_id) if project_id else memberships.order_by("pk")[:2])
    return (members[0].project, Role(members[0].role)) if len(members) == 1 else None


def is_last_owner(member: Member) -> bool:
    """Whether nobody else could manage the project without this member."""
    owners = Member.objects.filter(project_id=member.project_id, role=Role.OWNER)
    return list(owners.values_list("pk", flat=True)[:2]) == [member.pk]


def active_keys(project: Project) -> QuerySet[ApiKey]:
    """Keys whose tokens are accepted, oldest first."""
    return ApiKey.objects.filter(project=project, revoked_at=None).order_by("id")
