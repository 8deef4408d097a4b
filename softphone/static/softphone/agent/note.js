/* The note of a call: open to writing while the call goes on, and for a while after it. */

import { byId, draw, say, setText } from "../page.js";

const SHOWN_MS = 300_000; // after the call's end

export class Note {
  #act;
  #callId = "";
  #isUnsaved = false;
  #writing = Promise.resolve(); // the note that is under way to the server

  constructor(act) {
    this.#act = act;
    byId("note-form").addEventListener("submit", (event) => this.#write(event));
    byId("note-form").addEventListener("change", (event) => this.#write(event)); // nothing that was written gets lost
    byId("note-form").addEventListener("input", () => { this.#isUnsaved = true; });
  }

  open() {
    byId("note-box").open = true;
  }

  /** The note of the call that goes on, or of the last one. */
  draw(me, call) {
    const last = me?.lastCall;
    const isShown = last && (call ? call.id === last.callId : me.wrapUp || me.now - last.endedAt < SHOWN_MS);
    byId("note-box").hidden = !isShown;
    if (this.#isUnsaved && (!isShown || this.#callId !== last.callId)) this.#write(); // another call has come in between
    if (!isShown) return;
    offerDispositions(me.dispositions);
    if (this.#callId === last.callId) return;
    this.#callId = last.callId;
    byId("note-box").open = Boolean(me.wrapUp);
    byId("disposition").value = last.disposition;
    byId("note").value = last.note;
    setText(byId("note-said"), "");
  }

  /** One after the other, so that an older text never overtakes a newer one; `saved` is said of the newest only. */
  async #write(event) {
    event?.preventDefault();
    this.#isUnsaved = false;
    setText(byId("note-said"), "");
    const note = [this.#callId, byId("disposition").value, byId("note").value];
    const writing = this.#writing.then(() => this.#act("writeNote", ...note));
    this.#writing = writing;
    const done = await writing;
    if (writing === this.#writing) setText(byId("note-said"), say(done ? "note.saved" : "note.not_saved"));
  }
}

function offerDispositions(labels) {
  const list = byId("dispositions");
  if (list.childElementCount !== labels.length) list.replaceChildren(...labels.map((label) => draw("option", { value: label })));
}
