/* The middle of the page: the call that rings or goes on, wrap-up, or the telephone to dial with. Drawn from a snapshot. */

import { fillKeypad, isWriting } from "../keypad.js";
import { announce, byId, draw, has, say, sayEnd, setText, showOnly, span } from "../page.js";
import { hear } from "../sound.js";
import { Picker } from "./lists.js";
import { Note } from "./note.js";
import { Panels } from "./panels.js";
import { People } from "./people.js";
import { infoFacts, partyWords, pathWords } from "./words.js";

const ENDED_SHOWN_MS = 6000;
const KEYS_SHOWN = 24; // of those that were pressed in a call, the last ones
const STARTLED_MS = 1500; // fingers that were writing go on for a moment when a call takes the field away
const POOR_LOSS = 0.03; // of packets: from here on words get lost

export class Stage {
  #station;
  #scene = "";
  #factsOf = "";
  #heedsKeysFrom = 0;
  #note;
  #panels;
  #people;

  constructor(station) {
    this.#station = station;
    const act = (name, ...values) => this.#station.act(name, ...values);
    const does = (id, name, ...values) => byId(id).addEventListener("click", () => act(name, ...values));
    does("answer", "answer");
    does("reject", "reject");
    does("hang-up", "hangUp");
    does("mute", "mute");
    does("hold", "hold");
    does("hand-over", "completeTransfer");
    does("merge", "mergeTransfer");
    does("take-back", "cancelTransfer");
    does("retry-microphone", "retryMicrophone");
    does("end-wrap-up", "wrapUp", "end");
    does("extend-wrap-up", "wrapUp", "extend");
    byId("dial").addEventListener("submit", (event) => this.#dial(event));
    fillKeypad(byId("keypad"), (key) => this.#press(key));
    const hand = (type, to, kind) => this.#transfer(type, to, kind);
    const transfer = new Picker(byId("transfer-search"), byId("transfer-list"), act, TRANSFERS, hand);
    this.#note = new Note(act);
    this.#people = new People(act, () => this.#panels.close("add"));
    this.#panels = new Panels({ "transfer-panel": transfer, "people-panel": this.#people.picker });
  }

  /** Show and do from now on what this station says. */
  use(station) {
    this.#station = station;
  }

  get isKeypadOpen() {
    return this.#scene === "talking" && this.#panels.isOpen("keys");
  }

  /** Whether keys are meant for calls: what somebody was writing when it rang neither answers nor rejects. */
  get heedsKeys() {
    return Date.now() >= this.#heedsKeysFrom;
  }

  // ── Drawing ───────────────────────────────────────────────────────────────────────────────────────────────────────
  draw(snapshot) {
    const { call, me, ended } = snapshot;
    const rings = call?.isIncoming && call.state === "ringing";
    const scene = rings ? "incoming" : call ? "talking" : me?.wrapUp ? "wrap-up" : "dial";
    showOnly(byId(scene), SCENES.map(byId));
    byId("dial").hidden = scene !== "dial" && scene !== "wrap-up"; // wrap-up keeps calls of queues away, not one's own
    const entered = scene !== this.#scene;
    this.#scene = scene;
    if (scene === "incoming") this.#drawIncoming(snapshot, entered);
    if (scene === "talking") this.#drawTalking(snapshot, entered);
    if (scene === "wrap-up") this.#drawWrapUp(me, entered);
    if (!call) this.#drawDial(snapshot);
    this.#note.draw(me, call);
    this.#drawEnded(call ? null : ended);
    this.tick(snapshot);
    keepPlace();
  }

  #drawIncoming({ call, me }, entered) {
    const known = me?.call?.callId === call.id ? me.call : null;
    const queue = call.info?.queue || known?.queue || "";
    setText(byId("incoming-kind"), kindWords(call.info, queue, known?.transfer));
    setText(byId("incoming-name"), partyWords(call, known));
    this.#drawFacts("incoming-facts", call, known);
    if (entered) {
      announce(say("incoming.from", { name: call.party, queue: byId("incoming-kind").textContent }), { urgent: true });
      if (isWriting(document.activeElement)) this.#heedsKeysFrom = Date.now() + STARTLED_MS;
      else byId("answer").focus();
    }
  }

  #drawTalking({ call, me }, entered) {
    const known = me?.call?.callId === call.id ? me.call : null;
    setText(byId("talking-name"), partyWords(call, known));
    const state = stateWords(call);
    const isNews = entered || byId("talking-state").textContent !== state;
    setText(byId("talking-state"), state);
    this.#drawFacts("talking-facts", call, known);
    byId("mute").setAttribute("aria-pressed", call.muted);
    byId("hold").setAttribute("aria-pressed", call.held);
    const talks = call.state === "talking";
    const isBound = !talks || known?.isGuest || Boolean(known?.transfer);
    for (const id of ["hold", "add"]) byId(id).disabled = isBound;
    byId("transfer").disabled = isBound || known?.people.some(({ kind }) => kind === "third");
    byId("microphone-note").hidden = !call.microphone;
    if (call.microphone) setText(byId("microphone-why"), `${say(`microphone.${call.microphone}`)} ${say("microphone.hears")}`);
    this.#drawQuality(call.quality);
    this.#drawTransfer(known?.transfer);
    this.#people.draw(known);
    if (entered) {
      this.#panels.closeAll();
      setText(byId("keys-sent"), "");
    }
    if (isNews) announce(state);
  }

