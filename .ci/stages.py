"""Everything that must hold before a change is accepted, one stage after the other. `make test` runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# What an installation for others sets, with values that are nobody's.
PRODUCTION = {
    "PCC_ENVIRONMENT": "production",
    "PCC_SECRET_KEY": "checked-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "PCC_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "PCC_ALLOWED_HOSTS": "console.example",
    "PCC_TRUSTED_ORIGINS": "https://console.example",
    "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


@dataclass(frozen=True)
class Stage:
    """One check: a command of our virtual environment, or a function that returns what is wrong."""

    name: str
    check: list[str] | Callable[[], str | None]
    environment: dict[str, str] = field(default_factory=dict)

    def passes(self) -> bool:
        if callable(self.check):
            complaint = self.check()
            print(complaint or "", end="\n" if complaint else "")
            return complaint is None
        program, *arguments = self.check
        command = [str(BIN / program), *arguments]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, **self.environment}, check=False).returncode == 0


def browser_is_there() -> str | None:
    """The browser tests drive Debian's Chromium, and clients of other makers that come by npm."""
    return is_there(("chromium", "chromium-browser", "google-chrome"), "chromium") or is_there(("npm",), "npm")


def is_there(programs: tuple[str, ...], package: str) -> str | None:
    """Find one of some programs on the PATH; install Debian's package when we may. Returns what is missing."""
    if any(shutil.which(program) for program in programs):
        return None
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not prefix or shutil.which("sudo")):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run([*prefix, *command], env=quiet, stdout=subprocess.DEVNULL, check=False)
    if any(shutil.which(program) for program in programs):
        return None
    return f"The browser tests need {programs[0]} on the PATH. On Debian and Ubuntu: sudo apt-get install {package}"


SERVERS = ["python", "-m", "common.supervision", "with-servers", "--"]  # of our own, thrown away afterwards
PYTHON, TESTS = str(BIN / "python"), [str(BIN / "pytest"), "-n", "2", "--dist", "loadfile", "--durations", "8"]
STAGES = [
    Stage("style", ["ruff", "check", "."]),
    Stage("format", ["ruff", "format", "--check", "."]),
    Stage("types", ["mypy", "."]),
    Stage("imports", ["lint-imports", "--no-logo"]),
    Stage("migrations", [*SERVERS, PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]),
    Stage("settings", ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    Stage("browser", browser_is_there),
    Stage("tests", [*SERVERS, *TESTS, "-m", "not browser"]),
    # Apart: the browser's driver keeps an event loop running in its process, where asyncio then starts no other.
    Stage("browser tests", [*SERVERS, *TESTS, "-m", "browser", "tests/browser"]),
]


def main() -> int:
    """Run all stages, also after a failed one, and say which failed and how long each took."""
    rows = []
    for stage in STAGES:
        print(f"\n── {stage.name} {'─' * (70 - len(stage.name))}", flush=True)
        began = time.monotonic()
        passed = stage.passes()
        rows.append((stage.name, passed, time.monotonic() - began))
    print(f"\n── summary {'─' * 63}")
    for name, passed, seconds in rows:
        print(f"{'ok' if passed else 'FAILED':<7} {seconds:6.1f} s  {name}")
    return 0 if all(passed for _, passed, _ in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
