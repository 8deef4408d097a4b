/* The weekly form of business hours: adding, removing and copying ranges. Without it, each day has one empty range. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const weekly of document.querySelectorAll("[data-weekly]")) {
    const status = weekly.querySelector("[data-weekly-status]");
    const dayOf = (inside) => inside.closest("[data-day]");
    const inputs = (range) => [...range.querySelectorAll("input")];
    const rangesOf = (day) => [...day.querySelectorAll(".weekly-range")];
    const spares = new Map();

    const add = (day, times = ["", ""]) => {
      const range = spares.get(day).cloneNode(true);
      range.querySelector("[data-weekly-remove]").hidden = false;
      inputs(range).forEach((input, number) => { input.value = times[number]; });
      day.querySelector(".weekly-closed").before(range);
      return range;
    };
    const clear = (day) => { for (const range of rangesOf(day)) range.remove(); };
    // The page asks before it is left with changes only when it hears of them.
    const tellChange = () => weekly.dispatchEvent(new Event("change", { bubbles: true }));

    for (const day of weekly.querySelectorAll("[data-day]")) {
      const spare = day.querySelector("[data-weekly-spare]");
      if (inputs(spare)[0].disabled) { spare.remove(); continue; }
      spares.set(day, spare);
      spare.removeAttribute("data-weekly-spare");
      spare.remove();
      for (const hidden of day.querySelectorAll("[hidden]")) hidden.hidden = false;
    }
    if (spares.size) weekly.querySelector(".weekly-copy").hidden = false;

    weekly.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const day = dayOf(button);
      if (button.matches("[data-weekly-add]")) {
        inputs(add(day))[0].focus();
      } else if (button.matches("[data-weekly-all-day]")) {
        clear(day);
        inputs(add(day, ["00:00", "00:00"]))[0].focus();
      } else if (button.matches("[data-weekly-remove]")) {
        button.closest(".weekly-range").remove();
        day.querySelector("[data-weekly-add]").focus();
      } else if (button.matches("[data-weekly-copy]")) {
        const source = weekly.querySelector('[data-day="0"]');
        const times = rangesOf(source).map((range) => inputs(range).map((input) => input.value));
        for (const number of button.dataset.weeklyCopy.split(" ")) {
          const target = weekly.querySelector(`[data-day="${number}"]`);
          clear(target);
          for (const pair of times) add(target, pair);
        }
        status.textContent = "";
        setTimeout(() => { status.textContent = status.dataset.copied; }, 50);
      }
      tellChange();
    });
  }
});
