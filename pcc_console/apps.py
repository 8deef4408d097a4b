from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PccConsoleConfig(AppConfig):
    name = "pcc_console"
    verbose_name = _("Console")

    def ready(self) -> None:
        from pcc_console import history

        history.keep_history()
