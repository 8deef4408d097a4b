"""References stay inside their project, in the database."""

from typing import ClassVar

from django.db import migrations

from common.constraints import same_project, same_project_key


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("agents", "0002_initial"),
    ]

    operations: ClassVar = [
        same_project_key("agents_agent"),
        same_project_key("agents_group"),
        same_project("agents_groupmembership", "group_id", "agents_group"),
        same_project("agents_groupmembership", "agent_id", "agents_agent"),
    ]
