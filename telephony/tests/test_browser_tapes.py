"""Recordings are on the disk within a second, and what fails is told."""

from __future__ import annotations

import asyncio

import pytest

from telephony import port
from telephony.adapters.browser.tapes import Tapes
from telephony.recording_format import LEFT, Packet, read_head, read_packets
from telephony.switch.legs import Leg, State
from tests.contract.fast_loop import FastLoop

COMMAND = port.StartRecording("leg-1", "rec-1", "voicemail", 7, format="wav", stereo=False)


@pytest.fixture(scope="module")
def loop():
    made = FastLoop()
    yield made
    made.close()


@pytest.fixture
def leg():
    return Leg("leg-1", State.ANSWERED)


class Room:
    """Tapes, who was told that theirs are others, and what has ended."""

    def __init__(self, folder, loop):
        self.folder, self.loop = folder, loop
        self.changed: list[Leg] = []
        self.ended: list[tuple[str, int]] = []
        self.tapes = Tapes(folder, loop, self.changed.append)

    def passes(self, seconds):
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def end(self, leg, command=COMMAND):
        async def end():
            self.tapes.end(leg, command, 1.0, lambda file, size: self.ended.append((file, size)))
            while self.tapes.count():
                await asyncio.sleep(0.01)

        self.loop.run_until_complete(end())

    def read(self):
        with (self.folder / "recordings/7/rec-1.raw").open("rb") as file:
            return read_head(file), list(read_packets(file))


@pytest.fixture
def room(tmp_path, loop):
    made = Room(tmp_path, loop)
    yield made
    made.tapes.close()


def begin(room, leg):
    room.tapes.begin(leg, COMMAND)
    (tape,) = room.tapes.of(leg)
    return tape


def test_an_engine_that_is_killed_leaves_all_but_the_last_moment(room, leg):
    tape = begin(room, leg)
    tape.add(LEFT, 960, b"a")
    room.passes(1.0)
    tape.add(1, 5, b"b")

    head, packets = room.read()

    assert (head.project_id, head.recording, head.leg, head.format, head.stereo) == (7, "rec-1", "leg-1", "wav", False)
    assert packets == [Packet(LEFT, packets[0].at_ms, 960, b"a")]
    assert packets[0].at_ms < 900
    room.end(leg)


def test_a_recording_that_ends_is_whole_and_says_how_big_it_is(room, leg):
    tape = begin(room, leg)
    room.passes(0.6)
    tape.add(LEFT, 960, b"a")
    tape.add(1, 5, b"b")
    room.end(leg)

    _, packets = room.read()
    assert [(packet.voice, packet.payload) for packet in packets] == [(LEFT, b"a"), (1, b"b")]
    assert 600 <= packets[0].at_ms < 1500
    file = "recordings/7/rec-1.raw"
    assert room.ended == [(file, (room.folder / file).stat().st_size)]
    assert room.changed == [leg, leg]
    assert room.tapes.of(leg) == ()


def test_everybody_on_a_recording_has_a_number_and_keeps_it(room, leg):
    tape = begin(room, leg)

    assert [tape.number_of(name) for name in ("agent", leg.id, "guest", "agent", "guest")] == [1, LEFT, 2, 1, 2]
    room.end(leg)


def test_a_disk_that_takes_nothing_ends_in_no_recording(room, leg, caplog):
    (room.folder / "recordings").write_text("in the way")
    begin(room, leg)
    room.end(leg)

    assert room.ended == [("", 0)]
    assert [record.message for record in caplog.records] == ["recording is not written"]


def test_a_file_that_is_there_is_not_written_over(room, leg):
    path = room.folder / "recordings/7/rec-1.raw"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"an earlier life")
    begin(room, leg)
    room.end(leg)

    assert room.ended == [("", 0)]
    assert path.read_bytes() == b"an earlier life"
