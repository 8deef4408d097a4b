"""Addresses that are offered, and what of a browser's description is believed."""

from __future__ import annotations

import asyncio

import pytest

from telephony.adapters.browser.network import (
    LOOPBACK,
    MediaLoop,
    Network,
    fragment_of,
    is_plausible,
    with_public_address,
    without_candidates,
)

DESCRIPTION = (
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\n"
    "a=candidate:1 1 udp 2130706431 192.0.2.7 40001 typ host\r\n"
    "a=candidate:2 1 udp 2130706431 3f1.local 40002 typ host generation 0\r\n"
    "a=candidate:3 1 udp 1694498815 198.51.100.9 40003 typ srflx raddr 192.0.2.7 rport 40001\r\n"
    "a=end-of-candidates\r\na=mid:0\r\n"
)


def test_nothing_is_believed_of_where_a_browser_is():
    assert without_candidates(DESCRIPTION) == (
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\na=mid:0\r\n"
    )
    assert without_candidates("a=candidate:x") == ""


def test_the_address_in_front_of_ours_is_offered_first_for_each_of_ours():
    lines = with_public_address(DESCRIPTION, "203.0.113.5").split("\r\n")

    assert with_public_address(DESCRIPTION, "") == DESCRIPTION
    assert [line for line in lines if "40001 typ" in line] == [
        "a=candidate:1 1 udp 2130706431 203.0.113.5 40001 typ host",
        "a=candidate:1 1 udp 2130706431 192.0.2.7 40001 typ host",
    ]
    assert sum("203.0.113.5" in line for line in lines) == 2  # not for what a server reflected


def test_connections_are_told_apart():
    assert fragment_of(DESCRIPTION) == "abcd"
    assert fragment_of("v=0") == ""


@pytest.mark.parametrize("sdp", ["", "v=0\r\n", "v=0\r\nm=audio" + "x" * 70_000, "v=0" + "\r\nm=audio" * 5])
def test_what_is_no_description_is_not_read(sdp):
    assert is_plausible(DESCRIPTION)
    assert not is_plausible(sdp)


def test_the_loopback_is_offered_last_unless_addresses_are_chosen():
    assert Network().offered()[-1] == LOOPBACK
    assert Network(("192.0.2.1",)).offered() == ["192.0.2.1"]


def test_sockets_take_ports_of_the_range_and_say_when_it_is_full():
    taken = _ports(MediaLoop((42_100, 42_101)), 2)

    assert sorted(taken) == [42_100, 42_101]
    with pytest.raises(OSError, match="in use"):
        _ports(MediaLoop((42_100, 42_101)), 3)
    assert all(port > 1024 for port in _ports(MediaLoop(None), 1))


def _ports(loop, count):
    async def opened():
        made, ports = [], []
        try:
            for _ in range(count):
                transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(LOOPBACK, 0))
                made.append(transport)
                ports.append(transport.get_extra_info("sockname")[1])
        finally:
            for transport in made:
                transport.close()
            await asyncio.sleep(0)
        return ports

    try:
        return loop.run_until_complete(opened())
    finally:
        loop.close()
