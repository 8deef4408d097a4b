/* The agent's state in words. */

import { has, say, span, timeOfDay } from "../page.js";

/** A manual status for people; what only a program knows is shown as it came. */
export function statusWords(status) {
  const key = `status.${status || "none"}`;
  return has(key) ? say(key) : status;
}

/** Why calls come or do not, and what follows. Shape: {text, tone: good, warn or plain}. */
export function because(snapshot, now) {
  const { me, connection, problem, call } = snapshot;
  if (problem) return { text: has(`problem.${problem}`) ? say(`problem.${problem}`) : problem, tone: "warn" };
  if (!me) return { text: say("because.asking"), tone: "plain" };
  const at = now - me.ahead;
  const next = nextWords(me);
  const activity = call ? activityOf(call) : me.activity; // the page knows first
  if (activity === "on_call") return { text: `${say("because.on_call")} ${next}`, tone: "plain" };
  if (activity === "offered") return { text: say("because.offered"), tone: "plain" };
  if (activity === "wrap_up") return { text: `${say("because.wrap_up")} ${next}`, tone: "plain" };
  if (connection !== "online" && me.takesCallsOn === 1) return { text: say("because.not_connected"), tone: "warn" };
  if (me.why) return { text: whyWords(me.why, me, at), tone: "warn" };
  if (!me.queues.length) return { text: say("because.no_queue"), tone: "warn" };
  return { text: say("because.free", { time: timeOfDay(me.since), queues: me.queues.join(", ") }), tone: "good" };
}

function activityOf({ isIncoming, state }) {
  return isIncoming && state === "ringing" ? "offered" : "on_call";
}

function nextWords(me) {
  if (!me.status) return say("because.next_none");
  return say("because.next", { status: statusWords(me.status) });
}

function whyWords({ rule, until, missed }, me, at) {
  if (rule === "manual_status") return say("because.manual_status", { status: statusWords(me.status) });
  const left = until > at ? span(until - at) : "";
  return say(`because.${rule}`, { left, missed });
}

/** What a customer's server says about its customer, as facts: [[name, value], …]. */
export function infoFacts(text) {
  let info;
  try {
    info = JSON.parse(text || "{}");
  } catch {
    info = text;
  }
  if (typeof info === "string") return info ? [[say("facts.info"), info]] : [];
  if (!info || typeof info !== "object") return [];
  const plain = Object.entries(info).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value) && value !== "");
  return plain.slice(0, MOST_FACTS).map(([name, value]) => [name, String(value)]);
}

/** The other side; its number spelt as the server spells it, once it has said so. Who was called in by somebody else,
    and goes on without him, is with the customer. */
export function partyWords(call, known) {
  const isCustomer = known?.customer && (known.tookOver || call.party === `+${known.customer}`);
  return isCustomer ? known.customerShown : call.party;
}

const MOST_FACTS = 12;

/** The way through the menu: Language: 1 → Sales: 2. */
export function pathWords(path) {
  const names = { EMPTY_KEY: say("key.none"), INVALID_KEY: say("key.other") };
  return (path ?? []).map(([node, key]) => `${node}: ${names[key] ?? key}`).join(" → ");
}
