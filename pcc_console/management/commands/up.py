"""`manage.py up` is what `make run` runs."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Start PCC Console with everything it needs on this machine, and keep it running until Ctrl-C."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        # Django has been loaded to get here; the supervisor needs none of it, so it takes our place.
        os.execv(sys.executable, [sys.executable, "-m", "pcc_console.up"])  # noqa: S606  this is the point
