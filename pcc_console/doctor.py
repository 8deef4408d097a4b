"""Looks at an installation as a careful operator would, and says what to do about what is wrong."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import redis
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count

from callflow import invariants
from common import clock
from common.encryption import Undecryptable
from numbers_app.models import Number
from pcc_console import health, heartbeats
from pcc_console.diagnosis import Diagnosis, Status
from pcc_console.doctor_sound import check_recording, check_speech
from projects.models import ApiKey

OLDEST_POSTGRES = 15  # unique constraints that count two empty values as equal
SHORTEST_SECRET_KEY = 50  # characters; as Django's own deployment check
CLOCK_WARN_S, CLOCK_FAIL_S = 2.0, 30.0  # tokens and deadlines go wrong by the same amount
DISK_WARN_BYTES, DISK_FAIL_BYTES = 2 * 1024**3, 200 * 1024**2
CALLS_OF = dt.timedelta(hours=1)
NAMED_AT_MOST = 5


def examine() -> list[Diagnosis]:
    """Look at everything. What lives in the database is looked at only when the database answers and has its tables."""
    found = [check_settings(), check_secrets(), check_hosts()]
    questions = [check_database, check_clock, check_migrations, check_stored_secrets, check_shared_numbers, check_calls]
    for ask in questions:
        found.append(ask())
        if found[-1].status is Status.FAIL:
            break  # the later ones rely on it
    return [
        *found,
        check_redis(),
        *check_processes(),
        *check_folders(),
        check_disk(),
        check_speech(),
        check_recording(),
    ]


# ── Settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def check_settings() -> Diagnosis:
    if settings.PRODUCTION and settings.DEBUG:
        advice = "Unset PCC_DEBUG: its error pages show settings and data to everyone."
        return Diagnosis("settings", Status.FAIL, "production with debugging on", advice)
    return Diagnosis("settings", Status.OK, f"{settings.ENVIRONMENT}, debugging {'on' if settings.DEBUG else 'off'}")


def check_secrets() -> Diagnosis:
    """The secret key signs sessions; the encryption keys open stored secrets."""
    try:
        for key in settings.PCC_ENCRYPTION_KEYS:
            Fernet(key)
    except ValueError:
        advice = "Set PCC_ENCRYPTION_KEYS to keys made as docs/operations.md says, separated by commas."
        return Diagnosis("keys", Status.FAIL, "an encryption key is not a Fernet key", advice)
    if len(settings.SECRET_KEY) < SHORTEST_SECRET_KEY:
        advice = f"Set PCC_SECRET_KEY to {SHORTEST_SECRET_KEY} random characters or more; everybody signs in again."
        return Diagnosis("keys", Status.WARN, "the secret key is short", advice)
    return Diagnosis("keys", Status.OK, f"secret key and {len(settings.PCC_ENCRYPTION_KEYS)} encryption key(s)")


def check_hosts() -> Diagnosis:
    hosts = settings.ALLOWED_HOSTS
    if settings.PRODUCTION and not hosts:
        advice = "Set PCC_ALLOWED_HOSTS to the names that browsers and clients use."
        return Diagnosis("hosts", Status.FAIL, "no host name is allowed", advice)
    if settings.PRODUCTION and "*" in hosts:
        advice = "Name the hosts in PCC_ALLOWED_HOSTS: forged names end up in links."
        return Diagnosis("hosts", Status.WARN, "every host name is allowed", advice)
    return Diagnosis("hosts", Status.OK, ", ".join(hosts))


# ── Servers and what is in them ──────────────────────────────────────────────────────────────────────────────────────


def check_database() -> Diagnosis:
    """Reachable, new enough, in UTF-8 and UTC."""
    answer = health.check_database()
    if not answer.ok:
        advice = "Start it (`make run`), or correct DATABASE_URL."
        return Diagnosis("database", Status.FAIL, answer.detail, advice)
    version = _ask("SHOW server_version")
    if int(_ask("SHOW server_version_num")) // 10_000 < OLDEST_POSTGRES:
        advice = f"Upgrade to PostgreSQL {OLDEST_POSTGRES} or later."
        return Diagnosis("database", Status.FAIL, f"PostgreSQL {version} is too old", advice)
    encoding, zone = _ask("SHOW server_encoding"), _ask("SHOW TimeZone")
    if encoding != "UTF8":
        advice = "Make the database anew with ENCODING 'UTF8' and load a dump into it: names would be spoilt."
        return Diagnosis("database", Status.FAIL, f"the encoding is {encoding}", advice)
    return Diagnosis("database", Status.OK, f"PostgreSQL {version}, {encoding}, time zone {zone}, {answer.detail}")


def check_migrations() -> Diagnosis:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        names = _first_few(f"{migration.app_label}.{migration.name}" for migration, _ in pending)
        return Diagnosis("migrations", Status.FAIL, f"not applied: {names}", "Run: python manage.py migrate")
    return Diagnosis("migrations", Status.OK, "all applied")


def check_stored_secrets() -> Diagnosis:
    """The present keys must open what earlier keys have locked."""
    try:
        for _ in ApiKey.objects.only("secret").iterator():
            pass
    except Undecryptable:
        advice = "Put the key of that time back, after the new one: PCC_ENCRYPTION_KEYS=new,old"
        return Diagnosis("stored keys", Status.FAIL, "an API key's secret cannot be opened", advice)
    return Diagnosis("stored keys", Status.OK, "can be opened with the present encryption keys")


def check_clock() -> Diagnosis:
    """Our clock against the database's."""
    with connection.cursor() as cursor:
        before = clock.now()
        cursor.execute("SELECT clock_timestamp()")
        (theirs,) = cursor.fetchone()
        skew_s = abs((theirs - (before + (clock.now() - before) / 2)).total_seconds())
    detail = f"{skew_s:.1f} s apart from the database's"
    status = Status.FAIL if skew_s > CLOCK_FAIL_S else Status.WARN if skew_s > CLOCK_WARN_S else Status.OK
    advice = "" if status is Status.OK else "Let a time service set the clocks of both machines."
    return Diagnosis("clock", status, detail, advice)


