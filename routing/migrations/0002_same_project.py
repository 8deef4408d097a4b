"""References stay inside their project, in the database."""

from typing import ClassVar

from django.db import migrations

from common.constraints import same_project


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("routing", "0001_initial"),
        ("agents", "0003_same_project"),
        ("queues", "0002_same_project"),
    ]

    operations: ClassVar = [
        same_project("routing_grouprouting", "queue_id", "queues_queue"),
        same_project("routing_grouprouting", "group_id", "agents_group"),
    ]
