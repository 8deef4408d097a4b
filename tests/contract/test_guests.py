"""Guests in a conversation: they listen, whisper to their host, or talk."""

from __future__ import annotations

import pytest

from telephony import port
from telephony.port import Part
from tests.contract.conftest import answered, dial
from tests.contract.harness import SOON_S

NOBODY: set[str] = set()
PATIENT = 5  # times


def assert_heard(engine, legs, by_each):
    """Whom each of these legs hears, after a moment; on a crowded machine, somebody's sound may take longer."""
    engine.advance(SOON_S)
    for _ in range(PATIENT):
        found = [engine.voices(leg) for leg in legs]
        if found == by_each:
            return
    assert found == by_each


# ── What each part means ─────────────────────────────────────────────────────────────────────────────────────────────
def test_who_listens_hears_both_and_is_heard_by_none(engine, talk, guest):
    caller, agent = talk

    engine.execute(port.Join(guest, agent, Part.LISTEN))

    assert_heard(engine, (guest, caller, agent), [{caller, agent}, {agent}, {caller}])
    assert engine.hears(guest) == "party"


def test_who_whispers_is_heard_by_the_host_alone(engine, talk, guest):
    caller, agent = talk

    engine.execute(port.Join(guest, agent, Part.WHISPER))

    assert_heard(engine, (guest, caller, agent), [{caller, agent}, {agent}, {caller, guest}])


def test_who_talks_is_heard_by_all(engine, talk, guest):
    caller, agent = talk

    engine.execute(port.Join(guest, agent, Part.TALK))

    assert_heard(engine, (guest, caller, agent), [{caller, agent}, {agent, guest}, {caller, guest}])


def test_a_guest_can_take_another_part_again_and_again(engine, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.LISTEN))

    engine.execute(port.Join(guest, agent, Part.WHISPER))
    assert_heard(engine, (caller, agent), [{agent}, {caller, guest}])

    engine.execute(port.Join(guest, agent, Part.TALK))
    assert_heard(engine, (caller, agent), [{agent, guest}, {caller, guest}])

    engine.execute(port.Join(guest, agent, Part.LISTEN))
    assert_heard(engine, (guest, caller, agent), [{caller, agent}, {agent}, {caller}])


def test_guests_hear_those_who_talk_and_not_those_who_whisper(engine, told, talk, guest):
    caller, agent = talk
    third = answered(engine, told, "third-leg")

    engine.execute(port.Join(guest, agent, Part.TALK), port.Join(third, agent, Part.WHISPER))

    assert_heard(
        engine,
        (guest, third, caller, agent),
        [
            {caller, agent},
            {caller, agent, guest},
            {agent, guest},
            {caller, guest, third},
        ],
    )


def test_each_of_two_who_talk_can_have_guests_and_a_whisper_stays_on_its_side(engine, told, talk, guest):
    caller, agent = talk
    third = answered(engine, told, "third-leg")

    engine.execute(port.Join(guest, agent, Part.WHISPER), port.Join(third, caller, Part.TALK))

    assert_heard(
        engine,
        (guest, third, caller, agent),
        [
            {caller, agent, third},
            {caller, agent},
            {agent, third},
            {caller, guest, third},
        ],
    )


def test_guests_are_told_nothing_and_tell_nothing(engine, talk, guest):
    before = list(engine.events)

    engine.execute(port.Join(guest, talk[1], Part.TALK), port.Unbridge(guest))
    engine.advance(SOON_S)

    assert engine.events == before


# ── Coming and going ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_guest_that_is_taken_out_hears_silence_and_the_others_go_on(engine, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.TALK))

    engine.execute(port.Unbridge(guest))

    assert_heard(engine, (guest, caller, agent), [NOBODY, {agent}, {caller}])


def test_a_guest_that_hangs_up_leaves_the_others_as_they_were(engine, told, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.TALK))
    engine.advance(SOON_S)

    engine.hang_up(guest)
    told.wait_for(port.Ended, leg=guest)

    assert_heard(engine, (caller, agent), [{agent}, {caller}])


def test_a_guest_outlives_its_host_in_silence_and_can_take_its_place(engine, told, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.TALK))
    engine.advance(SOON_S)

    engine.hang_up(agent)
    told.wait_for(port.Ended, leg=agent)
    assert_heard(engine, (guest, caller), [NOBODY, NOBODY])

    engine.execute(port.Bridge(caller, guest))
    assert_heard(engine, (guest, caller), [{caller}, {guest}])


def test_a_guest_that_is_bridged_is_a_guest_no_more(engine, talk, guest):
    caller, agent = talk
    other = engine.dial_in()
    engine.execute(port.Answer(other), port.Join(guest, agent, Part.LISTEN))

    engine.execute(port.Bridge(guest, other))

    assert_heard(engine, (guest, other, caller, agent), [{other}, {guest}, {agent}, {caller}])


def test_a_guest_stays_with_its_host_from_one_bridge_to_the_next(engine, talk, guest):
    caller, agent = talk
    other = engine.dial_in()
    engine.execute(port.Answer(other), port.Join(guest, agent, Part.TALK))

    engine.execute(port.Unbridge(agent))
    assert_heard(engine, (guest, agent, caller), [{agent}, {guest}, NOBODY])

    engine.execute(port.Bridge(agent, other))
    assert_heard(engine, (guest, agent, other, caller), [{agent, other}, {other, guest}, {agent, guest}, NOBODY])


