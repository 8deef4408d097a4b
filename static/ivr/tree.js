/* The page of an IVR tree. htmx brings the inner part of the page after every step; this script does what is left:
   where the keyboard goes then, which fields of a form count, and that nothing typed is lost by accident. */
"use strict";

(() => {
    const page = document.querySelector(".ivr-page");
    const status = document.getElementById("ivr-status");
    let shown = null; // the inner part that was seen last
    let hasTyped = false;
    let pictureScroll = { left: 0, top: 0 };

    const openForm = () => document.getElementById("ivr-form");
    const pictureFrame = () => document.getElementById("ivr-picture-frame");

    function showFieldsThatCount(form) {
        for (const part of form.querySelectorAll("[data-shown-for]")) {
            const chosen = form.elements[part.dataset.shownFor].value;
            part.hidden = !part.dataset.values.split(" ").includes(chosen);
        }
        for (const player of form.querySelectorAll("[data-follows]")) {
            const chosen = form.elements[player.dataset.follows].selectedOptions[0];
            const address = chosen ? chosen.dataset.audio || "" : "";
            player.hidden = !address;
            if (address && player.getAttribute("src") !== address) {
                player.src = address;
            }
        }
    }

    /* A question is read as a whole before one of its buttons is chosen; in a form, typing begins at once. */
    function focusable(element) {
        if (!element.matches("form") || element.classList.contains("ivr-question")) {
            return element;
        }
        const fields = [...element.elements].filter((field) => field.type !== "hidden" && field.checkVisibility());
        return fields.find((field) => field.getAttribute("aria-invalid") === "true") || fields[0] || element;
    }

    function focusOn(id) {
        const element = id && document.getElementById(id);
        if (element) {
            const target = focusable(element);
            target.focus({ preventScroll: true });
            target.scrollIntoView({ block: "nearest" });
        }
    }

    function lookAgain() {
        const now = document.getElementById("ivr-shown");
        if (now === shown) {
            return;
        }
        shown = now;
        const form = openForm();
        hasTyped = Boolean(form && form.dataset.typed);
        if (form) {
            showFieldsThatCount(form);
        }
        if (pictureFrame()) {
            pictureFrame().scrollTo(pictureScroll);
        }
        focusOn(now.dataset.focus);
    }

    page.addEventListener("htmx:afterSettle", lookAgain);

    page.addEventListener("input", (event) => {
        if (event.target.form === openForm()) {
            hasTyped = true;
            showFieldsThatCount(event.target.form);
        }
    });

    page.addEventListener("click", (event) => {
        const place = event.target.closest("[data-goto]");
        if (place) {
            focusOn(place.dataset.goto);
        }
    });

    page.addEventListener("htmx:confirm", (event) => {
        const form = openForm();
        if (hasTyped && form && !form.contains(event.target) && !window.confirm(status.dataset.discard)) {
            event.preventDefault();
        }
    });

    page.addEventListener("htmx:beforeSwap", (event) => {
        const frame = pictureFrame();
        if (frame) {
            pictureScroll = { left: frame.scrollLeft, top: frame.scrollTop };
        }
        if (!event.detail.isError && !event.detail.xhr.getResponseHeader("X-Tree-Editor")) {
            event.detail.shouldSwap = false; // another page, such as the sign-in after a long pause
            window.location.reload();
        }
    });

    for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
        page.addEventListener(failure, () => {
            const text = document.createElement("p");
            text.className = "ivr-said-so is-refused";
            text.textContent = status.dataset.failed;
            status.replaceChildren(text);
        });
    }

    window.addEventListener("beforeunload", (event) => {
        if (hasTyped) {
            event.preventDefault();
        }
    });

    lookAgain();
})();
