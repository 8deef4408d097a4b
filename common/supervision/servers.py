"""PostgreSQL and Valkey for one data folder: prepared, described as programs, and asked whether they are ready.

Both listen on 127.0.0.1 only and want a password that is kept in a file of mode 0600. Measured figures are in
docs/operations.md.
"""

from __future__ import annotations

import json
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from common.supervision.accounts import Account, account_to_drop_to, can_reach, owner_of
from common.supervision.binaries import PostgresPrograms, find_postgres, find_valkey
from common.supervision.errors import CannotStart
from common.supervision.processes import Program
from common.supervision.state import write_private_file

LOOPBACK = "127.0.0.1"
# Below the range that systems hand out for outgoing connections, so that a stored port is still free at the next start.
PORTS = range(20_000, 30_000)
DATABASE = "pcc_console"
ROLE = "pcc_console"
CONNECT_TIMEOUT_S = 2
# Where root puts what the unprivileged account must reach, when the data folder or the packages are behind a closed
# folder.
REACHABLE_FOLDER = Path("/var/lib/pcc-console")
POSTGRES_LEVEL, VALKEY_LEVEL = 0, 1
LOG_LIMIT_BYTES = 10 * 1024 * 1024

POSTGRES_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # A refused statement's values are customers' numbers and hashes of passwords: they stay out of the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    # Containers often have only 64 MB of shared memory, which parallel queries would exhaust.
    "max_parallel_workers_per_gather": "0",
}
# For servers that are thrown away: no write waits for the disk.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class LocalPostgres:
    """A PostgreSQL cluster in `<data folder>/postgres`.

    Run by root, the server is handed to an unprivileged account. When that account cannot reach the data folder (it
    is below a closed home folder), the cluster is made in /var/lib/pcc-console and `<data folder>/postgres` becomes a
    link to it: we open no folder of the operator's.
    """

    name = "postgres"

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._data_dir = data_dir
        self._link = data_dir / "postgres"
        self._durable = durable
        self._programs = find_postgres()
        self._port = 0
        self._password = ""
        self._account: Account | None = None

    def prepare(self) -> None:
        """Make the cluster at first use, choose the port. Raises CannotStart with what to do about it."""
        self._account = account_to_drop_to()
        if self._link.is_symlink() and not self._link.exists():
            raise CannotStart(
                f"{self._link} leads to {self._link.readlink()}, which is not there. "
                "Put the database's files back, or remove the link to begin with an empty database."
            )
        if self._link.exists():
            self._check_existing_cluster()
        if self._account is not None:
            self._programs = _reachable_programs(self._programs, self._account)
        self._password = stored_password(self._data_dir, self.name)
        if not self._link.exists():
            self._make_cluster(self._cluster_folder())
        self._port = stored_port(self._data_dir, self.name)

    def program(self) -> Program:
        """The server, to be run by a supervisor. It ends in order on SIGINT (sessions are cut, data is written out)."""
        settings = POSTGRES_SETTINGS | {"port": str(self._port)} | ({} if self._durable else NOT_DURABLE)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name=self.name,
            command=(self._programs.program("postgres"), "-D", str(self._link.resolve()), *options),
            level=POSTGRES_LEVEL,
            folder=Path("/"),
            account=self._account,
            stop_signal=signal.SIGINT,
            stop_within_s=2.5,
            force_signal=signal.SIGQUIT,
            death_signal=signal.SIGINT,
            log_file=log_file(self._data_dir, self.name),
        )

    def is_ready(self) -> bool:
        """Tell whether it answers queries; makes our database when it is not there yet."""
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as session:
                found = session.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
                if not found:
                    session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False
        return True

    @property
    def url(self) -> str:
        return self._url(DATABASE)

    def _url(self, database: str) -> str:
        return f"postgresql://{ROLE}:{self._password}@{LOOPBACK}:{self._port}/{database}"

    def _check_existing_cluster(self) -> None:
        """Refuse a cluster that belongs to someone else or to another major version, before the server complains."""
        owner = owner_of(self._link)
        if self._account is not None:
            self._account = owner  # as it was made: a better account may have appeared since
            if not can_reach(self._link.resolve(), owner):
                raise CannotStart(
                    f"PostgreSQL runs as {owner.name}, which cannot enter {self._link.resolve()} any more. "
                    "Open the folders above it again, or move the data folder to where all users can pass through."
                )
        try:
            made_by = (self._link / "PG_VERSION").read_text().strip()
        except PermissionError as error:
            raise CannotStart(
                f"The database in {self._link} belongs to {owner.name}. "
                f"Start as that user (or as root, if root made it), or choose another folder with PCC_DATA_DIR."
            ) from error
        if made_by != str(self._programs.major):
            raise CannotStart(
                f"The database in {self._link} was made by PostgreSQL {made_by}, "
                f"but this is PostgreSQL {self._programs.version}.\n"
                "Dump it with the old version and load it into a new folder: "
                'see "Upgrading PostgreSQL" in docs/operations.md.'
            )

    def _cluster_folder(self) -> Path:
        """Where a new cluster goes: into the data folder, unless the account cannot reach it."""
        if self._account is None or can_reach(self._data_dir, self._account):
            return self._link
        try:
            REACHABLE_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(
                f"PostgreSQL cannot run as root, and {self._account.name} cannot reach {self._data_dir}. "
                "Set PCC_DATA_DIR to a folder that all users can pass through, or start as an ordinary user."
            ) from error
        return REACHABLE_FOLDER / f"postgres-{secrets.token_hex(4)}"

    def _make_cluster(self, folder: Path) -> None:
        """Run initdb beside the final place and move the result there: a half-made cluster is never taken for one."""
        draft = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        with _password_file(self._password, self._account) as password_file:
            if self._account is not None:
                shutil.chown(draft, self._account.uid, self._account.gid)
            command = [
                self._programs.program("initdb"), "-D", str(draft), "-U", ROLE, "--encoding=UTF8",
                # The same order of names and the same lower case on every system, without its C library.
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                "--auth=scram-sha-256", f"--pwfile={password_file}", *([] if self._durable else ["--no-sync"]),
            ]  # fmt: skip
            made = subprocess.run(
                command,
                capture_output=True,
                text=True,
                cwd="/",
                check=False,
                user=None if self._account is None else self._account.uid,
                group=None if self._account is None else self._account.gid,
                extra_groups=None if self._account is None else [],
            )
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise CannotStart(f"PostgreSQL could not make its files in {folder}:\n{made.stderr.strip()}")
        draft.rename(folder)
        if folder != self._link:
            self._link.symlink_to(folder)


