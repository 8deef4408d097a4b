"""References stay inside their project, in the database."""

from typing import ClassVar

from django.db import migrations

from common.constraints import same_project


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("numbers_app", "0002_initial"),
        ("ivr", "0003_same_project"),
        ("queues", "0002_same_project"),
    ]

    operations: ClassVar = [
        same_project("numbers_app_number", "ivr_tree_id", "ivr_ivrtree"),
        same_project("numbers_app_number", "queue_id", "queues_queue"),
    ]
