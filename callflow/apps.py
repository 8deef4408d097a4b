from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CallflowConfig(AppConfig):
    name = "callflow"
    verbose_name = _("Call flow")
