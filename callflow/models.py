"""Recordings with a page of their own in the console."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from calls.models import Recording


class Voicemail(Recording):
    """A recording that is a message for somebody."""

    class Meta:
        proxy = True
        verbose_name = _("voicemail")
        verbose_name_plural = _("voicemails")
