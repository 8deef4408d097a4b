from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SoftphoneConfig(AppConfig):
    name = "softphone"
    verbose_name = _("Softphone")
