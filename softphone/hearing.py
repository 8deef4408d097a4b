"""What one page hears on the bus: channels that it listens at, and messages as what they mean."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from softphone import notices
from softphone.bus import Bus, Listener, Message
from softphone.wires import Happening
from telephony import signals

log = logging.getLogger(__name__)


class Hearing:
    """Listens for one page, and lets what it hears happen to it."""

    def __init__(self, bus: Bus, post: Callable[[Happening], None]) -> None:
        self._bus = bus
        self._post = post
        self._channels: dict[str, Listener] = {}

    async def signals_at(self, channel: str) -> None:
        await self._listen(channel, signals.from_json)

    async def notices_at(self, channel: str) -> None:
        await self._listen(channel, notices.from_json)

    async def nothing_at(self, channel: str) -> None:
        listener = self._channels.pop(channel, None)
        if listener is not None:
            await self._bus.unlisten(channel, listener)

    async def nothing(self) -> None:
        for channel in tuple(self._channels):
            await self.nothing_at(channel)

    async def _listen(self, channel: str, read: Callable[[Mapping[str, Any]], Any]) -> None:
        if channel in self._channels:
            return

        def listener(message: Message) -> None:
            try:
                self._post(read(message))
            except (KeyError, TypeError, ValueError) as error:
                log.warning("a message is not understood", extra={"channel": channel, "reason": type(error).__name__})

        self._channels[channel] = listener
        await self._bus.listen(channel, listener)
