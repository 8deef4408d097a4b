"""ASGI entry: HTTP goes to Django, behind a limit on the size of bodies."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from pcc_console.body_limit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pcc_console.settings")

application = ProtocolTypeRouter({"http": BodyLimit(get_asgi_application(), settings.GREETING_MAX_BYTES)})
