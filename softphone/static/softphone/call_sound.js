/* What a call sounds like: our microphone, or why there is none, and the peer connection, which is made anew when it is
   lost: by us, or by the server who offers another. `send(type, data)` tells the server, and resolves with whether it was
   told. Events: `microphone` (empty when it is there, else why not), `stream` (what is heard), `media` (connected;
   disconnected: being made anew; failed). */

import { Emitter } from "./emitter.js";
import { closeStream, openMicrophone } from "./microphone.js";
import { Peer } from "./peer.js";
import { Renewal } from "./renewal.js";

const LOST = new Set(["disconnected", "failed"]);

export class CallSound extends Emitter {
  #send;
  #peer = null;
  #iceServers = [];
  #renewal = new Renewal({ renew: () => this.#renew(), giveUp: () => this.emit("media", "failed") });
  #wasConnected = false;
  #offers = false; // ours is not answered: the server's, which it made before it had ours, is left out
  #parked = []; // what the server said before the call was answered
  #isOver = false;
  #muted = false;

  constructor(send) {
    super();
    this.#send = send;
    this.localStream = null;
    this.remoteStream = null;
  }

  /** Ask for the microphone. Without it the call goes on: one still hears. */
  async openMicrophone() {
    try {
      const stream = await openMicrophone();
      if (this.#isOver) {
        closeStream(stream);
        return;
      }
      this.localStream = stream;
      this.mute(this.#muted);
      if (this.#peer) await this.#join(stream);
      this.emit("microphone", "");
    } catch (error) {
      this.emit("microphone", error.message);
    }
  }

  /** Be heard in a call that has begun without a microphone. */
  async #join(stream) {
    await this.#peer.use(stream);
    await this.offer();
  }

  async closeMicrophone() {
    const stream = this.localStream;
    this.localStream = null;
    await this.#peer?.use(null);
    closeStream(stream);
  }

  mute(muted) {
    this.#muted = muted;
    for (const track of this.localStream?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  /** From now on there may be sound; what the server has offered before is taken up. */
  async open(iceServers) {
    if (this.#peer || this.#isOver) return;
    this.#iceServers = iceServers;
    this.#peer = this.#made();
    for (const body of this.#parked.splice(0)) await this.take(body);
  }

  #made() {
    const peer = new Peer(this.#iceServers, this.localStream);
    peer.on("candidate", ({ candidate, sdpMid, sdpMLineIndex }) => {
      this.#send("candidate", { candidate, sdpMid, sdpMLineIndex });
    });
    peer.on("stream", (stream) => {
      this.remoteStream = stream;
      this.emit("stream", stream);
    });
    peer.on("media", (media) => {
      if (peer === this.#peer) this.#moved(media);
    });
    return peer;
  }

  async offer() {
    this.#offers = true;
    const peer = this.#peer;
    const isTold = await this.#send("sdp", { type: "offer", sdp: await peer.offer() });
    if (!isTold && peer === this.#peer) this.#offers = false;
  }

  // ── Lost and made anew ────────────────────────────────────────────────────────────────────────────────────────────
  #moved(media) {
    if (media === "connected") {
      this.#wasConnected = true;
      this.#renewal.end();
    } else if (this.#renewal.isOn) {
      return; // of a new connection that comes up, or does not
    } else if (this.#wasConnected && LOST.has(media)) {
      this.#renewal.begin();
      this.emit("media", "disconnected");
      return;
    }
    this.emit("media", media);
  }

  /** Another connection, from the net where we are now. Its offer tells the server that it is another one. */
  async #renew() {
    const old = this.#peer;
    this.#peer = this.#made();
    await this.offer().catch((error) => console.error(error)); // tried again, or given up in time
    old.close();
  }

  /** The way to the server is back. */
  hurry() {
    this.#renewal.hurry();
  }

  /** A description or candidate of the server's. Resolves with whether it was an offer that was answered now. */
  async take(body) {
    const { type, data } = body;
    if (!this.#peer) {
      this.#parked.push(body);
      return false;
    }
    if (type === "candidate") await this.#peer.candidate(data);
    else if (data?.type === "answer") {
      this.#offers = false;
      await this.#peer.take(data.sdp);
    } else if (!this.#offers) {
      await this.#answer(data.sdp);
      return true;
    }
    return false;
  }

  async #answer(offered) {
    const old = this.#peer;
    if (old.isOfAnother(offered)) this.#peer = this.#made();
    await this.#send("sdp", { type: "answer", sdp: await this.#peer.answer(offered) });
    if (old !== this.#peer) old.close();
  }

  quality() {
    return this.#peer?.quality() ?? Promise.resolve(null);
  }

  close() {
    this.#isOver = true;
    this.#renewal.end();
    this.#peer?.close();
    closeStream(this.localStream);
    this.localStream = null;
  }
}
