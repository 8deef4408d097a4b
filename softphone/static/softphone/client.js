/* One page that is signed in at the door, and its calls.

   The socket comes and goes; the session does not: after a break the page signs in again with the same `deviceId` and
   `sessionId`, and its calls go on. Events: `state` (off, connecting, online, lost, refused), `authen` (the answer to the
   login), `tokenwanted`, `incoming` (a Call), `busy` (the body of a call that was refused because another goes on),
   `message`, `topic`, `devices`. */

import { Call } from "./call.js";
import { Emitter } from "./emitter.js";
import { BUSY, LOGIN, SERVICE, newId } from "./packets.js";

const GRACE_MS = 15000; // silence beyond the announced ping after which a socket counts as dead
const WATCH_MS = 5000;
const LOGIN_MS = 10000;
const REQUEST_MS = 15000;
const BACK_OFF_MS = [250, 1000, 2000, 4000, 8000];
const PLATFORM_WEB = 3;
const SDK_VERSION = "2.6.0"; // what every client of the second generation says

export class Client extends Emitter {
  #socket = null;
  #requestId = 0;
  #waiting = new Map(); // requests without their answer: id -> {resolve, reject, timer}
  #wanted = false;
  #failures = 0;
  #retry = 0;
  #watch = 0;
  #heardAt = 0;
  #pingAfterMs = 0;
  #farewells = new Set(); // calls that ended here while there was no socket
  #onOnline = () => this.#network();

  /** `ids`: {deviceId, sessionId} to come back as the page that had them. */
  constructor({ url, token = "", ids = {}, oneCall = true }) {
    super();
    this.url = url;
    this.token = token;
    this.oneCall = oneCall; // a second call is refused as busy while one goes on
    this.state = "off";
    this.calls = new Map();
    this.deviceId = ids.deviceId ?? newId("web");
    this.sessionId = ids.sessionId ?? newId("session");
    this.browserId = browserId();
    this.userId = "";
    this.projectId = 0;
  }

  get isOnline() {
    return this.state === "online";
  }

