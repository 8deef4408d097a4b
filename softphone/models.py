"""Telephone numbers that anybody with a link may call from a browser."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from projects.models import Tenanted

SLUG_BYTES = 16  # nobody guesses 128 bits


def new_slug() -> str:
    """The secret part of a public link."""
    return secrets.token_urlsafe(SLUG_BYTES)


class PublicPhone(Tenanted):
    """A number may be called from the test phone by whoever has the link. The row is the permission."""

    number = models.OneToOneField(
        "numbers_app.Number", on_delete=models.CASCADE, related_name="public_phone", verbose_name=_("number")
    )
    slug = models.CharField(_("link"), max_length=64, unique=True, default=new_slug, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("public phone")
        verbose_name_plural = _("public phones")
        constraints: ClassVar = [models.CheckConstraint(condition=~models.Q(slug=""), name="public_phone_has_link")]

    def __str__(self) -> str:
        return str(self.number)
