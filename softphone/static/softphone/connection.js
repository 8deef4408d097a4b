/* The socket to the door: it comes and goes, and comes again by itself. Requests find their answers here.

   States: off, connecting, open, lost (trying again), stopped (the server does not want us). Events: `state`, `packet`
   (service, body) for all that answers no request. */

import { Emitter } from "./emitter.js";
import { SERVICE } from "./packets.js";

const GRACE_MS = 15000; // silence beyond the announced ping after which a socket counts as dead
const WATCH_MS = 5000;
const FIRST_WORD_MS = 10000; // until the server has said how often it pings
const REQUEST_MS = 15000;
const BACK_OFF_MS = [250, 1000, 2000, 4000, 8000];

export class Connection extends Emitter {
  #socket = null;
  #requestId = 0;
  #waiting = new Map(); // requests without their answer: id -> {resolve, reject, timer}
  #wanted = false;
  #failures = 0;
  #retry = 0;
  #watch = 0;
  #heardAt = 0;
  #onOnline = () => this.#network();

  constructor(url) {
    super();
    this.url = url;
    this.state = "off";
    this.pingAfterMs = 0; // as the server announces it; 0: not yet
  }

  /** Be connected from now on, until `close` or `stop`. */
  open() {
    if (!this.#wanted) addEventListener("online", this.#onOnline);
    this.#wanted = true;
    this.#failures = 0;
    this.#connect();
  }

  close() {
    this.#end("off");
  }

  /** As `close`, because the server refuses us. */
  stop() {
    this.#end("stopped");
  }

  /** Leave this server, and go to another one. */
  moveTo(url) {
    this.url = url;
    this.#drop();
    this.#again();
  }

  /** What is wanted of the server works: the next failure is a first one. */
  settled(pingAfterMs) {
    this.#failures = 0;
    this.pingAfterMs = pingAfterMs;
  }

  /** The socket is of no use: try another one. */
  fail() {
    if (this.#socket) this.#closed(this.#socket);
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

  // ── The socket ────────────────────────────────────────────────────────────────────────────────────────────────────
  #connect() {
    clearTimeout(this.#retry);
    this.#drop();
    this.#become(this.#failures ? "lost" : "connecting");
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#heardAt = performance.now();
    this.pingAfterMs = 0;
    socket.onopen = () => this.#become("open");
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = () => this.#closed(socket);
    this.#watch = setInterval(() => this.#look(socket), WATCH_MS);
  }

  #end(state) {
    this.#wanted = false;
    removeEventListener("online", this.#onOnline);
    clearTimeout(this.#retry);
    this.#drop();
    this.#become(state);
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
    if (this.#wanted) this.#again();
  }

  #again() {
    const pause = BACK_OFF_MS[Math.min(this.#failures, BACK_OFF_MS.length - 1)];
    this.#failures += 1;
    this.#become("lost");
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), pause * (0.75 + Math.random() / 2)); // not all pages at once
  }

  /** The network is back, or is another one: do not wait for a timer, nor for the old socket to notice. */
  #network() {
    this.#failures = Math.max(1, this.#failures);
    this.#connect();
  }

  #look(socket) {
    const limit = this.pingAfterMs ? this.pingAfterMs + GRACE_MS : FIRST_WORD_MS;
    if (performance.now() - this.#heardAt > limit) this.#closed(socket);
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

  #hear(text) {
    this.#heardAt = performance.now();
    const { service, body } = read(text);
    if (!service) return;
    const waiting = this.#waiting.get(body.requestId);
    if (service === SERVICE.PING) this.#send(SERVICE.PING, {});
    else if (waiting) {
      clearTimeout(waiting.timer);
      this.#waiting.delete(body.requestId);
      waiting.resolve(body);
    } else this.emit("packet", service, body);
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

/** The door of the server that a page comes from. */
export function doorOf(address) {
  const url = new URL("/softphone/ws", address);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}
