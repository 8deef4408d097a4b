"""Which addresses the URLs of customers may lead to: pure rules."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Special networks that `is_global` takes for ordinary ones in some releases of Python.
SPECIAL_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # the host's own services on a large cloud, behind an ordinary looking address
    )
)
GLOBAL_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")  # nothing outside of it belongs to the public network
SPECIAL_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, and Teredo, which carries an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries an IPv4 address
        "3fff::/20",  # documentation
    )
)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # how an IPv6-only network reaches IPv4: judged by the address inside


def is_reachable(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """May a customer's URL lead here? Public unicast addresses, and the networks that the operator allows.

    An IPv4 address inside an IPv6 one (mapped, NAT64) is judged as what it is.
    """
    inner = _unwrapped(address)
    if any(inner in network or address in network for network in allowed):
        return True
    if isinstance(inner, ipaddress.IPv4Address):
        return _is_public_v4(inner)
    return _is_public_v6(inner)


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_public_v4(address: ipaddress.IPv4Address) -> bool:
    special = address.is_multicast or address.is_reserved or any(address in network for network in SPECIAL_V4)
    return address.is_global and not special


def _is_public_v6(address: ipaddress.IPv6Address) -> bool:
    if address.scope_id is not None or address not in GLOBAL_UNICAST_V6:
        return False
    return address.is_global and not any(address in network for network in SPECIAL_V6)
