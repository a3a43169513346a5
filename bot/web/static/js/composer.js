/** The box where one writes: words, or a command. What was begun is kept for each conversation. */

import { freshKey } from "./api.js";
import { Completer } from "./completer.js";
import { fill, h, name, uniqueId } from "./dom.js";
import { icon } from "./icons.js";

const GROWS = CSS.supports("field-sizing", "content");
const MOST_ROWS = 6;

/** What was begun and not sent, by conversation. @type {Map<string, string>} */
const drafts = new Map();

/**
 * @typedef {object} ComposerPlace
 * @property {string} key names the conversation for its draft
 * @property {string} label
 * @property {string} placeholder
 * @property {import("./completer.js").Place} completion
 * @property {(text: string, answers: string | null, key: string) => Promise<boolean>} send true once it was taken
 */

export class Composer {
  #place;
  #unsure = "";
  /** Of what is unsure, so that it has no second effect when it is sent again. */
  #retryKey = "";
  /** What is to be sent as soon as the answer to what was sent before is there. */
  #next = "";
  /** The id of the message that is answered. @type {string | null} */
  #answers = null;

  /** @param {ComposerPlace} place */
  constructor(place) {
    this.#place = place;
    const id = uniqueId("composer");
    this.box = h("textarea", {
      id, rows: "1", class: "composer-box", placeholder: place.placeholder, dir: "auto", autocomplete: "off",
      "aria-label": place.label, enterkeyhint: "send", data: { focus: `composer-${place.key}` },
      oninput: () => this.#changed(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    this.box.value = drafts.get(place.key) ?? "";
    this.answering = h("div", { class: "composer-answers", hidden: true });
    this.completer = new Completer(this.box, place.completion);
    this.sendButton = h("button", { type: "submit", class: "composer-send", "aria-label": "Send", title: "Send (Enter)" }, icon("send"));
    this.element = h("form",
      { class: "composer", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#send(); } },
      this.completer.element,
      this.answering,
      h("div", { class: "composer-row" },
        h("button", { type: "button", class: "icon-button composer-slash", "aria-label": "Commands", title: "Commands", onclick: () => this.#slash() }, icon("slash")),
        this.box,
        this.sendButton),
      this.completer.count);
    this.#changed();
  }

  /** @param {string} text put into the box, ready to be sent or changed */
  draft(text) {
    this.box.value = text;
    this.#changed();
    this.box.focus();
    this.box.setSelectionRange(text.length, text.length);
    this.completer.ask();
  }

  /**
   * What is sent next answers a message.
   * @param {string | null} id null for no message
   * @param {string} author
   * @param {string} words
   */
  answer(id, author = "", words = "") {
    this.#answers = id;
    this.answering.hidden = id === null;
    fill(this.answering, id !== null && [
      icon("reply"), h("p", null, "Answering ", name(author), ": ", name(words)),
      h("button", { type: "button", class: "icon-button", "aria-label": "Answer nobody", onclick: () => { this.answer(null); this.box.focus(); } }, icon("close")),
    ]);
    if (id !== null) this.box.focus();
  }

  #slash() {
    if (this.box.value.startsWith("/")) {
      this.box.focus();
      this.completer.ask();
    } else this.draft(`/${this.box.value}`);
  }

  #changed() {
    const text = this.box.value;
    if (text) drafts.set(this.#place.key, text);
    else drafts.delete(this.#place.key);
    if (!GROWS) this.box.rows = Math.min(MOST_ROWS, text.split("\n").length);
    this.sendButton.disabled = text.trim() === "";
    this.box.classList.toggle("composer-box--command", text.startsWith("/"));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (this.completer.key(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Escape" && this.#answers !== null) {
      event.preventDefault();
      this.answer(null);
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    }
  }

  async #send() {
    const text = this.box.value;
    if (text.trim() === "") return;
    this.completer.close();
    if (this.element.getAttribute("aria-busy") === "true") {
      if (text !== this.#unsure) this.#next = text;
      return;
    }
    this.element.setAttribute("aria-busy", "true");
    if (this.#unsure !== text) this.#retryKey = freshKey();
    this.#unsure = text;
    const taken = await this.#place.send(text, this.#answers, this.#retryKey);
    this.element.removeAttribute("aria-busy");
    if (taken) this.said(text);
    const next = this.#next;
    this.#next = "";
    if (next !== "" && this.box.value === next) await this.#send();
  }

  /**
   * What was sent stands among the messages, even if the answer that said so was lost.
   * @param {string} text
   */
  said(text) {
    if (this.box.value !== text) return;
    this.#unsure = "";
    this.box.value = "";
    this.answer(null);
    this.#changed();
    this.completer.close();
  }

  /** What was sent without an answer, or "". It may have arrived all the same. */
  get unsure() {
    return this.box.value === this.#unsure ? this.#unsure : "";
  }
}
