"""`make run` as a whole: started, found, crowded out, killed piece by piece, killed altogether, and stopped.

Real servers and real processes; every wait is bounded. The limits leave room for a machine that is busy with other
tests: docs/operations.md has the figures of a quiet one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from common.supervision.servers import free_port

pytestmark = pytest.mark.fault

BASE_DIR = Path(__file__).resolve().parent.parent.parent
READY_WITHIN_S = 180.0
BACK_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0  # on a machine that has a core for each who wants one
NAMES = {"postgres", "valkey", "web", "worker", "hooks", "beat", "engine", "simulator"}
SERVERS_OF_THE_TESTS = ("DATABASE_URL", "REDIS_URL")


class Installation:
    """One data folder and port, and the supervisor that runs on them now."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port(taken=set())
        names = [name for name in os.environ if name not in SERVERS_OF_THE_TESTS and not name.startswith("PCC_")]
        inherited = {name: os.environ[name] for name in names}
        self.environment = {**inherited, "PCC_DATA_DIR": str(data_dir), "PORT": str(self.port)}
        self.log = data_dir.with_suffix(".log")
        self.run: Any = None  # the supervisor, once it was started

    def start(self, *command: str, **changed: str) -> subprocess.Popen[bytes]:
        """Start a supervisor in a process group of its own, as a shell does."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-u", *(command or ("-m", "pcc_console.up"))],
                cwd=BASE_DIR,
                env={**self.environment, **changed},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ensure_ready(self) -> None:
        if self.run is None or self.run.poll() is not None:
            self.run = self.start()
        wait_until(lambda: self.readiness()["ready"], READY_WITHIN_S, self.log)

    def readiness(self) -> Any:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as answer:
            return json.load(answer)
        except OSError:
            return {"ready": False}

    def pids(self) -> dict[str, int]:
        rows = json.loads((self.data_dir / "run" / "processes.json").read_text())
        return {row["name"]: row["pid"] for row in rows}

    def kill(self, name: str) -> None:
        """Kill a process and everything that it has started."""
        os.killpg(self.pids()[name], signal.SIGKILL)

    def services(self) -> Any:
        return json.loads((self.data_dir / "run" / "services.json").read_text())

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=BASE_DIR, env=self.environment, capture_output=True, text=True, timeout=180, check=False
        )

    def family(self) -> list[psutil.Process]:
        """The supervisor's children and theirs."""
        return psutil.Process(self.run.pid).children(recursive=True)

    def stop(self) -> tuple[int, float]:
        """Press Ctrl-C; return the exit code and how long it took."""
        began = time.monotonic()
        os.killpg(self.run.pid, signal.SIGINT)
        return self.run.wait(READY_WITHIN_S), time.monotonic() - began


def wait_until(condition, within_s, log):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "\n".join(log.read_text(errors="replace").splitlines()[-40:])
        time.sleep(0.1)


