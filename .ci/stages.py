"""Everything that must hold before a change is accepted, one stage after the other. `make test` runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

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


NAMED = 20  # of the tests that failed; more than that have one reason
AGAIN = 5  # failed tests that are given a second chance; more than that are no accident


@dataclass(frozen=True)
class Outcome:
    """What came of a stage."""

    name: str
    passed: bool
    seconds: float
    output: str = ""  # of a stage that was not shown while it ran
    failed: list[str] = field(default_factory=list)  # tests

    def __str__(self) -> str:
        verdict = "FAILED" if not self.passed else "UNSTEADY" if self.failed else "ok"
        rows = [f"{verdict:<8} {self.seconds:6.1f} s  {self.name}"]
        rows += [f"{'':<18} {test}" for test in self.failed[:NAMED]]
        more = len(self.failed) - NAMED
        return "\n".join([*rows, f"{'':<18} and {more} more"] if more > 0 else rows)


@dataclass(frozen=True)
class Check:
    """A quick check: a command of our virtual environment, or a function that returns what is wrong."""

    name: str
    check: list[str] | Callable[[], str | None]
    environment: dict[str, str] = field(default_factory=dict)

    def run(self) -> Outcome:
        began = time.monotonic()
        if callable(self.check):
            output = self.check() or ""
            passed = not output
        else:
            passed, output = self._ran(self.check)
        return Outcome(self.name, passed, time.monotonic() - began, output)

    def _ran(self, command: list[str]) -> tuple[bool, str]:
        ran = subprocess.run(
            in_our_environment(command),
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ran.returncode == 0, ran.stdout.strip()


def in_our_environment(command: list[str]) -> list[str]:
    program, *arguments = command
    return [str(BIN / program), *arguments]


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
PYTHON = str(BIN / "python")
# Side by side, two at a time: the longest first.
CHECKS = [
    Check("types", ["mypy", "."]),
    Check("style", ["ruff", "check", "."]),
    Check("format", ["ruff", "format", "--check", "."]),
    Check("imports", ["lint-imports", "--no-logo"]),
    Check("migrations", [*SERVERS, PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]),
    Check("settings", ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    Check("browser", browser_is_there),
]
CHECKS_AT_ONCE = 2
# One more than the cores of a small machine: tests of whole installations wait a lot (tests/scheduling.py).
WORKERS = 3
PYTEST = [*SERVERS, str(BIN / "pytest")]
SHARED_OUT = ["-n", str(WORKERS), "--dist", "loadfile", "--durations", "8"]


def run_tests() -> Outcome:
    """All tests, shared out to several processes; the few that failed once more, alone.

    Many of them drive browsers and kill programs while the machine is full of the other tests. One that passes when
    it is alone does not make the run fail, but it is named, and wants mending: CONTRIBUTING.md.
    """
    began = time.monotonic()
    passed, failed = run_pytest(SHARED_OUT)
    if 0 < len(failed) <= AGAIN:
        show("tests that failed, once more and alone")
        passed, _failed = run_pytest(failed)
    return Outcome("tests", passed, time.monotonic() - began, failed=failed)


def run_pytest(arguments: list[str]) -> tuple[bool, list[str]]:
    """Whether all passed, and the tests that did not."""
    with tempfile.TemporaryDirectory(prefix="pcc-tests-") as folder:
        report = Path(folder) / "report.xml"
        noted = [f"--junitxml={report}", "-o", "junit_family=xunit1"]
        code = subprocess.run([*in_our_environment(PYTEST), *noted, *arguments], cwd=ROOT, check=False).returncode
        return code == 0, list(dict.fromkeys(failed_tests(report))) if report.exists() else []


def failed_tests(report: Path) -> Iterator[str]:
    """Names as pytest takes them."""
    for test in ElementTree.parse(report).iter("testcase"):  # noqa: S314  pytest has just written it
        if test.find("failure") is not None or test.find("error") is not None:
            file = test.get("file", "")
            in_class = test.get("classname", "").removeprefix(file.removesuffix(".py").replace("/", ".")).strip(".")
            yield "::".join(filter(None, (file, in_class, test.get("name", ""))))


def show(title: str, text: str = "") -> None:
    print(f"\n── {title} {'─' * (70 - len(title))}", flush=True)
    if text:
        print(text, flush=True)


def main() -> int:
    """Check everything, also after something has failed, and say what failed and how long each took."""
    outcomes = []
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        for outcome in pool.map(Check.run, CHECKS):
            show(outcome.name, outcome.output)
            outcomes.append(outcome)
    show("tests")
    outcomes.append(run_tests())
    show("summary", "\n".join(map(str, outcomes)))
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
