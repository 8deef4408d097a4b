/* The way of a call through the menu and the queues, drawn while it goes it. */

import { ask, byId, draw, icon, say } from "../page.js";

const ASK_EVERY_MS = 1000;
const NOTHING = { steps: [], lit: [], now: "" };
const SIGNS = { call: "call", called: "ring_volume", node: "dialpad", queue: "hourglass_top", ring: "ring_volume", talk: "forum", message: "voicemail", number: "phone_forwarded", program: "code", end: "call_end" };

/** Watches one call at a time. `headers` gives the proof of who asks. */
export class Path {
  #timer = 0;
  #callId = "";
  #drawn = "";

  constructor(address, headers) {
    this.address = address;
    this.headers = headers;
  }

  watch(callId) {
    this.stop();
    this.#callId = callId;
    this.#drawn = "";
    this.#draw(NOTHING); // what is shown is another call's
    byId("no-steps").hidden = true;
    this.#look();
  }

  /** Look once more, for how it ended, and no further. */
  finish() {
    if (!this.#callId) return;
    clearTimeout(this.#timer);
    const callId = this.#callId;
    this.#timer = setTimeout(() => this.#ask(callId), ASK_EVERY_MS / 2);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#callId = "";
  }

  async #look() {
    const callId = this.#callId;
    const isOver = await this.#ask(callId);
    if (callId && callId === this.#callId && !isOver) this.#timer = setTimeout(() => this.#look(), ASK_EVERY_MS);
  }

  /** Draw what is known of a call. Whether it is over. */
  async #ask(callId) {
    try {
      const path = await ask(this.address.replace("CALL", encodeURIComponent(callId)), { headers: this.headers() });
      if (callId !== this.#callId) return true;
      const text = JSON.stringify(path);
      if (text !== this.#drawn) this.#draw(path);
      this.#drawn = text;
      return path.over;
    } catch {
      return false; // it has not arrived yet, or the network is away: ask again
    }
  }

  #draw({ steps, lit, now }) {
    byId("no-steps").hidden = steps.length > 0;
    byId("steps").replaceChildren(...steps.map((step, index) => stepLine(step, index === steps.length - 1)));
    light(lit, now);
  }
}

function stepLine(step, isLast) {
  const isNow = isLast && step.kind !== "end";
  const line = draw("li", isNow ? { class: "is-now", "aria-current": "step" } : {});
  line.append(
    draw("span", { class: isNow ? "sign pulse" : "sign" }, icon(SIGNS[step.kind])),
    draw("div", {}, draw("strong", {}, sayStep(step)), step.detail ? draw("p", { class: "hint" }, step.detail) : "", choices(step)),
  );
  return line;
}

function sayStep({ kind, name }) {
  return !name && (kind === "ring" || kind === "talk") ? say(`path.${kind}_somebody`) : say(`path.${kind}`, { name });
}

function choices({ pressed, keys = [] }) {
  if (pressed) return draw("p", { class: "choices" }, draw("span", {}, draw("kbd", {}, keyName(pressed)), ` ${say("path.pressed")}`));
  if (!keys.length) return "";
  return draw("p", { class: "choices" }, ...keys.map(({ key, leads }) => draw("span", {}, draw("kbd", {}, keyName(key)), ` ${leads}`)));
}

function keyName(key) {
  if (key === "EMPTY_KEY") return say("key.none");
  return key === "INVALID_KEY" ? say("key.other") : key;
}

/** Light up places of the tree's picture. */
function light(lit, now) {
  const tree = byId("tree");
  for (const place of tree.querySelectorAll("[data-goto]")) {
    place.classList.toggle("is-lit", lit.includes(place.dataset.goto));
    const isNow = place.dataset.goto === now;
    if (isNow && !place.classList.contains("is-now")) showInside(tree, place);
    place.classList.toggle("is-now", isNow);
  }
}

function showInside(frame, place) {
  const card = place.getBoundingClientRect();
  const view = frame.getBoundingClientRect();
  frame.scrollBy({ left: card.left - view.left - 24, top: card.top - view.top - 24 });
}

/** Show the picture of a number's tree; nothing when it has none. */
export async function showTree(address, headers) {
  const tree = byId("tree");
  tree.hidden = true;
  tree.replaceChildren();
  if (!address) return;
  const { picture } = await ask(address, { headers }).catch(() => ({}));
  if (!picture) return;
  tree.innerHTML = picture; // drawn by our own server, where every text of it was escaped
  tree.hidden = false;
}
