/* What a call sounds like: our microphone, or why there is none, and the peer connection. `send(type, data)` tells the
   server. Events: `microphone` (empty when it is there, else why not), `stream` (what is heard), `media`. */

import { Emitter } from "./emitter.js";
import { closeStream, openMicrophone } from "./microphone.js";
import { Peer } from "./peer.js";

export class CallSound extends Emitter {
  #send;
  #peer = null;
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

  mute(muted) {
    this.#muted = muted;
    for (const track of this.localStream?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  /** From now on there may be sound; what the server has offered before is taken up. */
  async open(iceServers) {
    if (this.#peer || this.#isOver) return;
    this.#peer = new Peer(iceServers, this.localStream);
    this.#peer.on("candidate", ({ candidate, sdpMid, sdpMLineIndex }) => {
      this.#send("candidate", { candidate, sdpMid, sdpMLineIndex });
    });
    this.#peer.on("stream", (stream) => {
      this.remoteStream = stream;
      this.emit("stream", stream);
    });
    this.#peer.on("media", (media) => this.emit("media", media));
    for (const body of this.#parked.splice(0)) await this.take(body);
  }

  async offer() {
    await this.#send("sdp", { type: "offer", sdp: await this.#peer.offer() });
  }

  /** A description or candidate of the server's. Resolves with whether it was an offer that was answered now. */
  async take(body) {
    const { type, data } = body;
    if (!this.#peer) {
      this.#parked.push(body);
      return false;
    }
    if (type === "candidate") await this.#peer.candidate(data);
    else if (data?.type === "answer") await this.#peer.take(data.sdp);
    else {
      await this.#send("sdp", { type: "answer", sdp: await this.#peer.answer(data.sdp) });
      return true;
    }
    return false;
  }

  quality() {
    return this.#peer?.quality() ?? Promise.resolve(null);
  }

  close() {
    this.#isOver = true;
    this.#peer?.close();
    closeStream(this.localStream);
    this.localStream = null;
  }
}
