/* One call of this page.

   States: outgoing `dialling` → `ringing` → `talking`; incoming `ringing` → `answering` → `talking`; after the page was
   loaded again `returning`; then once `ended`, with `why`. Events: `state`, `stream` (what is heard), `media`, `info`,
   `microphone` (empty when it is there, else why not), `held`, `muted`, `result` (the answer to the dialling), `code`
   (how the server says it gets on), `otherdevice`. */

import { CallSound } from "./call_sound.js";
import { Emitter } from "./emitter.js";
import { ANSWERED, BUSY, SERVICE, whyOf } from "./packets.js";
import { otherSide } from "./words.js";

const RETURN_MS = 4000; // how long the server may take to offer a call anew to a page that was loaded again
const MICROPHONE_MS = 5000; // the server waits twice as long for our answer; who decides later is heard later
const RINGING = new Set([180, 183]);
const NOTHING_KNOWN = {
  id: "",
  isIncoming: false,
  from: "",
  to: "",
  fromAlias: "",
  toAlias: "",
  fromShown: "", // the aliases as people read them, where the server says so
  toShown: "",
  fromInternal: false,
  toType: "external",
  custom: "",
  customData: "",
  info: {},
  iceServers: [],
  ringsUntil: 0, // milliseconds since 1970; 0: not known
  talkingSince: 0,
  held: false,
};
const KEPT = ["id", "isIncoming", "from", "to", "fromAlias", "toAlias", "fromShown", "toShown", "customData", "info", "talkingSince", "held"];

export class Call extends Emitter {
  #client;
  #sound;
  #returnTimer = 0;

