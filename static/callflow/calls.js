/* Pages of calls: parts that refresh themselves (data-live) while somebody looks, and messages that were listened to. */
"use strict";

/* Asked by htmx before each refresh: not while paused, out of sight, or while something of the page is being used. */
function callsMayRefresh() {
  if (document.hidden || document.getElementById("live-paused")?.checked) return false;
  const live = document.querySelector("[data-live]");
  const isPlaying = [...document.querySelectorAll("[data-player] audio")].some((audio) => !audio.paused);
  return !isPlaying && !live?.querySelector("details[open]") && document.getSelection().isCollapsed;
}

/* Anything but the part that was asked for, such as the sign-in page, is loaded as a page of its own. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const live = event.detail.target.closest?.("[data-live]");
  if (!live || event.detail.xhr.status !== 200) return;
  if (event.detail.xhr.getResponseHeader("X-Live") !== live.dataset.live) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

/* A message counts as listened to as soon as it is played. */
document.addEventListener("play", (event) => {
  const mark = event.target.closest?.("tr")?.querySelector("[data-new-message]");
  if (!mark) return;
  mark.textContent = mark.dataset.listened;
  mark.className = "call-badge is-default";
}, true);
