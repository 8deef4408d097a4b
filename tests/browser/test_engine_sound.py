"""The browser engine with a real Chromium: its descriptions, its microphone, its ears, its keys."""

from __future__ import annotations

import io
import queue
import re
import time
import wave
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from callflow.recording import finish
from telephony import port, signals
from telephony.adapters.browser import party
from telephony.adapters.browser.adapter import BrowserAdapter
from telephony.adapters.browser.bus import MemoryBus
from telephony.adapters.browser.network import LOOPBACK, Network
from telephony.adapters.browser.opus import Decoder
from telephony.port import HangupCause, Part
from telephony.recording_format import Side, read_head, read_packets
from telephony.signals import SdpKind
from tests.contract.pages import loudest_hz, tone

NODE, ADDRESS = "engine-1", "http://localhost/phone"
WITHIN_S = 30.0
NEAR_HZ = 15.0
RECORDED_RATE = 16_000
VOICES_HZ = CUSTOMER_HZ, AGENT_HZ, GUEST_HZ = 1500.0, 2000.0, 2600.0
# A page that does with a call what the SDK does, but for the socket; its microphone says a tone.
SCRIPT = """
window.phone = async (hz, speaks = true) => {
  const audio = new AudioContext();
  const pc = new RTCPeerConnection();
  const ears = audio.createAnalyser();
  ears.fftSize = 16384;
  ears.smoothingTimeConstant = 0;
  if (speaks) {
    const mouth = audio.createMediaStreamDestination();
    const voice = audio.createOscillator();
    voice.frequency.value = hz;
    voice.connect(mouth);
    voice.start();
    window.sender = pc.addTrack(mouth.stream.getAudioTracks()[0], mouth.stream);
  } else {
    pc.addTransceiver("audio", {direction: "recvonly"});
  }
  window.told = [];
  pc.onicecandidate = (event) => event.candidate && window.told.push(event.candidate.candidate);
  pc.ontrack = (event) => {
    const player = new Audio();  // without one, Chromium gives the stream no sound
    player.muted = true;
    player.srcObject = event.streams[0];
    audio.createMediaStreamSource(event.streams[0]).connect(ears);
  };
  window.loudest = () => {
    const levels = new Float32Array(ears.frequencyBinCount);
    ears.getFloatFrequencyData(levels);
    const top = levels.indexOf(Math.max(...levels));
    return levels[top] < -70 ? 0 : top * audio.sampleRate / ears.fftSize;
  };
  window.tones = (all) => {
    const levels = new Float32Array(ears.frequencyBinCount);
    ears.getFloatFrequencyData(levels);
    const audible = Math.max(-70, Math.max(...levels) - 25);
    const near = (hz) => [-1, 0, 1].map((step) => levels[Math.round(hz * ears.fftSize / audio.sampleRate) + step]);
    return all.filter((hz) => Math.max(...near(hz)) > audible);
  };
  window.pc = pc;
};
window.offer = async (hold = false) => {
  const offer = await pc.createOffer();
  if (hold) offer.sdp = offer.sdp.replace("a=sendrecv", "a=sendonly");
  await pc.setLocalDescription(offer);
  return pc.localDescription.sdp;
};
window.answer = async (sdp) => {
  await pc.setRemoteDescription({type: "offer", sdp});
  await pc.setLocalDescription(await pc.createAnswer());
  return pc.localDescription.sdp;
};
window.answered = (sdp) => pc.setRemoteDescription({type: "answer", sdp});
"""


class Sounds:
    """Files whose names are tones, a second long."""

    def load(self, media: port.Media) -> Any:
        assert isinstance(media, port.AudioFile)
        return tone(float(media.name), 1.0)


class Tried:
    """What has come, to wait for."""

    def __init__(self) -> None:
        self._come: queue.Queue[Any] = queue.Queue()
        self.put = self._come.put

    def wait_for(self, kind: type) -> Any:
        while not isinstance(each := self._come.get(timeout=WITHIN_S), kind):
            pass
        return each


