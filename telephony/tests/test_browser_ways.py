"""Pages that speak by one connection and hear by another, as the SDK's second kind of call does. They offer both."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from telephony import port, signals
from telephony.adapters.browser import patches
from telephony.adapters.browser.link import APART_WITHIN_S, BACK_WITHIN_S, MOST_WAITING
from telephony.adapters.browser.outlet import Outlet
from telephony.port import HangupCause
from telephony.signals import SdpKind, Way
from tests.contract.browser import NODE, BrowserHarness
from tests.contract.harness import SOON_S, Told
from tests.contract.pages import Line, Page

LAN, MAI = "web:1_lan", "tel:84901"


class Mouth:
    """A connection to speak by. Like the SDK's, it would take sound and pictures, too."""

    def __init__(self, loop, voice):
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.outlet = Outlet(loop)
        self.outlet.play(itertools.cycle(voice.packets))
        patches.prefer_opus(self.peer.addTransceiver(self.outlet, "sendrecv"))
        self.peer.addTransceiver("video", "sendrecv")


class Ear(Line):
    """A connection to hear by."""

    def __init__(self):
        self.heard = []
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = self.peer.addTransceiver("audio", "recvonly")
        self.peer.addTransceiver("video", "recvonly")
        patches.prefer_opus(transceiver)
        patches.take_packets(transceiver.receiver, lambda payload, _: self.heard.append(payload), lambda key: None)


class ApartPage(Page):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.mouths: dict[str, Mouth] = {}  # by what the page calls them

    def place_call(self, leg, from_number, to_number, **fields):
        place = signals.PlaceCall(
            self.session, leg, f"call-{leg}", 0, self.endpoint, from_number, to_number, apart=True, **fields
        )
        self.say(place)

    def accept(self, leg):
        self.rings.discard(leg)
        self.say(signals.Accept(self.session, leg, self.endpoint, apart=True))

    async def speaks(self, leg, name="pc-1"):
        mouth = self.mouths[name] = Mouth(asyncio.get_running_loop(), self._voice)
        await self._offers(leg, mouth.peer, Way.SPEAKS, name)

    async def hears(self, leg, name="pc-2"):
        self.lines[leg] = Ear()
        await self._offers(leg, self.lines[leg].peer, Way.HEARS, name)

    async def _offers(self, leg, peer, way, name):
        await peer.setLocalDescription(await peer.createOffer())
        self.say(signals.Describe(self.session, leg, SdpKind.OFFER, peer.localDescription.sdp, way, name))

    async def _described(self, signal):
        assert signal.kind is SdpKind.ANSWER
        peer = self.mouths[signal.name].peer if signal.way is Way.SPEAKS else self.lines[signal.leg].peer
        if peer.signalingState == "have-local-offer":
            await peer.setRemoteDescription(RTCSessionDescription(signal.sdp, "answer"))

    async def close(self):
        await super().close()
        await asyncio.gather(*(mouth.peer.close() for mouth in self.mouths.values()))


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


@pytest.fixture
def page(engine):
    return apart_page(engine, LAN, 1400.0)


def apart_page(engine, endpoint, hz):
    page = engine.pages[endpoint] = ApartPage(engine.bus, NODE, f"session-{endpoint}", endpoint, hz)
    return page


def calls(engine, page, leg="out"):
    """The page calls, and speaks and hears."""
    engine._page_of[leg] = page
    engine.do(lambda: page.place_call(leg, "84901", "84247"))
    engine.run(page.hears(leg))
    engine.run(page.speaks(leg))
    connected(engine, leg)


def answers(engine, told, page, leg="in"):
    engine._page_of[leg] = page
    engine.execute(port.Dial(leg, "call-1", (page.endpoint,), "84901"))
    told.wait_for(port.Ringing, leg=leg)
    engine.do(lambda: page.accept(leg))
    told.wait_for(port.Answered, leg=leg)
    engine.run(page.speaks(leg))
    engine.run(page.hears(leg))
    connected(engine, leg)


def party_of(engine, leg):
    return engine.engine._parties[leg]


