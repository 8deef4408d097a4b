/* One tab of the browser has the telephone: it is connected, rings and is heard. The agent's other tabs show the same
   and pass on what is done there. When the first one closes, the next one takes over with what was kept. */

import { Emitter } from "../emitter.js";

const ASK_MS = 10_000;

/** What the tabs of one agent keep together in this browser. Shape: {ids: {deviceId, sessionId}, call: facts or null}. */
export function keptBy(name) {
  const key = `softphone.place.${name}`;
  const load = () => {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? {};
    } catch {
      return {};
    }
  };
  const save = (more) => {
    try {
      localStorage.setItem(key, JSON.stringify({ ...load(), ...more }));
    } catch {
      // storage is forbidden: loading the page again ends a call
    }
  };
  return { load, save };
}

/** Resolves when this tab may have the telephone; at once where browsers have no locks. `waits` is told if it must wait. */
export async function leadership(name, waits) {
  if (!navigator.locks) return () => {};
  const lock = `softphone.lead.${name}`;
  return new Promise((lead) => {
    const hold = () => new Promise((release) => { lead(release); });
    navigator.locks.request(lock, { ifAvailable: true }, (free) => {
      if (free) return hold();
      waits();
      navigator.locks.request(lock, hold);
      return null;
    });
  });
}

/** Shows a station to other tabs, and does for them what they ask. */
export function share(station, name, handOver) {
  const channel = new BroadcastChannel(`softphone.tabs.${name}`);
  const tell = () => channel.postMessage({ snapshot: station.snapshot });
  station.on("change", tell);
  station.on("failed", (action, why) => channel.postMessage({ failed: { action, why } }));
  channel.onmessage = async ({ data }) => {
    if (data.hello) tell();
    else if (data.takeOver) handOver();
    else if (data.act) {
      const done = await station.act(...data.act);
      channel.postMessage({ done: data.id, result: plain(done) });
    }
  };
  tell();
  return () => channel.close();
}

function plain(value) {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

/** What another tab's station shows; the same face as a Station. */
export class Mirror extends Emitter {
  #channel;
  #waiting = new Map();
  #last = 0;

  constructor(name) {
    super();
    this.snapshot = { leads: false, connection: "connecting", problem: "", me: null, call: null, ended: null };
    this.#channel = new BroadcastChannel(`softphone.tabs.${name}`);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#channel.postMessage({ hello: true });
  }

  #hear({ snapshot, failed, done, result }) {
    if (snapshot) {
      this.snapshot = { ...snapshot, leads: false };
      this.emit("change");
    } else if (failed) this.emit("failed", failed.action, failed.why);
    else if (done) {
      this.#waiting.get(done)?.(result);
      this.#waiting.delete(done);
    }
  }

  act(...act) {
    this.#last += 1;
    const id = `${performance.timeOrigin}-${this.#last}`;
    this.#channel.postMessage({ act, id });
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      setTimeout(() => resolve(null), ASK_MS);
    });
  }

  takeOver() {
    this.#channel.postMessage({ takeOver: true });
  }

  close() {
    this.#channel.close();
  }
}
