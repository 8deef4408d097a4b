/* What one dials with: the numbers, the kinds of call and the buttons that the page has asked for. */

import { byId, say, setText } from "../page.js";
import { isPopup, outside } from "./host.js";

export function configure() {
  const { fromNumbers, showMode, showButtonClose, askCallTypeWhenMakeCall, routingType, recentCalls } = outside;
  fill(byId("from-number"), fromNumbers.map(({ alias, number }) => [cleaned(number), alias ? `${alias} (${number})` : number]));
  byId("from-row").hidden = !fromNumbers.length;
  byId("kind-row").hidden = !askCallTypeWhenMakeCall;
  byId("close").hidden = !showButtonClose;
  byId("screen").hidden = showMode === "min" && !isPopup;
  document.body.classList.toggle("is-min", byId("screen").hidden);
  setText(byId("size"), showMode === "min" ? "▴" : "▾");
  byId("size").setAttribute("aria-label", say(showMode === "min" ? "widget.larger" : "widget.smaller"));
  byId("routing").value = routingType;
  byId("transfer").hidden = !outside._hears("transferCallBtnClick");
  byId("add").hidden = !outside._hears("addParticipantBtnClick");
  byId("routing-row").hidden = !outside._hears("setRoutingType");
  drawRecent(recentCalls);
}

function fill(chooser, options) {
  const chosen = chooser.value;
  chooser.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (chosen) chooser.value = chosen;
  if (chooser.selectedIndex < 0) chooser.selectedIndex = 0;
}

function drawRecent(calls) {
  byId("recent").replaceChildren(...(calls ?? []).slice(0, 20).map((each) => {
    const number = String(each.number ?? each.to ?? each);
    const line = document.createElement("button");
    line.type = "button";
    line.textContent = each.alias ? `${each.alias} (${number})` : number;
    line.addEventListener("click", () => { numberBox().value = number; });
    return line;
  }));
}

/** Dial strings as every widget of this kind cleans them: no plus, no space, and 84 instead of 840. */
export function cleaned(number) {
  return String(number).replace("+", "").replace("%2B", "").replace(" ", "").replace(/^840/, "84");
}

/** User IDs are no numbers. */
export function kindChosen() {
  const isFree = byId("kind").value !== "callout";
  setText(document.querySelector(".lbl-to"), say(isFree ? "widget.to_user" : "widget.to"));
  numberBox().inputMode = isFree ? "text" : "tel";
}

export function numberBox() {
  return document.querySelector("#page-diapad .wrap-typing-number input");
}
