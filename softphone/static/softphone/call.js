/* One call of this page.

   States: outgoing `dialling` → `ringing` → `talking`; incoming `ringing` → `answering` → `talking`; after the page was
   loaded again `returning`; then once `ended`, with `why`. Events: `state`, `stream` (what is heard), `media`, `info`,
   `microphone` (empty when it is there, else why not), `held`, `muted`, `result` (the answer to the dialling). */

import { Emitter } from "./emitter.js";
import { closeStream, openMicrophone } from "./microphone.js";
import { ANSWERED, BUSY, SERVICE, whyOf } from "./packets.js";
import { Peer } from "./peer.js";

const RETURN_MS = 4000; // how long the server may take to offer a call anew to a page that was loaded again
const MICROPHONE_MS = 5000; // the server waits twice as long for our answer; who decides later is heard later
const RINGING = new Set([180, 183]);

export class Call extends Emitter {
  #client;
  #peer = null;
  #stream = null; // our microphone
  #parked = []; // what came before the peer connection was there
  #wantsSound = false;
  #returnTimer = 0;

  constructor(client, facts) {
    super();
    this.#client = client;
    this.id = facts.id ?? "";
    this.isIncoming = facts.isIncoming;
    this.from = facts.from ?? "";
    this.to = facts.to ?? "";
    this.fromAlias = facts.fromAlias ?? "";
    this.toAlias = facts.toAlias ?? "";
    this.fromInternal = facts.fromInternal ?? false;
    this.toType = "external";
    this.custom = facts.custom ?? "";
    this.customData = facts.customData ?? "";
    this.info = facts.info ?? {};
    this.iceServers = facts.iceServers ?? [];
    this.ringsUntil = facts.ringsUntil ?? 0; // milliseconds since 1970; 0: not known
    this.state = this.isIncoming ? "ringing" : "dialling";
    this.why = "";
    this.code = 0; // the last state's code, or the refusal's
    this.held = facts.held ?? false;
    this.muted = false;
    this.microphone = null; // unknown; then "" or why there is none
    this.begunAt = facts.begunAt ?? Date.now();
    this.talkingSince = facts.talkingSince ?? 0;
    this.remoteStream = null;
  }

  get isOver() {
    return this.state === "ended";
  }

  /** The other side as people read it. */
  get party() {
    const [alias, number] = this.isIncoming ? [this.fromAlias, this.from] : [this.toAlias, this.to];
    return alias && alias !== number ? alias : /^\d{7,15}$/.test(number) ? `+${number}` : number;
  }