  /** Sign in, and stay signed in until `disconnect`. A new token replaces the old one, also while signed in. */
  connect(token = this.token) {
    this.token = token;
    if (this.#wanted && this.state === "online") return;
    if (!this.#wanted) addEventListener("online", this.#onOnline);
    this.#wanted = true;
    this.#failures = 0;
    this.#open();
  }

  /** Go on with a newer token, without a break. */
  renew(token) {
    this.token = token;
    if (this.state === "online") this.#login(this.#socket);
    else if (this.#wanted) this.connect(token);
  }

  disconnect() {
    this.#wanted = false;
    removeEventListener("online", this.#onOnline);
    clearTimeout(this.#retry);
    this.#drop();
    this.#become("off");
  }

  /** Ask something. Resolves with the answer, whatever its `r`; rejects when there is no socket or no answer. */
  request(service, body = {}, waitMs = REQUEST_MS) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Error("not connected"));
    const requestId = this.#send(service, body);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(requestId);
        reject(new Error("no answer"));
      }, waitMs);
      this.#waiting.set(requestId, { resolve, reject, timer });
    });
  }

  /** Milliseconds to the server and back. */
  async roundTrip() {
    const begun = performance.now();
    await this.request(SERVICE.EXISTS, { callId: "round-trip" });
    return Math.round(performance.now() - begun);
  }

  /** Call somebody; the returned call tells how it gets on. `media`: {stream} or nothing to ask for the microphone. */
  makeCall({ from, to, custom = "" }, media) {
    const call = new Call(this, { isIncoming: false, from, to, custom });
    call.dial(media);
    return call;
  }

  /** Take up a call of this page's life before it was loaded again: see `Call.comeBack`. */
  comeBack(known) {
    const call = new Call(this, { ...known, iceServers: [] });
    this.adopt(call);
    call.comeBack();
    return call;
  }

  adopt(call) {
    this.calls.set(call.id, call);
    call.on("state", () => {
      if (call.state === "ended") this.calls.delete(call.id);
    });
  }

  /** Hang up for a call that is over here; told later when there is no socket now. */
  farewell(callId) {
    this.request(SERVICE.HANG_UP, { callId, reasonEndcall: "" }).catch(() => this.#farewells.add(callId));
  }

  async sendMessage(toUser, message) {
    return this.request(SERVICE.SEND_MESSAGE, { toUser, message });
  }

  // ── The socket ────────────────────────────────────────────────────────────────────────────────────────────────────
  #open() {
    clearTimeout(this.#retry);
    this.#drop();
    this.#become(this.#failures ? "lost" : "connecting");
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#heardAt = performance.now();
    this.#pingAfterMs = 0;
    socket.onopen = () => this.#login(socket);
    socket.onmessage = (event) => this.#hear(socket, event.data);
    socket.onclose = () => this.#closed(socket);
    this.#watch = setInterval(() => this.#look(socket), WATCH_MS);
  }

  #drop() {
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error("connection lost"));
    }
    this.#waiting.clear();
  }

  #closed(socket) {
    if (socket !== this.#socket) return;
    this.#drop();
    if (this.#wanted && this.state !== "refused") this.#again();
  }

  #again() {
    const pause = BACK_OFF_MS[Math.min(this.#failures, BACK_OFF_MS.length - 1)];
    this.#failures += 1;
    this.#become("lost");
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), pause * (0.75 + Math.random() / 2)); // not all pages at once
  }

  /** The network is back, or is another one: do not wait for a timer, nor for the old socket to notice. */
  #network() {
    if (this.#wanted && this.state !== "refused") {
      this.#failures = Math.max(1, this.#failures);
      this.#open();
    }
  }

  #look(socket) {
    const silent = performance.now() - this.#heardAt;
    const limit = this.#pingAfterMs ? this.#pingAfterMs + GRACE_MS : this.state === "online" ? Infinity : LOGIN_MS;
    if (silent > limit && socket === this.#socket) this.#closed(socket);
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.emit("state", state);
  }

  // ── Packets ───────────────────────────────────────────────────────────────────────────────────────────────────────
  #send(service, body) {
    this.#requestId += 1;
    this.#socket.send(JSON.stringify({ service, body: { ...body, requestId: this.#requestId } }));
    return this.#requestId;
  }

  #hear(socket, text) {
    if (socket !== this.#socket) return;
    this.#heardAt = performance.now();
    const { service, body } = read(text);
    if (!service) return;
    const waiting = this.#waiting.get(body.requestId);
    if (waiting && service !== SERVICE.PING) {
      clearTimeout(waiting.timer);
      this.#waiting.delete(body.requestId);
      waiting.resolve(body);
      return;
    }
    this.#take(service, body);
  }

  #take(service, body) {
    switch (service) {
      case SERVICE.PING:
        this.#send(SERVICE.PING, {});
        break;
      case SERVICE.LOGIN:
        this.#authenticated(body); // unasked: the token has expired
        break;
      case SERVICE.INCOMING:
        this.#incoming(body);
        break;
      case SERVICE.DESCRIBED:
      case SERVICE.ENDED:
      case SERVICE.STATED:
      case SERVICE.INFO:
        this.calls.get(body.callId)?.take(service, body);
        break;
      case SERVICE.OTHER_DEVICE:
        this.calls.get(body.data?.callId)?.take(service, body);
        break;
      case SERVICE.MESSAGE:
        this.emit("message", body);
        break;
      case SERVICE.TOPIC:
        this.emit("topic", body);
        break;
      case SERVICE.DEVICES:
        this.emit("devices", body);
        break;
    }
  }

  // ── Signing in ────────────────────────────────────────────────────────────────────────────────────────────────────
  async #login(socket) {
    try {
      const answer = await this.request(SERVICE.LOGIN, {
        accesstoken: this.token,
        deviceId: this.deviceId,
        browserId: this.browserId,
        sessionId: this.sessionId,
        platform: PLATFORM_WEB,
        platformVersion: "",
        deviceName: navigator.userAgent,
        screenSize: `${screen.width}x${screen.height}`,
        sdkVersion: SDK_VERSION,
        calls: [...this.calls.keys()], // our own addition: what the server has beyond these, it ends
      });
      if (socket === this.#socket) this.#authenticated(answer);
    } catch {
      this.#closed(socket);
    }
  }

  #authenticated(answer) {
    if (answer.r === LOGIN.ELSEWHERE) {
      if (answer.change_to_server) this.url = answer.change_to_server;
      this.#drop();
      this.#again();
      return;
    }
    if (answer.r !== LOGIN.OK) {
      this.#drop();
      this.#become("refused");
      this.emit("authen", answer);
      if (answer.r === LOGIN.TOKEN_EXPIRED) this.emit("tokenwanted");
      return;
    }
    this.#failures = 0;
    this.#pingAfterMs = answer.ping_after_ms ?? 0;
    this.userId = answer.userId ?? this.userId;
    this.projectId = answer.projectId ?? this.projectId;
    this.#become("online");
    this.emit("authen", answer);
    for (const callId of this.#farewells) this.farewell(callId);
    this.#farewells.clear();
    for (const call of this.calls.values()) call.reconnected();
  }

  #incoming(body) {
    if (!body.callId || this.calls.has(body.callId)) return; // told again after a break
    if (this.oneCall && this.calls.size) {
      this.request(SERVICE.STATE, { callId: body.callId, code: BUSY, reasonEndcall: "" }).catch(() => {});
      this.emit("busy", body);
      return;
    }
    const call = new Call(this, {
      id: body.callId,
      isIncoming: true,
      from: body.fromNumber ?? "",
      to: body.toNumber ?? "",
      fromAlias: body.fromAlias ?? "",
      toAlias: body.toAlias ?? "",
      fromInternal: body.fromInternal === true,
      customData: body.customDataFromYourServer ?? "",
      info: body.info ?? {},
      iceServers: body.iceServers ?? [],
      ringsUntil: body.timeout_ms ? Date.now() + body.timeout_ms : 0,
    });
    this.adopt(call);
    this.emit("incoming", call);
  }
}

function read(text) {
  try {
    const packet = JSON.parse(text);
    if (Number.isInteger(packet?.service) && packet.body && typeof packet.body === "object") return packet;
  } catch {
    // not ours; dropped as every client of this protocol does
  }
  return {};
}

function browserId() {
  try {
    const kept = localStorage.getItem("softphone.browser") ?? newId("browser");
    localStorage.setItem("softphone.browser", kept);
    return kept;
  } catch {
    return newId("browser"); // storage is forbidden here
  }
}

/** The door of the server that a page comes from. */
export function doorOf(address) {
  const url = new URL("/softphone/ws", address);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}
