"""What browsers' doors and the engine tell each other, beside what the contract says: losses, rivals, strangers."""

from __future__ import annotations

import asyncio

import pytest

from telephony import port, signals
from telephony.adapters.browser.network import fragment_of
from telephony.port import HangupCause
from telephony.signals import SdpKind
from tests.contract.browser import NODE, BrowserHarness
from tests.contract.harness import SOON_S, Told

LAN = "web:1_lan"


@pytest.fixture
def engine():
    harness = BrowserHarness()
    yield harness
    for leg in list(harness.engine.switch.legs):
        harness.execute(port.Hangup(leg))
    assert harness.advance_until(lambda: not harness.leftovers(), 3), harness.leftovers()
    harness.close()


@pytest.fixture
def told(engine):
    return Told(engine)


def dial(engine, *endpoints, leg="out", timeout_s=20):
    engine.execute(port.Dial(leg, "call-1", endpoints, "84901", info={"queue": "Sales"}, timeout_s=timeout_s))


def talks(engine, told, endpoint=LAN, leg="out"):
    """A page that was rung, answered, and is connected."""
    page = engine.page(endpoint)
    dial(engine, endpoint, leg=leg)
    told.wait_for(port.Ringing, leg=leg)
    engine.answer(leg, endpoint)
    told.wait_for(port.Answered, leg=leg)
    connected(engine, leg)
    return page


def connected(engine, leg):
    assert engine.advance_until(lambda: engine.engine._parties[leg].connected.is_set(), 5)


def say(engine, signal):
    engine.do(lambda: engine.bus.publish(signals.engine_channel(NODE), signal))


def last(engine, page, kind):
    assert engine.advance_until(lambda: any(page.of(kind)), 5), page.told
    return list(page.of(kind))[-1]


# ── Calls of pages ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_page_that_calls_is_told_how_its_call_gets_on(engine, told):
    leg = engine.dial_in()
    page = engine._page_of[leg]

    engine.execute(port.Play(leg, "p", engine.sound(1)), port.Answer(leg), port.Play(leg, "q", engine.sound(1)))
    engine.advance(0.5)

    assert list(page.of(signals.Progress)) == [signals.Progress(page.session, leg, code) for code in (100, 183, 200)]


def test_what_a_calling_page_says_of_itself_travels_along(engine, told):
    page = engine.page("web:1_lan")

    engine.do(lambda: page.place_call("out", "84901", "84247", user="lan", custom="{}"))

    event = told.wait_for(port.Incoming)
    assert event == port.Incoming("out", NODE, "84901", "84247", LAN, 0, "lan", "{}", "call-out")


def test_a_page_that_calls_and_offers_nothing_is_forgotten(engine):
    page = engine.page(LAN)
    say(engine, signals.PlaceCall(page.session, "out", "call-1", 1, LAN, "84901", "84247"))

    engine.advance(6)

    assert list(page.of(signals.Gone)) == [signals.Gone(page.session, "out", HangupCause.FAILED)]
    assert engine.events == []


def test_calls_fail_at_once_when_no_port_is_free_for_sound(engine, told, monkeypatch, caplog):
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: [])
    caller, lan = engine.page("web:1_minh"), engine.page(LAN)
    engine.do(lambda: caller.place_call("in", "84901", "84247", user="minh"))
    dial(engine, LAN)
    told.wait_for(port.Ringing, leg="out")
    engine.answer("out", LAN)

    assert told.wait_for(port.Ended, leg="out").cause is HangupCause.FAILED
    assert last(engine, caller, signals.Gone).cause is HangupCause.FAILED
    assert last(engine, lan, signals.Gone).cause is HangupCause.FAILED
    assert [each.reason for each in caplog.records if hasattr(each, "reason")] == ["no port is free for sound"] * 2


def test_a_page_that_gives_up_before_it_offers_is_forgotten(engine):
    page = engine.page(LAN)
    say(engine, signals.PlaceCall(page.session, "out", "call-1", 1, LAN, "84901", "84247"))
    say(engine, signals.Leave(page.session, "out"))
    engine.advance(0.2)

    assert list(page.of(signals.Gone)) == [signals.Gone(page.session, "out", HangupCause.CANCELLED)]
    assert engine.leftovers() == []


