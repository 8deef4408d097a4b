"""Which addresses customers' URLs may lead to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.addresses import is_reachable

PUBLIC = ["93.184.216.34", "8.8.8.8", "1.1.1.1", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::1"]
REFUSED = [
    "0.0.0.0",  # this host
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",  # shared by carriers
    "100.100.100.200",  # a cloud's metadata
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # a cloud's host services
    "169.254.169.254",  # most clouds' metadata
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # the old way to carry IPv4
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:5db8:d822::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # a cloud's metadata
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_asked(text):
    assert is_reachable(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", REFUSED)
def test_no_special_address_may_be_asked(text):
    assert not is_reachable(ipaddress.ip_address(text))


def test_an_ipv4_address_inside_of_ipv6_is_judged_as_what_it_is():
    assert is_reachable(ipaddress.ip_address("::ffff:8.8.8.8"))
    assert is_reachable(ipaddress.ip_address("64:ff9b::808:808"))


def test_a_network_that_the_operator_allows_is_reachable_and_its_neighbour_is_not():
    allowed = (ipaddress.ip_network("10.1.2.0/24"),)

    assert is_reachable(ipaddress.ip_address("10.1.2.3"), allowed)
    assert is_reachable(ipaddress.ip_address("::ffff:10.1.2.3"), allowed)
    assert not is_reachable(ipaddress.ip_address("10.1.3.3"), allowed)


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_never_changes_the_judgement(address):
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | int(address))

    assert is_reachable(mapped) == is_reachable(translated) == is_reachable(address)


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_reachable(address):
    inner = getattr(address, "ipv4_mapped", None) or address
    if inner.is_private or inner.is_multicast or inner.is_loopback or inner.is_link_local:
        assert not is_reachable(address) or address in ipaddress.ip_network("64:ff9b::/96")