class Installation:
    """An engine on its thread, and its pages."""

    def __init__(self, media_root: Any) -> None:
        self.events = Tried()
        self.bus = MemoryBus()
        self.media_root = media_root
        self.adapter = BrowserAdapter(NODE, self.bus, Sounds(), media_root, Network((LOOPBACK,)))
        self.adapter.start(self.events.put)

    def session(self, name: str, *endpoints: str) -> Tried:
        told = Tried()
        for channel in (signals.session_channel(name), *map(signals.endpoint_channel, endpoints)):
            self.bus.listen(channel, told.put)
        return told

    def say(self, signal: signals.Signal) -> None:
        self.adapter._soon(partial(self.adapter._engine.hear, signal))


@pytest.fixture
def phone(chromium) -> Iterator[Any]:
    """Opens pages; each says a tone of its own."""
    context = chromium.new_context()

    def opened(hz: float = 1500.0, speaks: bool = True) -> Page:
        page: Page = context.new_page()
        body = f"<script>{SCRIPT}</script>"
        page.route(ADDRESS, lambda route: route.fulfill(content_type="text/html", body=body))
        page.goto(ADDRESS)
        page.evaluate("([hz, speaks]) => phone(hz, speaks)", [hz, speaks])
        return page

    yield opened
    context.close()


