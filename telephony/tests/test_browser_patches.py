"""Each private name of aiortc that we touch does what we need."""

from __future__ import annotations

import asyncio

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtp import RtpPacket

from telephony.adapters.browser import patches
from telephony.adapters.browser.outlet import Outlet
from tests.contract.fast_loop import FastLoop

VOICE, KEYS = 111, 126


class Receiver:
    """As much of a receiver as an intake touches."""

    def __init__(self):
        self._enabled = True
        self._RTCRtpReceiver__started = False
        self._RTCRtpReceiver__remote_streams = {}
        self._RTCRtpReceiver__transport = self
        self.registered = 0

    def _register_rtp_receiver(self, receiver, parameters):
        self.registered += 1

    async def _run_rtcp(self):
        pass


class Heard:
    def __init__(self, take=None):
        self.packets: list[tuple[bytes, int]] = []
        self.keys: list[str] = []
        self.receiver = Receiver()
        self.intake = patches._Intake(self.receiver, take or self._take, self.keys.append)
        codecs = [
            RTCRtpCodecParameters("audio/opus", 48_000, 2, VOICE),
            RTCRtpCodecParameters("audio/telephone-event", 8_000, 1, KEYS),
        ]
        self.run(self.intake.receive(RTCRtpReceiveParameters(codecs=codecs)))

    def run(self, work):
        return asyncio.run(work)

    def _take(self, payload, timestamp):
        self.packets.append((payload, timestamp))

    def comes(self, payload_type, timestamp, payload):
        packet = RtpPacket(payload_type, sequence_number=1, timestamp=timestamp)
        packet.payload = payload
        self.run(self.intake.handle(packet, 0))


@pytest.fixture
def heard():
    return Heard()


def test_packets_of_a_voice_are_given_away_as_they_come(heard):
    heard.comes(VOICE, 960, b"a")
    heard.comes(VOICE, 0, b"b")
    heard.comes(VOICE, 1920, b"")
    heard.comes(9, 2880, b"another codec")

    assert heard.packets == [(b"a", 960), (b"b", 0)]


def test_a_key_is_told_once_at_its_first_packet_whichever_that_is(heard):
    for timestamp, event in ((100, 5), (100, 5), (100, 5), (2000, 5), (100, 5), (3000, 11), (4000, 16), (5000, 255)):
        heard.comes(KEYS, timestamp, bytes([event, 0x80, 0, 160]))
    heard.comes(KEYS, 6000, b"")

    assert heard.keys == ["5", "5", "#"]


def test_whoever_is_on_hold_by_description_is_not_heard(heard):
    heard.receiver._enabled = False
    heard.comes(VOICE, 960, b"a")
    heard.comes(KEYS, 960, bytes([5, 0x80, 0, 160]))

    assert (heard.packets, heard.keys) == ([], [])


def test_a_failure_with_one_packet_does_not_end_the_connection(caplog):
    def fails(payload, timestamp):
        raise ValueError

    heard = Heard(fails)
    heard.comes(VOICE, 960, b"a")

    assert [record.message for record in caplog.records] == ["packet from a browser is not handled"]


def test_a_receiver_begins_once(heard):
    heard.run(heard.intake.receive(RTCRtpReceiveParameters(codecs=[])))
    heard.comes(VOICE, 960, b"a")

    assert heard.receiver.registered == 1
    assert heard.packets == [(b"a", 960)]


@pytest.fixture(scope="module")
def loop():
    patches.prepare(lambda: ["127.0.0.1"])
    made = FastLoop()
    yield made
    made.close()


def test_two_connections_agree_on_opus_and_keys_and_send_packets_and_statistics(loop):
    async def talk():
        heard = asyncio.Event()
        peers = [RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2)]
        for peer in peers:
            transceiver = peer.addTransceiver(Outlet(loop), "sendrecv")
            patches.prefer_opus(transceiver)
            patches.take_packets(transceiver.receiver, lambda payload, timestamp: heard.set(), lambda key: None)
        one, other = peers
        await one.setLocalDescription(await one.createOffer())
        await other.setRemoteDescription(RTCSessionDescription(one.localDescription.sdp, "offer"))
        await other.setLocalDescription(await other.createAnswer())
        await one.setRemoteDescription(RTCSessionDescription(other.localDescription.sdp, "answer"))
        await asyncio.wait_for(heard.wait(), 60)
        silent = patches.silent_for(one, loop.time()), patches.silent_for(one, loop.time() + 100)
        statistics = await one.getStats()
        for peer in peers:
            await peer.close()
        lost = [each.packetsLost for each in statistics.values() if each.type == "inbound-rtp"]
        return one.localDescription.sdp, silent, lost

    sdp, (silent, later), lost = loop.run_until_complete(talk())

    codecs = [line for line in sdp.splitlines() if line.startswith("a=rtpmap")]
    assert codecs == ["a=rtpmap:96 opus/48000/2", "a=rtpmap:110 telephone-event/48000"]
    assert "a=fmtp:96 useinbandfec=1" in sdp
    assert {line.split()[4] for line in sdp.splitlines() if line.startswith("a=candidate")} == {"127.0.0.1"}
    assert silent < 5 < later
    assert lost == [0]