  // ── What people do ────────────────────────────────────────────────────────────────────────────────────────────────
  /** Place the call. The microphone comes first: the server drops calls whose offer does not follow at once. */
  async dial() {
    await this.#openMicrophone();
    if (this.isOver) return;
    let answer;
    try {
      answer = await this.#client.request(SERVICE.CALL, {
        fromNumber: this.from,
        toNumber: this.to,
        video: false,
        custom: this.custom,
      });
    } catch {
      this.#end("offline");
      return;
    }
    if (answer.r !== 0) {
      this.code = answer.r;
      this.emit("result", answer);
      this.#end("refused");
      return;
    }
    this.id = answer.callId;
    this.toType = answer.toType ?? "external";
    this.iceServers = answer.iceServers ?? [];
    this.customData = answer.customDataFromYourServer ?? "";
    if (this.isOver) {
      this.#client.farewell(this.id); // given up while the server was asked
      return;
    }
    this.#client.adopt(this);
    this.emit("result", answer);
    this.#open();
    await this.#tell("offer", await this.#peer.offer());
  }

  /** Take a call that rings. Resolves when it was given to this page, or to somebody else. */
  async answer() {
    if (!this.isIncoming || this.state !== "ringing") return false;
    this.#become("answering");
    const opened = this.#openMicrophone();
    let answer;
    try {
      answer = await this.#client.request(SERVICE.STATE, { callId: this.id, code: ANSWERED, reasonEndcall: "" });
    } catch {
      this.#become("ringing"); // not told: it still rings, and can be answered again
      return false;
    }
    if (this.isOver) return false;
    if (answer.r !== 0) {
      this.#end(answer.r === 2 ? "elsewhere" : "cancelled");
      return false;
    }
    await Promise.race([opened, pause(MICROPHONE_MS)]);
    if (this.isOver) return false;
    this.#wantsSound = true;
    this.#unpark();
    this.#talk();
    return true;
  }

  /** Do not take a call that rings. */
  reject() {
    if (this.isOver) return;
    this.#client.request(SERVICE.STATE, { callId: this.id, code: BUSY, reasonEndcall: "" }).catch(() => {});
    this.#end("rejected");
  }

  /** End the call, whatever it does. */
  hangUp() {
    if (this.isOver) return;
    if (this.isIncoming && this.state === "ringing") {
      this.reject();
      return;
    }
    if (this.id) this.#client.farewell(this.id);
    this.#end("local");
  }

  /** Silence our microphone, or not; only here. */
  mute(muted) {
    this.muted = muted;
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = !muted;
    this.emit("muted", muted);
  }

  /** Let the other side hear music, or take it back. */
  async hold(held) {
    const body = held ? { callId: this.id, hold: true, musicOnHold: "" } : { callId: this.id, hold: false };
    const answer = await this.#client.request(SERVICE.HOLD, body);
    if (answer.r === 0) this.setHeld(held);
    return answer.r === 0;
  }

  setHeld(held) {
    if (this.held === held) return;
    this.held = held;
    this.emit("held", held);
  }

  async press(keys) {
    const answer = await this.#client.request(SERVICE.KEYS, { callId: this.id, digits: keys });
    return answer.r === 0;
  }

  async sendInfo(info) {
    return (await this.#client.request(SERVICE.SEND_INFO, { callId: this.id, info })).r === 0;
  }

  async transfer(userId) {
    const to = { number: userId, type: "internal", alias: userId };
    return (await this.#client.request(SERVICE.TRANSFER, { callId: this.id, to })).r === 0;
  }

  quality() {
    return this.#peer?.quality() ?? Promise.resolve(null);
  }

  /** What another life of this page needs to know of the call. */
  known() {
    const { id, isIncoming, from, to, fromAlias, toAlias, customData, info, held, begunAt, talkingSince } = this;
    return { id, isIncoming, from, to, fromAlias, toAlias, customData, info, held, begunAt, talkingSince };
  }

  // ── After a break ─────────────────────────────────────────────────────────────────────────────────────────────────
  /** The page was loaded again. The call goes on if the server offers it anew in time; else it is ended for both. */
  comeBack() {
    this.#wantsSound = true;
    this.#become("returning");
    this.#openMicrophone();
  }

  /** The socket is back. What we missed is told again, but for an end that nobody remembers. */
  async reconnected() {
    if (this.state === "returning" && !this.#returnTimer) {
      this.#returnTimer = setTimeout(() => {
        if (this.state !== "returning") return;
        this.#client.farewell(this.id);
        this.#end("reloaded");
      }, RETURN_MS);
    }
    const answer = await this.#client.request(SERVICE.EXISTS, { callId: this.id }).catch(() => null);
    if (answer?.exist === false && !this.isOver) this.#end("gone");
  }

  // ── What the server tells ─────────────────────────────────────────────────────────────────────────────────────────
  take(service, body) {
    switch (service) {
      case SERVICE.DESCRIBED:
        this.#described(body);
        break;
      case SERVICE.STATED:
        this.#stated(body);
        break;
      case SERVICE.ENDED:
        this.code = body.code ?? 0;
        this.#end(this.state === "ringing" && this.isIncoming ? "cancelled" : whyOf(body.code));
        break;
      case SERVICE.INFO:
        this.emit("info", body.info);
        break;
      case SERVICE.OTHER_DEVICE:
        this.#otherDevice(body);
        break;
    }
  }

  #described(body) {
    if (!this.#peer && !this.#wantsSound) {
      this.#parked.push(body); // an offer waits until the call is answered
      return;
    }
    if (!this.#peer) this.#open();
    this.#apply(body).catch((error) => {
      console.error(error);
      this.#fail();
    });
  }

  async #apply({ type, data }) {
    if (type === "candidate") await this.#peer.candidate(data);
    else if (data?.type === "offer") {
      await this.#tell("answer", await this.#peer.answer(data.sdp));
      if (this.state === "returning") this.#talk();
    } else await this.#peer.take(data.sdp);
  }

  #unpark() {
    for (const body of this.#parked.splice(0)) this.#described(body);
  }

  #stated({ code, reason }) {
    this.code = code;
    this.emit("code", { code, reason });
    if (RINGING.has(code) && this.state === "dialling") this.#become("ringing");
    else if (code === ANSWERED && !this.isIncoming) this.#talk();
    else if (code >= 400) this.#end(whyOf(code));
  }

  #otherDevice({ type, data }) {
    this.emit("otherdevice", { type, code: data.code });
    if (type === "CALL_END") this.#end("elsewhere_over");
    else if (data.code === ANSWERED) this.#end("elsewhere");
    else if (data.code >= 400) this.#end("elsewhere_rejected");
  }

  // ── Sound ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  async #openMicrophone() {
    try {
      const stream = await openMicrophone();
      if (this.isOver) {
        closeStream(stream);
        return;
      }
      this.#stream = stream;
      this.microphone = "";
      this.mute(this.muted);
      if (this.#peer) await this.#join(stream);
    } catch (error) {
      this.microphone = error.message; // the call goes on: one still hears
    }
    this.emit("microphone", this.microphone);
  }

  /** Be heard in a call that has begun without a microphone. */
  async #join(stream) {
    await this.#peer.use(stream);
    await this.#tell("offer", await this.#peer.offer());
  }

  /** Try the microphone again in a call that began without. */
  retryMicrophone() {
    return this.#openMicrophone();
  }

  get localStream() {
    return this.#stream;
  }

  #open() {
    this.#peer = new Peer(this.iceServers, this.#stream);
    this.#peer.on("candidate", ({ candidate, sdpMid, sdpMLineIndex }) => {
      const data = { candidate, sdpMid, sdpMLineIndex };
      this.#client.request(SERVICE.DESCRIBE, { callId: this.id, type: "candidate", data }).catch(() => {});
    });
    this.#peer.on("stream", (stream) => {
      this.remoteStream = stream;
      this.emit("stream", stream);
    });
    this.#peer.on("media", (media) => {
      this.emit("media", media);
      if (media === "failed") this.#fail();
    });
  }

  #tell(type, sdp) {
    return this.#client
      .request(SERVICE.DESCRIBE, { callId: this.id, type: "sdp", data: { type, sdp } })
      .catch(() => {}); // after a break the server asks again, and `reconnected` finds out what has ended
  }

  #fail() {
    if (this.isOver) return;
    this.#client.farewell(this.id);
    this.#end("no_sound");
  }

  // ── State ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  #talk() {
    clearTimeout(this.#returnTimer);
    if (!this.talkingSince) this.talkingSince = Date.now();
    this.#become("talking");
  }

  #become(state) {
    if (this.isOver || state === this.state) return;
    this.state = state;
    this.emit("state", state);
  }

  #end(why) {
    if (this.isOver) return;
    clearTimeout(this.#returnTimer);
    this.why = why;
    this.endedAt = Date.now();
    this.#peer?.close();
    closeStream(this.#stream);
    this.#stream = null;
    this.#become("ended");
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
