/* The agent's place of work: the connection, the call, and what the server says of the agent. It draws nothing.

   `snapshot` is plain data, so that other tabs can show the same (tabs.js); `act` does what people want. Events:
   `change`, `stream` (what is heard), `ring` (whether it rings), `failed` (why an action was refused). */

import { Client, doorOf } from "../client.js";
import { Emitter } from "../emitter.js";
import { calledNumber } from "../words.js";
import { partyWords } from "./words.js";

const ASK_EVERY_MS = 3000;
const ASK_SOON_MS = 250; // after something of a call has changed: the server has stored it by then
const QUALITY_EVERY_MS = 5000;
const CALLS = new Set(["talking", "answering", "returning"]);

export class Station extends Emitter {
  #client;
  #call = null;
  #timer = 0;
  #qualityTimer = 0;
  #quality = null;
  #me = null;
  #problem = "";
  #ended = null;
  #handedOn = ""; // the id of the call that this agent has handed to somebody else
  #kept;

  /** `kept`: {load, save} of what another life of this place needs: the client's ids and its call. */
  constructor(api, access, token, kept) {
    super();
    this.api = api;
    this.access = access;
    this.#kept = kept;
    const { ids, call } = kept.load();
    this.#client = new Client({ url: doorOf(location.href), token, ids });
    kept.save({ ids: { deviceId: this.#client.deviceId, sessionId: this.#client.sessionId } });
    this.api.token = token;
    this.#client.on("state", () => {
      this.#askSoon(); // whether a device is connected is a part of the agent's state
      this.#changed();
    });
    this.#client.on("authen", (answer) => { this.#problem = answer.r ? "token" : ""; });
    this.#client.on("tokenwanted", () => this.#renew());
    this.#client.on("incoming", (incoming) => this.#take(incoming));
    this.access.onRenewed = (fresh) => this.#use(fresh);
    if (call) this.#take(this.#client.comeBack(call));
    this.#client.connect();
    this.#look();
    this.#qualityTimer = setInterval(() => this.#measure(), QUALITY_EVERY_MS);
  }

  close() {
    clearTimeout(this.#timer);
    clearInterval(this.#qualityTimer);
    this.access.end();
    this.#client.disconnect();
  }

  get call() {
    return this.#call;
  }

  get snapshot() {
    return {
      leads: true,
      connection: this.#client.state,
      problem: this.#problem,
      me: this.#me,
      call: this.#call && this.#shown(this.#call),
      ended: this.#ended,
    };
  }

  #shown(call) {
    return {
      id: call.id,
      isIncoming: call.isIncoming,
      state: call.state,
      party: call.party,
      called: calledNumber(call),
      info: call.info,
      customData: call.customData,
      ringsUntil: call.ringsUntil,
      talkingSince: call.talkingSince,
      held: call.held,
      muted: call.muted,
      microphone: call.microphone,
      soundIsLost: call.soundIsLost,
      quality: this.#quality,
    };
  }

  #changed() {
    this.emit("change");
  }

  // ── Token ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  async #renew() {
    if (!this.access.canRenew) return;
    try {
      this.#use(await this.access.token());
    } catch {
      this.#changed(); // signed out of the console, or the server is away: `problem` says that a token is needed
    }
  }

