"""Taking keys: prompt, repetitions, barge-in, time-outs, digits."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.gather import TONES, Done, Gathering, Phase, PlayPrompt, Reason, StartTimer, StopPrompt
from telephony.port import Gather, Speech

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
PROMPT = (Speech("Press 1 or 2."),)
MENU = Gather("leg", "gather", PROMPT, loops=2, pause_ms=1_500, first_digit_timeout_s=5, inter_digit_timeout_s=3)
NUMBER = replace(MENU, loops=1, max_digits=4, terminators="#")


def at(seconds):
    return START + dt.timedelta(seconds=seconds)


def run(command, *happened):
    """What is done after each of (name, arguments…), the last argument being seconds from the start."""
    gathering = Gathering(command)
    done = []
    for name, *given_, seconds in happened:
        gathering, actions = getattr(gathering, name)(*given_, at(seconds))
        done.append(list(actions))
    return done


def test_a_prompt_is_repeated_with_pauses_and_then_a_key_is_awaited():
    assert run(
        MENU,
        ("on_started", 0),
        ("on_prompt_ended", 1, 2),
        ("on_tick", 3.5),
        ("on_prompt_ended", 2, 6),
        ("on_tick", 11),
    ) == [
        [PlayPrompt(1)],
        [StartTimer(at(3.5))],
        [PlayPrompt(2)],
        [StartTimer(at(11))],
        [Done("", Reason.NO_INPUT)],
    ]


def test_without_a_pause_the_prompt_is_repeated_at_once():
    assert run(replace(MENU, pause_ms=0), ("on_started", 0), ("on_prompt_ended", 1, 2)) == [
        [PlayPrompt(1)],
        [PlayPrompt(2)],
    ]


def test_a_key_interrupts_the_prompt():
    assert run(MENU, ("on_started", 0), ("on_digit", "2", 1)) == [
        [PlayPrompt(1)],
        [StopPrompt(), Done("2", Reason.MAX_DIGITS)],
    ]


def test_a_key_between_repetitions_has_nothing_to_stop():
    assert run(MENU, ("on_started", 0), ("on_prompt_ended", 1, 2), ("on_digit", "2", 3))[-1] == [
        Done("2", Reason.MAX_DIGITS)
    ]


def test_keys_during_a_prompt_that_is_not_to_be_interrupted_are_dropped():
    assert run(
        replace(MENU, barge_in=False),
        ("on_started", 0),
        ("on_digit", "1", 1),
        ("on_prompt_ended", 1, 2),
        ("on_digit", "1", 3),
        ("on_tick", 3.5),
        ("on_digit", "1", 4),
        ("on_prompt_ended", 2, 5),
        ("on_digit", "2", 6),
    ) == [
        [PlayPrompt(1)],
        [],
        [StartTimer(at(3.5))],
        [],
        [PlayPrompt(2)],
        [],
        [StartTimer(at(10))],
        [Done("2", Reason.MAX_DIGITS)],
    ]


def test_without_a_prompt_the_first_key_is_awaited_at_once():
    assert run(replace(MENU, media=()), ("on_started", 0), ("on_tick", 5)) == [
        [StartTimer(at(5))],
        [Done("", Reason.NO_INPUT)],
    ]


def test_several_digits_end_with_the_terminator_which_is_not_one_of_them():
    assert run(NUMBER, ("on_started", 0), ("on_digit", "4", 1), ("on_digit", "2", 3), ("on_digit", "#", 4)) == [
        [PlayPrompt(1)],
        [StopPrompt(), StartTimer(at(4))],
        [StartTimer(at(6))],
        [Done("42", Reason.TERMINATOR)],
    ]


def test_a_terminator_alone_ends_without_digits():
    assert run(NUMBER, ("on_started", 0), ("on_digit", "#", 1))[-1] == [StopPrompt(), Done("", Reason.TERMINATOR)]


def test_several_digits_end_when_there_are_enough():
    digits = [("on_digit", digit, 1) for digit in "1234"]
    assert run(NUMBER, ("on_started", 0), *digits)[-1] == [Done("1234", Reason.MAX_DIGITS)]


def test_several_digits_end_when_no_other_comes_in_time():
    done = run(NUMBER, ("on_started", 0), ("on_digit", "4", 1), ("on_tick", 4))
    assert done[-1] == [Done("4", Reason.TIMEOUT)]


def test_hash_is_a_digit_where_it_is_no_terminator():
    assert run(MENU, ("on_started", 0), ("on_digit", "#", 1))[-1] == [StopPrompt(), Done("#", Reason.MAX_DIGITS)]


def test_a_gathering_of_no_digits_plays_and_waits_and_takes_no_key():
    assert run(
        replace(MENU, loops=1, max_digits=0, first_digit_timeout_s=0),
        ("on_started", 0),
        ("on_digit", "1", 1),
        ("on_prompt_ended", 1, 2),
        ("on_digit", "1", 2),
        ("on_tick", 2),
    ) == [[PlayPrompt(1)], [], [StartTimer(at(2))], [], [Done("", Reason.NO_INPUT)]]


@pytest.mark.parametrize("noise", ["", "12", "x", "EMPTY_KEY", "\x00", "١"])
def test_what_no_telephone_sends_is_no_digit(noise):
    assert run(MENU, ("on_started", 0), ("on_digit", noise, 1))[-1] == []


def test_a_tick_that_comes_early_sets_its_timer_again():
    done = run(replace(MENU, media=()), ("on_started", 0), ("on_tick", 4.9), ("on_tick", 5))
    assert done == [[StartTimer(at(5))], [StartTimer(at(5))], [Done("", Reason.NO_INPUT)]]


def test_the_end_of_a_play_told_twice_is_not_the_end_of_the_next():
    done = run(replace(MENU, pause_ms=0), ("on_started", 0), ("on_prompt_ended", 1, 2), ("on_prompt_ended", 1, 2))
    assert done == [[PlayPrompt(1)], [PlayPrompt(2)], []]


def test_nothing_happens_before_it_has_started():
    assert run(MENU, ("on_digit", "1", 0), ("on_prompt_ended", 0, 0), ("on_tick", 99)) == [[], [], []]


commands = st.builds(
    Gather,
    leg=st.just("leg"),
    gather=st.just("gather"),
    media=st.sampled_from([(), PROMPT]),
    loops=st.integers(0, 3),
    pause_ms=st.sampled_from([0, 1_000]),
    barge_in=st.booleans(),
    first_digit_timeout_s=st.sampled_from([0, 5]),
    inter_digit_timeout_s=st.sampled_from([0, 3]),
    max_digits=st.integers(0, 3),
    terminators=st.sampled_from(["", "#", "*#"]),
)
happenings = st.one_of(
    st.just(("on_started",)),
    st.tuples(st.just("on_prompt_ended"), st.integers(0, 4)),
    st.tuples(st.just("on_digit"), st.sampled_from(["1", "2", "#", "*", "A", "x", ""])),
    st.just(("on_tick",)),
)
histories = st.lists(st.tuples(happenings, st.integers(-2, 6)), max_size=25)


def walk(command, history):
    """Every step of a history: what was before, what happened, when, and what came of it. Clocks may go backwards."""
    gathering, now = Gathering(command), 0
    for (name, *given_), passed in history:
        now += passed
        before = gathering
        gathering, actions = getattr(gathering, name)(*given_, at(now))
        yield before, name, now, gathering, actions


@given(commands, histories)
def test_it_ends_at_most_once_and_nothing_follows(command, history):
    actions = [action for *_, done in walk(command, history) for action in done]
    ends = [place for place, action in enumerate(actions) if isinstance(action, Done)]
    assert ends in ([], [len(actions) - 1])


@given(commands, histories)
def test_what_is_reported_is_what_was_pressed_and_allowed(command, history):
    for before, name, _now, after, actions in walk(command, history):
        assert len(after.digits) <= command.max_digits
        assert set(after.digits) <= TONES - set(command.terminators)
        assert after.digits.startswith(before.digits)
        if after.digits != before.digits or StopPrompt() in actions:
            assert name == "on_digit"
            assert command.barge_in or before.phase not in (Phase.PROMPT, Phase.PAUSE)
        if (ended := next((action for action in actions if isinstance(action, Done)), None)) is not None:
            assert ended.digits == after.digits
            assert (ended.reason is Reason.NO_INPUT) <= (ended.digits == "")
            assert (ended.reason is Reason.MAX_DIGITS) <= (len(ended.digits) == command.max_digits)


@given(commands, histories)
def test_whatever_has_started_is_playing_or_waiting_for_a_timer_until_it_ends(command, history):
    timer = None
    for _before, name, now, after, actions in walk(command, history):
        for action in actions:
            timer = action.at if isinstance(action, StartTimer) else None
        assert after.timer_at == timer
        assert (timer is None) == (after.phase in (Phase.NEW, Phase.PROMPT, Phase.DONE))
        assert name != "on_tick" or timer is None or timer >= at(now)


@given(commands, histories)
def test_a_well_kept_engine_always_brings_it_to_an_end(command, history):
    """After anything that can happen, started, with prompts that end and timers that fire, it is over."""
    gathering = Gathering(command)
    for *_, after, _actions in walk(command, history):
        gathering = after
    gathering, _ = gathering.on_started(START)
    for _ in range(10):
        if gathering.phase is Phase.PROMPT:
            gathering, _ = gathering.on_prompt_ended(gathering.plays, START)
        elif gathering.timer_at is not None:
            gathering, _ = gathering.on_tick(gathering.timer_at)
    assert gathering.phase is Phase.DONE


@given(commands, histories)
def test_what_is_told_twice_changes_nothing_except_for_keys(command, history):
    for _before, name, now, after, _actions in walk(command, history):
        if name == "on_started":
            assert after.on_started(at(now)) == (after, ())
        if name == "on_prompt_ended" and after.phase is not Phase.PROMPT:
            assert after.on_prompt_ended(after.plays, at(now)) == (after, ())
