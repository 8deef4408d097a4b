/* What the console adds to the theme: copying, and what screen readers need. */
"use strict";

/* Icons are drawn from words ("search"); nobody should have to hear those. */
function hideIconsFromReaders(root) {
  for (const icon of root.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
    icon.setAttribute("aria-hidden", "true");
    icon.setAttribute("translate", "no");
  }
}

/* For screen readers: what happened, without moving the focus. */
function say(text) {
  let region = document.getElementById("console-said");
  if (!region) {
    region = document.createElement("div");
    region.id = "console-said";
    region.className = "sr-only";
    region.setAttribute("role", "status");
    document.querySelector("main").append(region);
  }
  region.textContent = text;
}

/* Buttons with data-copy put the text of the named field on the clipboard. */
async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-copy-text]");
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    field.select(); // without HTTPS there is no clipboard: Ctrl+C works on the selection
    document.execCommand("copy");
  }
  const before = label.textContent;
  label.textContent = button.dataset.copied;
  say(button.dataset.copied);
  setTimeout(() => { label.textContent = before; }, 2500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

/* On narrow screens every cell names its column; names begin with a small letter in our texts. */
for (const cell of document.querySelectorAll("[data-label]")) {
  const label = cell.dataset.label;
  cell.dataset.label = label.charAt(0).toUpperCase() + label.slice(1);
}

// Not by scrollIntoView, after which the Tab key would begin there instead of at the skip link.
{
  const menu = document.querySelector("#nav-sidebar-apps");
  const present = menu?.querySelector("a.active");
  if (present) menu.scrollTop += Math.max(0, present.getBoundingClientRect().bottom - menu.getBoundingClientRect().bottom);
}

hideIconsFromReaders(document);
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) {
      if (node.nodeType === Node.ELEMENT_NODE) hideIconsFromReaders(node.parentElement || node);
    }
  }
}).observe(document.body, { childList: true, subtree: true });
