"""What a browser is sent: programs at their pace, voices as they come, silence otherwise."""

from __future__ import annotations

import itertools

import pytest
from aiortc.mediastreams import MediaStreamError

from telephony.adapters.browser.opus import SILENCE
from telephony.adapters.browser.outlet import PATIENCE_S, Outlet, playlist
from telephony.adapters.browser.sounds import Prompt
from tests.contract.fast_loop import FastLoop

ONE, TWO = Prompt((b"1a", b"1b")), Prompt((b"2",))


@pytest.fixture(scope="module")
def loop():
    made = FastLoop()
    yield made
    made.close()


@pytest.fixture
def outlet(loop):
    return Outlet(loop)


@pytest.fixture
def sent(loop, outlet):
    """What the outlet sends next: payloads and instants."""

    def packets(count):
        async def receive():
            return [await outlet.recv() for _ in range(count)]

        return [(bytes(packet), packet.pts) for packet in loop.run_until_complete(receive())]

    return packets


def test_a_playlist_repeats_with_pauses_of_silence():
    played = list(playlist([ONE, TWO], 2, 40))

    assert played == [b"1a", b"1b", b"2", SILENCE, SILENCE, b"1a", b"1b", b"2"]
    assert list(itertools.islice(playlist([TWO], 0, 0), 3)) == [b"2", b"2", b"2"]


def test_a_playlist_of_nothing_ends_though_it_is_endless():
    assert list(playlist([], 0, 0)) == list(playlist([Prompt(())], 0, 1000)) == []


def test_a_program_is_sent_at_its_pace_and_then_silence(loop, outlet, sent):
    outlet.play(ONE.packets)
    began = outlet._due

    assert sent(4) == [(b"1a", 0), (b"1b", 960), (SILENCE, 1920), (SILENCE, 2880)]
    assert loop.time() - began >= 0.058


def test_a_voice_is_sent_as_it_comes_by_its_speakers_clock(outlet, sent):
    sent(1)
    outlet.relay()
    outlet.push(b"a", 70_000)
    outlet.push(b"b", 70_960)
    outlet.push(b"d", 72_880)  # c was lost

    assert sent(3) == [(b"a", 960), (b"b", 1920), (b"d", 3840)]


def test_a_packet_that_comes_after_its_successor_is_left_out(outlet, sent):
    outlet.relay()
    for payload, timestamp in ((b"a", 960), (b"c", 2880), (b"b", 1920), (b"c", 2880), (b"d", 3840)):
        outlet.push(payload, timestamp)

    assert sent(3) == [(b"a", 0), (b"c", 1920), (b"d", 2880)]


@pytest.mark.parametrize("timestamp", [5, 3_000_000_000])
def test_another_clock_goes_on_where_the_one_before_was(outlet, sent, timestamp):
    outlet.relay()
    outlet.push(b"a", 1_000_000)
    outlet.push(b"b", timestamp)
    outlet.push(b"c", timestamp + 960)

    assert sent(3) == [(b"a", 0), (b"b", 960), (b"c", 1920)]


def test_a_clock_that_wraps_around_goes_on(outlet, sent):
    outlet.relay()
    outlet.push(b"a", (1 << 32) - 960)
    outlet.push(b"b", 0)

    assert sent(2) == [(b"a", 0), (b"b", 960)]


def test_a_voice_that_stops_coming_is_silence_until_it_comes_again(outlet, sent):
    outlet.relay()
    outlet.push(b"a", 960)
    assert [payload for payload, _ in sent(3)] == [b"a", SILENCE, SILENCE]

    outlet.push(b"b", 48_000)
    assert sent(1)[0][0] == b"b"


def test_a_beep_comes_first_and_what_is_said_meanwhile_is_not_heard_later(outlet, sent):
    outlet.relay()
    outlet.over(TWO)
    outlet.push(b"a", 960)

    assert [payload for payload, _ in sent(2)] == [b"2", SILENCE]


def test_a_beep_does_not_eat_the_program(outlet, sent):
    outlet.play(ONE.packets)
    outlet.over(TWO)

    assert [payload for payload, _ in sent(3)] == [b"2", b"1a", b"1b"]


def test_a_program_that_is_not_ready_is_waited_for_and_then_sent_at_once(loop, outlet, sent):
    ready: list[bool] = []

    def is_ready():
        ready.append(True)
        outlet.hurry()

    outlet.play(iter([b"a", b"b", b"c"]), lambda: bool(ready))
    began = loop.time()
    loop.call_later(0.03, is_ready)

    assert sent(1) == [(b"a", 0)]
    assert 0.03 <= loop.time() - began < PATIENCE_S
    assert sent(2) == [(b"b", 960), (b"c", 1920)]


def test_a_program_that_is_never_ready_goes_on_without_after_a_little_patience_each_time(loop, outlet, sent):
    outlet.play(iter([b"a", b"b"]), lambda: False)
    began = loop.time()

    assert sent(2) == [(b"a", 0), (b"b", 960)]
    assert loop.time() - began >= 2 * PATIENCE_S


def test_a_beep_waits_for_no_program(loop, outlet, sent):
    outlet.play(iter([b"a"]), lambda: False)
    outlet.over(TWO)
    began = loop.time()

    assert sent(1) == [(b"2", 0)]
    assert loop.time() - began < PATIENCE_S


def test_who_was_not_asked_for_long_goes_on_from_now(outlet, sent):
    outlet.play(ONE.packets)
    outlet._due -= 1.0  # the loop was busy for a second

    (first, began), (second, followed) = sent(2)
    assert (first, second, followed - began) == (b"1a", b"1b", 960)
    assert began >= 50 * 960  # more, where this process had to wait for its turn
    assert began % 960 == 0


def test_an_outlet_that_was_stopped_sends_nothing(loop, outlet):
    outlet.stop()

    with pytest.raises(MediaStreamError):
        loop.run_until_complete(outlet.recv())
