"""What a running `make run` leaves in the data folder for other programs to find.

Plain files and plain functions, without Django: the settings call them while they are being imported.

Shape of the data folder:
    run/services.json   {"DATABASE_URL": str, "REDIS_URL": str, "pid": int}, mode 0600, there only while the servers
    are up secrets.json        {"PCC_SECRET_KEY": str, "PCC_ENCRYPTION_KEYS": str}, mode 0600, written once and kept
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

SERVICES_FILE = "run/services.json"
SECRETS_FILE = "secrets.json"
FERNET_KEY_BYTES = 32
SECRET_KEY_BYTES = 64


def load_services(data_dir: Path) -> dict[str, Any] | None:
    """Return the addresses of the servers that `make run` has started on this data folder, or None when it is not up.

    Shape: {"DATABASE_URL": str, "REDIS_URL": str, "pid": int}.
    A file whose supervisor is dead (it was killed and could not remove the file) counts as not up.
    """
    try:
        services: dict[str, Any] = json.loads((data_dir / SERVICES_FILE).read_text())
    except (FileNotFoundError, PermissionError, NotADirectoryError, json.JSONDecodeError):
        return None
    return services if process_is_alive(int(services["pid"])) else None


def store_services(data_dir: Path, database_url: str, redis_url: str) -> None:
    """Announce the servers' addresses to `manage.py` and others, in the name of the calling process."""
    services = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "pid": os.getpid()}
    write_private_file(data_dir / SERVICES_FILE, json.dumps(services, indent=2) + "\n")


def remove_services(data_dir: Path) -> None:
    """Take the announcement back. Nothing happens when there is none."""
    (data_dir / SERVICES_FILE).unlink(missing_ok=True)


def load_or_create_secrets(data_dir: Path) -> dict[str, str]:
    """Return the development secrets of this data folder; make them at first use.

    Production gets its secrets from the environment and never calls this.
    Shape: {"PCC_SECRET_KEY": str, "PCC_ENCRYPTION_KEYS": one Fernet key as str}.
    Two processes that call this at the same moment get the same secrets: the first to link its file wins.
    """
    path = data_dir / SECRETS_FILE
    made = {
        "PCC_SECRET_KEY": secrets.token_urlsafe(SECRET_KEY_BYTES),
        "PCC_ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(FERNET_KEY_BYTES)).decode(),
    }
    write_private_file(path, json.dumps(made, indent=2) + "\n", keep_existing=True)
    stored: dict[str, str] = json.loads(path.read_text())
    return stored


def write_private_file(path: Path, content: str, *, keep_existing: bool = False) -> None:
    """Write a file that only its owner can read, whole or not at all, also when the writer is killed half-way.

    With `keep_existing` a file that is already there stays as it is.
    """
    if keep_existing and path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp creates with mode 0600.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep_existing:
            try:
                os.link(draft, path)
            except FileExistsError:
                return
        else:
            os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)


def process_is_alive(pid: int) -> bool:
    """Tell whether a process with this id exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
