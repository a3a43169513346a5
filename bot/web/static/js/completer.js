/** Completion in the composer: an ARIA combobox over a text box, fed by the room's API. */

import { post } from "./api.js";
import { fill, h, uniqueId } from "./dom.js";
import { face } from "./face.js";
import { icon } from "./icons.js";

const WAIT = 70;
/** Kinds whose first suggestion Enter takes; for others Enter sends what is written. */
const EAGER = new Set(["command", "member", "channel"]);

/** @typedef {{kind: string, label: string, insert: string, about: string, id?: string}} Suggestion */

/**
 * @typedef {object} Place
 * @property {() => string} seat
 * @property {() => string} channel
 * @property {(name: string) => import("./types.js").Member | undefined} memberNamed
 */

export class Completer {
  #box;
  #place;
  #timer = 0;
  #asked = 0;
  #active = -1;
  /** @type {Suggestion[]} */
  #suggestions = [];
  /** @type {[number, number]} */
  #replace = [0, 0];
  /** What the suggestions were made for. */
  #text = "";
  #closedFor = "";

  /**
   * @param {HTMLTextAreaElement} box
   * @param {Place} place
   */
  constructor(box, place) {
    this.#box = box;
    this.#place = place;
    this.list = h("div", { class: "completion-list", role: "listbox", id: uniqueId("completion"), "aria-label": "Suggestions" });
    this.hint = h("div", { class: "completion-hint", id: uniqueId("hint") });
    this.element = h("div", { class: "completion", hidden: true }, this.list, this.hint);
    this.count = h("div", { class: "unseen", role: "status" });
    // A text area of several lines has no combobox of its own in HTML; browsers and readers take the role.
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-haspopup", "listbox");
    box.setAttribute("aria-controls", this.list.id);
    box.setAttribute("aria-expanded", "false");
    box.setAttribute("aria-describedby", this.hint.id);
    box.addEventListener("input", () => this.#later());
    box.addEventListener("click", () => this.#later());
    box.addEventListener("keyup", (event) => {
      if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) this.#later();
    });
    box.addEventListener("blur", () => this.close());
  }

  get open() {
    return !this.element.hidden;
  }

  close() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#suggestions = [];
    this.#active = -1;
    this.element.hidden = true;
    this.#box.setAttribute("aria-expanded", "false");
    this.#box.removeAttribute("aria-activedescendant");
  }

