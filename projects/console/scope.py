"""Which project a request works in, with which role, and the rows it may see."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase

from projects.models import Project, Role, Tenanted, User

OWNERS = frozenset({Role.OWNER})
SUPERVISORS_AND_OWNERS = frozenset({Role.OWNER, Role.SUPERVISOR})

AnyModel = TypeVar("AnyModel", bound=Model)
View = Callable[..., HttpResponseBase]


class NoProject(Exception):
    """The page shows a project's rows, and the user has not chosen a project yet. Leads to the choice."""


def project_of(request: HttpRequest) -> Project:
    """The project that the user has chosen. Raises NoProject, which the middleware turns into the choice."""
    project: Project | None = getattr(request, "project", None)
    if project is None:
        raise NoProject
    return project


def role_of(request: HttpRequest) -> Role | None:
    """The user's role in the chosen project; None without a project."""
    role: Role | None = getattr(request, "role", None)
    return role


def may_write(request: HttpRequest) -> bool:
    """Whether the user may change what most pages show."""
    return role_of(request) in SUPERVISORS_AND_OWNERS


def user_of(request: HttpRequest) -> User:
    """The signed-in user; pages behind the sign-in always have one."""
    assert isinstance(request.user, User)  # noqa: S101 - tells the type checker what the site has made sure of
    return request.user


def within(rows: QuerySet[AnyModel], project: Project) -> QuerySet[AnyModel]:
    """Of `rows`, those that a page of this project may show or offer as a choice."""
    if issubclass(rows.model, Tenanted):
        return rows.filter(project=project)
    if issubclass(rows.model, Project):
        return rows.filter(pk=project.pk)
    if issubclass(rows.model, User):
        return rows.filter(memberships__project=project)
    return rows


def needs_project(view: View) -> View:
    """A view that leads a signed-in user to the choice of a project when there is none yet."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            project_of(request)
        return view(request, *args, **kwargs)

    return checked
