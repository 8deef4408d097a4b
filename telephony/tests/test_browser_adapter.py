"""The browser engine on its thread: it starts, tells its legs, and stops in order."""

from __future__ import annotations

import queue

import pytest

from telephony import port, signals
from telephony.adapters.browser.adapter import BrowserAdapter
from telephony.adapters.browser.bus import MemoryBus
from telephony.adapters.browser.network import LOOPBACK, Network
from telephony.port import HangupCause

NODE, LAN = "engine-1", "web:1_lan"
WITHIN_S = 30.0


class NoSounds:
    def load(self, media):
        return None


@pytest.fixture
def events():
    return queue.Queue()


@pytest.fixture
def page():
    """What a page hears that rings."""
    return queue.Queue()


@pytest.fixture
def adapter(events, page, tmp_path):
    bus = MemoryBus()
    made = BrowserAdapter(NODE, bus, NoSounds(), tmp_path, Network((LOOPBACK,)))
    bus.listen(signals.endpoint_channel(LAN), page.put)
    made.start(events.put)
    yield made
    if made._thread.is_alive():
        made.stop()


def test_a_leg_rings_and_is_told_until_the_engine_stops(adapter, events, page):
    adapter.execute(port.Dial("out", "call-1", (LAN,), "84901"))
    assert isinstance(page.get(timeout=WITHIN_S), signals.Ring)
    adapter.tell_snapshot()
    assert events.get(timeout=WITHIN_S) == port.Snapshot(NODE, ("out",))

    adapter.stop()

    assert events.get_nowait() == port.Ended("out", HangupCause.ENGINE_LOST)
    assert events.empty()
    assert page.get_nowait() == signals.RingEnds("out", HangupCause.ENGINE_LOST)
    assert not adapter._thread.is_alive()


def test_an_engine_without_calls_stops_at_once(adapter, events):
    adapter.stop()

    assert events.empty()


def test_it_reaches_browsers_and_the_telephones_that_they_play(adapter):
    assert (adapter.kind, adapter.reaches) == ("browser", ("web", "tel"))
