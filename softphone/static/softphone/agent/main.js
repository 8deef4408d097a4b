/* The agent's page: comes to its token, takes the telephone or mirrors the tab that has it, and draws what it says. */

import { keyOf, isWriting } from "../keypad.js";
import { byId, config, draw, followTheme, say, sayAll, setText, showOnly } from "../page.js";
import { ring } from "../sound.js";
import { Access, keepAccess, keptAccess, nameOf } from "./access.js";
import { AgentApi } from "./api.js";
import { lookAtChecks, wireChecks } from "./checks.js";
import { askForMicrophone, listDevices, usesShortcuts, wireDevices } from "./devices.js";
import { drawColleagues, drawHistory, wireTabs } from "./lists.js";
import { Stage } from "./stage.js";
import { Station } from "./station.js";
import { Mirror, keptBy, leadership, share } from "./tabs.js";
import { because, statusWords } from "./words.js";

const TICK_MS = 500;
const COLLEAGUES_EVERY_MS = 5000;
const facts = config();
const title = document.title;
let station = null; // a Station, or the Mirror of another tab's
let stage = null;
let access = null;
let silence = () => {};
let notification = null;
let openTab = () => "tab-history";
let past = ""; // what the agent's own calls depend on, as they are shown

followTheme();
sayAll();
fillEntry();
begin(keptAccess() ?? (facts.chosen && facts.addresses.token ? { userId: facts.chosen } : null));

function act(name, ...values) {
  return station?.act(name, ...values) ?? Promise.resolve(null);
}

// ── Coming in ────────────────────────────────────────────────────────────────────────────────────────────────────────
function fillEntry() {
  byId("agent")?.replaceChildren(...facts.agents.map(({ userId, name }) => draw("option", { value: userId }, name === userId ? name : `${name} · ${userId}`)));
  if (byId("no-agents")) byId("no-agents").hidden = facts.agents.length > 0;
  byId("choose")?.addEventListener("submit", (event) => {
    event.preventDefault();
    begin({ userId: byId("agent").value });
  });
  byId("paste").addEventListener("submit", (event) => {
    event.preventDefault();
    begin({ token: byId("token").value.trim() });
  });
}

async function begin(chosen) {
  showOnly(byId("entry"), [byId("entry"), byId("desk")]);
  byId("entry-problem").hidden = true;
  if (!chosen || (chosen.userId && !facts.addresses.token)) return;
  try {
    access = new Access(chosen, facts.addresses.token);
    const token = await access.token();
    keepAccess(chosen);
    showOnly(byId("desk"), [byId("entry"), byId("desk")]);
    await takePlace(token);
  } catch (error) {
    keepAccess(null);
    showOnly(byId("entry"), [byId("entry"), byId("desk")]);
    setText(byId("entry-problem"), error.status ? error.message : say("offline"));
    byId("entry-problem").hidden = false;
  }
}

/** Have the telephone, or wait until the tab that has it closes. */
async function takePlace(token) {
  const name = nameOf(token);
  const api = new AgentApi(facts.addresses.api);
  const release = await leadership(name, () => use(new Mirror(name)));
  station?.close();
  const lead = new Station(api, access, access.canRenew && station ? await access.token() : token, keptBy(name));
  const unshare = share(lead, name, () => {
    lead.close();
    unshare();
    release();
    takePlace(api.token);
  });
  lead.on("ring", ringing);
  lead.on("stream", (stream) => stage.listen(stream));
  use(lead);
  askForMicrophone();
}

function use(next) {
  station = next;
  if (stage) stage.use(next);
  else wire();
  next.on("change", drawAll);
  next.on("failed", (action, why) => stage.failed(action, why));
  drawAll();
  opened(openTab());
}

function wire() {
  stage = new Stage(station);
  openTab = wireTabs(opened);
  wireChecks(act);
  wireDevices(act);
  byId("status").addEventListener("change", () => act("status", byId("status").value));
  byId("take-over").addEventListener("click", () => station.takeOver?.());
  byId("colleagues-search").addEventListener("input", drawColleaguesNow);
  for (const id of ["leave", "sign-in-again"]) byId(id).addEventListener("click", leave);
  addEventListener("keydown", keyPressed);
  addEventListener("beforeunload", (event) => {
    if (station.snapshot.leads && station.snapshot.call) event.preventDefault();
  });
  setInterval(() => stage.tick(station.snapshot), TICK_MS);
  setInterval(() => { if (openTab() === "tab-colleagues" && !document.hidden) drawColleaguesNow(); }, COLLEAGUES_EVERY_MS);
}

