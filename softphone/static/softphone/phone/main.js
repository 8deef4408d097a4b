/* The test phone: a page that is a customer's telephone. It calls the project's numbers, and rings when it is called. */

import { Client, doorOf } from "../client.js";
import { fillKeypad, isWriting, keyOf } from "../keypad.js";
import { announce, ask, byId, config, csrf, draw, followTheme, say, sayAll, sayEnd, setText, showOnly, span } from "../page.js";
import { hear, ring } from "../sound.js";
import { Path, showTree } from "./path.js";

const CALLER_KEPT = "phone.caller";
const facts = config();
const path = new Path(facts.addresses.path, () => proof());
let client = null;
let caller = null; // {digits, shown}
let call = null;
let silence = () => {};
let clock = 0;

followTheme();
sayAll();
fillKeypad(byId("keypad"), press);
fillNumbers();
byId("number").addEventListener("change", numberChosen);
byId("dial").addEventListener("submit", dial);
byId("caller")?.addEventListener("change", () => become(byId("caller").value));
byId("answer").addEventListener("click", () => call?.answer());
byId("reject").addEventListener("click", () => call?.reject());
byId("hang-up").addEventListener("click", () => call?.hangUp());
byId("mute").addEventListener("click", () => call?.mute(!call.muted));
byId("allow-sound").addEventListener("click", listen);
byId("share")?.addEventListener("click", share);
byId("copy-link")?.addEventListener("click", copyLink);
addEventListener("keydown", keyPressed);
addEventListener("pagehide", () => call?.hangUp());
if (byId("caller")) byId("caller").value = kept() || facts.caller;
become(byId("caller")?.value ?? "");
showConnection();
drawShare();

function kept() {
  try {
    return localStorage.getItem(CALLER_KEPT);
  } catch {
    return "";
  }
}

// ── Who we are ───────────────────────────────────────────────────────────────────────────────────────────────────────
function proof() {
  return { "X-STRINGEE-AUTH": client?.token ?? "" };
}

/** Be the telephone with this number: calls come from it, and calls to it ring here. */
async function become(number) {
  const hint = byId("caller-hint");
  try {
    const session = await ask(facts.addresses.session, { method: "POST", headers: csrf(), body: { caller: number } });
    if (byId("caller")) keep(number);
    caller = { digits: session.caller, shown: session.shown };
    if (hint) setText(hint, say("phone.rings_here", { number: session.shown }));
    signIn(session.token);
    numberChosen();
  } catch (error) {
    if (hint) setText(hint, error.status ? error.message : say("offline"));
    else setText(byId("connection"), error.status ? error.message : say("offline"));
  }
}

function keep(number) {
  try {
    localStorage.setItem(CALLER_KEPT, number);
  } catch {
    // storage is forbidden: the number is typed again next time
  }
}

function signIn(token) {
  if (call) return; // the call that goes on is the old number's; its connection serves until it is over
  client?.disconnect();
  client = new Client({ url: doorOf(location.href), token });
  client.on("state", showConnection);
  client.on("incoming", ringing);
  client.on("tokenwanted", () => setTimeout(() => become(byId("caller")?.value ?? ""), 1000));
  client.connect();
}

function showConnection() {
  const state = client?.state ?? "connecting";
  const line = byId("connection");
  line.className = `connection is-${state}`;
  setText(line, say(`connection.${state}`));
  document.documentElement.dataset.connection = state;
  byId("call").disabled = state !== "online" || !facts.numbers.length;
}

// ── Calling ──────────────────────────────────────────────────────────────────────────────────────────────────────────
function fillNumbers() {
  byId("number").replaceChildren(...facts.numbers.map(({ digits, shown, nickname }) => (
    draw("option", { value: digits }, nickname ? `${shown} · ${nickname}` : shown)
  )));
  if (facts.chosen) byId("number").value = facts.chosen;
}

function chosen() {
  return facts.numbers.find(({ digits }) => digits === byId("number").value);
}

function numberChosen() {
  const number = chosen();
  setText(byId("leads-to"), number ? say(`phone.leads.${number.leads.kind}`, { name: number.leads.name }) : say("phone.no_numbers"));
  if (client && !call) showTree(number ? facts.addresses.tree.replace("NUMBER", number.digits) : "", proof());
  drawShare();
}

