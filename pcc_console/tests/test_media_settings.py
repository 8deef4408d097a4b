"""Settings of the media network are read, or refused with a reason."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from pcc_console.media_settings import check_media_addresses, media_ports


def test_ports_are_a_range_or_any():
    assert media_ports("") is None
    assert media_ports("40000-40999") == (40000, 40999)
    assert media_ports("40000-40000") == (40000, 40000)


@pytest.mark.parametrize("text", ["40000", "40999-40000", "80-90", "40000-70000", "a-b", "-", "1-2-3", "²-³"])
def test_anything_else_is_no_range_of_ports(text):
    with pytest.raises(ImproperlyConfigured, match="PCC_MEDIA_PORTS"):
        media_ports(text)


def test_addresses_are_numbers():
    check_media_addresses("192.0.2.1", "2001:db8::1", "")

    with pytest.raises(ImproperlyConfigured, match="IP address"):
        check_media_addresses("192.0.2.1", "media.example.com")
