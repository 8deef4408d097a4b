"""Gets what legs are to hear ready, on threads: nothing is loaded while somebody listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from telephony import port
from telephony.adapters.browser import tones
from telephony.adapters.browser.sounds import Prompt, SoundSource
from telephony.switch.legs import Leg

LOADERS = 8  # threads; one customer's slow server holds one of them
LOADED_WITHIN_S = 10.0  # the caller hears nothing meanwhile: what comes later is left out, and is there the next time
KEPT = 8  # sounds for each leg

log = logging.getLogger(__name__)


class Library:
    """What is ready for which leg (`telephony.switch.hooks.Sounds`). A leg keeps the last of what was prepared for it.

    A leg whose browser is not connected yet is not ready for anything: nobody would hear the beginning.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        source: SoundSource,
        is_connected: Callable[[Leg], bool],
        connected: Callable[[Leg], Awaitable[None]],
    ) -> None:
        self._loop = loop
        self._source = source
        self._is_connected = is_connected
        self._connected = connected
        self._threads = ThreadPoolExecutor(LOADERS, "sounds")
        self._ready: dict[str, dict[port.Media, Prompt | None]] = {}
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}

    def ready(self, leg: Leg, media: Sequence[port.Media]) -> bool:
        mine = self._ready.get(leg.id, {})
        loaded = all(isinstance(each, port.Tone) or each in mine for each in media)
        return not media or (loaded and self._is_connected(leg))

    def prepare(self, leg: Leg, media: Sequence[port.Media], then: Callable[[], object]) -> None:
        task = self._loop.create_task(self._prepare(leg, media, then))
        tasks = self._tasks.setdefault(leg.id, set())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def length(self, leg: Leg, media: port.Media) -> float | None:
        prompt = self.prompt(leg, media)
        return prompt.seconds if prompt is not None else None

    def prompt(self, leg: Leg, media: port.Media) -> Prompt | None:
        """A sound that is ready for a leg; None when it cannot be played."""
        if isinstance(media, port.Tone):
            return tones.tone(media.name)
        return self._ready.get(leg.id, {}).get(media)

    def forget(self, leg_id: str) -> None:
        """The leg is gone."""
        self._ready.pop(leg_id, None)
        for task in self._tasks.pop(leg_id, ()):
            task.cancel()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _prepare(self, leg: Leg, media: Sequence[port.Media], then: Callable[[], object]) -> None:
        wanted = dict.fromkeys(each for each in media if not isinstance(each, port.Tone))
        loads = {each: self._loop.run_in_executor(self._threads, self._load, each) for each in wanted}
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*loads.values()), LOADED_WITHIN_S)
        loaded: dict[port.Media, Prompt | None] = {
            each: load.result() for each, load in loads.items() if load.done() and not load.cancelled()
        }
        if len(loaded) < len(wanted):
            log.warning("sounds come too late", extra={"leg": leg.id, "event": "no_sound", "count": len(wanted)})
        await self._connected(leg)
        self._keep(leg.id, loaded)
        then()

    def _keep(self, leg_id: str, prompts: dict[port.Media, Prompt | None]) -> None:
        """For a leg that plays the same again, and one whose music on hold was interrupted."""
        mine = self._ready.setdefault(leg_id, {})
        for media, prompt in prompts.items():
            mine.pop(media, None)
            mine[media] = prompt
        while len(mine) > max(KEPT, len(prompts)):
            del mine[next(iter(mine))]

    def _load(self, media: port.Media) -> Prompt | None:
        try:
            prompt = self._source.load(media)
        except Exception:
            log.exception("sound is not loaded", extra={"media": type(media).__name__})
            return None
        return prompt if prompt is not None and prompt.packets else None
