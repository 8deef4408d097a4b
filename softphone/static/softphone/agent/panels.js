/* The panels of a call: its keypad, to whom it can be handed, who can be added. One is open at a time; Escape closes it. */

import { byId } from "../page.js";

const PANELS = { keys: "keypad", transfer: "transfer-panel", add: "people-panel" }; // by the button that opens it

export class Panels {
  #pickers; // by panel

  constructor(pickers) {
    this.#pickers = pickers;
    for (const button of Object.keys(PANELS)) {
      byId(button).addEventListener("click", () => this.#toggle(button));
      byId(PANELS[button]).addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.close(button);
      });
    }
  }

  isOpen(button) {
    return !byId(PANELS[button]).hidden;
  }

  close(...buttons) {
    for (const button of buttons) this.#show(button, false);
  }

  closeAll() {
    this.close(...Object.keys(PANELS));
  }

  #toggle(button) {
    const opens = !this.isOpen(button);
    this.closeAll();
    if (!opens) return;
    this.#show(button, true);
    const picker = this.#pickers[PANELS[button]];
    picker?.look();
    picker?.box.focus();
  }

  #show(button, isShown) {
    const panel = byId(PANELS[button]);
    const isUsed = panel.contains(document.activeElement);
    panel.hidden = !isShown;
    if (isUsed && !isShown) byId(button).focus();
    byId(button).setAttribute("aria-expanded", isShown);
  }
}
