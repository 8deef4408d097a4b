"""`make run`: the whole installation on one machine, in one terminal, under one supervisor."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.supervision import state
from common.supervision.errors import CannotStart, StopRequested
from common.supervision.local_servers import start_servers
from common.supervision.output import Output
from common.supervision.processes import Program
from common.supervision.servers import listen_error
from common.supervision.supervisor import Supervisor
from pcc_console import heartbeats, static_files
from pcc_console.celery import HOOKS, OWN_QUEUES

BASE_DIR = Path(__file__).resolve().parent.parent
APPLICATION_LEVEL = 2  # relies on both servers
STEP_WITHIN_S = 300.0
READY_WITHIN_S = 120.0
PROBE_TIMEOUT_S = 3.0
PROBE_EVERY_S = 0.3
WORKER_PROCESSES = 4
# Customers' servers are waited for by threads of their own, so that slow ones hold up nothing but each other.
HOOK_THREADS = 16
ENVIRONMENTS = {"hooks": {"PCC_DATABASE_POOL": str(HOOK_THREADS + 2)}}  # each thread holds a connection while it waits
# Its messages are JSON, which makes root harmless here; an installation for others runs as an ordinary user.
CELERY_ROOT_WARNING = "You're running the worker with superuser privileges"
REVOKED = "revoked; make a new one in the console"
# Packets of softphones are small (softphone.packets.MAX_BYTES), and too few to be worth compressing.
SOCKETS = "--ws-max-size 65536 --ws-per-message-deflate false"
WEB_DRAIN_S = 2  # open requests and websockets may finish this long when we stop


@dataclass(frozen=True)
class RunSettings:
    """What the environment says about this run; the rest is read by the Django settings of each process."""

    host: str
    port: int
    data_dir: Path
    with_demo: bool

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the console."""
        everywhere = {"127.0.0.1", "0.0.0.0", "::", "::1", "localhost"}  # noqa: S104  compared, not listened on
        host = "localhost" if self.host in everywhere else self.host
        return f"http://{host}:{self.port}"


def application_programs(settings: RunSettings) -> list[Program]:
    """Return the processes of the application, the web first: one row each, all of them Python programs."""
    table = {
        "web": f"-m uvicorn pcc_console.asgi:application --host {settings.host} --port {settings.port} "
        f"--lifespan off --no-access-log --no-server-header --timeout-graceful-shutdown {WEB_DRAIN_S} {SOCKETS}",
        "worker": f"-m celery --quiet -A pcc_console worker --queues {','.join(OWN_QUEUES)} "
        f"--concurrency {WORKER_PROCESSES} --hostname worker@%h --without-gossip --without-mingle",
        "hooks": f"-m celery --quiet -A pcc_console worker --queues {HOOKS} --pool threads "
        f"--concurrency {HOOK_THREADS} --hostname hooks@%h --without-gossip --without-mingle",
        "beat": "-m celery --quiet -A pcc_console beat --pidfile=",
        "engine": "manage.py engine --kind browser",
        "simulator": "manage.py engine --kind simulated",
    }
    return [
        Program(
            name,
            (sys.executable, *arguments.split()),
            level=APPLICATION_LEVEL,
            folder=BASE_DIR,
            environment={"PYTHONWARNINGS": f"ignore:{CELERY_ROOT_WARNING}", **ENVIRONMENTS.get(name, {})},
        )
        for name, arguments in table.items()
    ]


def main() -> int:
    """Start everything, keep it running, stop it in order on Ctrl-C. Returns the exit code: 0 after an orderly stop."""
    output = Output()
    try:
        settings = read_environment()
        with Supervisor(settings.data_dir, output) as supervisor:
            check_port(settings)
            run(settings, supervisor, output)
    except (StopRequested, KeyboardInterrupt):
        output.say("stopped")
        return 0
    except CannotStart as reason:
        output.print(f"\n{reason}")
        return 1
    return 0


def read_environment() -> RunSettings:
    """Read and check our own variables. Raises CannotStart for a value that makes no sense."""
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {port!r}.")
    return RunSettings(
        host=os.environ.get("PCC_HOST", "127.0.0.1"),
        port=int(port),
        data_dir=Path(os.environ.get("PCC_DATA_DIR") or BASE_DIR / "var").resolve(),
        with_demo=os.environ.get("PCC_DEMO", "1") != "0" and os.environ.get("PCC_ENVIRONMENT") != "production",
    )


