"""Recordings with a page of their own in the console."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from calls.models import Recording


class Voicemail(Recording):
    """A recording that is a message for somebody."""

    class Meta:
        proxy = True
        verbose_name = pgettext_lazy("a message that a caller left", "voicemail")
        verbose_name_plural = _("voicemails")
