// The field for picking many rows: search, arrow keys, "all shown". Without it, the field is a list of checkboxes.
"use strict";

(() => {
    // đ has no decomposition; everything else loses its marks by being taken apart.
    const plain = (text) => text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "");

    class PickMany {
        constructor(root) {
            this.root = root;
            this.tools = root.querySelector(".pick-many-tools");
            if (!this.tools) return;
            this.list = root.querySelector(".pick-many-list");
            this.search = root.querySelector("input[type=search]");
            this.onlyChosen = root.querySelector("[data-only-chosen]");
            this.count = root.querySelector(".pick-many-count");
            this.rows = [...this.list.querySelectorAll("label")].map((label) => ({
                label, box: label.querySelector("input"), text: plain(label.textContent),
            }));
            this.tools.hidden = false;
            this.search.addEventListener("input", () => this.filter());
            this.onlyChosen.addEventListener("change", () => this.filter());
            this.search.addEventListener("keydown", (event) => this.keyInSearch(event));
            this.list.addEventListener("keydown", (event) => this.keyInList(event));
            this.list.addEventListener("change", () => this.tell());
            this.list.addEventListener("focusin", (event) => this.enter(event.target));
            for (const button of root.querySelectorAll("[data-pick]")) {
                button.addEventListener("click", () => this.pick(button.dataset.pick === "all"));
            }
            this.filter();
        }

        shown() { return this.rows.filter((row) => !row.label.hidden); }

        filter() {
            const words = plain(this.search.value).split(/\s+/).filter(Boolean);
            for (const row of this.rows) {
                const found = words.every((word) => row.text.includes(word));
                row.label.hidden = !found || (this.onlyChosen.checked && !row.box.checked);
            }
            this.enter(this.shown()[0]?.box);
            this.tell();
        }

        tell() {
            const chosen = this.rows.filter((row) => row.box.checked).length;
            const texts = [this.root.dataset.countText.replace("{chosen}", chosen).replace("{total}", this.rows.length)];
            const shown = this.shown().length;
            if (shown !== this.rows.length) texts.push(this.root.dataset.shownText.replace("{shown}", shown));
            this.count.textContent = texts.join(", ");
        }

        pick(checked) {
            for (const row of this.shown()) row.box.checked = checked && !row.box.disabled;
            this.tell();
            this.list.dispatchEvent(new Event("change", { bubbles: true }));
        }

        // One checkbox takes part in the Tab order, so that Tab leaves a list of a thousand.
        enter(box) {
            for (const row of this.rows) row.box.tabIndex = row.box === box ? 0 : -1;
        }

        keyInSearch(event) {
            if (event.key === "Enter") event.preventDefault();
            if (event.key === "Enter" || event.key === "ArrowDown") {
                event.preventDefault();
                this.shown()[0]?.box.focus();
            }
        }

        keyInList(event) {
            const shown = this.shown();
            const at = shown.findIndex((row) => row.box === event.target);
            const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[event.key];
            if (to === undefined || at < 0) return;
            event.preventDefault();
            if (to < 0) this.search.focus();
            else shown[Math.min(to, shown.length - 1)].box.focus();
        }
    }

    const start = () => document.querySelectorAll("[data-pick-many]").forEach((root) => new PickMany(root));
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
    else start();
})();