def check_port(settings: RunSettings) -> None:
    """Refuse a port that the web could not listen on, before anything is started."""
    error = listen_error(settings.host, settings.port)
    if error is not None and error.errno == errno.EADDRINUSE:
        raise CannotStart(
            f"Port {settings.port} on {settings.host} is in use by another program.\n"
            f"Stop it, or choose another port: PORT={settings.port + 1} make run"
        )
    if error is not None:
        raise CannotStart(f"PCC Console cannot listen on {settings.host}, port {settings.port}: {error.strerror}.")


def run(settings: RunSettings, supervisor: Supervisor, output: Output) -> None:
    """Bring everything up, say where it is, and watch over it. Ends only with StopRequested or CannotStart."""
    began = time.monotonic()
    own = {variable: not os.environ.get(variable) for variable in ("DATABASE_URL", "REDIS_URL")}
    os.environ["PCC_DATA_DIR"] = str(settings.data_dir)
    start_servers(supervisor, settings.data_dir, wanted=own)
    heartbeats.forget_all(os.environ["REDIS_URL"])  # those of the last run say nothing about this one
    manage = (sys.executable, str(BASE_DIR / "manage.py"))
    output.say("preparing the database")
    supervisor.run_step("migrate", (*manage, "migrate", "--no-input", "--verbosity", "0"), STEP_WITHIN_S)
    state.store_services(settings.data_dir, os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    web, *background = application_programs(settings)
    for program in background:
        supervisor.keep_running(program)
    if not static_files.are_collected(BASE_DIR, settings.data_dir):
        output.say("collecting the console's static files")
        supervisor.run_step("static", (*manage, "collectstatic", "--no-input", "--verbosity", "0"), STEP_WITHIN_S)
        static_files.note_collected(BASE_DIR, settings.data_dir)
    demo = seed_demo(supervisor, manage, output) if settings.with_demo else None
    supervisor.keep_running(web)  # last, so that whoever is told "ready" finds everything
    if supervisor.wait_until(lambda: is_ready(settings), READY_WITHIN_S, PROBE_EVERY_S):
        output.print(welcome(settings, demo, took_s=time.monotonic() - began))
    else:
        output.say(f"not ready after {READY_WITHIN_S:.0f} s; see {settings.address}/readyz for what is missing")
    supervisor.watch()


def seed_demo(supervisor: Supervisor, manage: tuple[str, ...], output: Output) -> dict[str, Any]:
    """Make the demo project, or find the one of last time; return what `seed_demo --json` prints.

    Logins whose password has been changed come without it, and so do a revoked key and its token.
    """
    output.say("preparing the demo project")
    printed = supervisor.run_step("demo", (*manage, "seed_demo", "--json"), STEP_WITHIN_S)
    facts: dict[str, Any] = json.loads("\n".join(printed))
    return facts


def is_ready(settings: RunSettings) -> bool:
    """Ask our own /readyz."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104  compared only
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.port}/readyz", timeout=PROBE_TIMEOUT_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def welcome(settings: RunSettings, demo: dict[str, Any] | None, took_s: float) -> str:
    """The text that a newcomer copies addresses, logins and the token from."""
    rows = [
        ("Console", f"{settings.address}/"),
        ("Test phone", f"{settings.address}/phone"),
        ("Softphone", f"{settings.address}/softphone"),
        ("REST API", f"{settings.address}/v1/"),
        ("API docs", f"{settings.address}/api/docs/"),
    ]
    if demo is not None:
        rows += [("Sign in", _sign_in(login)) for login in (demo["console"], *demo["others"])]
        rows += [("Number", demo["number"]), ("API key", demo["key_sid"] or REVOKED)]
        rows += [("REST token", demo["token"] or REVOKED)]
    rows += [("Data", str(settings.data_dir))]
    if (database := settings.data_dir / "postgres").is_symlink():  # root's PostgreSQL cannot reach the data folder
        rows += [("Database", str(database.resolve()))]
    table = "\n".join(f"  {name:<11} {value}" for name, value in rows)
    return f"\nPCC Console is ready after {took_s:.1f} s.\n\n{table}\n\n  Ctrl-C stops everything.\n"


def _sign_in(login: dict[str, Any]) -> str:
    return f"{login['user']}  /  {login['password'] or 'the password that you have set'}  ({login['role']})"


if __name__ == "__main__":
    sys.exit(main())
