"""References stay inside their project, in the database."""

from typing import ClassVar

from django.db import migrations

from common.constraints import same_project, same_project_key


class Migration(migrations.Migration):
    dependencies: ClassVar = [("webhooks", "0001_initial"), ("calls", "0002_same_project")]

    operations: ClassVar = [
        same_project_key("webhooks_delivery"),
        same_project("webhooks_attempt", "delivery_id", "webhooks_delivery"),
        same_project("webhooks_delivery", "call_id", "calls_call"),
        same_project("webhooks_question", "call_id", "calls_call"),
        same_project("webhooks_sms", "call_id", "calls_call"),
    ]