@pytest.fixture
def engine(tmp_path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    yield installation
    installation.adapter.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def hears(page: Page, hz: float) -> None:
    near = "([hz, near]) => Math.abs(loudest() - hz) < near"
    page.wait_for_function(near, arg=[hz, NEAR_HZ], timeout=WITHIN_S * 1000)


def hears_all(page: Page, *tones: float) -> None:
    """These of the voices, and none of the others."""
    exactly = "([all, tones]) => String(window.tones(all)) === String(tones)"
    page.wait_for_function(exactly, arg=[list(VOICES_HZ), sorted(tones)], timeout=WITHIN_S * 1000)


def calls(engine: Installation, page: Page, session: str, leg: str) -> Tried:
    """A page calls, is answered, and is connected."""
    told = engine.session(session)
    engine.say(signals.PlaceCall(session, leg, f"call-{leg}", 0, "tel:84901", "84901", "84247"))
    engine.say(signals.Describe(session, leg, SdpKind.OFFER, page.evaluate("offer()")))
    page.evaluate("answered", told.wait_for(signals.Describe).sdp)
    assert engine.events.wait_for(port.Incoming).leg == leg
    engine.adapter.execute(port.Answer(leg))
    return told


def is_rung_and_answers(engine: Installation, page: Page, session: str, leg: str, endpoint: str = "web:1_lan") -> Tried:
    """A page is called, accepts, and is connected."""
    told = engine.session(session, endpoint)
    engine.adapter.execute(port.Dial(leg, "call-1", (endpoint,), "84901"))
    told.wait_for(signals.Ring)
    engine.say(signals.Rung(session, leg))
    engine.events.wait_for(port.Ringing)
    engine.say(signals.Accept(session, leg))
    assert told.wait_for(signals.Accepted).won
    answer = page.evaluate("answer", told.wait_for(signals.Describe).sdp)
    engine.say(signals.Describe(session, leg, SdpKind.ANSWER, answer))
    engine.events.wait_for(port.Answered)
    return told


def test_two_pages_hear_prompts_and_each_other_and_are_recorded(engine, phone):
    customer, agent = phone(1500.0), phone(2000.0)
    calls(engine, customer, "customer", "in")
    engine.adapter.execute(port.Play("in", "greeting", (port.AudioFile(1, "3000"),), loops=0))
    hears(customer, 3000)
    is_rung_and_answers(engine, agent, "agent", "out")

    engine.adapter.execute(port.Bridge("in", "out"))
    engine.adapter.execute(port.StartRecording("in", "rec", "conversation", 7))
    hears(customer, 2000)
    hears(agent, 1500)
    engine.adapter.execute(port.Hold("in", (port.AudioFile(1, "2500"),)))
    hears(customer, 2500)
    hears(agent, 0)
    engine.adapter.execute(port.Hangup("in"))

    ready = engine.events.wait_for(port.RecordingReady)
    with (engine.media_root / ready.file).open("rb") as file:
        assert read_head(file).recording == "rec"
        packets = list(read_packets(file))
    for side, hz in ((Side.LEFT, 1500), (Side.RIGHT, 2000)):
        decoder = Decoder()
        parts = [decoder.decode(each.payload) for each in packets if each.side is side][-12:]
        assert loudest_hz(np.concatenate(parts)) == pytest.approx(hz, abs=NEAR_HZ)


@pytest.fixture
def three(engine, phone) -> tuple[Page, Page, Page]:
    """A customer and an agent who talk and are recorded, and somebody else; each says a tone."""
    customer, agent, guest = map(phone, VOICES_HZ)
    calls(engine, customer, "customer", "in")
    is_rung_and_answers(engine, agent, "agent", "out")
    is_rung_and_answers(engine, guest, "guest", "third", "web:1_hoa")
    engine.adapter.execute(port.Bridge("in", "out"))
    engine.adapter.execute(port.StartRecording("in", "rec", "conversation", 7, "wav"))
    hears_all(customer, AGENT_HZ)
    hears_all(agent, CUSTOMER_HZ)
    return customer, agent, guest


def test_a_guest_listens_whispers_talks_and_leaves_and_each_hears_whom_he_should(engine, three):
    customer, agent, guest = three
    to_agent = {Part.LISTEN: (), Part.WHISPER: (GUEST_HZ,), Part.TALK: (GUEST_HZ,)}
    for part, heard_by_agent in to_agent.items():
        engine.adapter.execute(port.Join("third", "out", part))
        hears_all(agent, CUSTOMER_HZ, *heard_by_agent)
        hears_all(guest, CUSTOMER_HZ, AGENT_HZ)
        hears_all(customer, AGENT_HZ, *((GUEST_HZ,) if part is Part.TALK else ()))

    engine.adapter.execute(port.Unbridge("third"))
    hears_all(guest)
    hears_all(customer, AGENT_HZ)
    hears_all(agent, CUSTOMER_HZ)


def test_a_customer_never_hears_a_whisper_nor_does_the_recording(engine, three):
    customer, agent, _ = three
    engine.adapter.execute(port.Join("third", "out", Part.WHISPER))
    hears_all(agent, CUSTOMER_HZ, GUEST_HZ)

    heard = set()
    for _ in range(20):
        customer.wait_for_timeout(50)
        heard |= set(customer.evaluate("(all) => tones(all)", list(VOICES_HZ)))

    assert heard == {AGENT_HZ}
    engine.adapter.execute(port.Hangup("in"))
    left, right = recorded(engine)
    assert (tones_in(left), tones_in(right)) == ([CUSTOMER_HZ], [AGENT_HZ])


def test_a_third_person_is_recorded_on_the_right_beside_the_agent(engine, three):
    customer, _, _ = three
    engine.adapter.execute(port.Join("third", "out", Part.TALK))
    hears_all(customer, AGENT_HZ, GUEST_HZ)
    customer.wait_for_timeout(500)

    engine.adapter.execute(port.Hangup("in"))

    left, right = recorded(engine)
    assert (tones_in(left), tones_in(right)) == ([CUSTOMER_HZ], [AGENT_HZ, GUEST_HZ])


def recorded(engine: Installation) -> np.ndarray:
    """The finished file. Shape: (2, samples) int16, 16 kHz."""
    ready, finished = engine.events.wait_for(port.RecordingReady), io.BytesIO()
    with (engine.media_root / ready.file).open("rb") as file:
        finish.write(read_head(file), read_packets(file), finished)
    finished.seek(0)
    with wave.open(finished) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, RECORDED_RATE)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2).T