  constructor(client, facts) {
    super();
    this.#client = client;
    Object.assign(this, NOTHING_KNOWN, facts);
    this.state = this.isIncoming ? "ringing" : "dialling";
    this.why = "";
    this.code = 0; // the last state's code, or the refusal's
    this.muted = false;
    this.microphone = null; // unknown; then "" or why there is none
    this.soundIsLost = false; // for now: it is being made anew
    this.#sound = new CallSound((type, data) => this.#tell(type, data));
    this.#sound.on("stream", (stream) => this.emit("stream", stream));
    this.#sound.on("microphone", (why) => {
      this.microphone = why;
      this.emit("microphone", why);
    });
    this.#sound.on("media", (media) => {
      this.soundIsLost = media === "disconnected";
      this.emit("media", media);
      if (media === "failed") this.#fail();
    });
  }

  get isOver() {
    return this.state === "ended";
  }

  get localStream() {
    return this.#sound.localStream;
  }

  get remoteStream() {
    return this.#sound.remoteStream;
  }

  /** The other side as people read it. */
  get party() {
    return otherSide(this);
  }

  // ── What people do ────────────────────────────────────────────────────────────────────────────────────────────────
  /** Place the call. The microphone comes first: the server drops calls whose offer does not follow at once. */
  async dial() {
    await this.#sound.openMicrophone();
    if (this.isOver) return;
    const wanted = { fromNumber: this.from, toNumber: this.to, video: false, custom: this.custom };
    const answer = await this.#client.request(SERVICE.CALL, wanted).catch(() => null);
    if (!answer) this.#end("offline");
    else if (answer.r !== 0) this.#refused(answer);
    else await this.#begin(answer);
  }

  #refused(answer) {
    this.code = answer.r;
    this.emit("result", answer);
    this.#end("refused");
  }

  async #begin(answer) {
    this.id = answer.callId;
    this.toType = answer.toType ?? "external";
    this.customData = answer.customDataFromYourServer ?? "";
    if (this.isOver) {
      this.#client.farewell(this.id); // given up while the server was asked
      return;
    }
    this.#client.adopt(this);
    this.emit("result", answer);
    try {
      await this.#sound.open(answer.iceServers ?? []);
      await this.#sound.offer();
    } catch (error) {
      console.error(error);
      this.#fail();
    }
  }

  /** Take a call that rings; without `speaks` nobody is asked for a microphone. Resolves with whether it is this page's. */
  async answer({ speaks = true } = {}) {
    if (!this.isIncoming || this.state !== "ringing") return false;
    this.#become("answering");
    const opened = speaks ? this.#sound.openMicrophone() : Promise.resolve();
    const taking = { callId: this.id, code: ANSWERED, reasonEndcall: "" };
    const answer = await this.#client.request(SERVICE.STATE, taking).catch(() => null);
    if (this.isOver) return false;
    if (!answer) {
      this.#become("ringing"); // not told: it still rings, and can be answered again
      return false;
    }
    if (answer.r !== 0) {
      this.#end(answer.r === 2 ? "elsewhere" : "cancelled");
      return false;
    }
    await Promise.race([opened, pause(MICROPHONE_MS)]);
    if (this.isOver) return false;
    this.#talk();
    await this.#sound.open(this.iceServers).catch(() => this.#fail());
    return true;
  }

  /** Do not take a call that rings. */
  reject() {
    if (this.isOver) return;
    this.#client.refuseAsBusy(this.id);
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
    this.#sound.mute(muted);
    this.emit("muted", muted);
  }

  /** Let the other side hear music, or take it back. */
  async hold(held) {
    const asked = held ? { hold: true, musicOnHold: "" } : { hold: false };
    const done = await this.#ask(SERVICE.HOLD, asked);
    if (done) this.setHeld(held);
    return done;
  }

  setHeld(held) {
    if (this.held === held) return;
    this.held = held;
    this.emit("held", held);
  }

  press(keys) {
    return this.#ask(SERVICE.KEYS, { digits: keys });
  }

  sendInfo(info) {
    return this.#ask(SERVICE.SEND_INFO, { info });
  }

  transfer(userId) {
    return this.#ask(SERVICE.TRANSFER, { to: { number: userId, type: "internal", alias: userId } });
  }

  async #ask(service, body) {
    return (await this.#client.request(service, { callId: this.id, ...body })).r === 0;
  }

  /** Try the microphone again in a call that began without. */
  retryMicrophone() {
    return this.#sound.openMicrophone();
  }

  /** Only hear from now on: the microphone is given back. */
  closeMicrophone() {
    this.microphone = null;
    return this.#sound.closeMicrophone();
  }

  quality() {
    return this.#sound.quality();
  }

  // ── After a break ─────────────────────────────────────────────────────────────────────────────────────────────────
  /** What another life of this page needs to know of the call. */
  known() {
    return Object.fromEntries(KEPT.map((name) => [name, this[name]]));
  }

  /** The page was loaded again. The call goes on if the server offers it anew in time; else it is ended for both. */
  async comeBack() {
    this.#become("returning");
    await Promise.race([this.#sound.openMicrophone(), pause(RETURN_MS / 2)]);
    await this.#sound.open(this.iceServers).catch(() => this.#fail());
  }

  /** The socket is back. What we missed is told again, but for an end that nobody remembers. */
  async reconnected() {
    if (this.state === "returning" && !this.#returnTimer) this.#returnTimer = setTimeout(() => this.#giveUp(), RETURN_MS);
    const answer = await this.#client.request(SERVICE.EXISTS, { callId: this.id }).catch(() => null);
    if (answer?.exist === false) this.#end("gone");
    else this.#sound.hurry();
  }

  #giveUp() {
    if (this.state !== "returning") return;
    this.#client.farewell(this.id);
    this.#end("reloaded");
  }

  // ── What the server tells ─────────────────────────────────────────────────────────────────────────────────────────
  take(service, body) {
    if (service === SERVICE.DESCRIBED) this.#described(body);
    else if (service === SERVICE.STATED) this.#stated(body);
    else if (service === SERVICE.ENDED) this.#ended(body);
    else if (service === SERVICE.INFO) this.emit("info", body.info);
    else if (service === SERVICE.OTHER_DEVICE) this.#otherDevice(body);
  }

  async #described(body) {
    try {
      const isAnswered = await this.#sound.take(body);
      if (isAnswered && this.state === "returning") this.#talk();
    } catch (error) {
      console.error(error);
      this.#fail();
    }
  }

  #stated({ code, reason }) {
    this.code = code;
    this.emit("code", { code, reason });
    if (RINGING.has(code) && this.state === "dialling") this.#become("ringing");
    else if (code === ANSWERED && !this.isIncoming) this.#talk();
    else if (code >= 400) this.#end(whyOf(code));
  }

  #ended({ code }) {
    this.code = code ?? 0;
    this.#end(this.state === "ringing" && this.isIncoming ? "cancelled" : whyOf(code));
  }

  #otherDevice({ type, data }) {
    this.emit("otherdevice", { type, code: data.code });
    if (type === "CALL_END") this.#end("elsewhere_over");
    else if (data.code === ANSWERED) this.#end("elsewhere");
    else if (data.code >= BUSY) this.#end("elsewhere_rejected");
  }

  #tell(type, data) {
    // What gets lost in a break is asked for again, or `reconnected` finds that the call has ended.
    return this.#client.request(SERVICE.DESCRIBE, { callId: this.id, type, data }).then(({ r }) => r === 0, () => false);
  }

  // ── State ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  #fail() {
    if (this.isOver) return;
    this.#client.farewell(this.id);
    this.#end("no_sound");
  }

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
    this.#sound.close();
    this.#become("ended");
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
