"""Web, workers and engines are connected with limits of time; migrations and long commands without."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings

from pcc_console.database import serves, with_limits

NAMES = ("idle_in_transaction_session_timeout", "lock_timeout")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/x/site-packages/uvicorn/__main__.py", "pcc_console.asgi:application"], True),
        (["/x/bin/uvicorn", "pcc_console.asgi:application"], True),
        (["/x/site-packages/celery/__main__.py", "-A", "pcc_console", "worker"], True),
        (["manage.py", "engine", "--kind", "browser"], True),
        (["/app/manage.py", "engine"], True),
        (["manage.py", "migrate"], False),
        (["manage.py"], False),
        (["/x/bin/django-admin", "migrate"], False),
        (["/x/site-packages/pytest/__main__.py"], False),
        (["-c"], False),
        ([""], False),
    ],
)
def test_only_those_who_serve_people_have_limits(arguments, expected):
    assert serves(arguments) is expected


def limits(options):
    """The limits that the server gives to a connection, in its own words."""
    with psycopg.connect(settings.DATABASE_URL, **options) as session:
        rows = [session.execute(f"SELECT current_setting('{name}')").fetchone() for name in NAMES]
    return [row[0] for row in rows if row is not None]


def test_the_server_keeps_the_limits():
    assert limits({}) == ["0", "0"]
    assert limits(with_limits({})) == ["30s", "10s"]


def test_an_address_may_name_limits_of_its_own():
    assert limits(with_limits({"options": "-c lock_timeout=3000"})) == ["30s", "3s"]


def test_who_waits_too_long_for_a_row_gives_up():
    with psycopg.connect(settings.DATABASE_URL) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(4711)")
        with (
            psycopg.connect(settings.DATABASE_URL, **with_limits({"options": "-c lock_timeout=50"})) as other,
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            other.execute("SELECT pg_advisory_xact_lock(4711)")
