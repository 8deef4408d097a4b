"""How the database is emptied after a test that has committed.

Django's own way truncates every table and then makes content types and permissions anew, which takes longer than most
of these tests. Few of them leave rows in more than a dozen tables.
"""

from __future__ import annotations

from functools import cache

from django.apps import apps
from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}  # made with the tables, and the same in every test


@cache
def tables() -> tuple[str, ...]:
    models = (model for model in apps.get_models(include_auto_created=True) if model._meta.managed)
    return tuple(sorted({model._meta.db_table for model in models} - KEPT))


def filled_tables() -> list[str]:
    """Tables that have rows. Cost: one query."""
    asked = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables())
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [name for (name,) in cursor.fetchall()]


def empty_all_tables(_case: TransactionTestCase) -> None:
    """Delete all rows; references are checked at the commit, so that the order does not matter."""
    if filled := filled_tables():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("; ".join(f'DELETE FROM "{table}"' for table in filled))
