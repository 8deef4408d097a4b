/* Listening in, on the page of a call: a supervisor listens, whispers to the agent, or joins. The page is rung for the
   call that it has asked for, and answers by itself; a microphone is asked for only by who wants to be heard. */

import { Client, doorOf } from "../client.js";
import { announce, ask, byId, csrf, has, say, sayAll, setText } from "../page.js";
import { hear } from "../sound.js";

const LOOK_EVERY_MS = 2000;
const WITHIN_MS = 20_000; // for the door, and then for being rung, on a machine that is busy
const STEP_MS = 50;
const PARTS = ["listen", "whisper", "talk"];
const { call: callId, address, session } = byId("listen").dataset;
let client = null;
let call = null;
let part = ""; // what is taken; while it is being asked for, the one before
let isBusy = false;
let problem = "";
let known = { over: false, talks: true, agent: "", part: "", alone: false }; // what the server says

sayAll(byId("listen"));
for (const each of PARTS) byId(`listen-${each}`).addEventListener("click", () => take(each));
byId("listen-leave").addEventListener("click", leave);
byId("allow-sound").addEventListener("click", listen);
addEventListener("pagehide", () => call?.hangUp());
addEventListener("load", () => setTimeout(focusWhenAsked)); // after the browser has gone to the place that the address names
setInterval(look, LOOK_EVERY_MS);
look();

function focusWhenAsked() {
  if (location.hash === "#listen") byId("listen-listen").focus();
}

// ── Taking part ──────────────────────────────────────────────────────────────────────────────────────────────────────
/** Take a part, one after the other: whoever is to be heard listens first. */
async function take(wanted) {
  if (isBusy) return;
  isBusy = true;
  problem = "";
  draw();
  try {
    if (!call) await begin();
    if (wanted !== part) await (wanted === "listen" ? beSilent() : speak(wanted));
  } catch (error) {
    problem = error.why ?? sayRefusal(error);
    if (call?.state !== "talking") await leave();
  }
  isBusy = false;
  draw();
}

async function begin() {
  const { token } = await ask(session, { method: "POST", headers: csrf(), body: {} });
  client?.disconnect();
  client = new Client({ url: doorOf(location.href), token });
  client.on("incoming", answer);
  client.connect();
  await until(() => client?.isOnline, "listen.no_door");
  await put("listen");
  await until(() => call?.state === "talking", "listen.not_rung");
}

/** Answer what was asked for. Nobody else can ring here. */
function answer(incoming) {
  if (incoming.id !== callId) {
    incoming.reject();
    return;
  }
  call = incoming;
  call.on("state", () => { if (incoming.isOver) over(incoming); });
  call.on("stream", listen);
  call.on("media", (media) => { byId("listen").dataset.media = media; });
  call.mute(true);
  call.answer({ speaks: false });
}

async function speak(wanted) {
  if (!call.localStream) await call.retryMicrophone();
  if (call.microphone) throw Object.assign(new Error(call.microphone), { why: say(`microphone.${call.microphone}`) });
  await put(wanted);
  call.mute(false);
}

async function beSilent() {
  call.mute(true);
  await put("listen");
  await call.closeMicrophone();
}

async function put(wanted) {
  const headers = { ...csrf(), "X-STRINGEE-AUTH": client.token };
  know(await ask(address, { method: "PUT", headers, body: { part: wanted } }));
  part = wanted;
}

async function leave() {
  await ask(address, { method: "DELETE", headers: csrf() }).catch(() => {}); // it ends with the connection, too
  call?.hangUp();
  stop();
}

function over(ended) {
  if (!problem && ended.why !== "local" && !known.over) problem = say(`ended.${ended.why}`);
  stop();
}

function stop() {
  call = null;
  part = "";
  client?.disconnect();
  client = null;
  byId("heard").srcObject = null;
  byId("sound-blocked").hidden = true;
  draw();
}

/** Resolves when something is so; rejects when it is not in time, or cannot be any more. */
async function until(isSo, otherwise) {
  const latest = Date.now() + WITHIN_MS;
  while (!isSo()) {
    if (!client || client.state === "refused" || Date.now() > latest) throw Object.assign(new Error(otherwise), { why: say(otherwise) });
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

async function listen() {
  if (call?.remoteStream) byId("sound-blocked").hidden = await hear(byId("heard"), call.remoteStream);
}

// ── What the server says ─────────────────────────────────────────────────────────────────────────────────────────────
async function look() {
  if ((document.hidden && !call) || known.over || isBusy) return;
  const state = await ask(address).catch(() => null); // looked at again soon
  if (state && "over" in state && !isBusy) know(state);
}

function know(state) {
  known = state;
  if (call && !isBusy && state.part && state.part !== part) follow(state.part);
  draw();
}

/** Somebody else has given this page another part: never is a microphone opened for it. */
function follow(given) {
  part = given;
  call.mute(given === "listen");
}

// ── Drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
function draw() {
  const isElsewhere = !call && !isBusy && Boolean(known.part);
  for (const each of PARTS) {
    const button = byId(`listen-${each}`);
    button.setAttribute("aria-pressed", part === each);
    button.disabled = known.over || isBusy || isElsewhere || known.alone;
  }
  byId("listen-leave").hidden = !call || known.over;
  byId("listen").dataset.part = part;
  byId("listen-problem").hidden = !problem;
  setText(byId("listen-problem"), problem);
  const words = stateWords(isElsewhere);
  if (byId("listen-state").textContent === words) return;
  setText(byId("listen-state"), words);
  announce(words);
}

function stateWords(isElsewhere) {
  if (known.over) return say("listen.over");
  if (isElsewhere) return say("listen.elsewhere");
  if (isBusy && !part) return say("listen.connecting");
  if (!part) return say("listen.what");
  if (known.alone) return say("listen.now.alone");
  const words = say(`listen.now.${part}`, { agent: known.agent || say("listen.agent") });
  return known.talks ? words : `${words} ${say("listen.nobody_talks")}`;
}

function sayRefusal({ code, status, message }) {
  if (!status) return say("offline");
  return has(`listen.refused.${code}`) ? say(`listen.refused.${code}`) : message;
}
