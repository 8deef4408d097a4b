"""The call log is asked for a caller's or a number's calls. Built while calls go on."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL builds no index concurrently within a transaction

    dependencies = [
        ("calls", "0005_recordings_to_finish"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="call",
            index=models.Index(fields=["project", "from_number", "-created_at"], name="call_from_number"),
        ),
        AddIndexConcurrently(
            model_name="call",
            index=models.Index(fields=["project", "to_number", "-created_at"], name="call_to_number"),
        ),
    ]
