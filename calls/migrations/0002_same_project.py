from django.db import migrations

from common.constraints import same_project, same_project_key


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0001_initial"),
        ("agents", "0003_same_project"),
        ("queues", "0002_same_project"),
    ]

    operations = [
        same_project_key("numbers_app_number"),
        same_project_key("calls_call"),
        same_project("calls_call", "number_id", "numbers_app_number"),
        same_project("calls_call", "agent_id", "agents_agent"),
        same_project("calls_leg", "call_id", "calls_call"),
        same_project("calls_leg", "agent_id", "agents_agent"),
        same_project("calls_transition", "call_id", "calls_call"),
        same_project("calls_recording", "call_id", "calls_call"),
        same_project("calls_recording", "queue_id", "queues_queue"),
    ]
