"""What one page's socket is connected with. A session knows nothing of the transport behind `outlet`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from softphone.bus import Bus
from softphone.memory import Memory
from softphone.notices import Notice
from softphone.office import Office
from softphone.packets import Packet
from telephony.signals import FromEngine


@dataclass(frozen=True, slots=True)
class Tick:
    """Some time has passed."""


@dataclass(frozen=True, slots=True)
class BusIsBack:
    """Signals could not be heard for a while, and are heard again."""


@dataclass(frozen=True, slots=True)
class EnginesLost:
    """These engines are gone, and what they carried is."""

    nodes: frozenset[str]


Happening = Packet | FromEngine | Notice | Tick | BusIsBack | EnginesLost


class Outlet(Protocol):
    """The way to the client."""

    async def send(self, service: int, body: Mapping[str, Any]) -> None: ...

    def close(self, why: str) -> None:
        """Close the socket a moment after what was sent: clients read that before they try again."""


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """Units: seconds. `ice_servers` as browsers take them.

    `closes_refused`: whether a socket is closed when its login is refused. Clients of the first generation sign in
    again on the open one; of the later ones, some come back only when it is closed.
    `rooms`: whether the page takes calls that come in as the SDK's second kind of call, each in a room.
    """

    ping_after_s: float
    ice_servers: Sequence[Mapping[str, Any]] = ()
    closes_refused: bool = True
    rooms: bool = False

    @property
    def silence_s(self) -> float:
        """After so long without a word a socket is dead: a ping, and time to answer it."""
        return self.ping_after_s + 10.0


@dataclass(frozen=True, slots=True)
class Wires:
    """`post` lets something happen to this page, in its turn. `connection` names the socket.

    `elapsed`: seconds of the monotonic clock.
    """

    outlet: Outlet
    bus: Bus
    memory: Memory
    office: Office
    settings: DoorSettings
    connection: str
    post: Callable[[Happening], None]
    elapsed: Callable[[], float] = time.monotonic
