"""Legs come in, are dialled, ring, are answered and end."""

from __future__ import annotations

import pytest

from telephony import port
from telephony.port import HangupCause
from tests.contract.conftest import dial
from tests.contract.harness import CALLER, NUMBER, SOON_S


# ── A party calls ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_call_that_comes_in_says_who_calls_whom(engine, told):
    leg = engine.dial_in()

    incoming = told.wait_for(port.Incoming, leg=leg)
    assert (incoming.from_number, incoming.to_number, incoming.user) == (CALLER, NUMBER, "")
    assert incoming.endpoint == f"tel:{CALLER}"


def test_answering_a_call_that_came_in_tells_nothing(engine, told):
    leg = engine.dial_in()

    engine.execute(port.Answer(leg))
    engine.advance(SOON_S)

    assert [type(each) for each in told.of(leg)] == [port.Incoming]


def test_a_caller_who_hangs_up_before_the_answer_has_cancelled(engine, told):
    leg = engine.dial_in()

    engine.hang_up(leg)

    assert told.wait_for(port.Ended).cause == HangupCause.CANCELLED
    assert [type(each) for each in told.of(leg)] == [port.Incoming, port.Ended]


def test_a_call_can_be_refused_without_answering_it(engine, told):
    leg = engine.dial_in()

    engine.execute(port.Hangup(leg, HangupCause.REJECTED))

    assert told.wait_for(port.Ended, leg=leg).cause == HangupCause.REJECTED


def test_a_party_who_hangs_up_ends_its_leg(engine, told, caller):
    engine.hang_up(caller)

    assert told.wait_for(port.Ended) == port.Ended(caller, HangupCause.NORMAL)


def test_an_answered_leg_that_is_hung_up_ends_with_our_cause(engine, told, caller):
    engine.execute(port.Hangup(caller, HangupCause.CONGESTION))

    assert told.wait_for(port.Ended) == port.Ended(caller, HangupCause.CONGESTION)


# ── We dial ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_dialled_phone_rings_and_is_answered(engine, told):
    (phone,) = engine.phones()
    engine.execute(dial("leg-1", phone))
    told.wait_for(port.Ringing, leg="leg-1")

    engine.answer("leg-1", phone)

    assert told.wait_for(port.Answered) == port.Answered("leg-1", phone)
    assert told.of("leg-1") == [port.Ringing("leg-1"), port.Answered("leg-1", phone)]


def test_the_first_phone_that_answers_is_the_leg_and_the_others_stop_ringing(engine, told):
    desk, laptop, mobile = engine.phones(3)
    engine.execute(dial("leg-1", desk, laptop, mobile))
    told.wait_for(port.Ringing, leg="leg-1")
    engine.advance(SOON_S)
    assert [engine.is_rung("leg-1", phone) for phone in (desk, laptop, mobile)] == [True, True, True]

    engine.answer("leg-1", laptop)

    assert told.wait_for(port.Answered).endpoint == laptop
    engine.advance(SOON_S)
    assert [engine.is_rung("leg-1", phone) for phone in (desk, laptop, mobile)] == [False, False, False]
    assert told.of("leg-1") == [port.Ringing("leg-1"), port.Answered("leg-1", laptop)]


def test_two_phones_that_answer_at_once_have_one_winner(engine, told):
    desk, laptop = engine.phones(2)
    engine.execute(dial("leg-1", desk, laptop))
    told.wait_for(port.Ringing, leg="leg-1")

    engine.answer("leg-1", desk)
    engine.answer("leg-1", laptop)
    engine.advance(SOON_S)

    assert told.of("leg-1") == [port.Ringing("leg-1"), port.Answered("leg-1", desk)]


def test_who_rejects_on_one_phone_rejects_on_all(engine, told):
    desk, laptop = engine.phones(2)
    engine.execute(dial("leg-1", desk, laptop))
    told.wait_for(port.Ringing, leg="leg-1")

    engine.reject("leg-1", laptop)

    assert told.wait_for(port.Ended) == port.Ended("leg-1", HangupCause.REJECTED)
    engine.advance(SOON_S)
    assert not engine.is_rung("leg-1", desk)


def test_a_busy_phone_ends_the_leg(engine, told):
    engine.execute(dial("leg-1", engine.busy_phone()))

    assert told.wait_for(port.Ended) == port.Ended("leg-1", HangupCause.BUSY)


def test_a_phone_without_a_device_ends_the_leg(engine, told):
    engine.execute(dial("leg-1", engine.unreachable_phone()))

    assert told.wait_for(port.Ended) == port.Ended("leg-1", HangupCause.UNREACHABLE)


def test_a_leg_without_endpoints_cannot_be_reached(engine, told):
    engine.execute(dial("leg-1"))

    assert told.wait_for(port.Ended) == port.Ended("leg-1", HangupCause.UNREACHABLE)


def test_phones_that_cannot_ring_do_not_matter_while_another_does(engine, told):
    (phone,) = engine.phones()
    engine.execute(dial("leg-1", engine.unreachable_phone(), engine.busy_phone(), phone))
    told.wait_for(port.Ringing, leg="leg-1")
    engine.advance(SOON_S)

    engine.answer("leg-1", phone)

    assert told.wait_for(port.Answered).endpoint == phone


