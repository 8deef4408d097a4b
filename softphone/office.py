"""What the door has done in the database, outside of the sockets' event loop."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from agents import devices
from agents.models import DeviceKind
from callflow import refusals, requests
from callflow.domain.call import Party, TransferKind
from callflow.live_config import LiveConfig
from callflow.services import conduct, ring_all
from calls.models import Call
from common import clock
from common.refusals import Refusal
from softphone import identity
from softphone.identity import Identity
from softphone.phone_access import PhoneAccess
from telephony import port
from telephony.models import EngineNode
from telephony.outbox import ALIVE_FOR

BROWSER = "browser"  # the kind of engine that carries browsers' sound
THREADS = 4  # each holds a database connection while it works

_Result = TypeVar("_Result")


class CallNotAllowed(Refusal):
    """The token is not one with which this may be called."""

    code = 11

    def __init__(self) -> None:
        super().__init__("CALL_NOT_ALLOWED_BY_YOUR_SERVER: the token does not allow this call.")


@dataclass(frozen=True, slots=True)
class Route:
    """A call that may be placed: from where, as whom, and to whom."""

    endpoint: str
    from_number: str
    to_number: str


class Office(Protocol):
    """Each raises what the database raises, and Refusals as named."""

    async def sign_in(self, token: str) -> Identity:
        """Raises TokenRefused."""

    async def may_stay(self, who: Identity) -> bool:
        """Whether the page is still to be let in: its key may have been revoked."""

    async def device_is_up(self, who: Identity, device: str, node: str, expires_s: int) -> None: ...

    async def device_is_down(self, who: Identity, device: str, node: str) -> None: ...

    async def engines(self) -> list[str]:
        """The live engines that carry browsers' sound, in no order."""

    async def route_out(self, who: Identity, from_number: str, dialled: str, custom: str) -> Route:
        """Raises the refusals of `callflow.requests.may_dial`, NumberFormat, CallNotAllowed."""

    async def has_call(self, who: Identity, call: str) -> bool:
        """Whether a call is one of the project's."""

    async def hold(self, who: Identity, call: str, *, held: bool) -> None:
        """Raises the refusals of `callflow.requests.hold`."""

    async def transfer(self, who: Identity, call: str, to: Party, kind: TransferKind) -> None:
        """Raises the refusals of `callflow.requests.transfer`."""

    async def transfer_to_queue(self, who: Identity, call: str, queue: str) -> None:
        """Raises the refusals of `callflow.requests.transfer_to_queue`."""

    async def add_person(self, who: Identity, call: str, to: Party) -> None:
        """Raises the refusals of `callflow.requests.add_person`."""

    async def add_push_token(self, who: Identity, token: str) -> None: ...

    async def remove_push_token(self, who: Identity, token: str) -> None: ...


class DatabaseOffice:
    """Works in threads of its own, so that a slow query holds up nobody but the page that asks."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="softphone")

    async def sign_in(self, token: str) -> Identity:
        return await self._do(lambda: identity.sign_in(token))

    async def may_stay(self, who: Identity) -> bool:
        return await self._do(lambda: identity.may_stay(who))

    async def device_is_up(self, who: Identity, device: str, node: str, expires_s: int) -> None:
        await self._do(
            lambda: conduct(port.DeviceUp(node, who.project_id, who.user, DeviceKind.WEB, device, expires_s))
        )

    async def device_is_down(self, who: Identity, device: str, node: str) -> None:
        await self._do(lambda: conduct(port.DeviceDown(node, who.project_id, who.user, DeviceKind.WEB, device)))

    async def engines(self) -> list[str]:
        return await self._do(_engines)

    async def route_out(self, who: Identity, from_number: str, dialled: str, custom: str) -> Route:
        return await self._do(lambda: _route_out(who, from_number, dialled, custom))

    async def has_call(self, who: Identity, call: str) -> bool:
        return await self._do(lambda: Call.objects.filter(project=who.project_id, call_id=call).exists())

    async def hold(self, who: Identity, call: str, *, held: bool) -> None:
        await self._do(lambda: requests.hold(who.project_id, call, held=held, by_user=who.user))

    async def transfer(self, who: Identity, call: str, to: Party, kind: TransferKind) -> None:
        await self._do(lambda: requests.transfer(who.project_id, call, to, kind, by_user=who.user))

    async def transfer_to_queue(self, who: Identity, call: str, queue: str) -> None:
        await self._do(lambda: requests.transfer_to_queue(who.project_id, call, queue, by_user=who.user))

    async def add_person(self, who: Identity, call: str, to: Party) -> None:
        await self._do(lambda: requests.add_person(who.project_id, call, to, by_user=who.user))

    async def add_push_token(self, who: Identity, token: str) -> None:
        await self._do(lambda: ring_all(devices.register_push_token(who.project_id, who.user, token, clock.now())))

    async def remove_push_token(self, who: Identity, token: str) -> None:
        await self._do(lambda: ring_all(devices.unregister_push_token(who.project_id, token, clock.now())))

    async def _do(self, work: Callable[[], _Result]) -> _Result:
        def in_thread() -> _Result:
            close_old_connections()
            try:
                return work()
            finally:
                close_old_connections()

        return await sync_to_async(in_thread, thread_sensitive=False, executor=self._threads)()


def _engines() -> list[str]:
    alive = EngineNode.objects.filter(kind=BROWSER, seen_at__gt=clock.now() - ALIVE_FOR)
    nodes = list(alive.values_list("name", flat=True))
    random.shuffle(nodes)
    return nodes


def _route_out(who: Identity, from_number: str, dialled: str, custom: str) -> Route:
    if who.phone is not None:
        return _route_of_telephone(who.project_id, who.phone, from_number, dialled)
    if not who.agent:
        raise CallNotAllowed
    requests.may_dial(who.project_id, who.user, from_number, dialled, custom)
    return Route(who.endpoint, from_number, dialled)


def _route_of_telephone(project_id: int, access: PhoneAccess, from_number: str, dialled: str) -> Route:
    """A page that plays a telephone calls numbers of its project, as the telephone that it is or chooses to be."""
    config = LiveConfig(project_id)
    caller, number = access.caller or config.digits(from_number), config.digits(dialled)
    if not caller or not number:
        raise refusals.NumberFormat
    if not access.may_call(number):
        raise CallNotAllowed
    if config.number(number) is None:
        raise refusals.ToNumberInvalid
    return Route(f"tel:{caller}", caller, number)
