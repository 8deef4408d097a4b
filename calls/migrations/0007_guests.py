"""Guests in calls; telephones among them count in the limits of outbound calls. Built while calls go on."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

from calls.domain import LegRole, LegState

ROLES = ["caller", "agent", "destination", "participant", "supervisor"]
OUTBOUND = models.Q(
    agent=None,
    endpoint__startswith="tel:",
    role__in=[LegRole.DESTINATION, LegRole.PARTICIPANT, LegRole.SUPERVISOR],
)


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL builds no index concurrently within a transaction

    dependencies = [
        ("agents", "0007_call_notes"),
        ("calls", "0006_calls_by_number"),
        ("projects", "0004_recording_retention"),
    ]

    operations = [
        migrations.AlterField(
            model_name="leg",
            name="role",
            field=models.CharField(choices=[(each, each) for each in ROLES], max_length=16, verbose_name="role"),
        ),
        RemoveIndexConcurrently(model_name="leg", name="leg_outbound_alive"),
        RemoveIndexConcurrently(model_name="leg", name="leg_outbound_begun"),
        AddIndexConcurrently(
            model_name="leg",
            index=models.Index(
                condition=OUTBOUND & ~models.Q(state=LegState.ENDED), fields=["project"], name="leg_outbound_alive"
            ),
        ),
        AddIndexConcurrently(
            model_name="leg",
            index=models.Index(condition=OUTBOUND, fields=["project", "started_at"], name="leg_outbound_begun"),
        ),
    ]
