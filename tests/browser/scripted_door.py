"""A door in the place of ours: tests say what it answers, and the sound's far end is in the page itself."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

PING_AFTER_MS = 60_000
LOOKS = 1200  # every 25 ms for half a minute: what is looked for always comes, also on a busy machine

# The other side of a call: hears what the page says, and sends a tone of 440 Hz.
FAR_END = """
window.farEnds = {};
window.farEnd = async (callId, offer) => {
  const pc = new RTCPeerConnection();
  const tone = new AudioContext();
  const oscillator = tone.createOscillator();
  const out = tone.createMediaStreamDestination();
  oscillator.connect(out);
  oscillator.start();
  pc.addTrack(out.stream.getAudioTracks()[0], out.stream);
  window.farEnds[callId] = pc;
  if (offer) {
    await pc.setRemoteDescription({ type: "offer", sdp: offer });
    await pc.setLocalDescription(await pc.createAnswer());
  } else {
    await pc.setLocalDescription(await pc.createOffer());
  }
  await new Promise((done) => {
    if (pc.iceGatheringState === "complete") done();
    pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && done();
  });
  return pc.localDescription.sdp;
};
window.farEndAnswers = async (callId, offer) => {
  const pc = window.farEnds[callId];
  await pc.setRemoteDescription({ type: "offer", sdp: offer });
  await pc.setLocalDescription(await pc.createAnswer());
  return pc.localDescription.sdp;
};
window.farEndTakes = (callId, answer) => window.farEnds[callId].setRemoteDescription({ type: "answer", sdp: answer });
"""


class Door:
    """Takes the page's packets, answers as told, and keeps all of them in `heard`: [(service, body), …]."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.heard: list[tuple[int, dict[str, Any]]] = []
        self.answers: dict[int, dict[str, Any]] = {}
        self.sockets: list[WebSocketRoute] = []
        self.is_open = True  # else it closes every socket
        page.context.add_init_script(FAR_END)
        page.context.route_web_socket("**/softphone/ws", self._connected)

    def _connected(self, socket: WebSocketRoute) -> None:
        if not self.is_open:
            socket.close()
            return
        self.sockets.append(socket)
        socket.on_message(lambda message: self._take(socket, json.loads(message)))

    def _take(self, socket: WebSocketRoute, packet: dict[str, Any]) -> None:
        service, body = packet["service"], packet["body"]
        self.heard.append((service, body))
        if service == 1:
            return
        defaults: dict[int, dict[str, Any]] = {
            2: {"clients": [], "userId": "lan", "projectId": 1, "ping_after_ms": PING_AFTER_MS, "message": "SUCCESS"},
            26: {"callId": "call-out", "toType": "external", "iceServers": [], "customDataFromYourServer": "{}"},
            205: {"exist": True},
        }
        reply = {"r": 0, **defaults.get(service, {}), **self.answers.get(service, {}), "requestId": body["requestId"]}
        socket.send(json.dumps({"service": service, "body": reply}))

    @property
    def socket(self) -> WebSocketRoute:
        return self.sockets[-1]

    def say(self, service: int, **body: Any) -> None:
        """Send a packet to the page, or to the one that has signed in last."""
        self.say_to(self.socket, service, **body)

    def say_to(self, socket: WebSocketRoute, service: int, **body: Any) -> None:
        socket.send(json.dumps({"service": service, "body": body}))

    def bodies(self, service: int) -> list[dict[str, Any]]:
        """What the page has sent of a service, without the numbers of requests."""
        return [{k: v for k, v in body.items() if k != "requestId"} for each, body in self.heard if each == service]

    def wait_for(self, service: int, count: int = 1) -> dict[str, Any]:
        """The body of the page's `count`th packet of a service."""
        for _look in range(LOOKS):
            if len(self.bodies(service)) >= count:
                return self.bodies(service)[count - 1]
            self.page.wait_for_timeout(25)
        raise AssertionError(f"the page sent no {service}: {[each for each, _body in self.heard]}")

    # ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────
    def ring(self, call_id: str = "call-in", **body: Any) -> None:
        """Let a call ring."""
        self.say(33, callId=call_id, **{"fromNumber": "84900000001", "toNumber": "lan", "fromInternal": False, **body})

    def offer(self, call_id: str = "call-in") -> None:
        """Send the offer of a call that the page has answered, and take its answer."""
        before = len(self.descriptions("answer"))
        sdp = self.page.evaluate("callId => farEnd(callId)", call_id)
        self.say(29, callId=call_id, type="sdp", data={"type": "offer", "sdp": sdp})
        answer = self._description("answer", before)
        self.page.evaluate("([callId, sdp]) => farEndTakes(callId, sdp)", [call_id, answer])

    def accept_offer(self, call_id: str = "call-out", *, before: int = 0) -> None:
        """Answer the page's offer, as an engine does at once: with a connection of its own for each."""
        offer = self._description("offer", before)
        sdp = self.page.evaluate("([callId, sdp]) => farEnd(callId, sdp)", [call_id, offer])
        self.say(29, callId=call_id, type="sdp", data={"type": "answer", "sdp": sdp})

    def accept_change(self, call_id: str, *, before: int = 0) -> None:
        """Answer an offer of the page's that changes the connection that there is."""
        offer = self._description("offer", before)
        sdp = self.page.evaluate("([callId, sdp]) => farEndAnswers(callId, sdp)", [call_id, offer])
        self.say(29, callId=call_id, type="sdp", data={"type": "answer", "sdp": sdp})

    def lose_sound(self, call_id: str) -> None:
        """Be gone, as far as the page can tell, as when its net is another one."""
        self.page.evaluate("callId => farEnds[callId].close()", call_id)

    def descriptions(self, kind: str) -> list[str]:
        """The offers, or answers, that the page has sent."""
        sent = [body["data"] for body in self.bodies(27) if body["type"] == "sdp"]
        return [data["sdp"] for data in sent if data["type"] == kind]

    def _description(self, kind: str, place: int) -> str:
        for _look in range(LOOKS):
            if len(self.descriptions(kind)) > place:
                return self.descriptions(kind)[place]
            self.page.wait_for_timeout(25)
        raise AssertionError(f"the page sent no {kind}")
