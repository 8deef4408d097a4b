"""Make the demo project once; later runs only say again what its logins are.

Shape of the private file `demo.json` in the data folder:
    {"key_sid": str, "passwords": {user name: str}, "hashes": {user name: str}}
`key_sid` finds the project of this installation again, whatever people have called it since; a hash that is still the
one in the database says without a second of work that the password is still ours.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from common.refusals import InvalidInput
from common.supervision.state import write_private_file
from numbers_app.models import Number
from pcc_console.portable.importing import Outcome, add_missing, one_at_a_time
from pcc_console.portable.reading import read_project_file
from pcc_console.portable.sounds import Sounds
from pcc_console.provisioning import account_called, usable_key
from projects import selectors
from projects.models import ApiKey, Member, Project, Role, User

DEMO = "Demo"  # name of the account and of the project
PROJECT_FILE = Path(__file__).with_name("project.yaml")
LOGINS_FILE = "demo.json"
NOTHING: dict[str, Any] = {"key_sid": "", "passwords": {}, "hashes": {}}
OWNER = "demo"  # also an operator, so that a newcomer can make projects of his own
ROLES = {OWNER: Role.OWNER, "supervisor": Role.SUPERVISOR, "viewer": Role.VIEWER}

PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105  without letters that look like others
PASSWORD_GROUPS = 4  # of four letters: 79 bits


@dataclass(frozen=True)
class Login:
    """A console user. `password` is None when it is no longer the one that we made, or he is gone."""

    user: str
    role: Role
    password: str | None


@dataclass(frozen=True)
class Demo:
    """The demo project as it is now. `outcome` is None when it was there already; `key` when all are revoked."""

    project: Project
    key: ApiKey | None
    number: str
    logins: tuple[Login, ...]
    outcome: Outcome | None


def seed_demo(data_dir: Path, sounds: Sounds) -> Demo:
    """Make the demo project with its users, or find the one that is there and leave it exactly as it is.

    Idempotent by: the API key of last time, else the names of account and project. Nothing that people have changed or
    deleted since comes back. Raises InvalidInput when one of the user names belongs to somebody else.
    """
    logins_file = data_dir / LOGINS_FILE
    with transaction.atomic():
        one_at_a_time()
        stored = _read(logins_file)
        outcome = None
        if (project := _find(stored)) is None:
            outcome = _make(stored, logins_file, sounds)
            project = outcome.project
        key = selectors.active_keys(project).first()
    if outcome and key:
        hashes = dict(User.objects.filter(username__in=ROLES).values_list("username", "password"))
        _write(logins_file, stored | {"key_sid": key.sid, "hashes": hashes})
    number = Number.objects.filter(project=project).order_by("pk").values_list("number", flat=True).first()
    logins = tuple(Login(user, role, _valid_password(user, stored)) for user, role in ROLES.items())
    return Demo(project, key, number or "", logins, outcome)


def _read(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text())
        return {name: type(empty)(stored.get(name, empty)) for name, empty in NOTHING.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return dict(NOTHING)


def _write(path: Path, stored: dict[str, Any]) -> None:
    write_private_file(path, json.dumps(stored, indent=2) + "\n")


def _find(stored: dict[str, Any]) -> Project | None:
    projects = Project.objects.select_related("account")
    same_key = projects.filter(apikey__sid=stored["key_sid"]).first()
    return same_key or projects.filter(account__name=DEMO, name=DEMO).order_by("pk").first()


def _make(stored: dict[str, Any], logins_file: Path, sounds: Sounds) -> Outcome:
    stored["passwords"] = {user: stored["passwords"].get(user) or new_password() for user in ROLES}
    # Before the users are there: a password that nobody knows helps nobody.
    _write(logins_file, stored)
    outcome = add_missing(read_project_file(PROJECT_FILE.read_bytes()), account_called(DEMO), DEMO, sounds)
    for user, role in ROLES.items():
        _make_member(outcome.project, user, role, stored["passwords"][user])
    usable_key(outcome.project, DEMO)
    return outcome


def _make_member(project: Project, name: str, role: Role, password: str) -> None:
    """A user of an earlier demo is taken on; anybody else's account is not touched."""
    user = User.objects.filter(username=name).first()
    if user is None:
        user = User.objects.create_user(
            name, password=password, first_name=DEMO, last_name=role.label, is_superuser=name == OWNER
        )
    elif not user.check_password(password):
        raise InvalidInput(f"There is a user {name!r} who is not of the demo: rename him, or start with PCC_DEMO=0.")
    Member.objects.get_or_create(project=project, user=user, defaults={"role": role})


def _valid_password(name: str, stored: dict[str, Any]) -> str | None:
    user = User.objects.filter(username=name).first()
    password = stored["passwords"].get(name)
    if user is None or password is None:
        return None
    unchanged = user.password == stored["hashes"].get(name) or user.check_password(password)
    return str(password) if unchanged else None


def new_password() -> str:
    groups = ("".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(4)) for _ in range(PASSWORD_GROUPS))
    return "-".join(groups)
