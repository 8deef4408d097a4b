/* The addresses of the agent's page (docs/softphone.md), with the agent's token. */

import { ask } from "../page.js";

export class AgentApi {
  constructor(base) {
    this.base = base;
    this.token = "";
  }

  #ask(path, method, body) {
    return ask(this.base + path, { method, body, headers: { "X-STRINGEE-AUTH": this.token } });
  }

  #call(callId, what) {
    return `calls/${encodeURIComponent(callId)}/${what}`;
  }

  me() {
    return this.#ask("me", "GET");
  }

  setStatus(status) {
    return this.#ask("me/status", "PUT", { status });
  }

  setDevice(routingType) {
    return this.#ask("me/device", "PUT", { routing_type: routingType });
  }

  wrapUp(action) {
    return this.#ask("me/wrap-up", "POST", { action });
  }

  directory(term) {
    return this.#ask(`directory?q=${encodeURIComponent(term)}`, "GET");
  }

  history() {
    return this.#ask("history", "GET");
  }

  hold(callId, held) {
    return this.#ask(this.#call(callId, "hold"), "POST", { held });
  }

  transfer(callId, type, to, kind) {
    return this.#ask(this.#call(callId, "transfer"), "POST", { type, to, kind });
  }

  completeTransfer(callId) {
    return this.#ask(this.#call(callId, "transfer/complete"), "POST", {});
  }

  cancelTransfer(callId) {
    return this.#ask(this.#call(callId, "transfer/cancel"), "POST", {});
  }

  mergeTransfer(callId) {
    return this.#ask(this.#call(callId, "transfer/merge"), "POST", {});
  }

  addPerson(callId, type, to) {
    return this.#ask(this.#call(callId, "people"), "POST", { type, to });
  }

  removePerson(callId, leg) {
    return this.#ask(this.#call(callId, `people/${encodeURIComponent(leg)}`), "DELETE");
  }

  writeNote(callId, disposition, note) {
    return this.#ask(this.#call(callId, "note"), "PUT", { disposition, note });
  }
}
