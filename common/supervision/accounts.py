"""PostgreSQL refuses to run as root: find an account to give it to, and places that this account can reach."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "pcc-console"


@dataclass(frozen=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def account_to_drop_to() -> Account | None:
    """Return the unprivileged account that root hands PostgreSQL to; None when we are an ordinary user ourselves.

    A system account is made when there is none; where that is impossible (`/etc` cannot be written), it is `nobody`.
    """
    if os.geteuid() != 0:
        return None
    return _account(ACCOUNT) or _made_account() or _account("nobody")


def owner_of(path: Path) -> Account:
    """Return the account that a file belongs to, also when it has no name here any more."""
    status = path.stat()
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        name = str(status.st_uid)
    return Account(name, status.st_uid, status.st_gid)


def can_reach(path: Path, account: Account) -> bool:
    """Tell whether the account may enter this folder, with all that is above it.

    Asked of the system itself, so that access lists and security modules are counted too.
    """
    entered = subprocess.run(
        ["test", "-x", path], user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False
    )
    return entered.returncode == 0


def _account(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _made_account() -> Account | None:
    useradd = shutil.which("useradd")
    if useradd is None:
        return None
    subprocess.run(
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT],
        capture_output=True,
        check=False,
    )
    return _account(ACCOUNT)
