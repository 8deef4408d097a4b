"""One socket at the door, from its opening until it is gone. Knows no transport.

A session takes one happening after the other: packets of its client, signals of engines, notices of other doors,
time. Whoever owns it feeds it in order.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from common import clock, ids
from common.refusals import Refusal
from projects.verification import SKEW_S, TokenInvalid, TokenRefused
from softphone import call_words
from softphone.call_book import SignedIn
from softphone.identity import PayloadRefused
from softphone.memory import Page
from softphone.packets import MAX_BYTES, BadField, Packet, Service
from softphone.page import LivePage
from softphone.wires import Happening, Tick, Wires

SIGN_IN_WITHIN_S = 20.0
MAX_DEVICE_NAME = 200
WEB_PLATFORM = 3
MOST_CALLS_NAMED = 100
_PLAIN_ID = re.compile(r"[\x21-\x7e]{1,128}")

log = logging.getLogger(__name__)


class NotSignedIn(Refusal):
    code = 6

    def __init__(self) -> None:
        super().__init__("sign in first")


class Session:
    """`take` raises what the database raises: then the socket is to be closed, and the page comes again."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        self._page: LivePage | None = None
        self._login: Packet | None = None
        self._token_ends_at = 0.0
        self._opened_at = self._heard_at = self._pinged_at = self._wires.elapsed()
        self._is_closing = False

    @property
    def nodes(self) -> frozenset[str]:
        """The engines that carry its calls."""
        return self._page.nodes if self._page is not None else frozenset()

    async def take(self, happening: Happening) -> None:
        if self._is_closing:
            return
        match happening:
            case Packet():
                self._heard_at = self._wires.elapsed()
                await self._packet(happening)
            case Tick():
                await self._tick()
            case _ if self._page is not None:
                await self._page.happen(happening)

    async def gone(self) -> None:
        """The socket is gone."""
        page, self._page = self._page, None
        if page is not None:
            await page.leave()

    # ── Packets ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def _packet(self, packet: Packet) -> None:
        if packet.service == Service.PING:
            return  # the answer to ours: answering it again would never end
        try:
            body = await self._answer_to(packet)
        except BadField as error:
            body = {"r": 3, "message": str(error), "msg": str(error)}
        except Refusal as refusal:
            body = call_words.refused(refusal)
        if body is not None:
            await self._answer(packet, body)

    async def _answer_to(self, packet: Packet) -> Mapping[str, Any] | None:
        if packet.service == Service.LOGIN:
            await self._sign_in(packet)
            return None
        if self._page is None:
            raise NotSignedIn
        return await self._page.packet(packet)

    async def _answer(self, packet: Packet, body: Mapping[str, Any]) -> None:
        if packet.service in (Service.START_CALL, Service.START_CALL2):  # pages parse it without looking at `r`
            body = {"customDataFromYourServer": "{}", **body}
        full = {"r": 0, "message": "SUCCESS", **body}
        await self._wires.outlet.send(packet.service, {"requestId": packet.request_id, **full})

    # ── Login ────────────────────────────────────────────────────────────────────────────────────────────────────
    async def _sign_in(self, packet: Packet) -> None:
        """The client may sign in again on the same socket: as the same with a newer token, or as another."""
        try:
            page = await self._page_of(packet)
        except (TokenRefused, BadField) as refused:
            await self._refuse(packet, refused)
            return
        if self._page is not None and self._page.is_like(page):
            await self._welcome(packet, page, await self._page.others())
            return
        await self.gone()
        others = await page.enter()
        self._page = page
        await self._welcome(packet, page, others)
        await page.begin(_calls_named(packet))

    async def _welcome(self, packet: Packet, page: LivePage, others: list[Page]) -> None:
        identity, self._login = page.who.identity, packet
        # A client whose clock is slow brings tokens that seem to end at once.
        self._token_ends_at = max(identity.expires_at, _now() + SKEW_S)
        welcome = {
            "userId": identity.user,
            "projectId": identity.project_id,
            "connectionId": self._wires.connection,
            "clients": [_shown(other) for other in others],
            "ping_after_ms": round(self._wires.settings.ping_after_s * 1000),
            "ice_servers": list(self._wires.settings.ice_servers),
        }
        await self._answer(packet, welcome)
        log.info("a page signs in", extra={"project_id": identity.project_id, "session": page.who.session})

    async def _page_of(self, packet: Packet) -> LivePage:
        """Raises TokenRefused, BadField."""
        device, browser, page = (_plain_id(packet, key) for key in ("deviceId", "browserId", "sessionId"))
        identity = await self._wires.office.sign_in(packet.text("accesstoken", "", limit=MAX_BYTES))
        session = identity.session_of(device or ids.leg_id(), page)
        if identity.has_ended(_now()) and not await self._wires.memory.calls(session):
            raise TokenInvalid("the token has expired")
        platform = packet.body.get("platform")
        facts = Page(
            session=session,
            client_id=device,
            browser_id=browser,
            platform=platform if isinstance(platform, int) and 0 <= platform < 100 else WEB_PLATFORM,
            device_name=packet.text("deviceName", "", limit=4_096)[:MAX_DEVICE_NAME],
            seen_at=_now(),
        )
        return LivePage(self._wires, SignedIn(identity, session), facts)

    async def _refuse(self, packet: Packet, refused: TokenRefused | BadField) -> None:
        refusal = refused if isinstance(refused, TokenRefused) else PayloadRefused(str(refused))
        log.info("a page is refused", extra={"code": refusal.code, "reason": type(refused).__name__})
        await self._answer(packet, {**call_words.refused(refusal), "clients": []})
        await self._shut_out("the login was refused")

    # ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────
    async def _tick(self) -> None:
        at, settings = self._wires.elapsed(), self._wires.settings
        if at > self._heard_at + settings.silence_s:
            self._close("the client is silent")
        elif self._page is None:
            if at > self._opened_at + SIGN_IN_WITHIN_S:
                self._close("nobody has signed in")
        else:
            if at >= self._pinged_at + settings.ping_after_s:
                self._pinged_at = at
                await self._wires.outlet.send(Service.PING, {})
            await self._page.happen(Tick())
            await self._end_with_token(self._page)

    async def _end_with_token(self, page: LivePage) -> None:
        """When its token ends, a page is to ask for a new one; not while it talks."""
        if _now() <= self._token_ends_at or page.talks or self._login is None:
            return
        await self._answer(self._login, {**call_words.refused(TokenInvalid("the token has expired")), "clients": []})
        await self._shut_out("the token has ended")

    async def _shut_out(self, why: str) -> None:
        """Nobody is signed in here any more."""
        if self._wires.settings.closes_refused:
            self._close(why)
            return
        await self.gone()
        self._opened_at = self._wires.elapsed()

    def _close(self, why: str) -> None:
        self._is_closing = True
        self._wires.outlet.close(why)


def _shown(page: Page) -> dict[str, Any]:
    return {
        "clientId": page.client_id,
        "browserId": page.browser_id,
        "platform": page.platform,
        "deviceName": page.device_name,
    }


def _plain_id(packet: Packet, key: str) -> str:
    """An id that a client has chosen; empty when it has none. Raises BadField."""
    value = packet.text(key, "")
    if value and not _PLAIN_ID.fullmatch(value):
        raise BadField(key)
    return value


def _calls_named(packet: Packet) -> frozenset[str] | None:
    """The calls that a page says it has (our own extension); None when it says nothing of them."""
    calls = packet.body.get("calls")
    if not isinstance(calls, list):
        return None
    return frozenset(call for call in calls[:MOST_CALLS_NAMED] if isinstance(call, str))


def _now() -> float:
    return clock.now().timestamp()
