"""ASGI entry: HTTP goes to Django, behind a limit on the size of bodies; websockets are softphones'."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from pcc_console.body_limit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pcc_console.settings")

django_application = get_asgi_application()  # before anything that reads models

from softphone.sockets import Door  # noqa: E402
from softphone.wires import DoorSettings  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": BodyLimit(django_application, settings.GREETING_MAX_BYTES),
        "websocket": Door(
            settings.REDIS_URL,
            DoorSettings(settings.PCC_SOFTPHONE_PING_S, settings.PCC_ICE_SERVERS),
            settings.PCC_SOFTPHONE_ORIGINS,
        ),
    }
)
