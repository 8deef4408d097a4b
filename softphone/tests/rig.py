"""Pages at a door without a network: a bus, a memory and an office in memory, and engines that are only listened to."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callflow.domain.call import Party, TransferKind
from common.refusals import Refusal
from projects.verification import TokenInvalid
from softphone.bus import Listener, Message
from softphone.identity import Identity
from softphone.memory import Page
from softphone.office import Route
from softphone.packets import Packet, Service
from softphone.page_calls import PageCall
from softphone.phone_access import PhoneAccess
from softphone.session import Session
from softphone.wires import DoorSettings, Happening, Tick, Wires
from telephony import signals
from telephony.signals import endpoint_channel, session_channel

NODE = "browser"
HOTLINE, CUSTOMER = "842473082686", "84900000012"
FAR = 4_000_000_000.0  # when tokens end, seconds since 1970
ICE = ({"urls": "stun:stun.example:3478"},)
OFFER, ANSWER = "v=0 offer", "v=0 answer"
LEG, CALL, HERE = "leg-1", "call-1", "web:7_lan"
START = 1_772_442_000.0
DONE = {"r": 0, "message": "SUCCESS"}
UNKNOWN = {"r": 1, "message": "there is no such call", "msg": "there is no such call"}


class MemoryBus:
    def __init__(self) -> None:
        self.listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self.nodes = {NODE}
        self.to_engines: list[tuple[str, signals.FromBrowser]] = []

    async def publish(self, channel: str, message: Message) -> int:
        for node in self.nodes:
            if channel == signals.engine_channel(node):
                self.to_engines.append((node, signals.from_json(message)))
                return 1
        listeners = tuple(self.listeners.get(channel, ()))
        for listener in listeners:
            listener(message)
        return len(listeners)

    async def listen(self, channel: str, listener: Listener) -> None:
        self.listeners[channel].append(listener)

    async def unlisten(self, channel: str, listener: Listener) -> None:
        self.listeners[channel].remove(listener)
        if not self.listeners[channel]:
            del self.listeners[channel]


class MemoryMemory:
    def __init__(self) -> None:
        self.kept: defaultdict[str, dict[str, PageCall]] = defaultdict(dict)
        self.there: defaultdict[str, dict[str, Page]] = defaultdict(dict)
        self.living: Mapping[str, str] | None = {NODE: "life-1"}

    async def calls(self, session: str) -> list[PageCall]:
        return list(self.kept[session].values())

    async def keep_call(self, session: str, call: PageCall) -> None:
        self.kept[session][call.leg] = call

    async def forget_call(self, session: str, call: PageCall) -> None:
        self.kept[session].pop(call.leg, None)

    async def pages(self, user_key: str, now: float) -> list[Page]:
        return list(self.there[user_key].values())

    async def keep_page(self, user_key: str, page: Page) -> None:
        self.there[user_key][page.session] = page

    async def forget_page(self, user_key: str, session: str) -> None:
        self.there[user_key].pop(session, None)

    async def alive(self, nodes: Sequence[str]) -> Mapping[str, str] | None:
        return self.living


class MemoryOffice:
    """Knows tokens by their text. `refusal` is what the next action meets."""

    def __init__(self) -> None:
        self.tokens: dict[str, Identity] = {}
        self.nodes = [NODE]
        self.devices: set[tuple[str, str]] = set()
        self.done: list[tuple[Any, ...]] = []
        self.refusal: Refusal | None = None
        self.calls: set[str] = set()
        self.revoked = False

    async def sign_in(self, token: str) -> Identity:
        if token not in self.tokens:
            raise TokenInvalid("the token's signature is wrong")
        return self.tokens[token]

    async def may_stay(self, who: Identity) -> bool:
        return not self.revoked

    async def device_is_up(self, who: Identity, device: str, node: str, expires_s: int) -> None:
        self.devices.add((who.user, node))

    async def device_is_down(self, who: Identity, device: str, node: str) -> None:
        self.devices.discard((who.user, node))

    async def engines(self) -> list[str]:
        return list(self.nodes)

    async def route_out(self, who: Identity, from_number: str, dialled: str, custom: str) -> Route:
        self._may()
        return Route(who.endpoint, from_number, dialled)

    async def has_call(self, who: Identity, call: str) -> bool:
        return call in self.calls

    async def hold(self, who: Identity, call: str, *, held: bool) -> None:
        self._may()
        self.done.append(("hold", who.user, call, held))

    async def transfer(self, who: Identity, call: str, to: Party, kind: TransferKind) -> None:
        self._may()
        self.done.append(("transfer", who.user, call, to, kind))

    async def transfer_to_queue(self, who: Identity, call: str, queue: str) -> None:
        self._may()
        self.done.append(("transfer to queue", who.user, call, queue))

    async def add_person(self, who: Identity, call: str, to: Party) -> None:
        self._may()
        self.done.append(("add person", who.user, call, to))

    async def add_push_token(self, who: Identity, token: str) -> None:
        self.done.append(("push", who.user, token))

    async def remove_push_token(self, who: Identity, token: str) -> None:
        self.done.append(("no push", who.user, token))

    def _may(self) -> None:
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal


@dataclass
class Client:
    """A page's socket as its SDK sees it."""

    rig: Rig
    session: Session = field(init=False)
    inbox: list[Happening] = field(default_factory=list)
    heard: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    closed: str = ""
    requests: int = 0
    name: str = ""  # of the page, once it is signed in

    async def send(self, service: int, body: Mapping[str, Any]) -> None:
        self.heard.append((int(service), dict(body)))

    def close(self, why: str) -> None:
        self.closed = why

    # ── What tests do ────────────────────────────────────────────────────────────────────────────────────────────
    def says(self, service: int, **body: Any) -> dict[str, Any]:
        """Send a packet. Returns the body of its answer; empty when there is none yet."""
        self.requests += 1
        self.heard.clear()
        body = {"requestId": self.requests, **body}
        self.happens(Packet(service, body, self.requests))
        return self.answer(service)

    def answer(self, service: int) -> dict[str, Any]:
        answers = [body for number, body in self.heard if number == service and "requestId" in body]
        return {key: value for key, value in answers[-1].items() if key != "requestId"} if answers else {}

    def told(self, service: int) -> list[dict[str, Any]]:
        """Packets of a service that nobody asked for, since the last packet of this client."""
        return [body for number, body in self.heard if number == service and "requestId" not in body]

    def happens(self, happening: Happening) -> None:
        self.inbox.append(happening)
        self.rig.settle()

    def ticks(self) -> None:
        self.happens(Tick())

    def loses_socket(self) -> None:
        self.rig.run(self.session.gone)
        self.rig.clients.remove(self)
        self.rig.settle()


