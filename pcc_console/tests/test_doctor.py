"""The doctor's findings: each ailment is named, with what to do."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from common import clock
from pcc_console import doctor
from pcc_console.diagnosis import Diagnosis, Status
from projects.models import ApiKey
from tests import factories


def test_debugging_in_production_fails(settings):
    settings.PRODUCTION, settings.DEBUG = True, True

    assert doctor.check_settings().status is Status.FAIL


@pytest.mark.parametrize(
    ("keys", "secret", "status"),
    [
        ([Fernet.generate_key().decode()], "s" * 50, Status.OK),
        ([Fernet.generate_key().decode()], "s" * 49, Status.WARN),
        ([Fernet.generate_key().decode(), "not-a-key"], "s" * 50, Status.FAIL),
    ],
)
def test_keys_are_judged(settings, keys, secret, status):
    settings.PCC_ENCRYPTION_KEYS, settings.SECRET_KEY = keys, secret

    assert doctor.check_secrets().status is status


@pytest.mark.parametrize(
    ("hosts", "status"), [([], Status.FAIL), (["*"], Status.WARN), (["console.example"], Status.OK)]
)
def test_host_names_are_judged_in_production(settings, hosts, status):
    settings.PRODUCTION, settings.ALLOWED_HOSTS = True, hosts

    assert doctor.check_hosts().status is status


@pytest.mark.django_db
def test_the_database_is_described():
    found = doctor.check_database()

    assert found.status is Status.OK
    assert found.detail.startswith("PostgreSQL 1")
    assert "UTF8, time zone UTC" in found.detail


@pytest.mark.django_db
def test_pending_migrations_fail(monkeypatch):
    assert doctor.check_migrations() == Diagnosis("migrations", Status.OK, "all applied")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")

    found = doctor.check_migrations()

    assert (found.status, found.detail) == (Status.FAIL, "not applied: sessions.0001_initial")
    assert found.advice == "Run: python manage.py migrate"


@pytest.mark.django_db
def test_stored_secrets_that_the_present_keys_cannot_open_fail(settings, ours):
    ApiKey.objects.create(project=ours)
    assert doctor.check_stored_secrets().status is Status.OK

    settings.PCC_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    found = doctor.check_stored_secrets()
    assert found.status is Status.FAIL
    assert "PCC_ENCRYPTION_KEYS=new,old" in found.advice


@pytest.mark.django_db
@pytest.mark.parametrize(("apart_s", "status"), [(0, Status.OK), (10, Status.WARN), (60, Status.FAIL)])
def test_clocks_that_are_apart_are_noticed(apart_s, status):
    with time_machine.travel(clock.now() + dt.timedelta(seconds=apart_s)):
        assert doctor.check_clock().status is status


@pytest.mark.django_db
def test_numbers_in_several_projects_are_named(ours, theirs):
    factories.NumberFactory(project=ours, number="+84 28 7300 1000")
    factories.NumberFactory(project=ours, number="+84 28 7300 2000")
    assert doctor.check_shared_numbers().status is Status.OK

    factories.NumberFactory(project=theirs, number="842873001000")

    found = doctor.check_shared_numbers()
    assert (found.status, found.detail) == (Status.WARN, "in several projects: 842873001000")


def test_folders_are_judged(settings, tmp_path):
    settings.MEDIA_ROOT, settings.STATIC_ROOT = tmp_path / "media", tmp_path / "static"
    assert [each.status for each in doctor.check_folders()] == [Status.OK, Status.FAIL]

    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "staticfiles.json").write_text("{}")

    assert [each.status for each in doctor.check_folders()] == [Status.OK, Status.OK]


@pytest.mark.parametrize(
    ("free", "status"), [(3 * 1024**3, Status.OK), (1024**3, Status.WARN), (100 * 1024**2, Status.FAIL)]
)
def test_a_full_disk_is_noticed(monkeypatch, free, status):
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage)

    assert doctor.check_disk().status is status


def test_a_dead_redis_fails_with_advice_and_without_its_address(settings):
    settings.REDIS_URL = "redis://:secret@127.0.0.1:1/0"

    found = doctor.check_redis()

    assert (found.status, found.detail) == (Status.FAIL, "does not answer (ConnectionError)")


@pytest.mark.django_db
def test_the_command_prints_json_and_fails_when_something_does(settings):
    settings.REDIS_URL = "redis://:secret@127.0.0.1:1/0"
    printed = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=printed)

    assert ended.value.code == 1
    rows = {row["name"]: row for row in json.loads(printed.getvalue())}
    assert rows["redis"]["status"] == "FAIL"
    assert rows["database"]["status"] == "OK"
    assert set(rows["disk"]) == {"name", "status", "detail", "advice"}


@pytest.mark.django_db
def test_what_relies_on_the_tables_is_not_asked_while_migrations_are_pending():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")

    names = [each.name for each in doctor.examine()]

    assert "migrations" in names
    assert "numbers" not in names


def test_the_command_prints_a_table_with_advice(monkeypatch):
    rows = [
        Diagnosis("disk", Status.OK, "10 GiB free"),
        Diagnosis("clock", Status.WARN, "9 s", "Set it."),
    ]
    monkeypatch.setattr(doctor, "examine", lambda: rows)
    printed = StringIO()

    call_command("doctor", stdout=printed, no_color=True)

    assert printed.getvalue().splitlines() == [
        "OK    disk          10 GiB free",
        "WARN  clock         9 s",
        "                    → Set it.",
    ]
