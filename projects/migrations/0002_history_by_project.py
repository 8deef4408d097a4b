"""The configuration history is read by project, newest first; its table belongs to a package and knows neither."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    # Built concurrently: the history of an installation that is at work may be long.
    atomic = False

    dependencies: ClassVar = [("projects", "0001_initial"), ("auditlog", "0017_add_actor_email")]

    operations: ClassVar = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS auditlog_of_project "
            "ON auditlog_logentry ((additional_data -> 'project'), timestamp DESC, id DESC)",
            "DROP INDEX CONCURRENTLY IF EXISTS auditlog_of_project",
        )
    ]
