"""References stay inside their project, in the database."""

from typing import ClassVar

from django.db import migrations

from common.constraints import same_project, same_project_key


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("queues", "0001_initial"),
        ("ivr", "0003_same_project"),
    ]

    operations: ClassVar = [
        same_project_key("queues_businesshours"),
        same_project_key("queues_queue"),
        same_project("queues_openingrange", "hours_id", "queues_businesshours"),
        same_project("queues_hoursexception", "hours_id", "queues_businesshours"),
        same_project("queues_queue", "business_hours_id", "queues_businesshours"),
        same_project("queues_queue", "wait_greeting_id", "ivr_greetingfile"),
        same_project("queues_queue", "hold_greeting_id", "ivr_greetingfile"),
    ]
