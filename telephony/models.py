"""Engines, and what they are still to be told."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from projects.models import Tenanted

NAME_MAX_LENGTH = 64


class EngineNode(models.Model):
    """One process that handles voice. It serves every project, and belongs to none.

    `generation` grows by one at each start: legs of an earlier generation are gone.
    """

    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, unique=True)
    kind = models.CharField(_("kind"), max_length=32)
    reaches = ArrayField(models.CharField(max_length=8), verbose_name=_("reaches"), help_text=_("web, sip, tel"))
    generation = models.PositiveIntegerField(_("starts"), default=0)
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("last seen"))
    missed_at = models.DateTimeField(_("missed since"), null=True)  # when it was first noticed that it is silent

    class Meta:
        verbose_name = _("voice engine")
        verbose_name_plural = _("voice engines")

    def __str__(self) -> str:
        return self.name


class EngineCommand(Tenanted):
    """One command for an engine, written in the transaction that decided it. Done in the order of the row numbers."""

    node = models.CharField(_("engine"), max_length=NAME_MAX_LENGTH)
    call_id = models.CharField(_("call ID"), max_length=64)
    payload = models.JSONField(_("command"))  # Shape: telephony.port.to_json
    created_at = models.DateTimeField(_("created"))
    taken_at = models.DateTimeField(_("taken"), null=True)

    class Meta:
        verbose_name = _("engine command")
        verbose_name_plural = _("engine commands")
        indexes: ClassVar = [
            models.Index(fields=["node", "id"], condition=models.Q(taken_at=None), name="engine_command_waiting"),
            models.Index(fields=["taken_at"], condition=models.Q(taken_at__isnull=False), name="engine_command_taken"),
        ]

    def __str__(self) -> str:
        return f"{self.payload.get('kind_', '')} {self.call_id}"