class Rig:
    def __init__(self) -> None:
        self.bus, self.memory, self.office = MemoryBus(), MemoryMemory(), MemoryOffice()
        self.clients: list[Client] = []
        self.elapsed = 0.0
        self.settings = DoorSettings(15.0, ICE)
        self._runner = asyncio.Runner()
        self._connections = 0

    def close(self) -> None:
        self._runner.close()

    def run(self, action: Callable[..., Any], *args: Any) -> Any:
        return self._runner.run(action(*args))

    def settle(self) -> None:
        """Work until nothing happens any more."""
        while any(client.inbox for client in self.clients):
            for client in tuple(self.clients):
                while client.inbox:
                    self.run(client.session.take, client.inbox.pop(0))

    def socket(self, *, rooms: bool = False) -> Client:
        """A socket that is open; nobody has signed in yet. `rooms`: it takes calls that come in in rooms."""
        client = Client(self)
        self._connections += 1
        wires = Wires(
            client,
            self.bus,
            self.memory,
            self.office,
            dataclasses.replace(self.settings, rooms=rooms),
            f"door-{self._connections}",
            client.inbox.append,
            lambda: self.elapsed,
        )
        client.session = Session(wires)
        self.clients.append(client)
        return client

    def page(
        self,
        user: str = "lan",
        device: str = "web-1",
        page: str = "session-1",
        *,
        project: int = 7,
        rooms: bool = False,
        **identity: Any,
    ) -> Client:
        """A user's page that is signed in."""
        token = f"{project} {user} {sorted(identity.items())}"
        self.office.tokens[token] = Identity(project, user, **{"expires_at": FAR, "agent": True, **identity})
        client = self.socket(rooms=rooms)
        client.says(
            Service.LOGIN, accesstoken=token, deviceId=device, browserId="browser-1", sessionId=page, platform=3
        )
        client.name = self.office.tokens[token].session_of(device, page)
        return client

    def telephone(self, caller: str = CUSTOMER, device: str = "phone-1") -> Client:
        """A page that plays a customer's telephone."""
        return self.page("", device, agent=False, phone=PhoneAccess(7, caller))

    # ── Engines ──────────────────────────────────────────────────────────────────────────────────────────────────
    def engine_says(self, signal: signals.FromEngine, channel: str = "") -> None:
        """A signal to a page's session, or where `channel` says."""
        self.run(self.bus.publish, channel or session_channel(getattr(signal, "session", "")), signals.to_json(signal))
        self.settle()

    def rings(self, leg: str = "leg-1", call: str = "call-1", endpoint: str = "web:7_lan", **fields: Any) -> None:
        ring = signals.Ring(
            NODE, leg, call, endpoint, **{"from_number": CUSTOMER, "to_number": HOTLINE, "timeout_s": 20.0, **fields}
        )
        self.engine_says(ring, endpoint_channel(endpoint))

    def engine_heard(self) -> list[signals.FromBrowser]:
        """What pages have told engines since this was last asked."""
        heard = [signal for _, signal in self.bus.to_engines]
        self.bus.to_engines.clear()
        return heard

    def accepts(self, client: Client, leg: str = "leg-1", call: str = "call-1") -> None:
        """A page answers a call that rings, as the first."""
        client.says(Service.SET_STATE, callId=call, code=200)
        self.engine_says(signals.Accepted(client.name, leg, won=True))
        self.engine_heard()


def calls_out(client: Client, **fields: Any) -> dict[str, Any]:
    """Place a call to the customer. Returns the answer."""
    return client.says(Service.START_CALL, **{"fromNumber": HOTLINE, "toNumber": CUSTOMER, **fields})


def placed(rig: Rig, client: Client) -> signals.PlaceCall:
    """A call that a page has placed, as its engine heard of it."""
    rig.engine_heard()
    calls_out(client)
    (place,) = rig.engine_heard()
    assert isinstance(place, signals.PlaceCall)
    return place