  /** Ask now, without waiting for typing to pause. */
  async ask() {
    const text = this.#box.value;
    const cursor = this.#box.selectionStart;
    const before = text.slice(0, cursor);
    if (!text.startsWith("/") && !/(^|[\s(])[@#][^\s@#]*$/u.test(before)) {
      this.close();
      return;
    }
    this.#asked += 1;
    const asked = this.#asked;
    let found;
    try {
      found = await post("/api/complete", { as: this.#place.seat(), channel: this.#place.channel(), text, cursor });
    } catch {
      if (asked === this.#asked) this.close();
      return;
    }
    if (asked !== this.#asked || this.#box.value !== text || document.activeElement !== this.#box) return;
    this.#show(found, text);
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was used here
   */
  key(event) {
    if (!this.open) return false;
    if (event.key === "Escape") {
      this.#closedFor = this.#box.value;
      this.close();
      return true;
    }
    if (this.#suggestions.length === 0) return false;
    if (this.#text !== this.#box.value) return event.key === "Tab" && !event.shiftKey;  // they lag behind a quick hand
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const count = this.#suggestions.length;
      const from = this.#active < 0 && event.key === "ArrowUp" ? count : this.#active;
      this.#point((from + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
      return true;
    }
    if (event.key === "Tab" && !event.shiftKey) {
      this.#take(Math.max(0, this.#active));
      return true;
    }
    if (event.key === "Enter" && !event.shiftKey && this.#active >= 0) {
      this.#take(this.#active);
      return true;
    }
    return false;
  }

  #later() {
    if (this.#box.value === this.#closedFor) return;
    this.#closedFor = "";
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.ask(), WAIT);
  }

  /** @param {{replace: [number, number], suggestions: Suggestion[], hint: any}} found @param {string} text */
  #show(found, text) {
    const typed = text.slice(found.replace[0], found.replace[1]).trim().toLocaleLowerCase();
    const done = found.suggestions.length === 1 && found.suggestions[0].insert.trim().toLocaleLowerCase() === typed;
    this.#suggestions = done ? [] : found.suggestions;
    this.#replace = found.replace;
    this.#text = text;
    this.#drawHint(found.hint);
    fill(this.list, this.#suggestions.map((item, index) => this.#option(item, index)));
    this.list.hidden = this.#suggestions.length === 0;
    this.element.hidden = this.#suggestions.length === 0 && !found.hint;
    this.#box.setAttribute("aria-expanded", String(this.#suggestions.length > 0));
    const first = this.#suggestions[0];
    const exact = this.#suggestions.some((item) => item.insert.trim().toLocaleLowerCase() === typed);
    this.#point(first && EAGER.has(first.kind) && !exact ? 0 : -1);
    const count = this.#suggestions.length;
    this.count.textContent = count === 0 ? "" : `${count} ${count === 1 ? "suggestion" : "suggestions"}`;
  }

  /** @param {Suggestion} item @param {number} index */
  #option(item, index) {
    const member = item.kind === "member" ? this.#place.memberNamed(item.label) : undefined;
    const lead = member ? face(member, "small")
      : item.kind === "channel" ? icon("hash")
      : item.kind === "command" ? icon("slash")
      : null;
    return h("div",
      {
        class: "completion-option", role: "option", id: `${this.list.id}-${index}`, "aria-selected": "false",
        onpointerdown: (/** @type {PointerEvent} */ event) => event.preventDefault(),
        onclick: () => this.#take(index),
      },
      lead && h("span", { class: "completion-lead" }, lead),
      h("bdi", { class: "completion-label" }, item.label),
      item.about && h("span", { class: "completion-about", dir: "auto" }, item.about));
  }

  /** @param {any} hint */
  #drawHint(hint) {
    this.hint.hidden = !hint;
    if (!hint) {
      fill(this.hint);
      return;
    }
    const current = hint.fields.find((/** @type {any} */ item) => item.name === hint.current);
    fill(this.hint,
      h("p", { class: "usage" }, h("b", null, `/${hint.path.join(" ")}`),
        hint.fields.map((/** @type {any} */ item) => [" ",
          h("span", { class: ["usage-field", item === current && "usage-field--current", !item.required && "usage-field--optional"] }, item.name)])),
      h("p", { class: "usage-about", dir: "auto" },
        current ? [h("b", null, current.label), current.about && ` — ${current.about}`, !current.required && " (optional)"] : hint.about));
  }

  /** @param {number} index -1 points at nothing */
  #point(index) {
    this.#active = index;
    for (const [at, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(at === index));
      if (at === index) option.scrollIntoView({ block: "nearest" });
    }
    if (index < 0) this.#box.removeAttribute("aria-activedescendant");
    else this.#box.setAttribute("aria-activedescendant", `${this.list.id}-${index}`);
  }

  /** @param {number} index */
  #take(index) {
    const item = this.#suggestions[index];
    if (!item || this.#text !== this.#box.value) return;
    const [from, to] = this.#replace;
    const text = this.#box.value;
    this.#box.value = text.slice(0, from) + item.insert + text.slice(to);
    const cursor = from + item.insert.length;
    this.#box.setSelectionRange(cursor, cursor);
    this.#box.focus();
    this.#box.dispatchEvent(new Event("input", { bubbles: true }));
    clearTimeout(this.#timer);
    this.#closedFor = "";
    this.ask();
  }
}