  #use(token) {
    this.api.token = token;
    this.#client.renew(token);
  }

  // ── The call ──────────────────────────────────────────────────────────────────────────────────────────────────────
  #take(call) {
    this.#call = call;
    this.#ended = null;
    this.#quality = null;
    for (const event of ["microphone", "muted", "held", "media"]) call.on(event, () => this.#changed());
    call.on("stream", (stream) => this.emit("stream", stream));
    call.on("result", () => this.#keep());
    call.on("state", () => this.#moved(call));
    this.emit("ring", call.isIncoming && call.state === "ringing");
    this.#askSoon();
    this.#changed();
  }

  #moved(call) {
    this.emit("ring", call.isIncoming && call.state === "ringing");
    if (call.isOver) {
      const why = this.#handedOn === call.id && call.why === "remote" ? "handed_on" : call.why;
      this.#ended = { why, code: call.code, party: partyWords(call, this.#knownOf(call)), at: Date.now() };
      this.#call = null;
      this.emit("stream", null);
    }
    this.#keep();
    this.#askSoon();
    this.#changed();
  }

  /** What the server has said of a call. */
  #knownOf(call) {
    return this.#me?.call?.callId === call.id ? this.#me.call : null;
  }

  #keep() {
    const call = this.#call;
    const talks = call?.id && (CALLS.has(call.state) || !call.isIncoming);
    this.#kept.save({ call: talks ? call.known() : null });
  }

  async #measure() {
    if (this.#call?.state !== "talking") return;
    this.#quality = await this.#call.quality();
    this.#changed();
  }

  // ── What the server says ──────────────────────────────────────────────────────────────────────────────────────────
  #askSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), ASK_SOON_MS);
  }

  async #look() {
    clearTimeout(this.#timer);
    try {
      this.#know(await this.api.me());
    } catch (error) {
      if (error.status === 404) this.#problem = "not_an_agent";
      this.#changed();
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), ASK_EVERY_MS);
  }

  #know(me) {
    this.#me = { ...me, ahead: Date.now() - me.now }; // how far this clock is ahead of the server's
    if (this.#call && me.call?.callId === this.#call.id && this.#call.state === "talking") this.#call.setHeld(me.call.held);
    this.#changed();
  }

  // ── What people do ────────────────────────────────────────────────────────────────────────────────────────────────
  /** Do something by its name; what is refused is told by `failed`. Resolves with what came of it. */
  async act(name, ...values) {
    try {
      const done = await ACTIONS[name].call(this, ...values);
      this.#askSoon();
      return done;
    } catch (error) {
      this.emit("failed", name, { code: error.code ?? 0, message: error.message });
      return null;
    }
  }

  dial(from, to) {
    if (!this.#call && this.#client.isOnline) this.#take(this.#client.makeCall({ from, to }));
  }

  know(me) {
    this.#know(me);
  }

  /** Ask for what lets the call go to somebody else: nobody hangs up on the agent when it then leaves this page. */
  async handOn(asked) {
    this.#handedOn = this.#call.id;
    try {
      return await asked;
    } catch (error) {
      this.#handedOn = "";
      throw error;
    }
  }

  roundTrip() {
    return this.#client.roundTrip();
  }
}

const ACTIONS = {
  answer() { return this.call?.answer(); },
  reject() { this.call?.reject(); },
  hangUp() { this.call?.hangUp(); },
  mute() { this.call?.mute(!this.call.muted); },
  async hold() {
    const { call } = this;
    if (call && !(await call.hold(!call.held))) throw new Error("hold");
  },
  press(keys) { return this.call?.press(keys); },
  retryMicrophone() { return this.call?.retryMicrophone(); },
  dial(from, to) { this.dial(from, to); },
  async status(status) { this.know(await this.api.setStatus(status)); },
  async device(kind) { this.know(await this.api.setDevice(kind)); },
  async wrapUp(action) { this.know(await this.api.wrapUp(action)); },
  transfer(type, to, kind) {
    const asked = this.api.transfer(this.call.id, type, to, kind);
    return kind === "blind" ? this.handOn(asked) : asked;
  },
  completeTransfer() { return this.handOn(this.api.completeTransfer(this.call.id)); },
  cancelTransfer() { return this.api.cancelTransfer(this.call.id); },
  mergeTransfer() { return this.api.mergeTransfer(this.call.id); },
  addPerson(type, to) { return this.api.addPerson(this.call.id, type, to); },
  removePerson(leg) { return this.api.removePerson(this.call.id, leg); },
  writeNote(callId, disposition, note) { return this.api.writeNote(callId, disposition, note); },
  directory(term) { return this.api.directory(term); },
  history() { return this.api.history(); },
  roundTrip() { return this.roundTrip(); },
};
