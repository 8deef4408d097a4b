/* What our pages share: words, small pieces of DOM, the theme, and what screen readers are told. */

import { TEXTS } from "./texts.js";

const LANGUAGE = document.documentElement.lang in TEXTS ? document.documentElement.lang : "en";

/** A text in the page's language. Shape: `values` fill {names} in it. */
export function say(key, values = {}) {
  const text = TEXTS[LANGUAGE][key];
  if (text === undefined) throw new Error(`no text ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Whether there is a text: for keys that are made of what a server says. */
export function has(key) {
  return key in TEXTS[LANGUAGE];
}

/** Fill in the texts of elements that name one: data-say, data-say-label, data-say-title, data-say-placeholder. */
export function sayAll(root = document) {
  for (const each of root.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say);
  for (const each of root.querySelectorAll("[data-say-label]")) each.setAttribute("aria-label", say(each.dataset.sayLabel));
  for (const each of root.querySelectorAll("[data-say-title]")) each.title = say(each.dataset.sayTitle);
  for (const each of root.querySelectorAll("[data-say-placeholder]")) each.placeholder = say(each.dataset.sayPlaceholder);
  for (const each of root.querySelectorAll("template")) sayAll(each.content);
}

export const byId = (id) => document.getElementById(id);

/** The page's facts from the server. */
export function config() {
  return JSON.parse(byId("config").textContent);
}

/** Make an element: draw("p", {class: "quiet"}, "text", child). */
export function draw(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/** A sign; screen readers hear nothing of it. */
export function icon(name) {
  return draw("span", { class: "material-symbols-outlined", "aria-hidden": "true", translate: "no" }, name);
}

/** Show one of several elements. */
export function showOnly(chosen, all) {
  for (const each of all) each.hidden = each !== chosen;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Tell screen readers, also the same as before. `urgent` interrupts them: for calls that ring. */
export function announce(text, { urgent = false } = {}) {
  byId(urgent ? "said-urgently" : "said")?.replaceChildren(draw("span", {}, text));
}

/** A length of time: 1:05, 1:02:03. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
}

export function timeOfDay(ms) {
  return new Date(ms).toLocaleTimeString(LANGUAGE, { hour: "2-digit", minute: "2-digit" });
}

export function dayAndTime(ms) {
  const at = new Date(ms);
  const today = at.toDateString() === new Date().toDateString();
  return today ? timeOfDay(ms) : at.toLocaleString(LANGUAGE, { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" });
}

/** Light or dark as chosen in the console, else as the system is. */
export function followTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dress = () => {
    let chosen = "auto";
    try {
      chosen = JSON.parse(localStorage.getItem("_x_adminTheme") ?? '"auto"');
    } catch {
      // nothing is stored, or it may not be read
    }
    document.documentElement.classList.toggle("dark", chosen === "dark" || (chosen !== "light" && system.matches));
  };
  system.addEventListener("change", dress);
  dress();
}

/** Why something went wrong, for people: a code of ours that has a text, else what the server says. */
export function sayEnd(why, code = 0) {
  if (why === "refused") return has(`refused.${code}`) ? say(`refused.${code}`) : say("refused.other", { code });
  return say(`ended.${why}`);
}

/** Ask our server. Rejects with an Error that has `status` and the server's words. */
export async function ask(address, { method = "GET", body, headers = {} } = {}) {
  const options = { method, headers: { ...headers }, cache: "no-store", credentials: "same-origin" };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  const response = await fetch(address, options).catch(() => {
    throw new Error(say("offline"));
  });
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const answer = isJson ? await response.json() : {};
  if (!response.ok) throw Object.assign(new Error(answer.message ?? say("offline")), { status: response.status, code: answer.r });
  return answer;
}

/** The proof that a request comes from this page. */
export function csrf() {
  return { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "" };
}
