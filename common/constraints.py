"""Database constraints that Django's models cannot express."""

from __future__ import annotations

from django.db.migrations import RunSQL


def same_project_key(table: str) -> RunSQL:
    """Make `(project_id, id)` of a table a target for `same_project`."""
    name = f"{table}_project_row"
    return RunSQL(
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" UNIQUE (project_id, id)',
        f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
    )


def same_project(table: str, column: str, target: str) -> RunSQL:
    """Refuse, in the database, a reference from one project's row to another project's row.

    A composite foreign key beside Django's own; checked at commit, so that a cascade may delete in any order.
    """
    name = f"{table}_{column}_same_project"
    return RunSQL(
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (project_id, "{column}") '
        f'REFERENCES "{target}" (project_id, id) DEFERRABLE INITIALLY DEFERRED',
        f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
    )
