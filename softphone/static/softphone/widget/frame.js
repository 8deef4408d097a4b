/* The embedded telephone: inside its iframe, and in the window of a call when the page wants one. `outside` is the page's
   StringeeSoftPhone. A window has a connection of its own, makes or takes the one call that it was `wanted` for, and
   closes after it; the page may go elsewhere meanwhile. */

import { Client, doorOf } from "../client.js";
import { fillKeypad } from "../keypad.js";
import { announce, byId, say, sayAll, sayEnd, setText, showOnly, span } from "../page.js";
import { hear, ring } from "../sound.js";
import { calledNumber } from "../words.js";
import { cleaned, configure, kindChosen, numberBox } from "./dialling.js";
import { followPage, isPopup, outside, tell } from "./host.js";
import { PublicCall } from "./public_call.js";
import { BODY } from "./screens.js";

const BACK_TO_DIALLING_MS = 2000; // how long the end of a call stays on the screen
const SIGNALLING = { 100: [1, "Calling"], 180: [2, "Ringing"], 183: [2, "Ringing"], 200: [3, "Answered"], 486: [5, "Busy here"], 603: [5, "Busy here"] };
const ENDED = [6, "Ended"];
const VIDEO = "free-video-call";
const WANTED_WITHIN_MS = 8000; // a call that somebody answers is told to the new window within a second

let client = null;
let call = null; // our Call
let silence = () => {};
let isEndTold = false; // the page knows already that the call is over, and why
let isHandedOver = false; // the call that rings here is answered in a window
let wanted = window.stringeeWanted ?? null;

document.body.innerHTML = BODY;
sayAll();
fillKeypad(byId("keypad"), pressed);
wire();

// ── What the page outside calls, and touches ─────────────────────────────────────────────────────────────────────────
window.stringeePhone = {
  currentCall: null,
  ringtonePlayer: { get src() { return outside.ringToneFile; }, set src(address) { outside.ringToneFile = address; } },
  connect,
  disconnect,
  makeCall,
  configure,
  answerCall() {
    if (!call?.isIncoming || call.state !== "ringing") return false;
    answer();
    return true;
  },
  hangupCall() {
    if (!call) return false;
    call.hangUp();
    return true;
  },
  hold(held) {
    if (call?.state !== "talking") return false;
    call.hold(held).catch(() => {});
    return true;
  },
};
configure();
if (isPopup) beWindow();
else outside._becomeReady();

// ── Being connected ──────────────────────────────────────────────────────────────────────────────────────────────────
/** Where the door is: where the page says, else where our script comes from. */
function door() {
  const addresses = outside._stringeeServerAddrs?.length ? outside._stringeeServerAddrs : [outside._stringeeServerAddr];
  const address = addresses.find(Boolean);
  if (!address) return doorOf(import.meta.url);
  const url = new URL(address, import.meta.url);
  if (url.protocol.startsWith("http")) url.protocol = url.protocol.replace("http", "ws"); // as its elder wrote them
  return url.href;
}

/** Sign in, or go on with a newer token: calls survive both, also after `disconnect`. */
function connect(token) {
  client ??= newClient();
  client.url = door();
  if (client.isOnline) client.renew(token);
  else client.connect(token);
}

function newClient() {
  const made = new Client({ url: door() });
  made.on("state", connectionChanged);
  made.on("tokenwanted", () => tell("requestNewToken"));
  made.on("incoming", isPopup ? incomingInWindow : incoming);
  if (isPopup) return made; // what follows concerns the page's own connection
  made.on("authen", (answer) => tell("authen", { message: answer.r ? "" : "SUCCESS", msg: answer.message, ...answer }));
  made.on("message", (message) => tell("customMessage", message));
  made.on("topic", (message) => tell("messageFromTopic", message));
  made.on("devices", (device) => tell("otherdeviceauthen", device));
  return made;
}

function disconnect() {
  client?.disconnect();
}

function connectionChanged(state) {
  byId("dot").className = `dot is-${state}`;
  setText(byId("connection"), say(`connection.${state}`));
  if (isPopup) {
    if (state === "online" && wanted?.to) dial(wanted);
    return;
  }
  const was = outside.connected;
  outside.connected = state === "online";
  if (was && !outside.connected) tell("disconnect");
}

