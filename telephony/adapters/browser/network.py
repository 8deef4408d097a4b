"""Where browsers find the engine: addresses, ports, and what of a session description is believed."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ifaddr

LOOPBACK = "127.0.0.1"
PORT_TRIES = 50  # a range that is nearly full is too small
LONGEST_DESCRIPTION = 64 * 1024  # characters; a browser's has three thousand
MOST_MEDIA = 4  # sections of a description

_FRAGMENT = re.compile(r"^a=ice-ufrag:(\S+)", re.MULTILINE)
_CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ \S+ \d+ )(\S+)( \d+ typ host.*)$", re.MULTILINE)
_TOLD = re.compile(r"^a=(candidate:.*|end-of-candidates)\r?\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Network:
    """Settings of an installation. Empty: every address of this host, any port, no other address in front of it.

    `ports`: first and last. `public_address`: what browsers outside know this host by; the ports are the same there.
    """

    addresses: tuple[str, ...] = ()
    ports: tuple[int, int] | None = None
    public_address: str = ""

    def offered(self) -> list[str]:
        """The addresses to listen at. The loopback comes last: it works when there is nothing else."""
        return list(self.addresses) or [*_host_addresses(), LOOPBACK]


def without_candidates(sdp: str) -> str:
    """A browser's description without addresses.

    The engine sends to nobody whom it only was told of, so that no page can let it knock at doors of its choice (the
    SDK itself makes up two addresses of strangers), and no name of the local net is waited for. It answers whoever
    comes with the right password; browsers come to it.
    """
    return _TOLD.sub("", sdp if sdp.endswith("\n") else sdp + "\n")


def with_public_address(sdp: str, address: str) -> str:
    """Our description with the address in front of each of ours, where there is one."""
    if not address:
        return sdp
    return _CANDIDATE.sub(lambda found: f"{found[1]}{address}{found[3]}\n{found[0]}", sdp)


def fragment_of(sdp: str) -> str:
    """What tells one connection of a browser from another of its connections."""
    found = _FRAGMENT.search(sdp)
    return found[1] if found else ""


def is_plausible(sdp: str) -> bool:
    """Whether it is worth reading."""
    return len(sdp) <= LONGEST_DESCRIPTION and 0 < sdp.count("\nm=") <= MOST_MEDIA


class MediaLoop(asyncio.SelectorEventLoop):
    """An event loop whose UDP sockets take ports of a range, where they would take any."""

    def __init__(self, ports: tuple[int, int] | None, selector: Any = None) -> None:
        super().__init__(selector)
        self._ports = ports

    async def create_datagram_endpoint(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], local_addr: tuple[str, int] | None = None, **options: Any
    ) -> Any:
        if self._ports is None or local_addr is None or local_addr[1] != 0:
            return await super().create_datagram_endpoint(protocol_factory, local_addr=local_addr, **options)
        first, last = self._ports
        error: OSError | None = None
        for port in random.sample(range(first, last + 1), min(PORT_TRIES, last + 1 - first)):  # any free one will do
            try:
                address = local_addr[0], port
                return await super().create_datagram_endpoint(protocol_factory, local_addr=address, **options)
            except OSError as failed:
                error = failed
        raise error or OSError("no ports")


def _host_addresses() -> list[str]:
    found = [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for each in ifaddr.get_adapters() for ip in each.ips]
    parsed = [ipaddress.ip_address(each) for each in found]
    return [str(each) for each in parsed if not each.is_loopback and not each.is_link_local]
