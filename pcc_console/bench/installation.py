"""A whole installation in a folder of its own, for as long as something is measured with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.supervision.local_servers import throw_away
from common.supervision.processes import die_with_parent
from common.supervision.servers import LOOPBACK, LocalPostgres, free_port

BASE_DIR = Path(__file__).resolve().parent.parent.parent
READY_WITHIN_S = 180.0
STOP_WITHIN_S = 20.0
LOOK_EVERY_S = 0.3
LOG_TAIL_LINES = 15
# Counts what the database is asked. BEGIN and COMMIT are counted elsewhere.
COUNT_STATEMENTS = """
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track_utility = off
"""


class NotReady(Exception):
    """The installation did not come up."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One that is up. `environment` is what its programs are started with."""

    folder: Path
    environment: Mapping[str, str]


@contextmanager
def installation() -> Iterator[Installation]:
    """Start `make run`'s programs with servers, files and a port of their own, and throw everything away at the end.

    As durable as any: writes wait for the disk. Raises NotReady.
    """
    folder = Path(tempfile.mkdtemp(prefix="pcc-bench-"))
    folder.chmod(0o711)  # root's PostgreSQL runs as another user, who must be able to pass through
    try:
        postgres = LocalPostgres(folder)
        postgres.prepare()
        with (folder / "postgres" / "postgresql.conf").open("a") as configuration:
            configuration.write(COUNT_STATEMENTS)
        port = free_port(taken=set())
        given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        environment = {**given, "PCC_DATA_DIR": str(folder), "PORT": str(port), "PCC_DEMO": "0"}
        with _running(folder, environment, f"http://{LOOPBACK}:{port}/readyz"):
            yield Installation(folder, environment)
    finally:
        throw_away(folder)


@contextmanager
def _running(folder: Path, environment: Mapping[str, str], probe: str) -> Iterator[None]:
    log_path = folder / "up.log"
    with log_path.open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "pcc_console.up"],
            cwd=BASE_DIR,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    try:
        _wait_until_ready(up, log_path, probe)
        yield
    finally:
        up.terminate()
        try:
            up.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            up.kill()
            up.wait()


def _wait_until_ready(up: subprocess.Popen[bytes], log: Path, probe: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while up.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(probe, timeout=2) as answer:  # noqa: S310  our own address
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(LOOK_EVERY_S)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
    raise NotReady(f"The installation did not come up:\n{tail}")
