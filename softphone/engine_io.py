"""How clients of the first generation write packets: engine.io 3 and, within it, socket.io 2. Pure.

A packet is a digit and a text; over polling, several are one text, each after its length in UTF-16 code units. Within
an engine.io message, socket.io has a digit of its own. The SDK knows one event, `EventPacket`, with one argument: the
packets of softphone.packets with their body as a text of JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP = "0123456"
CONNECTED = MESSAGE + "0"
DISCONNECTED = MESSAGE + "1"
PROBE, PROBED = PING + "probe", PONG + "probe"
MOST_PACKETS = 100  # in one request
_EVENT = re.compile(r'42\["EventPacket",(.*)\]', re.DOTALL)
MAX_DIGITS = 6  # of a length
_COLON = ":".encode("utf-16-le")


class BadPayload(ValueError):
    """Not what a client writes. Says nothing of it."""


def opening(sid: str, ping_interval_s: float, ping_timeout_s: float, upgrades: Iterable[str]) -> str:
    """The first packet of a connection."""
    facts = {
        "sid": sid,
        "upgrades": list(upgrades),
        "pingInterval": round(ping_interval_s * 1000),
        "pingTimeout": round(ping_timeout_s * 1000),
    }
    return OPEN + json.dumps(facts, separators=(",", ":"))


def event(packet_text: str) -> str:
    """A packet to a client; `packet_text` as softphone.packets writes it."""
    packet = json.loads(packet_text)
    body = json.dumps(packet["body"], ensure_ascii=False, separators=(",", ":"))
    argument = {"service": packet["service"], "body": body}
    return MESSAGE + "2" + json.dumps(["EventPacket", argument], ensure_ascii=False, separators=(",", ":"))


def packet_in(text: str) -> str | None:
    """The packet within an event of a client, unread; None for everything else."""
    found = _EVENT.fullmatch(text)
    return found.group(1) if found is not None else None


def join(packets: Iterable[str]) -> str:
    """Several packets as one text."""
    return "".join(f"{_units(packet)}:{packet}" for packet in packets)


def split(payload: str) -> list[str]:
    """The packets in one text. Raises BadPayload. Cost: linear."""
    units = payload.encode("utf-16-le", "surrogatepass")
    packets: list[str] = []
    at = 0  # in bytes of two a unit
    while at < len(units):
        end = units.find(_COLON, at, at + 2 * (MAX_DIGITS + 1))
        digits = units[at:end].decode("utf-16-le", "replace") if end > at else ""
        if not (digits.isascii() and digits.isdigit()) or len(packets) >= MOST_PACKETS:
            raise BadPayload
        begin, at = end + 2, end + 2 + 2 * int(digits)
        if at > len(units):
            raise BadPayload
        try:
            packets.append(units[begin:at].decode("utf-16-le"))
        except UnicodeDecodeError as error:
            raise BadPayload from error
    return packets


def _units(text: str) -> int:
    return len(text) + sum(1 for each in text if ord(each) > 0xFFFF)
