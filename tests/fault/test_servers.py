"""PostgreSQL and Valkey from packages: prepared, moved for root, refused when they do not fit, thrown away."""

from __future__ import annotations

import io
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
from pathlib import Path

import psutil
import psycopg
import pytest

from common.supervision import local_servers, servers
from common.supervision.errors import CannotStart
from common.supervision.output import Output
from common.supervision.servers import LocalPostgres
from common.supervision.supervisor import Supervisor

pytestmark = pytest.mark.fault

BASE_DIR = Path(__file__).resolve().parent.parent.parent
WITHIN_S = 60.0
BOTH = {"DATABASE_URL": True, "REDIS_URL": True}


@pytest.fixture
def folder(monkeypatch):
    """A data folder that every user may pass through, and addresses that are forgotten afterwards."""
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("REDIS_URL", "")
    made = Path(tempfile.mkdtemp(prefix="pcc-fault-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def start(folder):
    """Start both servers for the length of a `with`."""
    supervisor = Supervisor(folder, Output(io.StringIO()))
    supervisor.__enter__()
    local_servers.start_servers(supervisor, folder, wanted=BOTH, durable=False)
    return supervisor


def stop(supervisor):
    supervisor.__exit__(None, None, None)


def test_names_are_ordered_and_lowered_the_same_way_everywhere(folder):
    supervisor = start(folder)
    try:
        with psycopg.connect(os.environ["DATABASE_URL"]) as session:
            row = session.execute(
                "SELECT lower('ĐẶNG THỊ ƯỚT'), datlocprovider, datlocale, pg_encoding_to_char(encoding), "
                "current_setting('TimeZone') FROM pg_database WHERE datname = current_database()"
            ).fetchone()
    finally:
        stop(supervisor)
    assert row == ("đặng thị ướt", "b", "C.UTF-8", "UTF8", "UTC")


def test_only_the_wanted_servers_are_started(folder):
    supervisor = Supervisor(folder, Output(io.StringIO()))
    with supervisor:
        wanted = {"DATABASE_URL": False, "REDIS_URL": True}
        local_servers.start_servers(supervisor, folder, wanted=wanted, durable=False)
        running = json.loads((folder / "run" / "processes.json").read_text())

    assert [row["name"] for row in running] == ["valkey"]
    assert os.environ["DATABASE_URL"] == ""
    assert not (folder / "postgres").exists()


def test_ports_stay_the_same_unless_another_program_has_taken_one(folder):
    first = servers.stored_port(folder, "postgres")
    other = servers.stored_port(folder, "valkey")
    assert servers.stored_port(folder, "postgres") == first

    with socket.socket() as program:
        program.bind(("127.0.0.1", first))
        program.listen()
        moved = servers.stored_port(folder, "postgres")

    assert moved not in (first, other)
    assert servers.stored_port(folder, "postgres") == moved
    assert servers.stored_port(folder, "valkey") == other


def test_a_database_of_another_major_version_is_refused_and_left_as_it_is(folder):
    stop(start(folder))
    (folder / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(CannotStart) as refused:
        LocalPostgres(folder).prepare()

    assert "was made by PostgreSQL 16, but this is PostgreSQL 1" in str(refused.value)
    assert "docs/operations.md" in str(refused.value)
    assert (folder / "postgres" / "PG_VERSION").read_text() == "16\n"


def test_a_link_to_a_database_that_is_gone_is_not_taken_for_an_empty_one(folder):
    (folder / "postgres").symlink_to(folder / "unmounted")

    with pytest.raises(CannotStart, match="which is not there"):
        LocalPostgres(folder).prepare()


def test_an_interrupted_first_start_is_begun_anew(folder):
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new" / "PG_VERSION").write_text("")

    stop(start(folder))

    assert not (folder / "postgres.new").exists()
    assert (folder / "postgres" / "PG_VERSION").read_text().strip().isdigit()


def test_a_data_folder_below_a_closed_home_is_used_without_opening_it(folder, monkeypatch):
    """Root's PostgreSQL runs as another user, who may not enter: its files go elsewhere. An ordinary user's stay."""
    elsewhere = folder / "elsewhere"
    monkeypatch.setattr(servers, "REACHABLE_FOLDER", elsewhere)
    home = folder / "home"
    home.mkdir(mode=0o700)
    data = home / "data"
    data.mkdir()

    supervisor = start(data)
    try:
        with psycopg.connect(os.environ["DATABASE_URL"]) as session:
            session.execute("SELECT 1")
    finally:
        stop(supervisor)

    place = (data / "postgres").resolve()
    assert place.parent == (elsewhere if os.geteuid() == 0 else data)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def run_with_servers(*command, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "common.supervision", "with-servers", "--", *command],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


SHOW = "import os; print(os.environ['PCC_DATA_DIR'], os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"


def test_a_command_gets_servers_of_its_own_that_are_thrown_away():
    with run_with_servers(sys.executable, "-c", f"{SHOW}; raise SystemExit(7)") as run:
        folder, database, redis = run.communicate(timeout=WITHIN_S)[0].split()

    assert run.returncode == 7
    assert not Path(folder).exists()
    assert database not in (os.environ["DATABASE_URL"], "")
    assert redis not in (os.environ["REDIS_URL"], "")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(database)


def test_a_killed_run_leaves_no_process_and_the_next_one_removes_its_folder():
    command = (sys.executable, "-u", "-c", f"{SHOW}; import time; time.sleep(600)")
    with run_with_servers(*command) as run:
        folder = Path(run.stdout.readline().split()[0])
        family = psutil.Process(run.pid).children(recursive=True)
        assert len(family) >= 3

        run.kill()
        _, alive = psutil.wait_procs(family, timeout=WITHIN_S)
        assert alive == []
    assert folder.exists()
    long_ago = time.time() - 2 * local_servers.SWEEP_AFTER_S
    os.utime(folder, (long_ago, long_ago))

    with run_with_servers(sys.executable, "-c", "") as next_run:
        assert next_run.wait(WITHIN_S) == 0

    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_stop_stops_its_command_and_cleans_up(number):
    command = (sys.executable, "-u", "-c", f"{SHOW}; import time; time.sleep(600)")
    with run_with_servers(*command, start_new_session=True) as run:
        folder = Path(run.stdout.readline().split()[0])
        family = psutil.Process(run.pid).children(recursive=True)

        run.send_signal(number)
        assert run.wait(WITHIN_S) == 130

        _, alive = psutil.wait_procs(family, timeout=WITHIN_S)
    assert alive == []
    assert not folder.exists()