def connected(engine, leg):
    def both():
        return party_of(engine, leg).speaks.connected.is_set() and party_of(engine, leg).hears.connected.is_set()

    assert engine.advance_until(both, 5)


def say(engine, signal):
    engine.do(lambda: engine.bus.publish(signals.engine_channel(NODE), signal))


def gone(page):
    return [(each.leg, each.cause) for each in page.of(signals.Gone)]


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_page_that_calls_hears_what_is_played_before_anybody_answers(engine, told, page):
    calls(engine, page)
    assert told.wait_for(port.Incoming).leg == "out"

    engine.execute(port.Play("out", "p", engine.sound(5)))
    engine.advance(SOON_S)

    assert engine.hears("out") == "media"
    assert [each.code for each in page.of(signals.Progress)] == [100, 183]


def test_both_are_heard_when_they_talk(engine, told, page):
    mai = apart_page(engine, MAI, 1700.0)
    calls(engine, mai)
    engine.execute(port.Answer("out"))
    answers(engine, told, page)

    engine.execute(port.Bridge("in", "out"))
    engine.advance(SOON_S)

    assert (engine.hears("in"), engine.hears("out")) == ("party", "party")


def test_a_page_of_one_connection_and_one_of_two_talk(engine, told, page):
    leg = engine.dial_in()
    engine.execute(port.Answer(leg))
    answers(engine, told, page)

    engine.execute(port.Bridge("in", leg))
    engine.advance(SOON_S)

    assert (engine.hears("in"), engine.hears(leg)) == ("party", "party")
    engine.execute(port.Hold(leg, ()))
    engine.advance(SOON_S)
    assert engine.hears(leg) == "hold"


def test_answers_are_named_like_their_offers_and_say_what_each_connection_is_for(engine, told, page):
    calls(engine, page)

    answered = {each.name: (each.way, each.kind, each.sdp) for each in page.of(signals.Describe)}
    assert {name: (way, kind) for name, (way, kind, _) in answered.items()} == {
        "pc-1": (Way.SPEAKS, SdpKind.ANSWER),
        "pc-2": (Way.HEARS, SdpKind.ANSWER),
    }
    for name, direction in (("pc-1", "a=recvonly"), ("pc-2", "a=sendonly")):
        audio, video = answered[name][2].split("m=video")
        assert direction in audio
        assert "a=msid:" in audio
        assert "a=inactive" in video


def test_the_call_begins_when_the_page_offers_to_speak(engine, told, page):
    engine._page_of["out"] = page
    engine.do(lambda: page.place_call("out", "84901", "84247"))
    engine.run(page.hears("out"))
    engine.advance(1)
    assert engine.events == []

    engine.run(page.speaks("out"))

    assert told.wait_for(port.Incoming).leg == "out"


def test_who_calls_and_hears_nothing_yet_is_played_what_he_is_to_hear_from_its_beginning(engine, told, page):
    engine._page_of["out"] = page
    engine.do(lambda: page.place_call("out", "84901", "84247"))
    engine.run(page.speaks("out"))
    told.wait_for(port.Incoming)
    engine.execute(port.Play("out", "p", engine.sound(1)))
    engine.advance(3)
    assert not any(isinstance(each, port.PlayEnded) for each in engine.events)

    engine.run(page.hears("out"))

    told.wait_for(port.PlayEnded)


# ── Losses ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("way", [None, Way.HEARS])
def test_a_page_that_calls_and_never_offers_to_speak_is_forgotten(engine, told, page, way):
    engine._page_of["out"] = page
    engine.do(lambda: page.place_call("out", "84901", "84247"))
    if way:
        engine.run(page.hears("out"))
    engine.advance(APART_WITHIN_S + 1)

    assert gone(page) == [("out", HangupCause.FAILED)]
    assert engine.events == []


def test_a_page_that_answers_and_never_offers_to_hear_loses_its_call(engine, told, page):
    engine.execute(port.Dial("in", "call-1", (LAN,), "84901"))
    told.wait_for(port.Ringing)
    engine.do(lambda: page.accept("in"))
    engine.run(page.speaks("in"))

    assert told.wait_for(port.Ended, within_s=APART_WITHIN_S + 1) == port.Ended("in", HangupCause.FAILED)


