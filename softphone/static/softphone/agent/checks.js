/* Is everything ready for calls? Microphone, loudspeaker, notifications, the way to the server; and the settings. */

import { choose, closeStream, microphones, openMicrophone } from "../microphone.js";
import { byId, draw, say, setText } from "../page.js";
import { chime, mayBeHeard, watchLevel } from "../sound.js";

const LISTEN_MS = 6000;
const SLOW_MS = 300;
const MICROPHONE_KEPT = "softphone.microphone";
const SHORTCUTS_KEPT = "softphone.shortcuts";

/** Wire the checks up. `act` asks the station. */
export function wireChecks(act) {
  byId("test-microphone").addEventListener("click", testMicrophone);
  byId("test-speaker").addEventListener("click", testSpeaker);
  byId("allow-notifications").addEventListener("click", askForNotifications);
  byId("test-round-trip").addEventListener("click", () => testRoundTrip(act));
  byId("microphone").addEventListener("change", microphoneChosen);
  byId("device").addEventListener("change", () => act("device", Number(byId("device").value)));
  byId("shortcuts").checked = kept(SHORTCUTS_KEPT) !== "off";
  byId("shortcuts").addEventListener("change", () => keep(SHORTCUTS_KEPT, byId("shortcuts").checked ? "on" : "off"));
  choose(kept(MICROPHONE_KEPT));
  showNotifications();
}

/** Look at what can be looked at without asking anybody. */
export async function lookAtChecks(act) {
  await listMicrophones();
  await testRoundTrip(act);
  setCheck("check-speaker", (await mayBeHeard()) ? "" : "bad", (await mayBeHeard()) ? "" : say("check.click_first"));
}

function kept(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // storage is forbidden: chosen anew next time
  }
}

export function usesShortcuts() {
  return byId("shortcuts").checked;
}

function setCheck(id, tone, text) {
  byId(id).className = tone ? `is-${tone}` : "";
  setText(byId(id), text);
}

async function testMicrophone() {
  const level = byId("microphone-level");
  try {
    const stream = await openMicrophone();
    setCheck("check-microphone", "", say("check.speak"));
    let loudest = 0;
    level.hidden = false;
    const stop = watchLevel(stream, (loud) => {
      level.value = loud;
      loudest = Math.max(loudest, loud);
    });
    await new Promise((resolve) => setTimeout(resolve, LISTEN_MS));
    stop();
    closeStream(stream);
    level.hidden = true;
    setCheck("check-microphone", loudest > 0.01 ? "fine" : "bad", say(loudest > 0.01 ? "check.fine" : "check.silent"));
    await listMicrophones();
  } catch (error) {
    setCheck("check-microphone", "bad", say(`microphone.${error.message}`));
  }
}

function testSpeaker() {
  chime();
  setCheck("check-speaker", "", say("check.heard"));
}

async function askForNotifications() {
  await Notification.requestPermission();
  showNotifications();
}

function showNotifications() {
  const allowed = "Notification" in window ? Notification.permission : "denied";
  byId("allow-notifications").hidden = allowed !== "default";
  setCheck("check-notifications", allowed === "granted" ? "fine" : "bad", say(`check.notifications.${allowed}`));
}

async function testRoundTrip(act) {
  const ms = await act("roundTrip");
  if (ms === null) setCheck("check-round-trip", "bad", say("check.no_connection"));
  else setCheck("check-round-trip", ms < SLOW_MS ? "fine" : "bad", say("check.ms", { ms }));
}

async function listMicrophones() {
  const found = await microphones();
  const options = [draw("option", { value: "" }, say("check.default_microphone"))];
  found.forEach(({ deviceId, label }, place) => options.push(draw("option", { value: deviceId }, label || `${place + 1}`)));
  byId("microphone").replaceChildren(...options);
  byId("microphone").value = kept(MICROPHONE_KEPT);
  if (byId("microphone").selectedIndex < 0) byId("microphone").value = "";
}

function microphoneChosen() {
  keep(MICROPHONE_KEPT, byId("microphone").value);
  choose(byId("microphone").value);
}
