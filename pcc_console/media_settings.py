"""Reads the settings of the media network; what is wrong with them is said at the start."""

from __future__ import annotations

import ipaddress

from django.core.exceptions import ImproperlyConfigured

LOWEST_PORT, HIGHEST_PORT = 1024, 65535


def media_ports(text: str) -> tuple[int, int] | None:
    """The first and the last port of `first-last`; None when any port will do. Raises ImproperlyConfigured."""
    if not text:
        return None
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and LOWEST_PORT <= int(first) <= int(last) <= HIGHEST_PORT):
        raise ImproperlyConfigured(f"PCC_MEDIA_PORTS must be like 40000-40999, of {LOWEST_PORT} to {HIGHEST_PORT}.")
    return int(first), int(last)


def check_media_addresses(*addresses: str) -> None:
    """Browsers are told numbers, not names. Raises ImproperlyConfigured."""
    for each in filter(None, addresses):
        try:
            ipaddress.ip_address(each)
        except ValueError as error:
            raise ImproperlyConfigured(f"A media address must be an IP address, not {each!r}.") from error
