/* One page that is signed in at the door, and its calls.

   The socket comes and goes; the session does not: after a break the page signs in again with the same `deviceId` and
   `sessionId`, and its calls go on. Events: `state` (off, connecting, online, lost, refused), `authen` (the answer to the
   login), `tokenwanted`, `incoming` (a Call), `busy` (the body of a call that was refused because another goes on),
   `message`, `topic`, `devices`. */

import { Call } from "./call.js";
import { Connection, doorOf } from "./connection.js";
import { Emitter } from "./emitter.js";
import { BUSY, LOGIN, SERVICE, newId } from "./packets.js";

export { doorOf };

const PLATFORM_WEB = 3;
const SDK_VERSION = "2.6.0"; // what every client of the second generation says
const OF_CONNECTION = { off: "off", connecting: "connecting", lost: "lost", stopped: "refused" };
const PASSED_ON = { [SERVICE.MESSAGE]: "message", [SERVICE.TOPIC]: "topic", [SERVICE.DEVICES]: "devices" };

export class Client extends Emitter {
  #connection;
  #farewells = new Set(); // calls that ended here while there was no socket

  /** `ids`: {deviceId, sessionId} to come back as the page that had them. `oneCall`: a second one is refused as busy. */
  constructor({ url, token = "", ids = {}, oneCall = true }) {
    super();
    this.token = token;
    this.oneCall = oneCall;
    this.state = "off";
    this.calls = new Map();
    this.deviceId = ids.deviceId ?? newId("web");
    this.sessionId = ids.sessionId ?? newId("session");
    this.browserId = browserId();
    this.userId = "";
    this.projectId = 0;
    this.#connection = new Connection(url);
    this.#connection.on("state", (state) => (state === "open" ? this.#login() : this.#become(OF_CONNECTION[state])));
    this.#connection.on("packet", (service, body) => this.#take(service, body));
  }

  get isOnline() {
    return this.state === "online";
  }

  get url() {
    return this.#connection.url;
  }

  set url(url) {
    this.#connection.url = url;
  }

  /** Sign in, and stay signed in until `disconnect`. */
  connect(token = this.token) {
    this.token = token;
    if (!this.isOnline) this.#connection.open();
  }

  /** Go on with a newer token, without a break. */
  renew(token) {
    this.token = token;
    if (this.isOnline) this.#login();
    else if (this.state !== "off") this.#connection.open();
  }

  disconnect() {
    this.#connection.close();
  }

  /** Ask something. Resolves with the answer, whatever its `r`; rejects when there is no socket or no answer. */
  request(service, body) {
    return this.#connection.request(service, body);
  }

  /** Milliseconds to the server and back. */
  async roundTrip() {
    const begun = performance.now();
    await this.request(SERVICE.EXISTS, { callId: "round-trip" });
    return Math.round(performance.now() - begun);
  }

  // ── Calls ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Call somebody; the returned call tells how it gets on. */
  makeCall({ from, to, custom = "" }) {
    const call = new Call(this, { isIncoming: false, from, to, custom });
    call.dial();
    return call;
  }

  /** Take up a call of this page's life before it was loaded again: see `Call.comeBack`. */
  comeBack(known) {
    const call = new Call(this, known);
    this.adopt(call);
    call.comeBack();
    return call;
  }

  adopt(call) {
    this.calls.set(call.id, call);
    call.on("state", () => {
      if (call.isOver) this.calls.delete(call.id);
    });
  }

  /** Hang up for a call that is over here; told later when there is no socket now. */
  farewell(callId) {
    this.request(SERVICE.HANG_UP, { callId, reasonEndcall: "" }).catch(() => this.#farewells.add(callId));
  }

  refuseAsBusy(callId) {
    this.request(SERVICE.STATE, { callId, code: BUSY, reasonEndcall: "" }).catch(() => {});
  }

  #incoming(body) {
    if (!body.callId || this.calls.has(body.callId)) return; // told again after a break
    if (this.oneCall && this.calls.size) {
      this.refuseAsBusy(body.callId);
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
      fromShown: body.fromShown ?? "",
      toShown: body.toShown ?? "",
      fromInternal: body.fromInternal === true,
      customData: body.customDataFromYourServer ?? "",
      info: body.info ?? {},
      iceServers: body.iceServers ?? [],
      ringsUntil: body.timeout_ms ? Date.now() + body.timeout_ms : 0,
    });
    this.adopt(call);
    this.emit("incoming", call);
  }

  // ── What the server tells ─────────────────────────────────────────────────────────────────────────────────────────
  #take(service, body) {
    if (service === SERVICE.LOGIN) this.#authenticated(body); // unasked: the token has ended
    else if (service === SERVICE.INCOMING) this.#incoming(body);
    else if (service in PASSED_ON) this.emit(PASSED_ON[service], body);
    else this.calls.get(body.callId ?? body.data?.callId)?.take(service, body);
  }

  async #login() {
    const login = {
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
    };
    try {
      this.#authenticated(await this.request(SERVICE.LOGIN, login));
    } catch (error) {
      if (error.message === "no answer") this.#connection.fail(); // else the socket is gone, and comes again
    }
  }

  #authenticated(answer) {
    if (answer.r === LOGIN.ELSEWHERE) {
      this.#connection.moveTo(answer.change_to_server || this.url);
      return;
    }
    if (answer.r !== LOGIN.OK) {
      this.#connection.stop();
      this.emit("authen", answer);
      if (answer.r === LOGIN.TOKEN_EXPIRED) this.emit("tokenwanted");
      return;
    }
    this.#connection.settled(answer.ping_after_ms ?? 0);
    this.userId = answer.userId ?? this.userId;
    this.projectId = answer.projectId ?? this.projectId;
    this.#become("online");
    this.emit("authen", answer);
    const farewells = [...this.#farewells];
    this.#farewells.clear();
    farewells.forEach((callId) => this.farewell(callId));
    for (const call of this.calls.values()) call.reconnected();
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.emit("state", state);
  }
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