  #drawTransfer(transfer) {
    byId("consulting").hidden = !transfer;
    if (!transfer) setText(byId("consulting-with"), "");
    if (!transfer) return;
    const text = consultingWords(transfer);
    if (byId("consulting-with").textContent !== text) announce(text);
    setText(byId("consulting-with"), text);
    const isAsked = Boolean(transfer.by);
    byId("hand-over").hidden = byId("take-back").hidden = isAsked || transfer.kind !== "attended";
    byId("merge").hidden = isAsked || !transfer.consulting;
    setText(byId("hand-over"), say(transfer.consulting ? "transfer.hand_over" : "transfer.leave_now"));
    this.#panels.close("transfer", "add");
  }

  #drawQuality(quality) {
    const mark = byId("quality");
    mark.hidden = !(quality?.lost >= POOR_LOSS);
    if (!mark.hidden) setText(mark, say("quality.poor", { percent: Math.round(quality.lost * 100) }));
  }

  #drawFacts(id, call, known) {
    const path = pathWords(known?.path ?? call.info?.path);
    const facts = [
      [say("facts.queue"), id === "talking-facts" || call.info?.transfer ? known?.queue ?? call.info?.queue : ""],
      [say("facts.called"), call.called],
      [say("facts.path"), path],
      ...infoFacts(known?.info || call.customData),
    ].filter(([, value]) => value);
    const text = JSON.stringify([id, facts]);
    if (text === this.#factsOf) return;
    this.#factsOf = text;
    byId(id).replaceChildren(...facts.map(([name, value]) => draw("div", {}, draw("dt", {}, name), draw("dd", {}, value))));
  }

  #drawWrapUp(me, entered) {
    byId("extend-wrap-up").disabled = me.wrapUp.extended;
    if (entered) {
      this.#note.open();
      announce(say("wrap_up"));
    }
  }

  #drawDial({ me, connection }) {
    byId("call").disabled = connection !== "online" || !me?.callerIds.length;
    byId("dial-note").hidden = !me || me.callerIds.length > 0;
    const chooser = byId("caller-id");
    if (me && chooser.childElementCount !== me.callerIds.length) {
      chooser.replaceChildren(...me.callerIds.map(({ number, shown, alias }) => (
        draw("option", { value: number }, alias ? `${shown} · ${alias}` : shown)
      )));
    }
  }

  #drawEnded(ended) {
    const line = byId("ended");
    const fresh = ended && Date.now() - ended.at < ENDED_SHOWN_MS;
    if (fresh && line.hidden) announce(sayEnd(ended.why, ended.code));
    line.hidden = !fresh;
    if (fresh) setText(line, `${ended.party}: ${sayEnd(ended.why, ended.code)}`);
  }

  /** What moves with time. */
  tick({ call, me, ended }) {
    const now = Date.now();
    if (call) setText(byId("talking-time"), call.talkingSince ? span(now - call.talkingSince) : "");
    if (this.#scene === "incoming") this.#tickRing(call, me, now);
    if (me?.wrapUp) setText(byId("wrap-up-left"), span(me.wrapUp.until + me.ahead - now));
    if (!call && ended) this.#drawEnded(ended);
  }

  #tickRing(call, me, now) {
    const known = me?.call?.callId === call.id && me.call.ringsUntil ? me.call.ringsUntil + me.ahead : 0;
    const until = known || call.ringsUntil;
    const total = (call.info?.timeout || 20) * 1000;
    byId("ring-progress").closest(".ring-time").hidden = !until;
    byId("ring-progress").value = Math.max(0, Math.min(1, (until - now) / total));
    setText(byId("ring-left"), say("incoming.left", { seconds: Math.max(0, Math.ceil((until - now) / 1000)) }));
  }

  /** Let a call be heard; the browser may want a click first. */
  async listen(stream) {
    const heard = byId("heard");
    byId("allow-sound").onclick = () => this.listen(stream);
    byId("sound-blocked").hidden = stream ? await hear(heard, stream) : true;
    if (!stream) heard.srcObject = null;
  }

  // ── Doing ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  #dial(event) {
    event.preventDefault();
    const to = cleaned(byId("number").value);
    if (to) this.#station.act("dial", byId("caller-id").value, to);
  }

  async #transfer(type, to, kind) {
    const done = await this.#station.act("transfer", type, to, kind);
    byId("transfer-problem").hidden = Boolean(done);
    if (done) this.#panels.close("transfer");
  }

  #press(key) {
    setText(byId("keys-sent"), (byId("keys-sent").textContent + key).slice(-KEYS_SHOWN));
    this.#station.act("press", key);
  }

  /** What was refused is said where it was asked. */
  failed(action, { code, message }) {
    if (SILENT.has(action)) return; // asked again soon
    const line = byId(PROBLEMS[action] ?? "problem");
    setText(line, sayRefusal(action, code, message));
    line.hidden = false;
    if (line.id === "problem") setTimeout(() => { line.hidden = true; }, ENDED_SHOWN_MS);
  }
}

