"""What legs hear: plays, and who hears whom."""

from __future__ import annotations

from telephony import port
from tests.contract.harness import SOON_S


def test_a_play_ends_when_everything_was_played(engine, told, caller):
    engine.execute(port.Play(caller, "play-1", engine.sound(1) + engine.sound(1), loops=2, pause_ms=500))
    engine.advance(3.5)
    assert engine.hears(caller) == "media"

    assert told.wait_for(port.PlayEnded, within_s=2) == port.PlayEnded(caller, "play-1")
    assert engine.hears(caller) == "silence"


def test_an_endless_play_goes_on_until_it_is_stopped(engine, told, caller):
    engine.execute(port.Play(caller, "play-1", engine.sound(0.5), loops=0))
    engine.advance(2)
    assert engine.hears(caller) == "media"

    engine.execute(port.StopPlay(caller))
    engine.advance(SOON_S)

    assert engine.hears(caller) == "silence"
    assert [type(each) for each in told.of(caller)] == [port.Incoming]


def test_a_play_that_is_replaced_tells_nothing(engine, told, caller):
    engine.execute(port.Play(caller, "play-1", engine.sound(1)), port.Play(caller, "play-2", engine.sound(1)))

    assert told.wait_for(port.PlayEnded).play == "play-2"
    engine.advance(SOON_S)
    assert [each for each in told.of(caller) if isinstance(each, port.PlayEnded)] == [port.PlayEnded(caller, "play-2")]


def test_a_play_that_was_done_is_not_done_again(engine, told, caller):
    engine.execute(port.Play(caller, "play-1", engine.sound(0.5)))
    told.wait_for(port.PlayEnded)

    engine.execute(port.Play(caller, "play-1", engine.sound(0.5)))
    engine.advance(2)

    assert [each for each in told.of(caller) if isinstance(each, port.PlayEnded)] == [port.PlayEnded(caller, "play-1")]


def test_what_cannot_be_played_ends_the_play_at_once(engine, told, caller):
    engine.execute(port.Play(caller, "play-1", engine.nothing_to_play()))

    assert told.wait_for(port.PlayEnded, within_s=SOON_S) == port.PlayEnded(caller, "play-1", ok=False)


def test_a_play_without_media_ends_at_once(engine, told, caller):
    engine.execute(port.Play(caller, "play-1", (), loops=0))

    assert told.wait_for(port.PlayEnded, within_s=SOON_S) == port.PlayEnded(caller, "play-1", ok=False)


def test_what_can_be_played_is_played_and_the_end_tells_that_something_was_left_out(engine, told, caller):
    engine.execute(port.Play(caller, "play-1", engine.nothing_to_play() + engine.sound(2)))
    engine.advance(SOON_S)
    assert engine.hears(caller) == "media"

    assert told.wait_for(port.PlayEnded) == port.PlayEnded(caller, "play-1", ok=False)


def test_a_play_dies_with_its_leg(engine, told, caller):
    engine.execute(port.Play(caller, "play-1", engine.sound(2)))
    engine.hang_up(caller)
    engine.advance(3)

    assert [type(each) for each in told.of(caller)] == [port.Incoming, port.Ended]


# ── Bridges ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_bridged_parties_hear_each_other(engine, talk):
    caller, agent = talk

    assert (engine.hears(caller), engine.hears(agent)) == ("party", "party")


def test_a_bridge_ends_what_was_heard_before(engine, told, caller, agent):
    engine.execute(port.Play(caller, "music", engine.sound(1), loops=0), port.Gather(agent, "gather-1", ()))

    engine.execute(port.Bridge(caller, agent))
    engine.advance(8)

    assert (engine.hears(caller), engine.hears(agent)) == ("party", "party")
    assert not any(isinstance(each, port.PlayEnded | port.Gathered) for each in engine.events)


def test_parties_that_are_taken_apart_hear_silence_and_stay(engine, talk):
    caller, agent = talk

    engine.execute(port.Unbridge(agent))
    engine.advance(SOON_S)

    assert (engine.hears(caller), engine.hears(agent)) == ("silence", "silence")
    assert not any(isinstance(each, port.Ended) for each in engine.events)


def test_a_leg_stays_when_the_party_that_it_talked_with_hangs_up(engine, told, talk):
    caller, agent = talk

    engine.hang_up(agent)
    told.wait_for(port.Ended, leg=agent)
    engine.advance(SOON_S)

    assert engine.hears(caller) == "silence"
    assert not any(isinstance(each, port.Ended) and each.leg == caller for each in engine.events)


def test_a_leg_can_go_from_one_bridge_to_another(engine, talk):
    caller, agent = talk
    other = engine.dial_in()
    engine.execute(port.Answer(other))

    engine.execute(port.Bridge(agent, other))
    engine.advance(SOON_S)

    assert [engine.hears(leg) for leg in (caller, agent, other)] == ["silence", "party", "party"]


def test_a_leg_is_not_bridged_with_itself_nor_with_nobody_nor_before_it_is_answered(engine, caller):
    ringing = engine.dial_in()

    engine.execute(port.Bridge(caller, caller), port.Bridge(caller, "nobody"), port.Bridge(caller, ringing))
    engine.advance(SOON_S)

    assert (engine.hears(caller), engine.hears(ringing)) == ("silence", "silence")


def test_a_party_on_hold_hears_music_and_is_not_heard(engine, talk):
    caller, agent = talk

    engine.execute(port.Hold(caller))
    engine.advance(SOON_S)
    assert (engine.hears(caller), engine.hears(agent)) == ("hold", "silence")

    engine.execute(port.Unhold(caller))
    engine.advance(SOON_S)
    assert (engine.hears(caller), engine.hears(agent)) == ("party", "party")


def test_a_muted_party_hears_and_is_not_heard(engine, talk):
    caller, agent = talk

    engine.execute(port.Mute(agent, on=True))
    engine.advance(SOON_S)
    assert (engine.hears(caller), engine.hears(agent)) == ("silence", "party")

    engine.execute(port.Mute(agent, on=False))
    engine.advance(SOON_S)
    assert (engine.hears(caller), engine.hears(agent)) == ("party", "party")


def test_hold_ends_with_the_bridge(engine, talk):
    caller, agent = talk

    engine.execute(port.Hold(caller), port.Unbridge(caller))
    engine.advance(SOON_S)
    assert engine.hears(caller) == "silence"

    engine.execute(port.Bridge(caller, agent))
    engine.advance(SOON_S)
    assert (engine.hears(caller), engine.hears(agent)) == ("party", "party")


def test_an_announcement_is_heard_in_place_of_the_party_and_then_the_party_again(engine, told, talk):
    caller, agent = talk

    engine.execute(port.Play(caller, "notice", engine.sound(2)))
    engine.advance(SOON_S)
    assert (engine.hears(caller), engine.hears(agent)) == ("media", "party")

    told.wait_for(port.PlayEnded, play="notice")
    assert engine.hears(caller) == "party"


def test_keys_in_a_conversation_are_told_one_by_one(engine, told, talk):
    caller, _ = talk

    engine.press(caller, "12")

    assert [told.wait_for(port.Digit, leg=caller).digit for _ in range(2)] == ["1", "2"]
