/* The sound of one call: a peer connection with our microphone, or without one. */

import { Emitter } from "./emitter.js";

/** Events: `candidate`, `stream` (what is heard), `media` (connected, disconnected, failed). */
export class Peer extends Emitter {
  #pc;
  #sender = null;
  #parked = []; // candidates that came before their description
  #steps = Promise.resolve(); // descriptions are applied one after the other

  constructor(iceServers, stream) {
    super();
    this.#pc = new RTCPeerConnection({ iceServers: iceServers ?? [] });
    this.#pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) this.emit("candidate", candidate);
    };
    this.#pc.ontrack = ({ track, streams }) => this.emit("stream", streams[0] ?? new MediaStream([track]));
    this.#pc.onconnectionstatechange = () => this.emit("media", this.#pc.connectionState);
    if (stream) this.use(stream);
  }

  /** Speak with this stream from now on; without one be silent. */
  use(stream) {
    const [track = null] = stream?.getAudioTracks() ?? [];
    if (this.#sender) return this.#sender.replaceTrack(track);
    if (!track) return Promise.resolve();
    this.#sender = this.#pc.addTrack(track, stream);
    return Promise.resolve(); // an offer has to follow when there is a connection already
  }

  /** Our offer, as text. Without a microphone it is one that only hears. */
  offer() {
    return this.#next(async () => {
      if (!this.#pc.getTransceivers().length) this.#pc.addTransceiver("audio", { direction: "recvonly" });
      await this.#pc.setLocalDescription();
      return this.#pc.localDescription.sdp;
    });
  }

  /** Whether an offer belongs to another connection of the other side's than ours is to. */
  isOfAnother(sdp) {
    const known = this.#pc.currentRemoteDescription;
    return Boolean(known) && fragmentOf(known.sdp) !== fragmentOf(sdp);
  }

  /** Take the other side's offer, for the first time or anew. Resolves with our answer. */
  answer(sdp) {
    return this.#next(async () => {
      await this.#pc.setRemoteDescription({ type: "offer", sdp });
      await this.#unpark();
      await this.#pc.setLocalDescription();
      return this.#pc.localDescription.sdp;
    });
  }

  /** Take the answer to our offer; one that nobody waits for is left out. */
  take(sdp) {
    return this.#next(async () => {
      if (this.#pc.signalingState !== "have-local-offer") return;
      await this.#pc.setRemoteDescription({ type: "answer", sdp });
      await this.#unpark();
    });
  }

  candidate(candidate) {
    this.#parked.push(candidate);
    return this.#next(async () => {
      if (this.#pc.remoteDescription) await this.#unpark();
    });
  }

  async #unpark() {
    for (const candidate of this.#parked.splice(0)) await this.#pc.addIceCandidate(candidate).catch(() => {});
  }

  #next(step) {
    const done = this.#steps.then(step);
    this.#steps = done.catch(() => {});
    return done;
  }

  close() {
    this.#pc.onconnectionstatechange = this.#pc.ontrack = this.#pc.onicecandidate = null;
    this.#pc.close();
  }

  /** Of what came in lately: {lost (share 0 to 1), jitterMs, roundTripMs}; nothing before there is sound. */
  async quality() {
    let quality = null;
    for (const report of (await this.#pc.getStats()).values()) {
      if (report.type === "inbound-rtp") {
        const all = report.packetsReceived + report.packetsLost;
        quality = { ...quality, lost: all ? report.packetsLost / all : 0, jitterMs: Math.round(report.jitter * 1000) };
      }
      if (report.type === "candidate-pair" && report.nominated && report.currentRoundTripTime !== undefined) {
        quality = { ...quality, roundTripMs: Math.round(report.currentRoundTripTime * 1000) };
      }
    }
    return quality;
  }
}

/** What tells one connection from another. */
function fragmentOf(sdp) {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? "";
}