function dial(event) {
  event.preventDefault();
  const number = chosen();
  if (call || !number || !client?.isOnline) return;
  take(client.makeCall({ from: caller.digits, to: number.digits }), number.shown);
  call.on("result", (answer) => { if (answer.r === 0) path.watch(answer.callId); });
}

function ringing(incoming) {
  take(incoming, incoming.party);
  setText(byId("ringing-from"), byId("talking-with").textContent);
  silence = ring();
  path.watch(incoming.id);
  announce(say("phone.rings_from", { name: byId("talking-with").textContent }), { urgent: true });
  if (!isWriting(document.activeElement)) byId("answer").focus();
}

function take(taken, name) {
  call = taken;
  byId("ended").hidden = true;
  byId("talking-with").textContent = name;
  call.on("state", showCall);
  call.on("stream", listen);
  call.on("muted", (muted) => byId("mute").setAttribute("aria-pressed", muted));
  call.on("microphone", showMicrophone);
  call.on("media", showMedia);
  clock = setInterval(showTime, 500);
  showCall();
}

function showCall() {
  document.documentElement.dataset.call = call.state;
  if (call.state !== "ringing" || !call.isIncoming) silence();
  if (call.isOver) {
    over();
    return;
  }
  const isAsked = call.isIncoming && call.state === "ringing";
  showOnly(byId(isAsked ? "ringing" : "talking"), [byId("dial"), byId("ringing"), byId("talking")]);
  byId("talking-actions").hidden = isAsked;
  showState();
  showTime();
}

function showMedia(media) {
  document.documentElement.dataset.media = media;
  if (!call.isOver) showState();
}

function showState() {
  const text = call.soundIsLost ? "call.sound_lost" : `call.${call.isIncoming ? "in" : "out"}.${call.state}`;
  if (byId("talking-state").textContent === say(text)) return;
  setText(byId("talking-state"), say(text));
  announce(say(text));
}

function showTime() {
  if (call) setText(byId("talking-time"), call.talkingSince ? span(Date.now() - call.talkingSince) : "");
}

async function listen() {
  if (call?.remoteStream) byId("sound-blocked").hidden = await hear(byId("heard"), call.remoteStream);
}

function showMicrophone(why) {
  const note = byId("microphone-note");
  note.hidden = !why;
  if (why) setText(note, `${say(`microphone.${why}`)} ${say("microphone.hears")}`);
}

function over() {
  clearInterval(clock);
  const text = sayEnd(call.why, call.code);
  setText(byId("ended"), text);
  byId("ended").hidden = false;
  announce(text);
  call = null;
  byId("heard").srcObject = null;
  byId("microphone-note").hidden = byId("sound-blocked").hidden = true;
  byId("mute").setAttribute("aria-pressed", false);
  showOnly(byId("dial"), [byId("dial"), byId("ringing"), byId("talking")]);
  byId("talking-actions").hidden = true;
  byId("call").focus();
  path.finish();
}

// ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
function press(key) {
  if (call && !call.isOver && call.id) call.press(key).catch(() => {});
}

function keyPressed(event) {
  const key = keyOf(event);
  if (key && call) byId("keypad").querySelector(`[data-key="${CSS.escape(key)}"]`).click();
}

// ── Sharing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
function drawShare() {
  const button = byId("share");
  const number = chosen();
  if (!button) return;
  button.disabled = !number;
  button.setAttribute("aria-pressed", Boolean(number?.link));
  setText(button, say(number?.link ? "share.off" : "share.on"));
  byId("share-link").hidden = !number?.link;
  byId("share-address").value = number?.link ?? "";
  setText(byId("copy-link"), say("share.copy"));
}

async function share() {
  const number = chosen();
  byId("share-problem").hidden = true;
  try {
    const answer = await ask(facts.addresses.link, { method: "POST", headers: csrf(), body: { number: number.digits, on: !number.link } });
    number.link = answer.link;
    announce(say(answer.link ? "share.is_on" : "share.is_off"));
  } catch (error) {
    setText(byId("share-problem"), error.message);
    byId("share-problem").hidden = false;
  }
  drawShare();
}

/** Where a browser gives no clipboard, the address is at least chosen. */
async function copyLink() {
  byId("share-address").select();
  await navigator.clipboard?.writeText(byId("share-address").value).then(() => setText(byId("copy-link"), say("share.copied"))).catch(() => {});
}
