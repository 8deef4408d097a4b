"""Signals between browsers' sockets (room `softphone`) and the engine that carries their sound.

Frozen, JSON-able dataclasses on Redis pub/sub, in both directions. A signal may get lost; nobody may get stuck for it:
who rings in vain ends by a timer, and a socket that comes back says which calls it knows.

Channels: an engine listens at `engine_channel(node)`, a signed-in browser at `session_channel(session)` and at
`endpoint_channel(endpoint)`, which it shares with the user's other browsers. Who publishes learns how many listen: an
endpoint at which nobody listens has no device.

A session is one page that is signed in, by whatever socket: it outlives a socket that breaks. A leg has an id that is
known everywhere; the browser knows it by the id of its call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, get_args

from telephony.codec import Codec
from telephony.port import HangupCause


class SdpKind(StrEnum):
    """Which half of an exchange a session description is."""

    OFFER = "offer"
    ANSWER = "answer"


class Way(StrEnum):
    """What a connection of a page is for. A page has one for both, or one for each."""

    BOTH = "both"
    SPEAKS = "speaks"  # the page is heard by it
    HEARS = "hears"


# ── From a browser to the engine ─────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class PlaceCall:
    """A page calls. Its door has chosen the ids, and has told it the call's. An offer follows (Describe).

    `user` is empty for a page that plays a customer's telephone; `endpoint` is then `tel:<its digits>`. `apart`: the
    page speaks by one connection and hears by another, and offers both.
    """

    session: str
    leg: str
    call: str
    project_id: int
    endpoint: str
    from_number: str
    to_number: str
    user: str = ""
    custom: str = ""
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """A page shows the call that rings. `endpoint`, also below: the one that the page was rung at."""

    session: str
    leg: str
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """A page does not take a call that rings: somebody rejects it (`rejected`), or it has another one (`busy`)."""

    session: str
    leg: str
    cause: HangupCause
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Accept:
    """Somebody answers at this page. `Accepted` follows, to this session; the first of several wins.

    The engine offers a connection then; to a page that speaks and hears `apart`, it does not: that page offers both.
    """

    session: str
    leg: str
    endpoint: str = ""
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody hangs up, also before the call was answered."""

    session: str
    leg: str


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody presses keys."""

    session: str
    leg: str
    digits: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A page that speaks and hears apart speaks no more by the connection `name`. It may offer another."""

    session: str
    leg: str
    name: str


@dataclass(frozen=True, slots=True)
class SocketLost:
    """A page's socket is gone. Its calls go on while they are heard, and are looked at more closely."""

    session: str


@dataclass(frozen=True, slots=True)
class SocketBack:
    """A page is signed in, anew or again, and knows these legs. What it missed is told again: calls that ring at its
    endpoint, descriptions that it has not answered, and `Gone` for those of its legs that are not there."""

    session: str
    endpoint: str
    legs: tuple[str, ...] = ()


# ── In both directions ───────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Describe:
    """A session description, for the first time or anew. The engine's contain its candidates, and it needs none of
    the page's. `name`: what the page calls the connection; an answer has that of its offer."""

    session: str
    leg: str
    kind: SdpKind
    sdp: str
    way: Way = Way.BOTH
    name: str = ""


# ── From the engine to a browser ─────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Ring:
    """Somebody is called; to the channel of the endpoint, or of one session that came later. Units: seconds left."""

    node: str
    leg: str
    call: str
    endpoint: str
    from_number: str
    from_alias: str = ""
    to_number: str = ""
    to_alias: str = ""
    timeout_s: float = 60.0
    custom_data: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RingEnds:
    """A leg rings no more at an endpoint. `session` has taken it or refused it (`cause` then says how: NORMAL: taken,
    REJECTED, BUSY); empty: the caller gave up, or it was answered elsewhere, or nobody answered in time."""

    leg: str
    cause: HangupCause
    session: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to Accept. Not `won`: somebody else was first (`known`), or there is no such leg."""

    session: str
    leg: str
    won: bool
    known: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """How the call that a page has placed gets on. Codes as of SIP: 100 taken, 183 something is heard, 200 answered."""

    session: str
    leg: str
    code: int


@dataclass(frozen=True, slots=True)
class Gone:
    """A leg of a page has ended."""

    session: str
    leg: str
    cause: HangupCause


FromBrowser = PlaceCall | Rung | Refuse | Accept | Leave | Press | Withdraw | SocketLost | SocketBack | Describe
FromEngine = Ring | RingEnds | Accepted | Progress | Gone | Describe
Signal = FromBrowser | FromEngine

_CODEC = Codec(dict.fromkeys((*get_args(FromBrowser), *get_args(FromEngine))))
to_json = _CODEC.to_json
from_json = _CODEC.from_json


def engine_channel(node: str) -> str:
    """Where an engine listens for browsers."""
    return f"pcc:signals:engine:{node}"


def session_channel(session: str) -> str:
    """Where the socket of one page listens."""
    return f"pcc:signals:session:{session}"


def endpoint_channel(endpoint: str) -> str:
    """Where every page of a user (`web:<project>_<user>`), or that plays a telephone (`tel:<digits>`), listens."""
    return f"pcc:signals:endpoint:{endpoint}"


def alive_key(node: str) -> str:
    """What an engine keeps in Redis while it lives; gone some seconds after it is killed.

    Its value names the life: an engine that was started anew knows nothing of the legs of its earlier life.
    """
    return f"pcc:signals:alive:{node}"