@pytest.mark.parametrize("sdp", ["", "v=0", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 2, "m=\n" * 9, "x" * 100_000])
def test_an_offer_that_is_none_ends_its_own_call_only(engine, told, sdp):
    other = engine.dial_in()
    page = engine.page(LAN)
    say(engine, signals.PlaceCall(page.session, "out", "call-1", 1, LAN, "84901", "84247"))
    say(engine, signals.Describe(page.session, "out", SdpKind.OFFER, sdp))
    engine.advance(0.3)

    assert [each.cause for each in page.of(signals.Gone)] == [HangupCause.FAILED]
    assert list(engine.engine.switch.legs) == [other]


def test_an_offer_with_video_is_answered_without(engine, told):
    leg = engine.dial_in()
    page = engine._page_of[leg]
    peer = page.lines[leg].peer
    assert engine.advance_until(lambda: peer.signalingState == "stable", 5)

    async def with_video():
        peer.addTransceiver("video")
        await page.offer(leg)

    engine.run(with_video())
    assert engine.advance_until(lambda: len(list(page.of(signals.Describe))) == 2, 5)

    video = last(engine, page, signals.Describe).sdp.partition("m=video")[2]
    assert "a=inactive" in video


# ── Ringing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_whoever_is_rung_sees_what_there_is_to_see(engine, told):
    page = engine.page(LAN)
    dial(engine, LAN)

    ring = last(engine, page, signals.Ring)
    assert (ring.node, ring.leg, ring.call, ring.endpoint, ring.info) == (
        NODE,
        "out",
        "call-1",
        LAN,
        {"queue": "Sales"},
    )
    assert 19 < ring.timeout_s <= 20


def test_a_page_that_shows_nothing_is_no_device(engine, told):
    page = engine.page(LAN)
    page.say = lambda signal: None
    dial(engine, LAN)

    assert told.wait_for(port.Ended, within_s=4) == port.Ended("out", HangupCause.UNREACHABLE)


def test_a_desk_phone_cannot_be_reached_from_here(engine, told):
    dial(engine, "sip:1_lan")

    assert told.wait_for(port.Ended, within_s=1) == port.Ended("out", HangupCause.UNREACHABLE)


def test_who_talks_or_calls_is_busy_and_is_not_rung(engine, told):
    page = talks(engine, told)
    before = len(list(page.of(signals.Ring)))

    dial(engine, LAN, leg="second")

    assert told.wait_for(port.Ended, leg="second").cause == HangupCause.BUSY
    assert len(list(page.of(signals.Ring))) == before


def test_the_other_browsers_of_a_user_are_told_who_answered(engine, told):
    desk, laptop = engine.page(LAN), engine.page(LAN)
    dial(engine, LAN)
    told.wait_for(port.Ringing)

    engine.do(lambda: (laptop.accept("out"), desk.accept("out")))
    engine.advance(0.3)

    assert list(laptop.of(signals.Accepted)) == [signals.Accepted(laptop.session, "out", won=True)]
    assert list(desk.of(signals.Accepted)) == [signals.Accepted(desk.session, "out", won=False)]
    assert list(desk.of(signals.RingEnds)) == [signals.RingEnds("out", HangupCause.NORMAL, laptop.session)]


def test_who_rejects_is_named_to_the_users_other_browsers(engine, told):
    desk, laptop = engine.page(LAN), engine.page(LAN)
    dial(engine, LAN)
    told.wait_for(port.Ringing)

    say(engine, signals.Refuse(laptop.session, "out", HangupCause.REJECTED))

    assert told.wait_for(port.Ended).cause == HangupCause.REJECTED
    assert last(engine, desk, signals.RingEnds) == signals.RingEnds("out", HangupCause.REJECTED, laptop.session)


def test_hanging_up_what_rings_is_rejecting_it(engine, told):
    page = engine.page(LAN)
    dial(engine, LAN)
    told.wait_for(port.Ringing)

    say(engine, signals.Leave(page.session, "out"))

    assert told.wait_for(port.Ended).cause == HangupCause.REJECTED


