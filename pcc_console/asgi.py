"""ASGI entry: HTTP goes to Django, behind a limit on the size of bodies; sockets are softphones'."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from pcc_console.body_limit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pcc_console.settings")

django_application = get_asgi_application()  # before anything that reads models

from softphone.socket_io import SocketIo  # noqa: E402
from softphone.sockets import Door  # noqa: E402
from softphone.wires import DoorSettings  # noqa: E402

door = Door(
    settings.REDIS_URL,
    DoorSettings(settings.PCC_SOFTPHONE_PING_S, settings.PCC_ICE_SERVERS),
    settings.PCC_SOFTPHONE_ORIGINS,
)
http = BodyLimit(django_application, settings.GREETING_MAX_BYTES)
application = SocketIo(door, ProtocolTypeRouter({"http": http, "websocket": door}))