def test_a_page_that_answers_is_offered_nothing(engine, told, page):
    engine.execute(port.Dial("in", "call-1", (LAN,), "84901"))
    told.wait_for(port.Ringing)
    engine.do(lambda: page.accept("in"))
    told.wait_for(port.Answered)
    engine.advance(1)
    say(engine, signals.SocketBack(page.session, LAN, ("in",)))
    engine.advance(1)

    assert list(page.of(signals.Accepted)) == [signals.Accepted(page.session, "in", won=True)]
    assert list(page.of(signals.Describe)) == []


def test_answers_that_were_lost_are_told_again(engine, told, page):
    page.answers = False
    engine._page_of["out"] = page
    engine.do(lambda: page.place_call("out", "84901", "84247"))
    engine.run(page.speaks("out"))
    engine.run(page.hears("out"))
    assert engine.advance_until(lambda: len(list(page.of(signals.Describe))) == 2, 5)

    page.answers = True
    say(engine, signals.SocketBack(page.session, LAN, ("out",)))

    connected(engine, "out")
    first, second, *again = page.of(signals.Describe)
    assert {each.name: each for each in again} == {each.name: each for each in (first, second)}


def test_a_page_that_comes_back_in_a_call_is_told_nothing_anew(engine, told, page):
    calls(engine, page)
    page.told.clear()
    say(engine, signals.SocketLost(page.session))
    engine.advance(7)

    say(engine, signals.SocketBack(page.session, LAN, ("out",)))
    engine.advance(4)

    assert list(page.of(signals.Describe)) == []
    assert "out" in engine.engine.switch.legs


def test_a_page_whose_socket_is_gone_and_that_speaks_no_more_is_gone(engine, told, page):
    calls(engine, page)
    told.wait_for(port.Incoming)
    say(engine, signals.SocketLost(page.session))

    engine.do(lambda: _unplug(page.mouths["pc-1"].peer))

    assert told.wait_for(port.Ended, within_s=8) == port.Ended("out", HangupCause.FAILED)


def _unplug(peer):
    for protocol in peer.getTransceivers()[0].receiver.transport.transport._connection._protocols:
        protocol.transport.close()


def test_a_page_that_closes_what_it_hears_by_has_left(engine, told, page):
    calls(engine, page)
    told.wait_for(port.Incoming)

    engine.run(page.lines["out"].peer.close())

    assert told.wait_for(port.Ended, within_s=6).leg == "out"


# ── Other connections ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_page_may_speak_by_another_connection(engine, told, page):
    leg = engine.dial_in()
    engine.execute(port.Answer(leg))
    answers(engine, told, page)
    engine.execute(port.Bridge("in", leg))
    first = party_of(engine, "in").speaks.connection

    engine.run(page.speaks("in", "pc-3"))

    assert engine.advance_until(lambda: party_of(engine, "in").speaks.connection is not first, 5)
    connected(engine, "in")
    engine.advance(SOON_S)
    assert (engine.hears(leg), engine.hears("in")) == ("party", "party")
    assert [each.name for each in page.of(signals.Describe)] == ["pc-1", "pc-2", "pc-3"]


def test_a_page_that_was_loaded_anew_speaks_and_hears_again(engine, told, page):
    leg = engine.dial_in()
    engine.execute(port.Answer(leg))
    answers(engine, told, page)
    engine.execute(port.Bridge("in", leg))
    say(engine, signals.SocketLost(page.session))
    engine.run(page.mouths["pc-1"].peer.close())
    engine.run(page.lines["in"].peer.close())
    party = party_of(engine, "in")
    assert engine.advance_until(lambda: not (party.speaks.connected.is_set() or party.hears.connected.is_set()), 5)

    say(engine, signals.SocketBack(page.session, LAN, ("in",)))
    engine.run(page.speaks("in", "pc-3"))
    engine.run(page.hears("in", "pc-4"))

    connected(engine, "in")
    engine.advance(BACK_WITHIN_S)
    assert (engine.hears(leg), engine.hears("in")) == ("party", "party")
    assert [each.name for each in page.of(signals.Describe)] == ["pc-1", "pc-2", "pc-3", "pc-4"]