function sayRefusal(action, code, message) {
  for (const key of [`problem.${action}`, `problem.${action}.${code}`]) if (has(key)) return say(key);
  return has(`refused.${code}`) ? say(`refused.${code}`) : message;
}

const SILENT = new Set(["history", "directory", "roundTrip", "press"]);
const SCENES = ["incoming", "talking", "wrap-up", "dial"];
const PROBLEMS = { transfer: "transfer-problem", addPerson: "people-problem" }; // where to say what was refused
const TRANSFERS = { agent: ["blind", "attended"], queue: ["blind"], phone: ["blind", "attended"] };

function kindWords(info, queue, transfer) {
  if (transfer?.by) return say(`incoming.${transfer.kind}_by`, { name: transfer.by });
  for (const key of [`incoming.${info?.guest}`, `incoming.${info?.transfer}`]) if (has(key)) return say(key);
  return queue ? say("incoming.queue", { queue }) : say("incoming.direct");
}

function consultingWords({ kind, consulting, to, by }) {
  if (by) return say("transfer.asked", { name: by });
  return say(consulting ? "transfer.talking" : `transfer.ringing_${kind}`, { name: to });
}

function stateWords(call) {
  if (call.soundIsLost) return say("call.sound_lost");
  if (call.held) return say("call.held");
  return call.muted && call.state === "talking" ? say("call.muted") : say(`call.${call.isIncoming ? "in" : "out"}.${call.state}`);
}

/** Whoever has used a button that is gone now stays in this part of the page. */
function keepPlace() {
  const stage = byId("stage");
  const at = document.activeElement;
  if (at !== stage && stage.contains(at) && (at.disabled || !at.offsetParent)) stage.focus({ preventScroll: true });
}

/** A number without the signs that people write between digits; anything else is a colleague's user ID. */
function cleaned(text) {
  const bare = text.trim();
  return /^[+\d\s().-]+$/.test(bare) ? bare.replace(/[\s().-]/g, "") : bare;
}