class LocalValkey:
    """A Valkey server with its files in `<data folder>/valkey`. Nothing in it is the only copy of anything."""

    name = "valkey"

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "valkey"
        self._durable = durable
        self._server = find_valkey()
        self._port = 0
        self._password = ""

    def prepare(self) -> None:
        """Write the configuration, choose the port."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._password = stored_password(self._data_dir, self.name)
        self._port = stored_port(self._data_dir, self.name)
        settings = {
            "bind": LOOPBACK,
            "port": str(self._port),
            "dir": f'"{self._folder}"',
            "daemonize": "no",
            "save": '""',
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "requirepass": self._password,
            "set-proc-title": "no",  # a left-over server is recognised by its command line
        }
        write_private_file(
            self._folder / "valkey.conf", "".join(f"{name} {value}\n" for name, value in settings.items())
        )

    def program(self) -> Program:
        """The server, to be run by a supervisor."""
        return Program(
            name=self.name,
            command=(str(self._server), str(self._folder / "valkey.conf")),
            level=VALKEY_LEVEL,
            folder=self._folder,
            stop_within_s=1.5,
            death_signal=signal.SIGTERM,
            log_file=log_file(self._data_dir, self.name),
        )

    def is_ready(self) -> bool:
        """Tell whether it answers; False while it is still reading its file."""
        with redis.Redis(
            host=LOOPBACK, port=self._port, password=self._password, socket_timeout=CONNECT_TIMEOUT_S
        ) as session:
            try:
                return bool(session.ping())
            except redis.RedisError:
                return False

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"


def stored_password(data_dir: Path, server: str) -> str:
    """Return the server's password; make it at first use."""
    path = data_dir / f"{server}.password"
    write_private_file(path, secrets.token_urlsafe(24), keep_existing=True)
    return path.read_text()


def stored_port(data_dir: Path, server: str) -> int:
    """Return the server's port: the one of last time if it is still free, else a new one, which is stored."""
    path = data_dir / "ports.json"
    ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    if not port_is_free(LOOPBACK, ports.get(server, 0)):
        ports[server] = free_port(taken=set(ports.values()))
        write_private_file(path, json.dumps(ports) + "\n")
    return ports[server]


def free_port(taken: set[int]) -> int:
    """Return a port that nobody listens on now and that is not in `taken`."""
    for port in random.sample(PORTS, k=200):
        if port not in taken and port_is_free(LOOPBACK, port):
            return port
    raise CannotStart(f"No free port was found between {PORTS.start} and {PORTS.stop}.")


def port_is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now. Port 0 is never free: it stands for "none"."""
    return port != 0 and listen_error(host, port) is None


def listen_error(host: str, port: int) -> OSError | None:
    """Return what a server would be told that tried to listen there now; None when it could."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a server that has just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def log_file(data_dir: Path, server: str) -> Path:
    """Where a server's own messages go. A file that has grown large is put aside, in the place of the one before."""
    path = data_dir / "log" / f"{server}.log"
    path.parent.mkdir(exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path


def _reachable_programs(programs: PostgresPrograms, account: Account) -> PostgresPrograms:
    """Return programs that the account can run: a copy, when the packages are behind a closed folder.

    E.g. a virtual environment below root's home. The copy is made once for each version (about 40 MB).
    """
    if can_reach(programs.root / "bin", account):
        return programs
    package = programs.package or "postgres"
    copy = REACHABLE_FOLDER / f"{package}-{programs.version}"
    if not copy.exists():
        REACHABLE_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=REACHABLE_FOLDER, prefix=f"{copy.name}."))
        # The programs look for their libraries in PACKAGE.libs beside PACKAGE.
        shutil.copytree(programs.root, draft / package / programs.root.name, symlinks=True)
        libraries = programs.root.parent.with_name(f"{package}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", str(draft)], check=True)
        try:
            draft.rename(copy)
        except OSError:  # another start has just done the same
            shutil.rmtree(draft)
    return PostgresPrograms(copy / package / programs.root.name, programs.version, programs.package)


@contextmanager
def _password_file(password: str, account: Account | None) -> Iterator[str]:
    """A file with the password that the account can read.

    A pipe does not do: initdb opens it again by name after the change of user.
    """
    with tempfile.NamedTemporaryFile("w", prefix="pcc-", dir="/tmp") as file:
        file.write(password + "\n")
        file.flush()
        if account is not None:
            shutil.chown(file.name, account.uid, account.gid)
        yield file.name