def test_a_guest_goes_from_one_host_to_another(engine, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.WHISPER))

    engine.execute(port.Join(guest, caller, Part.WHISPER))

    assert_heard(engine, (guest, caller, agent), [{caller, agent}, {agent, guest}, {caller}])


def test_a_guest_leaves_the_bridge_that_it_was_in(engine, talk, guest):
    caller, agent = talk

    engine.execute(port.Join(agent, guest, Part.TALK))

    assert_heard(engine, (guest, caller, agent), [{agent}, NOBODY, {guest}])


def test_a_host_can_be_joined_before_it_talks_with_anybody(engine, told, agent, guest, caller):
    engine.execute(port.Join(guest, agent, Part.LISTEN))
    assert_heard(engine, (guest, agent), [{agent}, NOBODY])

    engine.execute(port.Bridge(caller, agent))
    assert_heard(engine, (guest, agent, caller), [{agent, caller}, {caller}, {agent}])


# ── Hold, mute, announcements ────────────────────────────────────────────────────────────────────────────────────────
def test_host_and_guests_go_on_while_the_other_one_is_held(engine, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.TALK))

    engine.execute(port.Hold(caller))
    assert_heard(engine, (guest, agent), [{agent}, {guest}])
    assert engine.hears(caller) == "hold"

    engine.execute(port.Unhold(caller))
    assert_heard(engine, (guest, agent, caller), [{agent, caller}, {caller, guest}, {agent, guest}])


def test_guests_and_the_other_one_go_on_while_the_host_is_held(engine, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.TALK))

    engine.execute(port.Hold(agent))

    assert_heard(engine, (guest, caller), [{caller}, {guest}])
    assert engine.hears(agent) == "hold"


def test_a_guest_can_be_held_until_it_is_taken_out(engine, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.TALK), port.Hold(guest))
    assert_heard(engine, (caller, agent), [{agent}, {caller}])
    assert engine.hears(guest) == "hold"

    engine.execute(port.Unbridge(guest))
    engine.advance(SOON_S)
    assert engine.hears(guest) == "silence"


def test_a_guest_that_is_muted_hears_and_is_not_heard(engine, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.TALK), port.Mute(guest, on=True))
    assert_heard(engine, (guest, caller, agent), [{caller, agent}, {agent}, {caller}])

    engine.execute(port.Mute(guest, on=False), port.Mute(agent, on=True))
    assert_heard(engine, (guest, caller, agent), [{caller}, {guest}, {caller, guest}])


def test_an_announcement_to_a_guest_is_heard_in_place_of_the_conversation(engine, told, talk, guest):
    caller, agent = talk
    engine.execute(port.Join(guest, agent, Part.TALK))
    assert_heard(engine, (guest,), [{caller, agent}])

    engine.execute(port.Play(guest, "notice", engine.sound(8)))
    engine.advance(SOON_S)
    assert engine.hears(guest) == "media"

    assert_heard(engine, (caller, agent), [{agent, guest}, {caller, guest}])
    told.wait_for(port.PlayEnded, play="notice")
    assert_heard(engine, (guest,), [{caller, agent}])


def test_joining_ends_what_a_guest_heard_before(engine, talk, guest):
    engine.execute(port.Play(guest, "music", engine.sound(1), loops=0))
    engine.advance(SOON_S)

    engine.execute(port.Join(guest, talk[1], Part.LISTEN))

    assert_heard(engine, (guest,), [set(talk)])
    assert not any(isinstance(each, port.PlayEnded) for each in engine.events)


def test_keys_of_a_guest_are_told(engine, told, talk, guest):
    engine.execute(port.Join(guest, talk[1], Part.LISTEN))

    engine.press(guest, "7")

    assert told.wait_for(port.Digit, leg=guest).digit == "7"


# ── What is not possible ─────────────────────────────────────────────────────────────────────────────────────────────
def test_nobody_joins_himself_nor_nobody_nor_before_both_were_answered(engine, told, talk, guest):
    caller, agent = talk
    (phone,) = engine.phones()
    engine.execute(dial("rung", phone))
    told.wait_for(port.Ringing, leg="rung")
    waiting = engine.dial_in()

    engine.execute(
        port.Join(guest, guest, Part.TALK),
        port.Join(guest, "nobody", Part.TALK),
        port.Join(guest, waiting, Part.TALK),
        port.Join(guest, "rung", Part.TALK),
        port.Join("rung", agent, Part.TALK),
        port.Join(waiting, agent, Part.TALK),
    )

    assert_heard(engine, (guest, caller, agent), [NOBODY, {agent}, {caller}])


@pytest.mark.parametrize("part", [Part.LISTEN, Part.TALK])
def test_a_guest_has_no_guests(engine, told, talk, guest, part):
    caller, agent = talk
    third = answered(engine, told, "third-leg")
    engine.execute(port.Join(guest, agent, part))

    engine.execute(port.Join(third, guest, Part.TALK))

    assert_heard(engine, (third, guest), [NOBODY, {caller, agent}])


def test_a_host_that_becomes_a_guest_leaves_its_guests_in_silence(engine, told, talk, guest):
    caller, agent = talk
    third = answered(engine, told, "third-leg")
    engine.execute(port.Join(third, guest, Part.TALK))

    engine.execute(port.Join(guest, agent, Part.TALK))

    assert_heard(engine, (third, guest, caller), [NOBODY, {caller, agent}, {agent, guest}])
