/** The messages of one conversation, kept in step with what the seat knows, row by row. */

import { h, keepFocus } from "./dom.js";
import { MessageView } from "./message.js";
import { roving } from "./roving.js";
import * as time from "./time.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./message.js").Host} Host */

const TOGETHER = 5 * 60_000;
const NEAR_END = 80;
const ABOVE = 12;

export class MessageList {
  /** @type {Map<string, MessageView>} */
  #views = new Map();
  /** @type {Map<string, HTMLElement>} */
  #days = new Map();
  #host;
  #inThread;
  #refreshRoving;
  #fresh = true;
  #unread = 0;

  /**
   * @param {Host} host
   * @param {{label: string, inThread: boolean, before: Node | null}} options `before` stands above all messages
   */
  constructor(host, { label, inThread, before }) {
    this.#host = host;
    this.#inThread = inThread;
    this.rows = h("div", { class: "rows" });
    this.log = h("div", { class: "log", role: "log", "aria-label": label, "aria-live": "off", "aria-relevant": "additions" }, this.rows);
    this.end = h("button", { type: "button", class: "to-end", hidden: true, onclick: () => this.toEnd() }, "New messages below");
    this.scroller = h("div", { class: "scroller" }, before, this.log);
    this.element = h("div", { class: "message-list" }, this.scroller, this.end);
    this.#refreshRoving = roving(this.rows, ".message");
    this.scroller.addEventListener("scroll", () => this.#nearEnd() && this.#seen(), { passive: true });
    this.resize = new ResizeObserver(() => this.#stick && this.toEnd());
    this.resize.observe(this.scroller);
    this.resize.observe(this.rows);
    this.scroller.addEventListener("scroll", () => (this.#stick = this.#nearEnd()), { passive: true });
  }

  #stick = true;

  /** Whether screen readers hear what is new here. @param {boolean} aloud */
  speak(aloud) {
    this.log.setAttribute("aria-live", aloud ? "polite" : "off");
  }

  /**
   * Show exactly these messages.
   * @param {Message[]} messages in order
   * @param {{quietly?: boolean}} [how] `quietly`: nothing of it is news
   */
  show(messages, { quietly = false } = {}) {
    const live = this.log.getAttribute("aria-live");
    if (quietly || this.#fresh) this.log.setAttribute("aria-live", "off");
    const before = this.scroller.scrollHeight - this.scroller.scrollTop;
    const stick = this.#stick || this.#fresh;
    const refocus = keepFocus(this.rows);
    const known = new Set(this.#views.keys());
    const rows = this.#rowsFor(messages);
    this.#lay(rows);
    refocus();
    this.#refreshRoving();
    const news = messages.filter((message) => !known.has(message.id));
    if (stick) this.#follow(quietly ? undefined : news[0]);
    else if (quietly) this.scroller.scrollTop = this.scroller.scrollHeight - before;
    else if (news.some((message) => message.author === this.#host.you && message.only_for === null)) this.toEnd();
    else if (news.length > 0) {
      this.#unread += news.length;
      this.end.hidden = false;
      this.end.textContent = this.#unread === 1 ? "1 new message below" : `${this.#unread} new messages below`;
    }
    this.#fresh = false;
    if (live) setTimeout(() => this.log.setAttribute("aria-live", live));
  }

  refreshTimes() {
    for (const view of this.#views.values()) view.refreshTimes();
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#stick = true;
    this.#seen();
  }

  /** To the end, but not past the beginning of what is new. @param {Message | undefined} first */
  #follow(first) {
    this.toEnd();
    const row = first && this.#views.get(first.id)?.element;
    if (!row || row.offsetTop - ABOVE >= this.scroller.scrollTop) return;
    this.scroller.scrollTop = row.offsetTop - ABOVE;
    this.#stick = this.#nearEnd();
  }

  close() {
    this.resize.disconnect();
  }

  #nearEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR_END;
  }

  #seen() {
    this.#unread = 0;
    this.end.hidden = true;
  }

  /** @param {Message[]} messages @returns {HTMLElement[]} */
  #rowsFor(messages) {
    /** @type {HTMLElement[]} */
    const rows = [];
    const kept = new Set();
    const days = new Set();
    /** @type {Message | null} */
    let last = null;
    for (const message of messages) {
      const day = time.dayKey(message.at);
      const newDay = last === null || time.dayKey(last.at) !== day;
      if (newDay && !days.has(day)) {
        rows.push(this.#day(day, message.at));
        days.add(day);
      }
      const follows = !newDay && last !== null && last.kind === "message" && message.kind === "message" &&
        last.author === message.author && message.at - last.at < TOGETHER &&
        last.only_for === message.only_for && message.reply_to === null;
      rows.push(this.#view(message, follows));
      kept.add(message.id);
      last = message;
    }
    for (const id of [...this.#views.keys()]) if (!kept.has(id)) this.#views.delete(id);
    for (const day of [...this.#days.keys()]) if (!days.has(day)) this.#days.delete(day);
    return rows;
  }

  /** @param {Message} message @param {boolean} follows */
  #view(message, follows) {
    let view = this.#views.get(message.id);
    if (!view) {
      view = new MessageView(message, this.#host, { inThread: this.#inThread });
      this.#views.set(message.id, view);
    }
    view.update(message, follows);
    return view.element;
  }

  /** @param {string} key @param {number} at */
  #day(key, at) {
    let row = this.#days.get(key);
    if (!row) {
      row = h("h3", { class: "day" }, h("span", null));
      this.#days.set(key, row);
    }
    const words = time.day(at, this.#host.now());
    const said = words.charAt(0).toUpperCase() + words.slice(1);
    if (row.textContent !== said) /** @type {HTMLElement} */ (row.firstChild).textContent = said;
    return row;
  }

  /** @param {HTMLElement[]} wanted rows, moved as little as can be */
  #lay(wanted) {
    const keep = new Set(wanted);
    for (const row of [...this.rows.children]) if (!keep.has(/** @type {HTMLElement} */ (row))) row.remove();
    let at = this.rows.firstElementChild;
    for (const row of wanted) {
      if (row === at) at = at.nextElementSibling;
      else this.rows.insertBefore(row, at);
    }
  }
}