def tones_in(side: np.ndarray) -> list[float]:
    """The voices in the last moment before the end."""
    window = side[-RECORDED_RATE // 2 : -RECORDED_RATE // 10].astype(float)
    window *= np.hanning(len(window))
    times = np.arange(len(window)) / RECORDED_RATE
    strengths = {hz: abs(np.dot(window, np.exp(-2j * np.pi * hz * times))) for hz in VOICES_HZ}
    return [hz for hz, strength in strengths.items() if strength > max(strengths.values()) / 10]


def test_keys_of_a_browsers_dialling_pad_come_once_each(engine, phone):
    page = phone()
    calls(engine, page, "customer", "in")
    page.wait_for_function("pc.connectionState === 'connected' && sender.dtmf && sender.dtmf.canInsertDTMF")

    page.evaluate("sender.dtmf.insertDTMF('15#', 100, 100)")

    assert [engine.events.wait_for(port.Digit).digit for _ in range(3)] == ["1", "5", "#"]
    engine.say(signals.Press("customer", "in", "9"))  # the same page by its socket: it would tell keys twice
    engine.adapter.execute(port.Hangup("in"))
    assert isinstance(engine.events.wait_for(port.Digit | port.Ended), port.Ended)


def test_a_page_that_holds_by_a_new_offer_is_answered_in_kind(engine, phone):
    page = phone()
    told = calls(engine, page, "customer", "in")
    engine.adapter.execute(port.Play("in", "music", (port.AudioFile(1, "3000"),), loops=0))
    hears(page, 3000)

    for hold, direction in ((True, "recvonly"), (False, "sendrecv")):
        engine.say(signals.Describe("customer", "in", SdpKind.OFFER, page.evaluate("(hold) => offer(hold)", hold)))
        answer = told.wait_for(signals.Describe).sdp
        assert re.findall(r"^a=(sendrecv|recvonly|sendonly|inactive)", answer, re.MULTILINE) == [direction]
        page.evaluate("answered", answer)

    hears(page, 3000)


def test_a_page_without_a_microphone_hears(engine, phone):
    page = phone(speaks=False)
    calls(engine, page, "customer", "in")
    engine.adapter.execute(port.Play("in", "music", (port.AudioFile(1, "3000"),), loops=0))

    hears(page, 3000)


def test_a_page_that_is_loaded_anew_offers_itself_and_has_its_call_again(engine, phone):
    page = phone()
    told = is_rung_and_answers(engine, page, "agent", "out")
    engine.adapter.execute(port.Play("out", "music", (port.AudioFile(1, "3000"),), loops=0))
    hears(page, 3000)

    page.close()
    again = phone()
    engine.say(signals.SocketBack("agent", "web:1_lan", ("out",)))
    engine.say(signals.Describe("agent", "out", SdpKind.OFFER, again.evaluate("offer()")))
    again.evaluate("answered", told.wait_for(signals.Describe).sdp)

    hears(again, 3000)


def test_a_page_that_still_has_its_connection_takes_another_for_it(engine, phone):
    page = phone()
    told = is_rung_and_answers(engine, page, "agent", "out")
    engine.adapter.execute(port.Play("out", "music", (port.AudioFile(1, "3000"),), loops=0))
    hears(page, 3000)

    engine.adapter._soon(engine.adapter._engine._parties["out"].hears.offer)
    answer = page.evaluate("answer", told.wait_for(signals.Describe).sdp)
    engine.say(signals.Describe("agent", "out", SdpKind.ANSWER, answer))

    party_ = engine.adapter._engine._parties["out"]
    wait_until(party_.connected.is_set)
    engine.adapter.execute(port.Play("out", "other", (port.AudioFile(1, "2500"),), loops=0))
    hears(page, 2500)


def test_a_page_that_comes_from_another_net_offers_anew(engine, phone):
    page = phone()
    told = is_rung_and_answers(engine, page, "agent", "out")
    engine.adapter.execute(port.Play("out", "music", (port.AudioFile(1, "3000"),), loops=0))
    hears(page, 3000)

    offer = page.evaluate("(pc.restartIce(), offer())")
    engine.say(signals.Describe("agent", "out", SdpKind.OFFER, offer))
    page.evaluate("answered", told.wait_for(signals.Describe).sdp)

    engine.adapter.execute(port.Play("out", "other", (port.AudioFile(1, "2500"),), loops=0))
    hears(page, 2500)


@pytest.mark.parametrize("speaks", [True, False])
def test_a_page_that_is_loaded_anew_is_offered_its_call(engine, phone, speaks):
    page = phone(speaks=speaks)
    told = is_rung_and_answers(engine, page, "agent", "out")
    engine.adapter.execute(port.Play("out", "music", (port.AudioFile(1, "3000"),), loops=0))
    hears(page, 3000)

    page.reload()
    page.evaluate("(speaks) => phone(1500, speaks)", speaks)
    engine.say(signals.SocketBack("agent", "web:1_lan", ("out",)))
    answer = page.evaluate("answer", told.wait_for(signals.Describe).sdp)
    engine.say(signals.Describe("agent", "out", SdpKind.ANSWER, answer))

    hears(page, 3000)


def test_a_page_that_only_lost_its_socket_keeps_its_connection(engine, phone):
    page = phone()
    told = is_rung_and_answers(engine, page, "agent", "out")
    engine.adapter.execute(port.Play("out", "music", (port.AudioFile(1, "3000"),), loops=0))
    hears(page, 3000)

    engine.say(signals.SocketBack("agent", "web:1_lan", ("out",)))
    page.wait_for_timeout(1500)

    engine.adapter.execute(port.Hangup("out"))
    assert isinstance(told.wait_for(signals.Describe | signals.Gone), signals.Gone)


def test_a_page_whose_connection_is_closed_is_offered_another(engine, phone):
    page = phone()
    told = is_rung_and_answers(engine, page, "agent", "out")
    page.wait_for_function("pc.connectionState === 'connected'")
    page.evaluate("pc.close()")
    page.evaluate("phone(2000)")
    mine = engine.adapter._engine._parties["out"]
    wait_until(lambda: mine.hears.connection.state == "closed")

    engine.say(signals.SocketBack("agent", "web:1_lan", ("out",)))
    answer = page.evaluate("answer", told.wait_for(signals.Describe).sdp)
    engine.say(signals.Describe("agent", "out", SdpKind.ANSWER, answer))

    engine.adapter.execute(port.Play("out", "music", (port.AudioFile(1, "3000"),), loops=0))
    hears(page, 3000)


def test_a_page_that_is_closed_is_missed_as_soon_as_nothing_comes_any_more(engine, phone):
    page = phone()
    calls(engine, page, "customer", "in")
    page.wait_for_function("pc.connectionState === 'connected'")

    page.close()  # says nothing at all; its door sees the socket go
    engine.say(signals.SocketLost("customer"))

    assert engine.events.wait_for(port.Ended) == port.Ended("in", HangupCause.FAILED)


def test_a_page_that_lost_its_socket_talks_on(engine, phone, monkeypatch):
    monkeypatch.setattr(party, "SILENT_FOR_S", 3.5)  # a second more than Chromium is ever silent for
    page = phone(speaks=False)  # sends the least of all
    calls(engine, page, "customer", "in")
    page.wait_for_function("pc.connectionState === 'connected'")
    engine.say(signals.SocketLost("customer"))

    page.wait_for_timeout(6000)
    engine.adapter.execute(port.Play("in", "music", (port.AudioFile(1, "3000"),), loops=0))

    hears(page, 3000)
