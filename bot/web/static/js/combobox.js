/** A text box with a list to choose from: filter as one types, arrow keys, Enter, Escape. */

import { fill, h, uniqueId } from "./dom.js";

const MOST_SHOWN = 60;
const WAIT = 90;

/** @typedef {{label: string, value: string, about?: string, lead?: () => Node}} Choice */

/**
 * @typedef {object} ComboboxOptions
 * @property {string} id of the text box, for its label
 * @property {string} text shown at first
 * @property {string} [placeholder]
 * @property {string | null} [describedBy]
 * @property {boolean} [invalid]
 * @property {(typed: string) => Choice[] | Promise<Choice[]>} find
 * @property {(choice: Choice) => void} onChoose
 * @property {(text: string) => void} [onText] what is typed counts by itself
 * @property {boolean} [eager] only what is in the list can be meant: while one types, Enter takes the first of it
 */

/**
 * @param {ComboboxOptions} options
 * @returns {{element: HTMLElement, box: HTMLInputElement}}
 */
export function combobox({ id, text, placeholder, describedBy, invalid, find, onChoose, onText, eager }) {
  const list = h("div", { class: "combobox-list", role: "listbox", id: uniqueId("list"), popover: "manual", "aria-label": "Suggestions" });
  const box = h("input", {
    type: "text", id, class: "input", value: text, autocomplete: "off", dir: "auto", placeholder: placeholder ?? null,
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
    "aria-describedby": describedBy ?? null, "aria-invalid": invalid ? "true" : null,
  });
  /** @type {Choice[]} */
  let choices = [];
  let active = -1;
  let asked = 0;
  let timer = 0;

  const close = () => {
    asked += 1;
    clearTimeout(timer);
    if (list.matches(":popover-open")) list.hidePopover();
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
    active = -1;
  };

  /** @param {number} index */
  const point = (index) => {
    active = index;
    for (const [at, item] of [...list.children].entries()) {
      item.setAttribute("aria-selected", String(at === index));
      if (at === index) item.scrollIntoView({ block: "nearest" });
    }
    if (index < 0) box.removeAttribute("aria-activedescendant");
    else box.setAttribute("aria-activedescendant", `${list.id}-${index}`);
  };

  /** @param {number} index */
  const take = (index) => {
    const choice = choices[index];
    if (!choice) return;
    close();
    onChoose(choice);
  };

  /** Which one is meant by what is typed. @param {Choice[]} found */
  const meant = (found) => {
    const words = box.value.trim().toLocaleLowerCase();
    if (words === "") return -1;
    const exact = found.findIndex(({ label }) => label.toLocaleLowerCase() === words);
    return exact < 0 ? 0 : exact < MOST_SHOWN ? exact : -1;
  };

  /** @param {boolean} typed whether the list opens because of what was typed, not to look through it */
  const open = async (typed) => {
    asked += 1;
    const mine = asked;
    const found = await find(box.value);
    if (mine !== asked || document.activeElement !== box) return;
    choices = found.slice(0, MOST_SHOWN);
    if (choices.length === 0) {
      close();
      return;
    }
    fill(list, choices.map((choice, index) =>
      h("div",
        {
          class: "completion-option", role: "option", id: `${list.id}-${index}`, "aria-selected": "false",
          onpointerdown: (/** @type {Event} */ event) => event.preventDefault(), onclick: () => take(index),
        },
        choice.lead && h("span", { class: "completion-lead" }, choice.lead()),
        h("bdi", { class: "completion-label" }, choice.label),
        choice.about && h("span", { class: "completion-about", dir: "auto" }, choice.about))));
    if (!list.matches(":popover-open")) list.showPopover();
    place(list, box);
    box.setAttribute("aria-expanded", "true");
    point(eager && typed ? meant(found) : -1);
  };

  box.addEventListener("input", () => {
    onText?.(box.value);
    point(-1);
    clearTimeout(timer);
    timer = window.setTimeout(() => open(true), WAIT);
  });
  box.addEventListener("click", () => open(false));
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    const shown = list.matches(":popover-open");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!shown) open(false);
      else {
        const from = active < 0 && event.key === "ArrowUp" ? choices.length : active;
        point((from + (event.key === "ArrowDown" ? 1 : -1) + choices.length) % choices.length);
      }
    } else if (event.key === "Enter" && shown && active >= 0) {
      event.preventDefault();
      take(active);
    } else if (event.key === "Escape" && shown) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Tab" && shown && active >= 0) take(active);
  });
  return { element: h("div", { class: "combobox" }, box, list), box };
}

/** @param {HTMLElement} list @param {HTMLElement} box */
function place(list, box) {
  const at = box.getBoundingClientRect();
  const room = document.documentElement.clientHeight;
  const below = room - at.bottom - 12;
  const above = at.top - 12;
  list.style.width = `${at.width}px`;
  list.style.left = `${at.left}px`;
  list.style.maxHeight = `${Math.min(280, Math.max(below, above))}px`;
  const height = Math.min(list.scrollHeight, 280);
  list.style.top = below >= height || below >= above ? `${at.bottom + 4}px` : `${at.top - 4 - Math.min(height, above)}px`;
}
