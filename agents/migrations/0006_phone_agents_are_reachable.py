"""Agents who take calls on their own telephone can be reached from the first moment; devices will report themselves."""

from typing import ClassVar

from django.db import migrations

AGENTS = """
    UPDATE agents_agent
    SET reach = 8, free_since = CASE WHEN manual_status = 'AVAILABLE' AND system_status = 1 THEN now() END
    WHERE routing_type = 2 AND phone_number <> ''
"""
SEATS = """
    UPDATE agents_groupmembership AS seat SET reach = agent.reach, free_since = agent.free_since
    FROM agents_agent AS agent
    WHERE seat.agent_id = agent.id AND agent.reach <> 0
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("agents", "0005_presence")]

    operations: ClassVar = [
        migrations.RunSQL(AGENTS, migrations.RunSQL.noop),
        migrations.RunSQL(SEATS, migrations.RunSQL.noop),
    ]
