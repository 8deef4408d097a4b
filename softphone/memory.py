"""What outlives a socket: the calls that a page knows, and the pages of a user. In Redis, with an end.

Shapes: hash `pcc:softphone:calls:SESSION` = leg → page call; hash `pcc:softphone:pages:PROJECT_USER` = session → page.
Both are rebuildable: without them a page learns from the engines which calls ring, and none of what it missed.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

import redis.asyncio
from redis.exceptions import RedisError

from softphone import page_calls
from softphone.page_calls import PageCall
from telephony.signals import alive_key, engine_channel

CALLS_KEPT_S = 12 * 3600  # longer than anybody talks
PAGE_KEPT_S = 60  # a page says more often that it is there
ANSWER_WITHIN_S = 2.0

log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is signed in, as the user's other pages are told of it. `seen_at`: seconds since 1970."""

    session: str
    client_id: str
    browser_id: str
    platform: int
    device_name: str
    seen_at: float

    def seen(self, at: float) -> Page:
        return dataclasses.replace(self, seen_at=at)


class Memory(Protocol):
    """Where doors keep what other doors may need."""

    async def calls(self, session: str) -> list[PageCall]:
        """The calls that a page knew when its socket was lost."""

    async def keep_call(self, session: str, call: PageCall) -> None: ...

    async def forget_call(self, session: str, call: PageCall) -> None: ...

    async def pages(self, user_key: str, now: float) -> list[Page]:
        """The pages of a user that were seen lately."""

    async def keep_page(self, user_key: str, page: Page) -> None: ...

    async def forget_page(self, user_key: str, session: str) -> None: ...

    async def alive(self, nodes: Sequence[str]) -> Mapping[str, str] | None:
        """Those engines that have lately said so and listen now, each with its life; None: that cannot be known."""


class RedisMemory:
    """Never fails: what cannot be kept or read is logged, and missing."""

    def __init__(self, redis_url: str) -> None:
        self._server = redis.asyncio.Redis.from_url(
            redis_url, decode_responses=True, socket_timeout=ANSWER_WITHIN_S, socket_connect_timeout=ANSWER_WITHIN_S
        )

    async def calls(self, session: str) -> list[PageCall]:
        rows: list[str] = await self._ask(self._server.hvals(_calls_key(session)), [])
        return [page_calls.from_json(json.loads(row)) for row in rows]

    async def keep_call(self, session: str, call: PageCall) -> None:
        key = _calls_key(session)
        await self._ask(self._server.hset(key, call.leg, json.dumps(page_calls.to_json(call))), 0)
        await self._ask(self._server.expire(key, CALLS_KEPT_S), False)

    async def forget_call(self, session: str, call: PageCall) -> None:
        await self._ask(self._server.hdel(_calls_key(session), call.leg), 0)

    async def pages(self, user_key: str, now: float) -> list[Page]:
        rows: list[str] = await self._ask(self._server.hvals(_pages_key(user_key)), [])
        found = [Page(**json.loads(row)) for row in rows]
        return [page for page in found if page.seen_at > now - PAGE_KEPT_S]

    async def keep_page(self, user_key: str, page: Page) -> None:
        key = _pages_key(user_key)
        await self._ask(self._server.hset(key, page.session, json.dumps(dataclasses.asdict(page))), 0)
        await self._ask(self._server.expire(key, PAGE_KEPT_S), False)

    async def forget_page(self, user_key: str, session: str) -> None:
        await self._ask(self._server.hdel(_pages_key(user_key), session), 0)

    async def alive(self, nodes: Sequence[str]) -> Mapping[str, str] | None:
        unknown: list[Any] = []
        beats = await self._ask(self._server.mget([alive_key(node) for node in nodes]), unknown)
        ears = await self._ask(self._server.pubsub_numsub(*map(engine_channel, nodes)), unknown)
        if len(beats) != len(nodes) or len(ears) != len(nodes):
            return None
        listened = {channel for channel, listeners in ears if listeners}
        return {
            node: life
            for node, life in zip(nodes, beats, strict=True)
            if life is not None and engine_channel(node) in listened
        }

    async def close(self) -> None:
        await self._server.aclose()

    async def _ask(self, question: object, otherwise: _Result) -> _Result:
        try:
            return cast("_Result", await cast("Awaitable[object]", question))
        except (RedisError, OSError) as error:
            log.warning("pages are not remembered", extra={"reason": type(error).__name__})
            return otherwise


def _calls_key(session: str) -> str:
    return f"pcc:softphone:calls:{session}"


def _pages_key(user_key: str) -> str:
    return f"pcc:softphone:pages:{user_key}"
