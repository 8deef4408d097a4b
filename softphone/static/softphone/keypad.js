/* Twelve keys of a telephone, on screen and on the keyboard. */

import { draw, say } from "./page.js";
import { keySound } from "./sound.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const NAMES = { "*": "key.star", "#": "key.hash" };

/** Fill a keypad; `press` is told each key. */
export function fillKeypad(element, press) {
  element.replaceChildren(...KEYS.map((key) => {
    const pressed = () => {
      keySound(key);
      press(key);
    };
    return draw("button", { type: "button", "data-key": key, "aria-label": NAMES[key] ? say(NAMES[key]) : null, onclick: pressed }, key);
  }));
}

/** The key of a telephone that a key of the keyboard stands for; nothing while somebody writes. */
export function keyOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return "";
  return KEYS.includes(event.key) ? event.key : "";
}

export function isWriting(element) {
  return Boolean(element?.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));
}