def test_a_caller_who_gives_up_ends_the_ringing(engine, told):
    page = engine.page(LAN)
    dial(engine, LAN)
    told.wait_for(port.Ringing)

    engine.execute(port.Hangup("out"))

    assert last(engine, page, signals.RingEnds) == signals.RingEnds("out", HangupCause.CANCELLED)


def test_a_call_that_is_accepted_too_late_is_not_there(engine, told):
    page = engine.page(LAN)
    dial(engine, LAN)
    told.wait_for(port.Ringing)
    engine.execute(port.Hangup("out"))

    engine.do(lambda: (page.accept("out"), page.accept("never")))
    engine.advance(0.2)

    late, never = page.of(signals.Accepted)
    assert (late.won, late.known) == (False, True)
    assert (never.won, never.known) == (False, False)


def test_an_offer_that_nobody_answers_ends_the_leg(engine, told):
    page = engine.page(LAN)
    page.answers = False
    dial(engine, LAN)
    told.wait_for(port.Ringing)
    engine.do(lambda: page.accept("out"))
    told.wait_for(port.Answered)

    assert told.wait_for(port.Ended, within_s=11) == port.Ended("out", HangupCause.FAILED)
    assert last(engine, page, signals.Gone).cause == HangupCause.FAILED


# ── Sockets that break ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_page_that_comes_while_its_user_is_rung_is_rung_too(engine, told):
    engine.page(LAN)
    dial(engine, LAN)
    told.wait_for(port.Ringing)
    engine.advance(5)
    late = engine.page(LAN)

    say(engine, signals.SocketBack(late.session, LAN))

    assert 13 < last(engine, late, signals.Ring).timeout_s < 15.1


def test_a_page_that_knows_what_rings_is_not_rung_again(engine, told):
    page = engine.page(LAN)
    dial(engine, LAN)
    told.wait_for(port.Ringing)

    say(engine, signals.SocketBack(page.session, LAN, ("out",)))
    engine.advance(0.2)

    assert len(list(page.of(signals.Ring))) == 1
    assert list(page.of(signals.Gone)) == []


def test_a_page_that_comes_back_learns_which_of_its_calls_are_gone(engine, told):
    page = talks(engine, told)
    engine.execute(port.Hangup("out", HangupCause.CONGESTION))
    engine.advance(0.2)
    page.told.clear()

    say(engine, signals.SocketBack(page.session, LAN, ("out", "never")))
    engine.advance(0.2)

    assert [(each.leg, each.cause) for each in page.of(signals.Gone)] == [
        ("out", HangupCause.CONGESTION),
        ("never", HangupCause.ENGINE_LOST),
    ]


def test_an_offer_that_was_lost_is_made_again(engine, told):
    page = engine.page(LAN)
    page.answers = False
    dial(engine, LAN)
    told.wait_for(port.Ringing)
    engine.do(lambda: page.accept("out"))
    lost = last(engine, page, signals.Describe)

    page.answers = True
    say(engine, signals.SocketBack(page.session, LAN, ("out",)))

    connected(engine, "out")
    assert last(engine, page, signals.Describe) == lost


def test_a_calling_page_that_comes_back_is_told_again_how_far_its_call_is(engine, told):
    leg = engine.dial_in()
    page = engine._page_of[leg]
    engine.execute(port.Answer(leg))
    engine.advance(0.3)
    page.told.clear()

    say(engine, signals.SocketBack(page.session, page.endpoint, (leg,)))
    engine.advance(0.2)

    assert list(page.of(signals.Progress)) == [signals.Progress(page.session, leg, 200)]


def test_a_page_whose_socket_is_gone_and_that_is_silent_is_gone(engine, told):
    page = talks(engine, told)
    say(engine, signals.SocketLost(page.session))
    engine.advance(7)
    assert "out" in engine.engine.switch.legs  # it still talks

    engine.do(lambda: _unplug(page.lines["out"].peer))

    assert told.wait_for(port.Ended, within_s=8) == port.Ended("out", HangupCause.FAILED)


def _unplug(peer):
    (transceiver,) = peer.getTransceivers()
    for protocol in transceiver.receiver.transport.transport._connection._protocols:
        protocol.transport.close()


