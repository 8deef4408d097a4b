"""The console's theme, menu and header."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "PCC Console",
    "SITE_HEADER": "PCC Console",
    "SITE_SUBHEADER": _("Open contact center"),
    "SHOW_LANGUAGES": True,
}