def test_a_page_that_withdraws_its_voice_is_not_heard_until_it_offers_it_again(engine, told, page):
    leg = engine.dial_in()
    engine.execute(port.Answer(leg))
    answers(engine, told, page)
    engine.execute(port.Bridge("in", leg))

    say(engine, signals.Withdraw(page.session, "in", "pc-9"))  # an old one
    engine.advance(SOON_S)
    assert engine.hears(leg) == "party"
    say(engine, signals.Withdraw(page.session, "in", "pc-1"))
    engine.advance(6)
    assert (engine.hears(leg), engine.hears("in")) == ("silence", "party")

    engine.run(page.speaks("in", "pc-3"))
    connected(engine, "in")
    engine.advance(SOON_S)
    assert engine.hears(leg) == "party"


# ── Strangers ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_way_that_a_page_has_not_is_none(engine, told, page):
    calls(engine, page)
    told.wait_for(port.Incoming)
    plain = engine.dial_in()
    its = engine._page_of[plain].session
    before = list(engine.events)
    page.told.clear()

    say(engine, signals.Describe(page.session, "out", SdpKind.OFFER, "v=0", Way.BOTH))
    say(engine, signals.Describe(page.session, "out", SdpKind.ANSWER, "v=0", Way.SPEAKS))
    say(engine, signals.Describe(its, plain, SdpKind.OFFER, "v=0", Way.SPEAKS))
    say(engine, signals.Describe(its, plain, SdpKind.OFFER, "v=0", Way.HEARS))
    say(engine, signals.Withdraw(its, plain, ""))
    engine.advance(6)

    assert engine.events == before
    assert page.told == []
    assert set(engine.engine.switch.legs) == {"out", plain}


def test_an_offer_to_speak_that_is_none_ends_its_own_call_only(engine, told, page):
    other = engine.dial_in()
    engine.do(lambda: page.place_call("out", "84901", "84247"))
    say(engine, signals.Describe(page.session, "out", SdpKind.OFFER, "v=0\r\nm=nothing\r\n", Way.SPEAKS, "pc-1"))
    engine.advance(0.3)

    assert gone(page) == [("out", HangupCause.FAILED)]
    assert list(engine.engine.switch.legs) == [other]


def test_a_page_that_offers_faster_than_it_can_be_answered_is_not_waited_for(engine, told, page):
    calls(engine, page)
    offer = page.mouths["pc-1"].peer.localDescription.sdp
    page.told.clear()

    def flood():
        for _ in range(100):
            page.say(signals.Describe(page.session, "out", SdpKind.OFFER, offer, Way.SPEAKS, "pc-1"))

    engine.do(flood)
    engine.advance(3)

    assert len(list(page.of(signals.Describe))) == MOST_WAITING
    connected(engine, "out")


def test_who_listens_hears_both_whether_they_have_one_connection_or_two(engine, told, page):
    leg = engine.dial_in()
    engine.execute(port.Answer(leg))
    answers(engine, told, page)
    engine.execute(port.Bridge("in", leg))
    boss = apart_page(engine, "web:1_boss", 1900.0)
    answers(engine, told, boss, "boss")

    engine.execute(port.Join("boss", "in", port.Part.LISTEN))
    assert engine.advance_until(lambda: engine.engine.voices.count() == 3, 5)
    engine.advance(2 * SOON_S)

    heard = [engine.voices(each) for each in ("boss", "in", leg)]
    assert heard == [{"in", leg}, {leg}, {"in"}]


def test_a_leg_that_ends_while_both_are_offered_leaves_nothing_open(engine, told, page):
    async def all_at_once():
        page.place_call("out", "84901", "84247")
        await page.speaks("out")
        await page.hears("out")
        page.say(signals.Leave(page.session, "out"))

    engine.run(all_at_once())

    assert engine.advance_until(lambda: not engine.leftovers(), 5)