def test_a_page_that_offers_another_connection_gets_it(engine, told):
    page = talks(engine, told)
    before = page.lines.pop("out")
    engine.run(page.offer("out"))
    assert engine.advance_until(lambda: page.lines["out"].peer.connectionState == "connected", 5)
    connected(engine, "out")
    sound, leg = engine.sound(5), engine.engine.switch.legs["out"]
    engine.execute(port.Play("out", "p", sound))
    assert engine.advance_until(lambda: engine.engine.library.ready(leg, sound), 5)
    engine.advance(SOON_S)

    assert engine.hears("out") == "media"
    fragments = {fragment_of(each.sdp) for each in page.of(signals.Describe)}
    assert len(fragments) == 2
    engine.run(before.peer.close())


# ── Strangers ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_nobody_speaks_for_somebody_elses_leg(engine, told):
    page = talks(engine, told)
    stranger = engine.page("web:2_eve")
    before = list(engine.events)

    for signal in (
        signals.Leave(stranger.session, "out"),
        signals.Press(stranger.session, "out", "5"),
        signals.Describe(stranger.session, "out", SdpKind.OFFER, "v=0"),
        signals.Describe(stranger.session, "out", SdpKind.ANSWER, "v=0"),
        signals.PlaceCall(stranger.session, "out", "call-2", 2, "web:2_eve", "84901", "84247"),
        signals.SocketLost(stranger.session),
        signals.Withdraw(stranger.session, "out", ""),
    ):
        say(engine, signal)
    engine.advance(6)

    assert engine.events == before
    assert list(page.of(signals.Gone)) == []


def test_a_new_offer_that_is_none_changes_nothing(engine, told):
    page = talks(engine, told)
    fragment = engine.engine._parties["out"].hears.connection.remote

    say(engine, signals.Describe(page.session, "out", SdpKind.OFFER, f"v=0\r\nm=nothing\r\na=ice-ufrag:{fragment}\r\n"))
    say(engine, signals.Describe(page.session, "out", SdpKind.ANSWER, "v=0"))
    engine.advance(0.5)
    engine.execute(port.Play("out", "p", engine.sound(5)))
    engine.advance(SOON_S)

    assert engine.hears("out") == "media"


def test_an_offer_of_another_connection_that_is_none_leaves_the_one_there_is(engine, told):
    page = talks(engine, told)

    say(engine, signals.Describe(page.session, "out", SdpKind.OFFER, "v=0\r\nm=nothing\r\na=ice-ufrag:other\r\n"))
    engine.execute(port.Play("out", "p", engine.sound(5)))
    engine.advance(SOON_S)

    assert engine.hears("out") == "media"


def test_an_offer_that_comes_twice_is_answered_twice_alike(engine, told):
    leg = engine.dial_in()
    page = engine._page_of[leg]
    page.answers = False
    offer = page.lines[leg].peer.localDescription.sdp

    for _ in range(3):
        say(engine, signals.Describe(page.session, leg, SdpKind.OFFER, offer))
    engine.advance(0.5)

    assert leg in engine.engine.switch.legs
    assert {fragment_of(each.sdp) for each in page.of(signals.Describe)} == {
        fragment_of(last(engine, page, signals.Describe).sdp)
    }


def test_a_leg_that_ends_while_it_is_described_leaves_nothing_open(engine, told):
    page = engine.page(LAN)

    async def all_at_once():
        await page.offer("other")
        sdp = page.lines["other"].peer.localDescription.sdp
        for signal in (
            signals.PlaceCall(page.session, "out", "call-1", 1, LAN, "84901", "84247"),
            signals.Describe(page.session, "out", SdpKind.OFFER, sdp),
        ):
            page.say(signal)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        page.say(signals.Leave(page.session, "out"))

    engine.run(all_at_once())

    assert engine.advance_until(lambda: not engine.leftovers(), 5)


def test_keys_that_come_in_two_ways_are_told_once(engine, told):
    page = talks(engine, told)
    party = engine.engine._parties["out"]

    say(engine, signals.Press(page.session, "out", "1x2"))
    engine.do(lambda: engine.engine._pressed(party, "sound", "1"))
    engine.advance(0.2)

    assert [each.digit for each in engine.events if isinstance(each, port.Digit)] == ["1", "2"]
