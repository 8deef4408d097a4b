"""Group routing: which groups serve a queue, and in which tier."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models import Group
from projects.models import ProjectRow
from queues.models import Queue


class Tier(models.IntegerChoices):
    """`primary_group` of the compatible API."""

    PRIMARY = 1, _("Primary")
    BACKUP = 0, _("Backup")


class GroupRouting(ProjectRow):
    """A group serves a queue. Backup groups are used while no agent of a primary group is available."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="routings", verbose_name=_("queue"))
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="routings", verbose_name=_("group"))
    primary_group = models.PositiveSmallIntegerField(_("tier"), choices=Tier.choices, default=Tier.PRIMARY)

    ID_PREFIX = "RO"

    class Meta:
        verbose_name = _("group routing")
        verbose_name_plural = _("group routings")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["queue", "group"], name="group_once_in_queue"),
            models.CheckConstraint(condition=models.Q(primary_group__in=Tier.values), name="routing_tier_known"),
        ]

    def __str__(self) -> str:
        return f"{self.queue} → {self.group}"
