"""What doors tell each other about pages: notices on Redis pub/sub, beside the signals to engines.

A notice may get lost; what it says is then missing on a page, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telephony.codec import Codec


@dataclass(frozen=True, slots=True)
class Pass:
    """A packet for the pages that listen, but for the page `sender`."""

    service: int
    body: Mapping[str, Any]
    sender: str = ""


@dataclass(frozen=True, slots=True)
class InfoSent:
    """What the page `sender` sends to the other pages in a call. Any JSON."""

    call: str
    info: Any
    sender: str


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A page has come back by another socket, named `connection`: any other socket of the page is a dead one."""

    connection: str


Notice = Pass | InfoSent | TakenOver

_CODEC = Codec((Pass, InfoSent, TakenOver))
to_json = _CODEC.to_json
from_json = _CODEC.from_json


def page_channel(session: str) -> str:
    """The sockets of one page."""
    return f"pcc:softphone:page:{session}"


def user_channel(user_key: str) -> str:
    """The pages of one user (`Identity.user_key`)."""
    return f"pcc:softphone:user:{user_key}"


def call_channel(call: str) -> str:
    """The pages that talk in one call."""
    return f"pcc:softphone:call:{call}"


def topic_channel(project_id: int, topic: str) -> str:
    """The pages whose tokens subscribe to a topic."""
    return f"pcc:softphone:topic:{project_id}:{topic}"