def crowd() -> float:
    """How many processes want each core."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.fixture(scope="module")
def _installation():
    # Not pytest's folder: root's PostgreSQL runs as another user, who may not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="pcc-fault-"))
    folder.chmod(0o711)
    made = Installation(folder / "data")
    yield made
    if made.run is not None and made.run.poll() is None:
        made.stop()
    shutil.rmtree(folder)


@pytest.fixture
def installation(_installation):
    """A running installation that is ready, whatever the test before has done to it."""
    _installation.ensure_ready()
    return _installation


def test_the_newcomer_is_told_logins_that_work(installation):
    wait_until(lambda: "Ctrl-C stops everything" in installation.log.read_text(), READY_WITHIN_S, installation.log)
    rows = [line.split(maxsplit=2) for line in installation.log.read_text().splitlines() if "Sign in" in line]
    user, _, password, _ = rows[0][2].split()
    check = (
        f"from django.contrib.auth.hashers import check_password; from projects.models import User; "
        f"print(check_password({password!r}, User.objects.get(username={user!r}).password))"
    )

    assert installation.manage("shell", "--no-imports", "--command", check).stdout == "True\n"


def test_everything_runs_and_listens_on_this_machine_only(installation):
    assert set(installation.pids()) == NAMES
    pids = {process.pid for process in installation.family()}
    listening = [
        str(connection.laddr.ip)
        for connection in psutil.net_connections(kind="inet")
        if connection.laddr and connection.pid in pids and connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3
    assert set(listening) == {"127.0.0.1"}


def test_passwords_and_addresses_can_be_read_by_their_owner_only(installation):
    private = ["postgres.password", "valkey.password", "secrets.json", "run/services.json", "valkey/valkey.conf"]
    modes = {name: stat.S_IMODE((installation.data_dir / name).stat().st_mode) for name in private}
    assert modes == dict.fromkeys(private, 0o600)


def test_postgres_never_runs_as_root_and_wants_its_password(installation):
    server = psutil.Process(installation.pids()["postgres"])
    assert server.uids().effective != 0
    url = installation.services()["DATABASE_URL"]
    password = (installation.data_dir / "postgres.password").read_text()

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "guessed"))


def test_commands_in_the_same_folder_find_the_servers(installation):
    checked = installation.manage("migrate", "--check")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_doctor_finds_nothing_wrong_while_everything_is_up(installation):
    examined = installation.manage("doctor", "--json")
    assert {row["name"]: row["status"] for row in json.loads(examined.stdout) if row["status"] == "FAIL"} == {}
    assert examined.returncode == 0


def test_a_second_supervisor_on_the_same_folder_is_refused_and_the_first_goes_on(installation):
    before = installation.pids()
    second = installation.start(PORT=str(free_port(taken={installation.port})))

    assert second.wait(READY_WITHIN_S) == 1
    assert (
        f"already running on {installation.data_dir} (process {installation.run.pid})" in installation.log.read_text()
    )
    assert installation.pids() == before
    assert installation.readiness()["ready"]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_killed_process_comes_back_in_the_same_place(installation, name):
    pids, services = installation.pids(), installation.services()
    killed_at = time.monotonic()
    os.kill(pids[name], signal.SIGKILL)

    wait_until(lambda: installation.pids().get(name, pids[name]) != pids[name], BACK_WITHIN_S, installation.log)
    wait_until(lambda: has_recovered(installation, name, killed_at), BACK_WITHIN_S, installation.log)

    assert installation.services() == services
    assert {other: pid for other, pid in installation.pids().items() if other != name} == {
        other: pid for other, pid in pids.items() if other != name
    }


def has_recovered(installation, name, killed_at):
    """Ready; and what it says about a worker, beat or engine is younger than the kill."""
    found = installation.readiness()
    return found["ready"] and (name not in found or found[name]["age"] < time.monotonic() - killed_at)


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_finds_the_data(installation):
    with psycopg.connect(installation.services()["DATABASE_URL"]) as session:
        session.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS row")
    services, family = installation.services(), installation.family()
    assert len(family) >= len(NAMES)

    installation.run.kill()
    installation.run.wait()
    wait_until(lambda: not any(is_alive(process) for process in family), BACK_WITHIN_S, installation.log)

    asked = installation.manage("migrate", "--check")
    assert asked.returncode == 1
    assert asked.stderr == (
        "CommandError: No servers are running: start them with `make run`, or set DATABASE_URL and REDIS_URL.\n"
    )
    installation.ensure_ready()
    assert installation.services()["DATABASE_URL"] == services["DATABASE_URL"]
    with psycopg.connect(installation.services()["DATABASE_URL"]) as session:
        assert session.execute("SELECT count(*) FROM kept").fetchone() == (1,)
    wait_until(lambda: installation.log.read_text().count("Ctrl-C stops") == 2, READY_WITHIN_S, installation.log)
    told = [line for line in installation.log.read_text().splitlines() if line.startswith("  Sign in")]
    assert told[: len(told) // 2] == told[len(told) // 2 :]


def test_ctrl_c_stops_everything_in_time_and_a_taken_port_is_refused_before_anything_starts(installation):
    family = installation.family()

    code, took_s = installation.stop()

    assert code == 0
    assert took_s < STOP_WITHIN_S * max(1.0, crowd())
    assert [process for process in family if is_alive(process)] == []
    assert [path.name for path in (installation.data_dir / "run").glob("*.json")] == []

    with socket.socket() as other_program:
        other_program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other_program.bind(("127.0.0.1", installation.port))
        other_program.listen()
        refused = installation.start("manage.py", "up")
        assert refused.wait(READY_WITHIN_S) == 1
    said = installation.log.read_text()
    assert f"Port {installation.port} on 127.0.0.1 is in use by another program" in said
    assert f"PORT={installation.port + 1} make run" in said
    assert [path.name for path in (installation.data_dir / "run").glob("*.json")] == []
