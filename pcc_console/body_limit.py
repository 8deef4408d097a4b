"""A limit on the size of request bodies, before anything is stored: Django's own limits come after the whole body."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

Message = Any  # dictionaries of many shapes, each as the ASGI specification says
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

OVERHEAD_BYTES = 1024 * 1024  # multipart headers and the other fields of a form with a file


class BodyLimit:
    """ASGI wrapper: announced bodies that are too large get 413; unannounced ones are cut off as if the client left."""

    def __init__(self, application: Application, limit_bytes: int) -> None:
        self.application = application
        self.limit_bytes = limit_bytes + OVERHEAD_BYTES

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if self._announced(scope) > self.limit_bytes:
                await _refuse(send)
                return
            receive = self._counted(receive)
        await self.application(scope, receive, send)

    @staticmethod
    def _announced(scope: Any) -> int:
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        return int(lengths[0]) if lengths and lengths[0].isdigit() else 0

    def _counted(self, receive: Receive) -> Receive:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message if received <= self.limit_bytes else {"type": "http.disconnect"}

        return counted


async def _refuse(send: Send) -> None:
    text = "The request is too large."
    body = json.dumps({"r": 1, "message": text, "msg": text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"access-control-allow-origin", b"*"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": int(HTTPStatus.REQUEST_ENTITY_TOO_LARGE), "headers": headers})
    await send({"type": "http.response.body", "body": body})