// ── The window of a call ─────────────────────────────────────────────────────────────────────────────────────────────
function beWindow() {
  for (const id of ["size", "close", "page-diapad"]) byId(id).hidden = true;
  connect(outside._token);
  setTimeout(() => { if (wanted) window.close(); }, WANTED_WITHIN_MS); // not connected, or it has ended meanwhile
  followPage(share);
  addEventListener("pagehide", () => { call?.hangUp(); });
}

function incomingInWindow(taken) {
  if (taken.id !== wanted?.callId) return; // it rings in the page
  wanted = null;
  take(taken, new PublicCall(taken));
  taken.answer();
}

/** Pages find the present call in the iframe, wherever it is. */
function share() {
  if (!isPopup) return;
  outside._hasPopup(window);
  outside._iframe.contentWindow.stringeePhone.currentCall = window.stringeePhone.currentCall;
}

// ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────
function makeCall(from, to, callType) {
  if (window.stringeePhone.currentCall || !client?.isOnline || !to) return;
  const isFree = callType.startsWith("free-"); // to a user, whose ID is no number
  const asked = { from: cleaned(from ?? ""), to: isFree ? to.trim() : cleaned(to), hasNoPicture: callType === VIDEO };
  const shown = new PublicCall(null, asked);
  if (tell("beforeMakeCall", shown, callType) === false) return;
  asked.custom = shown.custom;
  if (!outside._openPopup(asked)) dial(asked);
}

function dial(asked) {
  wanted = null;
  take(client.makeCall(asked), new PublicCall(null, asked));
  if (asked.hasNoPicture) setText(byId("via"), say("widget.no_picture"));
  call.on("result", (answer) => tell("makeOutgoingCallResult", {
    ...answer,
    customDataFromYourServer: answer.customDataFromYourServer || "{}", // pages parse it without a look at `r`
  }));
}

function incoming(taken) {
  if (window.stringeePhone.currentCall) {
    taken.reject(); // a window has a call
    return;
  }
  take(taken, new PublicCall(taken));
  silence = ring(outside.ringToneFile);
  if (outside.showMode !== "full") outside.show("full");
  announce(`${say("incoming.title")}: ${taken.party}`, { urgent: true });
  byId("answer").focus();
  tell("incomingCall", window.stringeePhone.currentCall);
  if (outside.autoPickUp && !taken.isOver) answer();
}

/** Here, or in a window; then it rings on until that has taken it. */
function answer() {
  isHandedOver = Boolean(outside._openPopup({ callId: call.id }));
  if (isHandedOver) silence();
  else call.answer();
}

function take(taken, shown) {
  call = taken;
  shown.follow(taken);
  isHandedOver = isEndTold = false;
  window.stringeePhone.currentCall = shown;
  share();
  setText(byId("party"), taken.party);
  setText(byId("via"), calledNumber(taken) ? say("widget.via", { name: calledNumber(taken) }) : "");
  taken.on("state", () => moved(taken));
  taken.on("code", ({ code, reason }) => signal(code, reason));
  taken.on("stream", heard);
  taken.on("microphone", (why) => microphone(taken, why));
  taken.on("muted", (muted) => byId("mute").setAttribute("aria-pressed", muted));
  taken.on("held", (held) => byId("hold").setAttribute("aria-pressed", held));
  taken.on("otherdevice", (notice) => { if (!isHandedOver) tell("otherdevice", notice); });
  taken.on("media", (media) => {
    if (media === "connected" || media === "disconnected") tell("mediastate", { code: media === "connected" ? 1 : 2, reason: media === "connected" ? "Connected" : "Disconnected" });
  });
  draw();
}

function moved(moving) {
  if (moving.state !== "ringing" || !moving.isIncoming) silence();
  if (moving.isOver) over(moving);
  else draw();
}

/** The state as pages of this API read it. */
function signal(sipCode, sipReason) {
  const [code, reason] = SIGNALLING[sipCode] ?? (sipCode >= 400 ? ENDED : [0, ""]);
  isEndTold = sipCode >= 400;
  if (code) tell("signalingstate", { code, reason, sipCode, sipReason });
}

