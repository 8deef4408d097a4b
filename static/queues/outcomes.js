/* The ways out of a queue: of each, only the fields that its action needs are shown. Without it, all of them are. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const group = document.getElementById("outcomes-group");
  if (!group) return;

  const showFieldsThatCount = (row) => {
    const action = row.querySelector("select[name$='-action']");
    if (!action) return; // only read
    for (const field of row.querySelectorAll("[data-shown-for-action]")) {
      field.closest(".field-row").hidden = field.dataset.shownForAction !== action.value;
    }
  };
  const showAll = () => { for (const row of group.querySelectorAll(".form-group")) showFieldsThatCount(row); };

  group.addEventListener("change", (event) => {
    if (event.target.matches("select[name$='-action']")) showFieldsThatCount(event.target.closest(".form-group"));
  });
  document.addEventListener("formset:added", showAll);
  showAll();
});
