/** A seat: one person's view of the room, live, with everything that person can do. */

import { Actions } from "./actions.js";
import { post } from "./api.js";
import { Chair } from "./chair.js";
import { Conversation } from "./conversation.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { Live } from "./live.js";
import { recall, remember } from "./memory.js";
import { SeatDialog } from "./dialog.js";
import { SeatHead } from "./seat-head.js";
import { SeatState, order } from "./seat-state.js";
import { Sidebar } from "./sidebar.js";
import { plain } from "./spans.js";
import { Unread } from "./unread.js";

/** @typedef {import("./types.js").Message} Message */

/**
 * What a seat needs from the page.
 * @typedef {object} Page
 * @property {import("./toast.js").Toasts} toasts
 * @property {() => number} now community time
 * @property {(frame: any) => void} onClock
 * @property {(room: import("./types.js").Room) => void} onRoom
 * @property {(seat: Seat) => void} onChange who sits here, or what is unread, changed
 * @property {(what: "joined" | "shoutout", seat: Seat) => void} onStep
 */

export class Seat {
  #page;
  /** @type {Live | null} */
  #live = null;
  /** @type {Conversation | null} */
  #pane = null;
  /** @type {Conversation | null} */
  #threadPane = null;
  #aloud = false;

  /**
   * @param {"left" | "right"} side
   * @param {Page} page
   */
  constructor(side, page) {
    this.side = side;
    this.#page = page;
    this.toasts = page.toasts;
    /** The person's id, or "" for an empty chair. */
    this.id = "";
    this.state = new SeatState("");
    this.unread = new Unread(this.state);
    this.actions = new Actions(this, page.toasts);
    this.dialog = new SeatDialog(this);
    this.sidebar = new Sidebar(this);
    this.chair = new Chair(this);
    this.head = new SeatHead(this);
    this.content = h("div", { class: "seat-content" });
    this.main = h("div", { class: "seat-main", onclick: () => this.closeDrawer(), onfocusin: () => this.closeDrawer() });
    this.element = h("section", { class: "seat", id: `seat-${side}`, tabindex: "-1", "aria-label": side === "left" ? "Left seat" : "Right seat", data: { side } },
      this.head.element,
      this.head.connection,
      this.content);
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (event.target instanceof HTMLTextAreaElement && event.target.value !== "") return;
      if (this.element.classList.contains("seat--drawer")) this.closeDrawer();
      else if (this.#threadPane) this.closeThread();
    });
  }

  get name() {
    return this.state.me?.name ?? "somebody";
  }

  /** The open conversation's id, or "". */
  get channel() {
    return this.#pane?.channel ?? "";
  }

  /** What message views use. @returns {import("./message.js").Host} */
  get host() {
    const { actions, state } = this;
    return {
      you: this.id,
      now: () => this.#page.now(),
      member: (id) => state.members.get(id),
      message: (id) => state.messages.get(id),
      can: (ability) => this.can(ability),
      openPerson: (id, anchor) => actions.openPerson(id, anchor),
      openChannel: (id) => this.openChannel(id, { focus: true }),
      draftCommand: (text) => this.draft(text),
      react: (message, emoji, on) => actions.react(message, emoji, on),
      press: (message, control) => actions.press(message, control),
      choose: (message, control, values) => actions.choose(message, control, values),
      dismiss: (message) => actions.dismiss(message),
      openThread: (id) => this.openThread(id),
      openPalette: (message, anchor) => actions.openPalette(message, anchor),
      openMessageMenu: (message, anchor) => actions.openMessageMenu(message, anchor),
    };
  }

  /** @param {string} ability a key of the room's limits */
  can(ability) {
    return this.state.room?.limits[ability] !== false;
  }

  /**
   * Take a person's place, or leave the chair empty.
   * @param {string} id "" for nobody
   * @param {{focus?: boolean, joined?: boolean}} [how]
   */
  sit(id, { focus = false, joined = false } = {}) {
    this.stop();
    this.closeDrawer();
    this.id = id;
    this.state = new SeatState(id);
    this.unread = new Unread(this.state);
    this.dialog.sync();
    remember(`seat.${this.side}`, id);
    this.head.found();
    this.head.draw();
    if (!id) {
      fill(this.content, this.chair.element);
      this.chair.draw();
      if (focus) this.chair.focus();
      this.#page.onChange(this);
      return;
    }
    fill(this.content, h("div", { class: "seat-waiting" }, h("span", { class: "spinner", "aria-hidden": "true" }), "Coming in…"));
    this.#listen(focus);
    this.#live = new Live(id, (frame) => this.state.apply(frame), (status) => this.head.show(status, () => this.#live?.retry()));
    if (joined) this.#page.onStep("joined", this);
  }

  /** Go quiet for good. */
  stop() {
    this.#live?.stop();
    this.#live = null;
    this.#closePanes();
  }

  /** @param {boolean} focus whether the composer is focused once the room is there */
  #listen(focus) {
    const { state } = this;
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      state.addEventListener(type, (event) => state === this.state && act(/** @type {CustomEvent} */ (event).detail));
    let first = true;
    on("snapshot", () => {
      this.#settle(first && focus);
      first = false;
    });
    on("message", ({ message, fresh }) => this.#onMessage(message, fresh));
    on("gone", () => this.#plan());
    on("older", () => this.#plan({ quietly: true }));
    on("members", () => this.#onPeople());
    on("channels", () => this.sidebar.draw());
    on("room", () => {
      if (state.room) this.#page.onRoom(state.room);
      this.actions.refreshCatalog();
      this.redrawMessages();
    });
    on("dialog", () => this.dialog.sync());
    on("notice", ({ message }) => this.toasts.say(message, "trouble"));
    on("clock", ({ clock }) => this.#page.onClock(clock));
    on("catalog", () => this.actions.refreshCatalog());
  }

  /** A snapshot came: first, or after a long absence. @param {boolean} focus */
  #settle(focus) {
    const { state } = this;
    if (!state.me) {
      this.sit("");
      return;
    }
    if (state.room) this.#page.onRoom(state.room);
    this.head.draw();
    this.unread.begin();
    this.actions.refreshCatalog();
    const kept = this.#pane && state.channels.has(this.#pane.channel);
    if (kept) {
      fill(this.content, this.sidebar.element, this.main);
      this.#plan({ quietly: true });
      this.sidebar.draw();
    } else {
      fill(this.content, this.sidebar.element, this.main);
      const held = recall(`channel.${this.id}`, "");
      const start = state.channels.has(held) ? held : state.channelsOf("channel")[0]?.id;
      if (start) this.openChannel(start, { focus });
    }
    this.#page.onChange(this);
  }

  /** @param {string} id @param {{focus?: boolean}} [how] */
  openChannel(id, { focus = false } = {}) {
    if (!this.state.channels.has(id)) return;
    this.closeDrawer();
    this.closeThread({ focus: false });
    if (this.#pane?.channel !== id) {
      this.#pane?.close();
      this.#pane = new Conversation(this, id, null);
      this.#pane.list.speak(this.#aloud);
      this.main.replaceChildren(this.#pane.element);
      this.#pane.list.toEnd();
      remember(`channel.${this.id}`, id);
    }
    this.unread.read(id);
    this.sidebar.draw();
    if (focus) this.focusComposer();
    this.#page.onChange(this);
  }

  /** The channel in which somebody spoke last. @param {string} person */
  openNewestOf(person) {
    const said = [...this.state.messages.values()].filter((message) =>
      message.author === person && message.only_for === null && this.state.channels.get(message.channel)?.kind === "channel");
    const newest = said.sort((a, b) => order(a.id) - order(b.id)).at(-1);
    if (newest) this.openChannel(newest.channel);
  }

  /** @param {string} first id of the first message */
  openThread(first) {
    const message = this.state.messages.get(first);
    if (!message) return;
    if (this.#pane?.channel !== message.channel) this.openChannel(message.channel);
    this.#threadPane?.close();
    this.#threadPane?.element.remove();
    this.#threadPane = new Conversation(this, message.channel, first);
    this.#threadPane.list.speak(this.#aloud);
    this.#pane?.list.speak(false);
    if (this.#pane) this.#pane.element.hidden = true;
    this.main.append(this.#threadPane.element);
    this.#threadPane.list.toEnd();
    this.focusComposer();
  }

  /** @param {{focus?: boolean}} [how] */
  closeThread({ focus = true } = {}) {
    if (!this.#threadPane) return;
    const first = this.#threadPane.thread;
    this.#threadPane.close();
    this.#threadPane.element.remove();
    this.#threadPane = null;
    if (!this.#pane) return;
    this.#pane.element.hidden = false;
    this.#pane.list.speak(this.#aloud);
    this.#pane.refresh();
    const row = this.#pane.element.querySelector(`[data-focus="message-${first}"]`);
    if (focus && row instanceof HTMLElement) row.focus();
  }

  /** @param {string} text put into the open composer */
  draft(text) {
    (this.#threadPane ?? this.#pane)?.composer.draft(text);
  }

  /** @param {Message} message that the next words answer */
  answer(message) {
    const words = plain(message.card ? message.card.title : message.text);
    const author = this.state.members.get(message.author)?.name ?? "someone";
    (this.#threadPane ?? this.#pane)?.composer.answer(message.id, author, words);
  }

  focusComposer() {
    (this.#threadPane ?? this.#pane)?.composer.box.focus();
  }

  /** Whether screen readers hear this seat: the one that was used last. @param {boolean} aloud */
  speak(aloud) {
    this.#aloud = aloud;
    this.element.classList.toggle("seat--active", aloud);
    (this.#threadPane ?? this.#pane)?.list.speak(aloud);
  }

  /** The page is looked at again: what is open counts as read. */
  look() {
    if (!this.channel) return;
    this.unread.read(this.channel);
    this.sidebar.draw();
    this.#page.onChange(this);
  }

  /** Redraw what depends on the time or the look. */
  redrawMessages() {
    for (const pane of [this.#pane, this.#threadPane]) {
      pane?.list.refreshTimes();
      pane?.plan({ quietly: true });
    }
  }

  /** @param {string} text a command that was taken */
  onCommand(text) {
    if (text.startsWith("/shoutout")) this.#page.onStep("shoutout", this);
  }

  async comeBack() {
    const answer = await this.toasts.guard(() => post("/api/return", { as: this.id }));
    if (!answer) return;
    this.state.apply({ type: "member", member: answer.member });
    this.#page.onStep("joined", this);
    this.focusComposer();
  }

  async leave() {
    const answer = await this.toasts.guard(() => post("/api/leave", { as: this.id }));
    if (answer) this.state.apply({ type: "member", member: answer.member });
  }

  /** The menu of who sits here. */
  choosePerson() {
    this.head.choose();
  }

  /** The button that shows the list of channels where the seat is narrow. */
  drawerButton() {
    return h("button", {
      type: "button", class: "icon-button drawer-button", "aria-label": "Channels and people",
      onclick: (/** @type {Event} */ event) => {
        event.stopPropagation();
        this.element.classList.add("seat--drawer");
        /** @type {HTMLElement | null} */ (this.sidebar.element.querySelector(".side-item[tabindex='0']"))?.focus();
      },
    }, icon("menu"));
  }

  closeDrawer() {
    const { activeElement } = document;
    const inside = this.sidebar.element.contains(activeElement);
    this.element.classList.remove("seat--drawer");
    if (inside && this.#pane) /** @type {HTMLElement | null} */ (this.#pane.element.querySelector(".drawer-button"))?.focus();
  }

  /** @param {Message} message @param {boolean} fresh */
  #onMessage(message, fresh) {
    for (const pane of [this.#pane, this.#threadPane]) {
      if (pane && message.channel === pane.channel) pane.plan();
    }
    if (!fresh) return;
    if (message.channel === this.channel && document.visibilityState === "visible") this.unread.read(message.channel);
    else if (!this.state.channels.has(message.channel)) return;
    else if (message.author === this.state.room?.bot && this.state.channels.get(message.channel)?.kind === "direct") {
      this.toasts.say(`${this.state.members.get(message.author)?.name ?? "The bot"} wrote to ${this.name} privately.`);
    }
    this.sidebar.draw();
    this.#page.onChange(this);
  }

  #onPeople() {
    this.head.draw();
    this.sidebar.draw();
    this.#plan();
    this.#page.onChange(this);
  }

  /** @param {{quietly?: boolean}} [how] */
  #plan(how) {
    this.#pane?.plan(how);
    this.#threadPane?.plan(how);
  }

  #closePanes() {
    this.#threadPane?.close();
    this.#pane?.close();
    this.#threadPane = null;
    this.#pane = null;
    this.main.replaceChildren();
  }
}
