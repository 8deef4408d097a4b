from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NumbersAppConfig(AppConfig):
    name = "numbers_app"
    verbose_name = _("Numbers")
