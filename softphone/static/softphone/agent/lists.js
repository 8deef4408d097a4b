/* Lists of the agent's page: own calls, colleagues, and to whom a call can be handed. */

import { byId, dayAndTime, draw, has, icon, say, span } from "../page.js";

const TYPING_MS = 250;
const PHONE = /^\+?[\d\s().-]{3,20}$/;
const MISSED = new Set(["timed_out", "rejected", "busy", "unreachable", "failed", "no_answer", "withdrawn"]);
const SIGNS = { inbound: "call_received", outbound: "call_made", internal: "sync_alt" };

/** A search box over colleagues, queues and telephone numbers. `choose(type, to, way)` takes what was chosen.

    Shape: `ways` are the buttons of each type: {agent: [way, …], queue: […], phone: […]}; texts say them as `to.<way>`. */
export class Picker {
  #timer = 0;

  constructor(box, list, act, ways, choose) {
    this.box = box;
    this.list = list;
    this.act = act;
    this.ways = ways;
    this.choose = choose;
    box.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.look(), TYPING_MS);
    });
  }

  async look() {
    const term = this.box.value.trim();
    const found = await this.act("directory", term);
    if (!found) return;
    const queues = this.ways.queue.length ? found.queues : [];
    const rows = [...found.agents.map((each) => this.#colleague(each)), ...queues.map((each) => this.#queue(each))];
    if (PHONE.test(term)) rows.unshift(this.#row("phone", term, term));
    this.list.replaceChildren(...(rows.length ? rows : [draw("li", { class: "hint" }, say("to.nobody"))]));
  }

  #colleague({ userId, name, state }) {
    return this.#row("agent", userId, name, stateLine(state), state === "free");
  }

  #queue({ public_id: id, name }) {
    return this.#row("queue", id, name, draw("span", { class: "hint" }, say("to.queue")));
  }

  #row(type, to, name, about = "", canBeRung = true) {
    const buttons = canBeRung ? this.ways[type].map((way) => this.#button(type, to, way, name)) : [];
    return draw("li", {}, draw("div", {}, draw("strong", {}, name), about), draw("div", { class: "row" }, ...buttons));
  }

  #button(type, to, way, name) {
    const label = say(`to.${way}`);
    const send = () => this.choose(type, to, way);
    return draw("button", { type: "button", class: "button quiet small", "aria-label": `${label}: ${name}`, onclick: send }, label);
  }
}

function stateLine(state) {
  return draw("span", { class: `state is-${state}` }, say(`state.${state}`));
}

/** Colleagues with what they do; a click on one dials. */
export function drawColleagues(list, agents, dial) {
  list.replaceChildren(...agents.map(({ userId, name, state }) => {
    const label = `${say("call")}: ${name}`;
    const button = draw("button", { type: "button", class: "icon-button", "aria-label": label, onclick: () => dial(userId) }, icon("call"));
    return draw("li", {}, draw("div", {}, draw("strong", {}, name), stateLine(state)), state === "offline" ? "" : button);
  }));
}

/** The agent's own calls, also those that rang in vain and why. */
export function drawHistory(list, calls, dial) {
  byId("no-history").hidden = calls.length > 0;
  list.replaceChildren(...calls.map((call) => historyLine(call, dial)));
}

function historyLine(call, dial) {
  const label = `${say("call")}: ${call.shown}`;
  const again = draw("button", { type: "button", class: "icon-button", "aria-label": label, onclick: () => dial(call.number) }, icon("call"));
  const what = [dayAndTime(call.at), call.queue, resultWords(call)].filter(Boolean).join(" · ");
  const note = [call.disposition, call.note].filter(Boolean).join(": ");
  const isMissed = MISSED.has(call.result);
  const sign = !isMissed ? SIGNS[call.direction] : call.placed ? "call_missed_outgoing" : "call_missed";
  return draw("li", isMissed && !call.placed ? { class: "is-missed" } : {},
    draw("div", {},
      draw("strong", {}, icon(sign), " ", call.shown || "–"),
      draw("p", { class: "hint" }, what),
      note ? draw("p", { class: "hint" }, note) : ""),
    call.number ? again : "");
}

function resultWords({ result, talkedMs, rangMs }) {
  if (result === "talked") return span(talkedMs);
  const key = `missed.${result}`;
  return has(key) ? say(key, { seconds: Math.round(rangMs / 1000) }) : "";
}

/** Tabs by the keyboard: arrows move, as the pattern for tabs says. */
export function wireTabs(opened) {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const open = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", tab === chosen);
      tab.tabIndex = tab === chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
    }
    opened(chosen.id);
  };
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(place + step + tabs.length) % tabs.length];
      next.focus();
      open(next);
    });
  });
  return () => tabs.find((tab) => tab.getAttribute("aria-selected") === "true").id;
}