def check_shared_numbers() -> Diagnosis:
    """A number in several projects leads only to the first of them."""
    projects_of = Number.objects.values("digits").annotate(projects=Count("project_id", distinct=True))
    shared = list(projects_of.filter(projects__gt=1).order_by("digits").values_list("digits", flat=True))
    if shared:
        advice = "Calls go to the project that had it first. Remove it from the others."
        return Diagnosis("numbers", Status.WARN, f"in several projects: {_first_few(shared)}", advice)
    return Diagnosis("numbers", Status.OK, "each number is in one project")


def check_calls() -> Diagnosis:
    """What must hold of the calls of the last hour, and of those that run."""
    findings = invariants.check_twice(since=clock.now() - CALLS_OF)
    if findings:
        codes = ", ".join(sorted({each.code for each in findings}))
        advice = "Run: python manage.py check_invariants, and send us what it prints: this is a bug."
        return Diagnosis("calls", Status.WARN, f"{len(findings)} findings: {codes}", advice)
    return Diagnosis("calls", Status.OK, "everything holds of the calls of the last hour")


def check_redis() -> Diagnosis:
    """Reachable, and set to refuse writes rather than to throw queued tasks away."""
    if not settings.HAS_SERVERS:
        return Diagnosis("redis", Status.FAIL, "not configured", "Start it (`make run`), or set REDIS_URL.")
    try:
        with heartbeats.connect(settings.REDIS_URL) as server:
            info: dict[str, str] = server.info()
    except redis.RedisError as error:
        advice = "Start it (`make run`), or correct REDIS_URL."
        return Diagnosis("redis", Status.FAIL, f"does not answer ({type(error).__name__})", advice)
    version = info.get("valkey_version") or info["redis_version"]
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        advice = "Set maxmemory-policy to noeviction: the other policies drop waiting tasks."
        return Diagnosis("redis", Status.WARN, f"version {version}, policy {policy}", advice)
    return Diagnosis("redis", Status.OK, f"version {version}, {policy}")


def check_processes() -> list[Diagnosis]:
    """Workers, beat and engines, as /readyz sees them."""
    found = []
    for finding in health.check_redis_and_heartbeats()[1:]:
        advice = "" if finding.ok else f"Start the {finding.name} process (`make run`), and look at its log."
        status = Status.OK if finding.ok else Status.FAIL
        found.append(Diagnosis(finding.name, status, finding.detail, advice))
    return found


# ── Folders ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def check_folders() -> list[Diagnosis]:
    """Uploads must be writable; the console's static files must have been collected."""
    media, static = Path(settings.MEDIA_ROOT), Path(settings.STATIC_ROOT)
    found = [Diagnosis("uploads", Status.OK, f"{media} can be written to")]
    if not _can_be_written(media):
        advice = f"Give it to the user of this process: chown -R {os.getuid()} {media}"
        found = [Diagnosis("uploads", Status.FAIL, f"{media} cannot be written to", advice)]
    if (static / "staticfiles.json").exists():
        return [*found, Diagnosis("static files", Status.OK, f"collected in {static}")]
    advice = "Run: python manage.py collectstatic --no-input"
    return [*found, Diagnosis("static files", Status.FAIL, f"not collected in {static}", advice)]


def check_disk() -> Diagnosis:
    folder = _existing(Path(settings.DATA_DIR))
    free = shutil.disk_usage(folder).free
    status = Status.FAIL if free < DISK_FAIL_BYTES else Status.WARN if free < DISK_WARN_BYTES else Status.OK
    advice = "" if status is Status.OK else "Make room: recordings and the database stop when the disk is full."
    return Diagnosis("disk", status, f"{free / 1024**3:.1f} GiB free at {folder}", advice)


def _ask(question: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])


def _can_be_written(folder: Path) -> bool:
    """A folder that is not there yet counts when it can be made."""
    return os.access(_existing(folder), os.W_OK | os.X_OK)


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def _first_few(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - NAMED_AT_MOST
    return ", ".join(every[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
