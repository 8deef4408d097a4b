"""Taking keys: the engine does what `telephony.gather` says."""

from __future__ import annotations

import pytest

from telephony import port
from tests.contract.harness import SOON_S


def gather(leg, media=(), **options):
    waits = {"first_digit_timeout_s": 2, "inter_digit_timeout_s": 2}
    return port.Gather(leg, "gather-1", media, **{**waits, **options})


def test_a_key_in_the_prompt_ends_the_prompt(engine, told, caller):
    engine.execute(gather(caller, engine.sound(5)))
    engine.advance(SOON_S)
    assert engine.hears(caller) == "media"

    engine.press(caller, "4")

    assert told.wait_for(port.Gathered, within_s=SOON_S) == port.Gathered(caller, "gather-1", "4", "max_digits")
    assert engine.hears(caller) == "silence"


def test_keys_are_dropped_while_the_prompt_may_not_be_interrupted(engine, told, caller):
    engine.execute(gather(caller, engine.sound(2), barge_in=False))
    engine.advance(SOON_S)
    engine.press(caller, "4")
    engine.advance(1.5)

    engine.press(caller, "7")

    assert told.wait_for(port.Gathered).digits == "7"
    assert not any(isinstance(each, port.Digit) for each in engine.events)


def test_without_a_key_the_gathering_ends_some_time_after_the_prompt(engine, told, caller):
    engine.execute(gather(caller, engine.sound(1)))
    engine.advance(2.5)
    assert told.of(caller)[1:] == []

    assert told.wait_for(port.Gathered, within_s=1) == port.Gathered(caller, "gather-1", "", "no_input")


def test_the_prompt_is_repeated_with_pauses(engine, told, caller):
    engine.execute(gather(caller, engine.sound(1), loops=3, pause_ms=500))
    engine.advance(5.5)
    assert told.of(caller)[1:] == []

    assert told.wait_for(port.Gathered, within_s=1).reason == "no_input"


def test_without_a_prompt_keys_are_awaited_at_once(engine, told, caller):
    engine.execute(gather(caller))

    assert told.wait_for(port.Gathered, within_s=2.5).reason == "no_input"


def test_several_keys_are_taken_until_there_are_enough(engine, told, caller):
    engine.execute(gather(caller, max_digits=3))
    engine.press(caller, "12")
    engine.advance(SOON_S)
    engine.press(caller, "3")

    assert told.wait_for(port.Gathered) == port.Gathered(caller, "gather-1", "123", "max_digits")


def test_keys_that_stop_coming_end_the_gathering(engine, told, caller):
    engine.execute(gather(caller, max_digits=5))
    engine.press(caller, "12")

    assert told.wait_for(port.Gathered, within_s=2.5) == port.Gathered(caller, "gather-1", "12", "timeout")


def test_a_terminator_ends_the_gathering_and_is_not_among_the_keys(engine, told, caller):
    engine.execute(gather(caller, max_digits=10, terminators="#"))
    engine.press(caller, "42#")

    assert told.wait_for(port.Gathered) == port.Gathered(caller, "gather-1", "42", "terminator")


def test_a_prompt_that_cannot_be_played_still_takes_keys(engine, told, caller):
    engine.execute(gather(caller, engine.nothing_to_play(), loops=3))
    engine.advance(SOON_S)
    engine.press(caller, "1")

    assert told.wait_for(port.Gathered).digits == "1"


@pytest.mark.parametrize("ended_by", ["play", "stop", "gather"])
def test_a_gathering_that_is_replaced_or_stopped_tells_nothing(engine, told, caller, ended_by):
    engine.execute(gather(caller))

    other = {
        "play": port.Play(caller, "play-1", engine.sound(1)),
        "stop": port.StopPlay(caller),
        "gather": port.Gather(caller, "gather-2", (), first_digit_timeout_s=1),
    }
    engine.execute(other[ended_by])
    engine.advance(3)

    assert [each.gather for each in told.of(caller) if isinstance(each, port.Gathered)] == (
        ["gather-2"] if ended_by == "gather" else []
    )


def test_a_gathering_that_was_done_is_not_done_again(engine, told, caller):
    engine.execute(gather(caller))
    engine.press(caller, "1")
    told.wait_for(port.Gathered)

    engine.execute(gather(caller))
    engine.advance(3)

    assert len([each for each in told.of(caller) if isinstance(each, port.Gathered)]) == 1


def test_a_key_after_the_gathering_belongs_to_no_gathering(engine, told, caller):
    engine.execute(gather(caller))
    engine.press(caller, "12")
    told.wait_for(port.Gathered)

    assert told.wait_for(port.Digit) == port.Digit(caller, "2")


def test_a_gathering_dies_with_its_leg(engine, told, caller):
    engine.execute(gather(caller))
    engine.hang_up(caller)
    engine.advance(3)

    assert [type(each) for each in told.of(caller)] == [port.Incoming, port.Ended]