function over(ended) {
  if (isHandedOver && ended.why === "elsewhere") {
    handedOver();
    return;
  }
  const wasIncoming = ended.isIncoming && !ended.talkingSince;
  if (!isEndTold && ended.why !== "refused") tell("signalingstate", { code: 6, reason: "Ended", sipCode: -1, sipReason: "Bye" });
  call = null;
  window.stringeePhone.currentCall = null;
  share();
  byId("heard").srcObject = null;
  setText(byId("call-state"), sayEnd(ended.why, ended.code));
  announce(byId("call-state").textContent);
  for (const id of ["answering", "talking"]) byId(id).hidden = true;
  setText(byId("bar-call"), "");
  clearInterval(clock);
  setTimeout(() => {
    if (call) return;
    showOnly(byId("page-diapad"), SCREENS.map(byId));
    tell(wasIncoming ? "incomingScreenHide" : "callingScreenHide");
    if (isPopup) window.close();
  }, BACK_TO_DIALLING_MS);
}

/** The call goes on in a window, which has told the page of it. */
function handedOver() {
  call = null;
  setText(byId("bar-call"), "");
  clearInterval(clock);
  showOnly(byId("page-diapad"), SCREENS.map(byId));
}

let clock = 0;
const SCREENS = ["page-diapad", "page-call"];

function draw() {
  showOnly(byId("page-call"), SCREENS.map(byId));
  const rings = call.isIncoming && call.state === "ringing";
  byId("answering").hidden = !rings;
  byId("talking").hidden = rings;
  setText(byId("call-state"), say(`call.${call.isIncoming ? "in" : "out"}.${call.state}`));
  clearInterval(clock);
  const showTime = () => {
    setText(byId("call-time"), call?.talkingSince ? span(Date.now() - call.talkingSince) : "");
    setText(byId("bar-call"), call ? `${byId("call-time").textContent} ${byId("party").textContent}` : "");
  };
  clock = setInterval(showTime, 500);
  showTime();
}

/** What is heard goes to the page when it has a handler for that, which then is to play it. */
async function heard(stream) {
  if (outside._hears("addremotestream")) tell("addremotestream", stream);
  else byId("sound-blocked").hidden = await hear(byId("heard"), stream);
}

function microphone(taken, why) {
  byId("microphone-note").hidden = !why;
  if (why) setText(byId("microphone-note"), `${say(`microphone.${why}`)} ${say("microphone.hears")}`);
  else tell("addlocalstream", taken.localStream);
}

// ── Buttons ──────────────────────────────────────────────────────────────────────────────────────────────────────────
function pressed(key) {
  if (call) call.press(key).catch(() => {});
  else numberBox().value += key;
}

function wire() {
  const does = (id, what) => byId(id).addEventListener("click", what);
  does("size", () => outside.show(outside.showMode === "min" ? "full" : "min"));
  does("close", () => outside.show("none"));
  byId("page-diapad").addEventListener("submit", (event) => {
    event.preventDefault();
    const [from, to, kind] = [byId("from-number").value, numberBox().value.trim(), byId("kind").value];
    tell("makeOutgoingCallBtnClick", from, to, kind);
    makeCall(from, to, kind);
  });
  does("answer", () => { tell("answerIncomingCallBtnClick"); window.stringeePhone.answerCall(); });
  does("reject", () => { tell("declineIncomingCallBtnClick"); call?.reject(); });
  does("hang-up", () => { tell("endCallBtnClick"); call?.hangUp(); });
  does("mute", () => call?.mute(!call.muted));
  does("hold", () => window.stringeePhone.hold(!call?.held));
  does("transfer", () => tell("transferCallBtnClick", window.stringeePhone.currentCall));
  does("add", () => tell("addParticipantBtnClick", window.stringeePhone.currentCall));
  does("sound-blocked", () => { if (call?.remoteStream) heard(call.remoteStream); });
  byId("kind").addEventListener("change", kindChosen);
  byId("routing").addEventListener("change", () => {
    outside.routingType = Number(byId("routing").value);
    tell("setRoutingType", outside.routingType);
  });
}