function leave() {
  if (station.snapshot.leads) station.call?.hangUp();
  keepAccess(null);
  location.assign(location.pathname);
}

// ── Drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
function drawAll() {
  const { snapshot } = station;
  drawTop(snapshot);
  byId("mirror-note").hidden = snapshot.leads;
  byId("take-over").hidden = Boolean(snapshot.call);
  byId("again").hidden = snapshot.problem !== "token";
  if (snapshot.me) followPast(snapshot.me);
  stage.draw(snapshot);
  document.documentElement.dataset.connection = snapshot.connection;
  document.documentElement.dataset.call = snapshot.call?.state ?? "none";
}

function drawTop(snapshot) {
  const { me, connection } = snapshot;
  byId("connection").className = `connection is-${connection}`;
  setText(byId("connection"), say(`connection.${connection}`));
  const { text, tone } = because(snapshot, Date.now());
  byId("because").className = `because is-${tone}`;
  setText(byId("because"), text);
  if (!me) return;
  setText(byId("my-name"), me.name);
  drawStatuses(me);
  byId("device").value = me.takesCallsOn;
  byId("device").options[1].disabled = !me.phoneNumber;
  setText(byId("device-note"), me.phoneNumber ? say("device.number", { number: me.phoneNumber }) : say("device.no_number"));
}

function drawStatuses(me) {
  const chooser = byId("status");
  const wanted = me.statuses.includes(me.status) ? me.statuses : [me.status, ...me.statuses];
  if (chooser.dataset.drawn !== wanted.join()) {
    chooser.replaceChildren(...wanted.map((status) => draw("option", { value: status }, statusWords(status))));
    chooser.dataset.drawn = wanted.join();
  }
  if (document.activeElement !== chooser) chooser.value = me.status;
  chooser.className = `status is-${me.status === "AVAILABLE" ? "available" : "away"}`;
}

/** A call that is over is among the agent's own calls as soon as the server has stored its end. */
function followPast({ activity, lastCall }) {
  const now = `${activity} ${lastCall?.callId} ${lastCall?.endedAt}`;
  if (now === past) return;
  past = now;
  if (openTab() === "tab-history") opened("tab-history");
}

async function opened(tab) {
  if (tab === "tab-history") {
    const found = await act("history");
    if (found) drawHistory(byId("history"), found.calls, dial);
  }
  if (tab === "tab-colleagues") await drawColleaguesNow();
  if (tab === "tab-settings") await Promise.all([lookAtChecks(act), listDevices()]);
}

async function drawColleaguesNow() {
  const found = await act("directory", byId("colleagues-search").value.trim());
  if (found) drawColleagues(byId("colleagues"), found.agents, dial);
}

function dial(number) {
  if (station.snapshot.call) return;
  byId("number").value = number;
  act("dial", byId("caller-id").value, number);
}

// ── Ringing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
function ringing(rings) {
  silence();
  silence = rings ? ring() : () => {};
  document.title = rings ? `${say("incoming.title")} – ${station.snapshot.call?.party ?? ""}` : title;
  notification?.close();
  notification = null;
  if (rings && document.hidden && "Notification" in window && Notification.permission === "granted") {
    notification = new Notification(say("incoming.title"), { body: station.snapshot.call?.party ?? "", requireInteraction: true });
    notification.onclick = () => window.focus();
  }
}

// ── Keyboard ─────────────────────────────────────────────────────────────────────────────────────────────────────────
const SHORTCUTS = { a: "answer", r: "reject", e: "hang-up", m: "mute", h: "hold", k: "keys", t: "transfer", p: "add", w: "end-wrap-up" };

function keyPressed(event) {
  if (!usesShortcuts() || !stage.heedsKeys || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isWriting(event.target)) return;
  const key = keyOf(event);
  if (key && stage.isKeypadOpen) {
    byId("keypad").querySelector(`[data-key="${CSS.escape(key)}"]`).click();
    return;
  }
  const button = byId(SHORTCUTS[event.key.toLowerCase()] ?? "");
  if (button && !button.disabled && button.offsetParent) {
    event.preventDefault();
    button.click();
  }
}
