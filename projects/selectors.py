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


def active_keys(project: Project) -> QuerySet[ApiKey]:
    """Keys whose tokens are accepted, oldest first."""
    return ApiKey.objects.filter(project=project, revoked_at=None).order_by("id")
