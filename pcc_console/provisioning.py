"""What management commands look up and make before their own work: accounts, projects, keys, demo users."""

from __future__ import annotations

from common.refusals import InvalidInput, NotFound
from projects import selectors, services
from projects.models import Account, ApiKey, Project

DEFAULT_ACCOUNT = "Main"
MAX_ID_DIGITS = 18  # more do not fit into a big integer


def project_called(text: str) -> Project:
    """A project by its id, or by its name where that is unmistakable. Raises NotFound or InvalidInput."""
    if project := _project_with_id(text):
        return project
    found = list(Project.objects.filter(name=text).select_related("account").order_by("pk"))
    if not found:
        raise NotFound(f"There is no project {text[:60]!r}. {_those_there_are()}")
    if len(found) > 1:
        which = ", ".join(f"{project.pk} (account {project.account})" for project in found)
        raise InvalidInput(f"Several projects are called {text!r}: say which by its id: {which}.")
    return found[0]


def _project_with_id(text: str) -> Project | None:
    is_id = text.isascii() and text.isdecimal() and len(text) <= MAX_ID_DIGITS
    return Project.objects.filter(pk=int(text)).first() if is_id else None


def _those_there_are() -> str:
    projects = list(Project.objects.order_by("pk")[:10])
    if not projects:
        return "There is none at all yet: make one with `seed_project --name NAME`."
    return "There are: " + ", ".join(f"{project.pk} ({project.name})" for project in projects) + "."


def account_called(name: str) -> Account:
    """The account of this name; it is made when there is none. Raises InvalidInput when there are several."""
    found = list(Account.objects.filter(name=name)[:2])
    if len(found) > 1:
        raise InvalidInput(f"Several accounts are called {name!r}.")
    if found:
        return found[0]
    account = Account(name=name)
    account.full_clean()
    account.save()
    return account


def signing_key(project: Project, sid: str = "") -> ApiKey:
    """The active key with this SID, or the oldest active one. Raises NotFound."""
    keys = selectors.active_keys(project)
    key = keys.filter(sid=sid).first() if sid else keys.first()
    if key is None and sid:
        raise NotFound(f"The project {project} has no active API key {sid!r}.")
    if key is None:
        raise NotFound(f"The project {project} has no active API key: make one in the console.")
    return key


def usable_key(project: Project, label: str) -> ApiKey:
    """The oldest active key; a new one when all have been revoked."""
    return selectors.active_keys(project).first() or services.issue_key(project, label=label)
