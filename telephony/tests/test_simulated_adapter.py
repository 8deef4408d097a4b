"""The simulated engine in real time: one short call, and an orderly end."""

from __future__ import annotations

import threading

import pytest

from telephony import port
from telephony.adapters.simulated.adapter import SimulatedAdapter
from telephony.adapters.simulated.files import RecordingWriter

WITHIN_S = 30.0


class Listener:
    """Keeps events, and lets a test wait for one."""

    def __init__(self):
        self.events: list[port.Event] = []
        self._changed = threading.Condition()

    def __call__(self, event):
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, kind):
        with self._changed:
            assert self._changed.wait_for(lambda: any(isinstance(each, kind) for each in self.events), WITHIN_S)


@pytest.fixture
def told():
    return Listener()


@pytest.fixture
def adapter(told, tmp_path):
    made = SimulatedAdapter("engine-1", write_recording=RecordingWriter(tmp_path))
    made.start(told)
    return made


def test_a_call_comes_in_and_is_recorded_until_the_engine_stops(adapter, told, tmp_path):
    adapter.execute(port.SimulateCall("in", 7, "84901", "84247", {"agents": {"users": ["lan"]}}))
    told.wait_for(port.Incoming)
    adapter.execute(port.Answer("in"))
    adapter.execute(port.StartRecording("in", "rec", "conversation", 7))
    adapter.execute(port.Gather("in", "menu", (), first_digit_timeout_s=0.05))
    told.wait_for(port.Gathered)
    adapter.tell_snapshot()
    told.wait_for(port.Snapshot)

    adapter.stop()

    names = [type(each).__name__ for each in told.events]
    assert names == ["DeviceUp", "Incoming", "Gathered", "Snapshot", "Ended", "RecordingReady", "DeviceDown"]
    assert told.events[3] == port.Snapshot("engine-1", ("in",))
    assert told.events[4] == port.Ended("in", port.HangupCause.ENGINE_LOST)
    assert (tmp_path / "recordings/7/rec.mp3").stat().st_size == told.events[5].size_bytes


def test_an_engine_without_calls_stops_at_once(adapter, told):
    adapter.stop()

    assert told.events == []
