"""Puts the console's site in the place of Django's admin site, so that `@admin.register` registers there."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class ConsoleAdminConfig(AdminConfig):
    default = False
    default_site = "pcc_console.console_site.ConsoleSite"
