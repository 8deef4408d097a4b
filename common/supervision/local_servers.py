"""Starts the servers that the operator has not given us, for `make run` and for the tests."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from common.supervision.errors import CannotStart, StopRequested
from common.supervision.output import Output
from common.supervision.processes import die_with_parent
from common.supervision.servers import REACHABLE_FOLDER, LocalPostgres, LocalValkey
from common.supervision.supervisor import Supervisor

SERVER_READY_WITHIN_S = 60.0  # crash recovery of a big database takes a while
COMMAND_STOP_WITHIN_S = 10.0
THROW_AWAY_PREFIX = "pcc-servers-"
SWEEP_AFTER_S = 60.0  # younger folders may be just being made
NO_LIMIT_S = float("inf")


def start_servers(supervisor: Supervisor, data_dir: Path, *, wanted: dict[str, bool], durable: bool = True) -> None:
    """Start the wanted servers, wait until they answer and put their addresses into our environment.

    Shape: `wanted` = {"DATABASE_URL": bool, "REDIS_URL": bool}.
    Raises CannotStart when one cannot run.
    """
    kinds: dict[str, type[LocalPostgres] | type[LocalValkey]] = {
        "DATABASE_URL": LocalPostgres,
        "REDIS_URL": LocalValkey,
    }
    started = []
    for variable, kind in kinds.items():
        if wanted[variable]:
            server = kind(data_dir, durable=durable)
            server.prepare()
            program = server.program()
            supervisor.keep_running(program)
            started.append((variable, server, program))
    for variable, server, program in started:
        supervisor.wait_until_ready(program, server.is_ready, SERVER_READY_WITHIN_S)
        os.environ[variable] = server.url


def run_with_servers(command: Sequence[str]) -> int:
    """Run a command with a PostgreSQL and a Valkey of its own, which are thrown away afterwards; return its exit code.

    The command finds DATABASE_URL, REDIS_URL and PCC_DATA_DIR in its environment. When we are killed, the kernel ends
    the servers and the command; the folder is removed by the next such call.
    """
    output = Output()
    _sweep(output)
    folder = Path(tempfile.mkdtemp(prefix=THROW_AWAY_PREFIX))
    folder.chmod(0o711)  # root's PostgreSQL runs as another user, who must be able to pass through
    try:
        with Supervisor(folder, output) as supervisor:
            start_servers(supervisor, folder, wanted={"DATABASE_URL": True, "REDIS_URL": True}, durable=False)
            os.environ["PCC_DATA_DIR"] = str(folder)
            return _run(command, supervisor)
    except StopRequested:
        return 128 + signal.SIGINT
    except CannotStart as reason:
        output.print(str(reason))
        return 1
    finally:
        throw_away(folder)


def _run(command: Sequence[str], supervisor: Supervisor) -> int:
    """Run the command in our own terminal and process group: a Ctrl-C reaches it directly."""
    run = subprocess.Popen(command, preexec_fn=die_with_parent(signal.SIGTERM))
    try:
        supervisor.wait_until(lambda: run.poll() is not None, NO_LIMIT_S)
    finally:
        if run.poll() is None:
            run.terminate()
        try:
            code = run.wait(COMMAND_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            run.kill()
            code = run.wait()
    return 128 - code if code < 0 else code


def _sweep(output: Output) -> None:
    """Remove the folders of calls that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{THROW_AWAY_PREFIX}*"):
        status = folder.lstat()  # others may put links here that lead to folders of ours
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            continue
        if time.time() - status.st_mtime < SWEEP_AFTER_S:
            continue
        try:
            with Supervisor(folder, output):  # taking it stops what was left over
                pass
        except CannotStart:
            continue  # somebody is at work there
        throw_away(folder)


def throw_away(folder: Path) -> None:
    """Remove a throw-away folder and its database, which is elsewhere when root could not keep it here."""
    cluster = (folder / "postgres").resolve()
    if REACHABLE_FOLDER in cluster.parents:
        shutil.rmtree(cluster, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
