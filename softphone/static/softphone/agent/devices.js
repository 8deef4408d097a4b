/* What one speaks into and hears with, and whether keys of the keyboard control calls: chosen once in this browser. */

import { choose, devices, microphoneProblem, onMicrophoneAllowed } from "../microphone.js";
import { byId, draw, say, setText } from "../page.js";
import { hearBy, maySpeakerBeChosen } from "../sound.js";

const KEPT = { microphone: "softphone.microphone", speaker: "softphone.speaker", shortcuts: "softphone.shortcuts" };

/** Wire the choices up, and use what was chosen. `act` asks the station. */
export function wireDevices(act) {
  byId("microphone").addEventListener("change", () => use("microphone", choose));
  byId("speaker").addEventListener("change", () => use("speaker", useSpeaker));
  byId("speaker-choice").hidden = !maySpeakerBeChosen();
  byId("device").addEventListener("change", () => act("device", Number(byId("device").value)));
  byId("shortcuts").checked = kept("shortcuts") !== "off";
  byId("shortcuts").addEventListener("change", () => keep("shortcuts", byId("shortcuts").checked ? "on" : "off"));
  byId("ask-again").addEventListener("click", askForMicrophone);
  navigator.mediaDevices?.addEventListener("devicechange", listDevices);
  onMicrophoneAllowed(askForMicrophone);
  choose(kept("microphone"));
  useSpeaker(kept("speaker"));
}

export function usesShortcuts() {
  return byId("shortcuts").checked;
}

/** Have the microphone before the first call needs it, and say on top of the page while there is none. */
export async function askForMicrophone() {
  const why = await microphoneProblem();
  byId("no-microphone").hidden = !why;
  if (why) setText(byId("no-microphone-why"), `${say(`microphone.${why}`)} ${say("microphone.unheard")}`);
  await listDevices();
}

export async function listDevices() {
  await list("microphone", "audioinput");
  await list("speaker", "audiooutput");
}

async function list(name, kind) {
  const found = (await devices(kind)).filter(({ deviceId }) => deviceId !== "default");
  const options = [draw("option", { value: "" }, say("check.default_device"))];
  found.forEach(({ deviceId, label }, place) => options.push(draw("option", { value: deviceId }, label || `${place + 1}`)));
  const chooser = byId(name);
  chooser.replaceChildren(...options);
  chooser.value = kept(name);
  if (chooser.selectedIndex < 0) chooser.value = ""; // it is not plugged in
}

function use(name, choice) {
  keep(name, byId(name).value);
  choice(byId(name).value);
}

function useSpeaker(deviceId) {
  hearBy(deviceId, byId("heard"));
}

function kept(name) {
  try {
    return localStorage.getItem(KEPT[name]) ?? "";
  } catch {
    return "";
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(KEPT[name], value);
  } catch {
    // storage is forbidden: chosen anew next time
  }
}
