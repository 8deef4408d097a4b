"""`manage.py makemessages`: bring the catalogs under locale/ up to date with the sources."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pcc_console import catalogs


class Command(BaseCommand):
    """Takes the place of Django's command of the same name, which needs gettext's programs and skips packages."""

    help = "Collect the texts to translate into locale/, and compile the translations."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        missing = 0
        for catalog in catalogs.CATALOGS:
            entries = catalogs.update(catalog)
            untranslated = [entry.msgid for entry in entries if not entry.translated()]
            self.stdout.write(f"{catalog.name}: {len(entries)} texts, {len(untranslated)} without a translation")
            for msgid in untranslated:
                self.stdout.write(f"  {msgid!r}")
            missing += len(untranslated)
        if missing:
            raise CommandError(f"Translate {missing} texts, then run this again: see docs/translation.md.")
