"""References stay inside their project, in the database."""

from typing import ClassVar

from django.db import migrations

from common.constraints import same_project


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("ivr", "0003_same_project"),
        ("queues", "0002_same_project"),
    ]

    operations: ClassVar = [
        same_project("ivr_ivrkeypress", "queue_id", "queues_queue"),
    ]