def test_of_several_phones_that_cannot_ring_the_one_with_a_device_says_why(engine, told):
    engine.execute(dial("leg-1", engine.unreachable_phone(), engine.busy_phone()))

    assert told.wait_for(port.Ended).cause == HangupCause.BUSY


def test_a_phone_that_nobody_answers_stops_ringing_at_the_time_out(engine, told):
    (phone,) = engine.phones()
    engine.execute(dial("leg-1", phone, timeout_s=3))
    told.wait_for(port.Ringing, leg="leg-1")

    assert told.wait_for(port.Ended, within_s=4) == port.Ended("leg-1", HangupCause.NO_ANSWER)
    assert not engine.is_rung("leg-1", phone)


def test_a_leg_that_was_answered_has_no_time_out(engine, told):
    (phone,) = engine.phones()
    engine.execute(dial("leg-1", phone, timeout_s=2))
    told.wait_for(port.Ringing, leg="leg-1")
    engine.answer("leg-1", phone)

    engine.advance(3)

    assert told.of("leg-1") == [port.Ringing("leg-1"), port.Answered("leg-1", phone)]


@pytest.mark.parametrize("wait_for_ringing", [False, True])
def test_a_leg_that_is_hung_up_before_anybody_answers_is_cancelled(engine, told, wait_for_ringing):
    (phone,) = engine.phones()
    engine.execute(dial("leg-1", phone))
    if wait_for_ringing:
        told.wait_for(port.Ringing, leg="leg-1")

    engine.execute(port.Hangup("leg-1"))

    assert told.wait_for(port.Ended) == port.Ended("leg-1", HangupCause.CANCELLED)
    engine.advance(SOON_S)
    assert not engine.is_rung("leg-1", phone)


def test_keys_can_be_sent_to_a_party(engine, agent):
    engine.execute(port.SendDigits(agent, "keys-1", "12#"))
    engine.advance(SOON_S)

    assert engine.received_keys(agent) == "12#"


def test_keys_that_were_sent_are_not_sent_again_and_others_are(engine, agent):
    for keys in ("keys-1", "keys-1", "keys-2"):
        engine.execute(port.SendDigits(agent, keys, "5"))
        engine.advance(SOON_S)

    assert engine.received_keys(agent) == "55"


# ── Legs that are not there ──────────────────────────────────────────────────────────────────────────────────────────
def test_hanging_up_a_leg_that_is_gone_tells_its_end_again(engine, told, caller):
    engine.hang_up(caller)
    told.wait_for(port.Ended, leg=caller)

    engine.execute(port.Hangup(caller, HangupCause.CONGESTION))

    assert told.wait_for(port.Ended, leg=caller).cause == HangupCause.NORMAL


def test_hanging_up_a_leg_that_never_was_tells_its_end(engine, told):
    engine.execute(port.Hangup("nobody"))

    assert told.wait_for(port.Ended) == port.Ended("nobody", HangupCause.NORMAL)


def test_dialling_a_leg_that_is_gone_tells_its_end_and_rings_nobody(engine, told):
    (phone,) = engine.phones()
    engine.execute(dial("leg-1", phone), port.Hangup("leg-1"))
    told.wait_for(port.Ended, leg="leg-1")

    engine.execute(dial("leg-1", phone))

    assert told.wait_for(port.Ended, leg="leg-1").cause == HangupCause.CANCELLED
    assert not engine.is_rung("leg-1", phone)


def commands_for(leg):
    sound = (port.Tone("beep"),)
    return [
        port.Answer(leg),
        port.Play(leg, "play-1", sound),
        port.StopPlay(leg),
        port.Gather(leg, "gather-1", sound),
        port.Bridge(leg, "another"),
        port.Unbridge(leg),
        port.Join(leg, "another", port.Part.TALK),
        port.Hold(leg),
        port.Unhold(leg),
        port.Mute(leg, on=True),
        port.StartRecording(leg, "recording-1", "conversation", 1),
        port.StopRecording(leg, "recording-1"),
        port.SendDigits(leg, "keys-1", "1"),
    ]


@pytest.mark.parametrize("command", commands_for("nobody"), ids=lambda command: type(command).__name__)
def test_other_commands_for_a_leg_that_never_was_do_nothing(engine, command):
    engine.execute(command)
    engine.advance(SOON_S)

    assert engine.events == []


def test_other_commands_for_a_leg_that_is_gone_do_nothing(engine, told, caller):
    engine.hang_up(caller)
    told.wait_for(port.Ended, leg=caller)
    before = list(engine.events)

    engine.execute(*commands_for(caller))
    engine.advance(SOON_S)

    assert engine.events == before


# ── Snapshots ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_snapshot_names_exactly_the_legs_that_live(engine, told, talk):
    caller, agent = talk
    other = engine.dial_in()
    (phone,) = engine.phones()
    engine.execute(dial("rung", phone))
    told.wait_for(port.Ringing, leg="rung")
    engine.hang_up(agent)

    engine.ask_snapshot()

    snapshot = told.wait_for(port.Snapshot)
    assert sorted(snapshot.legs) == sorted([caller, other, "rung"])
    assert engine.events.index(port.Ended(agent)) < engine.events.index(snapshot)


def test_a_snapshot_without_legs_is_empty(engine, told):
    engine.ask_snapshot()

    assert told.wait_for(port.Snapshot).legs == ()
