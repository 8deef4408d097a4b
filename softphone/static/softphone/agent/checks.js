/* Is everything ready for calls? Microphone, loudspeaker, notifications, the way to the server. */

import { closeStream, openMicrophone } from "../microphone.js";
import { byId, say, setText } from "../page.js";
import { chime, mayBeHeard, watchLevel } from "../sound.js";
import { listDevices } from "./devices.js";

const LISTEN_MS = 6000;
const SLOW_MS = 300;

/** Wire the checks up. `act` asks the station. */
export function wireChecks(act) {
  byId("test-microphone").addEventListener("click", testMicrophone);
  byId("test-speaker").addEventListener("click", testSpeaker);
  byId("allow-notifications").addEventListener("click", askForNotifications);
  byId("test-round-trip").addEventListener("click", () => testRoundTrip(act));
  showNotifications();
}

/** Look at what can be looked at without asking anybody. */
export async function lookAtChecks(act) {
  for (const id of ["check-microphone", "check-speaker"]) if (!byId(id).textContent) setText(byId(id), say("check.untried"));
  await testRoundTrip(act);
  if (!(await mayBeHeard())) setCheck("check-speaker", "bad", say("check.click_first"));
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
    await listDevices();
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

const NOTIFICATION_TONES = { granted: "fine", denied: "bad", default: "" };

function showNotifications() {
  const allowed = "Notification" in window ? Notification.permission : "denied";
  byId("allow-notifications").hidden = allowed !== "default";
  setCheck("check-notifications", NOTIFICATION_TONES[allowed], say(`check.notifications.${allowed}`));
}

async function testRoundTrip(act) {
  const ms = await act("roundTrip");
  if (ms === null) setCheck("check-round-trip", "bad", say("check.no_connection"));
  else setCheck("check-round-trip", ms < SLOW_MS ? "fine" : "bad", say("check.ms", { ms }));
}
