/* The middle of the page: the call that rings or goes on, wrap-up, or the telephone to dial with. Drawn from a snapshot. */

import { fillKeypad } from "../keypad.js";
import { announce, byId, draw, has, say, sayEnd, setText, showOnly, span } from "../page.js";
import { hear } from "../sound.js";
import { numberWords } from "../words.js";
import { Picker } from "./lists.js";
import { People } from "./people.js";
import { infoFacts, partyWords, pathWords } from "./words.js";

const ENDED_SHOWN_MS = 6000;
const NOTE_SHOWN_MS = 300_000;
const POOR_LOSS = 0.03; // of packets: from here on words get lost

export class Stage {
  #station;
  #scene = "";
  #factsOf = "";
  #noteOf = "";
  #writing = Promise.resolve(); // the note that is under way to the server
  #people;
  #pickers; // by panel

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
    for (const button of Object.keys(PANELS)) byId(button).addEventListener("click", () => this.toggle(button));
    byId("dial").addEventListener("submit", (event) => this.#dial(event));
    byId("note-form").addEventListener("submit", (event) => this.#writeNote(event));
    byId("note-form").addEventListener("change", (event) => this.#writeNote(event)); // nothing that was written gets lost
    fillKeypad(byId("keypad"), (key) => act("press", key));
    const hand = (type, to, kind) => this.#transfer(type, to, kind);
    this.#people = new People(act, () => this.#close("add"));
    const transfer = new Picker(byId("transfer-search"), byId("transfer-list"), act, TRANSFERS, hand);
    this.#pickers = { "transfer-panel": transfer, "people-panel": this.#people.picker };
  }

  /** Show and do from now on what this station says. */
  use(station) {
    this.#station = station;
  }

  /** Open or close a panel of the call. */
  toggle(button) {
    const panel = byId(PANELS[button]);
    panel.hidden = !panel.hidden;
    byId(button).setAttribute("aria-expanded", !panel.hidden);
    const picker = this.#pickers[panel.id];
    if (panel.hidden || !picker) return;
    picker.look();
    picker.box.focus();
  }

  #close(button) {
    if (!byId(PANELS[button]).hidden) this.toggle(button);
  }

  get isKeypadOpen() {
    return this.#scene === "talking" && !byId("keypad").hidden;
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
    this.#drawNote(me, call);
    this.#drawEnded(call ? null : ended);
    this.tick(snapshot);
  }

  #drawIncoming({ call, me }, entered) {
    const known = me?.call?.callId === call.id ? me.call : null;
    const queue = call.info?.queue || known?.queue || "";
    setText(byId("incoming-kind"), kindWords(call.info, queue));
    setText(byId("incoming-name"), partyWords(call, known));
    this.#drawFacts("incoming-facts", call, known);
    if (entered) {
      announce(say("incoming.from", { name: call.party, queue: byId("incoming-kind").textContent }), { urgent: true });
      byId("answer").focus();
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
    if (entered) Object.keys(PANELS).forEach((button) => this.#close(button));
    if (isNews) announce(state);
  }

  #drawTransfer(transfer) {
    byId("consulting").hidden = !transfer;
    if (!transfer) return;
    const text = transfer.consulting ? "transfer.talking" : `transfer.ringing_${transfer.kind}`;
    setText(byId("consulting-with"), say(text, { name: transfer.to }));
    byId("hand-over").hidden = byId("take-back").hidden = transfer.kind !== "attended";
    byId("merge").hidden = !transfer.consulting;
    setText(byId("hand-over"), say(transfer.consulting ? "transfer.hand_over" : "transfer.leave_now"));
    this.#close("transfer");
    this.#close("add");
  }

  #drawQuality(quality) {
    const mark = byId("quality");
    mark.hidden = !(quality?.lost >= POOR_LOSS);
    if (!mark.hidden) setText(mark, say("quality.poor", { percent: Math.round(quality.lost * 100) }));
  }

  #drawFacts(id, call, known) {
    const path = pathWords(known?.path ?? call.info?.path);
    const facts = [
      [say("facts.queue"), id === "talking-facts" ? known?.queue ?? call.info?.queue : ""],
      [say("facts.called"), call.isIncoming && call.to !== call.party ? numberWords(call.to) : ""],
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
      byId("note-box").open = true;
      announce(say("wrap_up"));
    }
  }

  /** The note of the call that goes on, or of the last one for a while. */
  #drawNote(me, call) {
    const last = me?.lastCall;
    const isOpen = last && (call ? call.id === last.callId : me.wrapUp || me.now - last.endedAt < NOTE_SHOWN_MS);
    byId("note-box").hidden = !isOpen;
    if (!isOpen) return;
    this.#offerDispositions(me.dispositions);
    if (this.#noteOf === last.callId) return;
    this.#noteOf = last.callId;
    byId("note-box").open = Boolean(me.wrapUp);
    byId("disposition").value = last.disposition;
    byId("note").value = last.note;
    setText(byId("note-said"), "");
  }

  #offerDispositions(labels) {
    const list = byId("dispositions");
    if (list.childElementCount !== labels.length) list.replaceChildren(...labels.map((label) => draw("option", { value: label })));
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
    if (done) this.#close("transfer");
  }

  /** What was refused is said where it was asked. */
  failed(action, { code, message }) {
    if (SILENT.has(action)) return; // asked again soon
    const line = byId(PROBLEMS[action] ?? "problem");
    setText(line, sayRefusal(action, code, message));
    line.hidden = false;
    if (line.id === "problem") setTimeout(() => { line.hidden = true; }, ENDED_SHOWN_MS);
  }

  /** One after the other, so that an older text never overtakes a newer one; `saved` is said of the newest only. */
  async #writeNote(event) {
    event.preventDefault();
    setText(byId("note-said"), "");
    const note = [this.#noteOf, byId("disposition").value, byId("note").value];
    const writing = this.#writing.then(() => this.#station.act("writeNote", ...note));
    this.#writing = writing;
    const done = await writing;
    if (writing === this.#writing) setText(byId("note-said"), say(done ? "note.saved" : "note.not_saved"));
  }
}

function sayRefusal(action, code, message) {
  for (const key of [`problem.${action}`, `problem.${action}.${code}`]) if (has(key)) return say(key);
  return has(`refused.${code}`) ? say(`refused.${code}`) : message;
}

const SILENT = new Set(["history", "directory", "roundTrip", "press"]);
const SCENES = ["incoming", "talking", "wrap-up", "dial"];
const PANELS = { keys: "keypad", transfer: "transfer-panel", add: "people-panel" }; // by the button that opens it
const PROBLEMS = { transfer: "transfer-problem", addPerson: "people-problem" }; // where to say what was refused
const TRANSFERS = { agent: ["blind", "attended"], queue: ["blind"], phone: ["blind", "attended"] };

function kindWords(info, queue) {
  if (has(`incoming.${info?.guest}`)) return say(`incoming.${info.guest}`);
  return queue ? say("incoming.queue", { queue }) : say("incoming.direct");
}

function stateWords(call) {
  if (call.soundIsLost) return say("call.sound_lost");
  return call.held ? say("call.held") : say(`call.${call.isIncoming ? "in" : "out"}.${call.state}`);
}

/** A number without the signs that people write between digits; anything else is a colleague's user ID. */
function cleaned(text) {
  const bare = text.trim();
  return /^[+\d\s().-]+$/.test(bare) ? bare.replace(/[\s().-]/g, "") : bare;
}
