/** What a seat can do: requests in its person's name, and the menus that lead to them. */

import { ApiError, freshKey, get, post } from "./api.js";
import { h } from "./dom.js";
import { badges, face, nameOf } from "./face.js";
import { openMenu } from "./menu.js";
import { PALETTE } from "./message.js";
import { plain } from "./spans.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Outcome} Outcome */

/**
 * @typedef {object} MessageActions
 * @property {(message: Message, emoji: string, on: boolean) => void} react
 * @property {(message: Message, control: string) => Promise<unknown>} press
 * @property {(message: Message, control: string, values: string[]) => Promise<unknown>} choose
 * @property {(message: Message) => void} dismiss
 * @property {(id: string) => void} openThread
 * @property {(message: Message, anchor: HTMLElement) => void} openPalette
 * @property {(message: Message, anchor: HTMLElement) => void} openMessageMenu
 * @property {(id: string, anchor: HTMLElement) => void} openPerson
 */

export class Actions {
  #seat;
  #toasts;
  /** @type {import("./types.js").Catalog} */
  catalog = { commands: [], menus: [] };
  /**
   * @param {import("./seat.js").Seat} seat
   * @param {import("./toast.js").Toasts} toasts
   */
  constructor(seat, toasts) {
    this.#seat = seat;
    this.#toasts = toasts;
  }

  async refreshCatalog() {
    const as = this.#seat.id;
    await this.#toasts.guard(async () => {
      const catalog = await get("/api/catalog", { as });
      if (as === this.#seat.id) this.catalog = catalog;
    });
  }

  /**
   * @param {string} text
   * @param {string} channel
   * @param {string | null} thread
   * @param {string | null} answers the id of the message that is answered
   * @param {string} key
   * @returns {Promise<boolean>} true once it was taken
   */
  async send(text, channel, thread, answers, key) {
    const command = text.startsWith("/");
    const where = thread ? { channel, thread } : { channel };
    const body = { as: this.#seat.id, key, ...where, text, ...(answers && !command ? { reply_to: answers } : {}) };
    const answer = await this.#toasts.guard(() => post(command ? "/api/command" : "/api/say", body));
    if (!answer) return false;
    if (command) {
      this.#seat.onCommand(text);
      this.#settle(answer);
    } else this.#seat.state.add(answer.message);
    return true;
  }

  /** @param {Message} message @param {string} emoji @param {boolean} on */
  react(message, emoji, on) {
    return this.#toasts.guard(() =>
      post(on ? "/api/react" : "/api/unreact", { as: this.#seat.id, message: message.id, emoji }));
  }

  /** @param {Message} message @param {string} control */
  press(message, control) {
    return this.#interact("/api/press", { message: message.id, control });
  }

  /** @param {Message} message @param {string} control @param {string[]} values */
  choose(message, control, values) {
    return this.#interact("/api/select", { message: message.id, control, values });
  }

  /** @param {Message} message */
  dismiss(message) {
    return this.#toasts.guard(() => post("/api/dismiss", { as: this.#seat.id, message: message.id }));
  }

  /** @param {Message} message */
  remove(message) {
    return this.#toasts.guard(() => post("/api/delete", { as: this.#seat.id, message: message.id }));
  }

  /** @param {string} person */
  async writeTo(person) {
    const answer = await this.#toasts.guard(() => post("/api/directs", { as: this.#seat.id, with: person }));
    if (!answer) return;
    this.#seat.state.addChannel(answer.channel);
    this.#seat.openChannel(answer.channel.id, { focus: true });
  }

  /** @param {Message} message @param {HTMLElement} anchor */
  openPalette(message, anchor) {
    const yours = new Set(message.reactions.filter(({ by }) => by.includes(this.#seat.id)).map(({ emoji }) => emoji));
    openMenu(anchor, PALETTE.map(([emoji, say]) => ({
      label: h("span", { class: "emoji" }, emoji), say: yours.has(emoji) ? `${say}, take it back` : say,
      pick: () => this.react(message, emoji, !yours.has(emoji)),
    })), { label: "React", shape: "row", align: "end" });
  }

  /** @param {Message} message @param {HTMLElement} anchor */
  openMessageMenu(message, anchor) {
    const own = this.catalog.menus.filter(({ target }) => target === "message");
    /** @type {import("./menu.js").Entry[]} */
    const entries = own.map((menu) => ({
      label: menu.label, icon: "spark", pick: () => this.#interact("/api/menu", { menu: menu.id, message: message.id, channel: message.channel }),
    }));
    if (message.only_for !== null) entries.length = 0;
    if (entries.length > 0) entries.push("line");
    if (message.only_for === null) entries.push({ label: "Answer", icon: "reply", pick: () => this.#seat.answer(message) });
    entries.push({ label: "Copy the words", icon: "copy", pick: () => this.#copy(message) });
    if (message.deletable && message.only_for === null) {
      entries.push({ label: "Delete", icon: "trash", careful: true, pick: () => this.remove(message) });
    }
    if (message.only_for !== null) entries.push({ label: "Dismiss", icon: "close", pick: () => this.dismiss(message) });
    openMenu(anchor, entries, { label: "For this message", align: "end" });
  }

  /** @param {string} id @param {HTMLElement} anchor */
  openPerson(id, anchor) {
    const member = this.#seat.state.members.get(id);
    if (!member) return;
    /** @type {import("./menu.js").Entry[]} */
    const entries = [];
    if (id !== this.#seat.id && member.present) {
      entries.push({ label: "Write privately", icon: "mail", pick: () => this.writeTo(id) });
    }
    if (!member.bot && this.#seat.can("person_menus")) {
      for (const menu of this.catalog.menus.filter(({ target }) => target === "member")) {
        entries.push({
          label: menu.label, icon: "spark",
          pick: () => this.#interact("/api/menu", { menu: menu.id, member: id, channel: this.#seat.channel }),
        });
      }
    }
    if (!member.bot && id !== this.#seat.id) {
      if (entries.length > 0) entries.push("line");
      entries.push({ label: ["Sit here as ", nameOf(member)], icon: "swap", pick: () => this.#seat.sit(id, { focus: true }) });
    }
    if (id === this.#seat.id) {
      entries.push({ label: "Sit here as someone else…", icon: "swap", pick: () => this.#seat.choosePerson() });
    }
    const head = h("div", { class: "person-head" }, face(member, "large"),
      h("div", null, h("div", { class: "person-name" }, nameOf(member)), h("div", { class: "person-badges" }, badges(member)),
        !member.present && h("div", { class: "hint" }, member.joined_at === null ? "Has not come in yet" : "Has left the room")));
    openMenu(anchor, entries, { label: member.name, head });
  }

  /** @param {string} path @param {Record<string, unknown>} body */
  async #interact(path, body) {
    const answer = await this.#toasts.guard(() => this.#once(path, { as: this.#seat.id, ...body }));
    if (answer) this.#settle(answer);
  }

  /** Keys of what was sent and not answered: pressed again, it has no second effect. @type {Map<string, string>} */
  #unanswered = new Map();

  /** @param {string} path @param {Record<string, unknown>} body */
  async #once(path, body) {
    const what = `${path} ${JSON.stringify(body)}`;
    const key = this.#unanswered.get(what) ?? freshKey();
    this.#unanswered.set(what, key);
    try {
      const answer = await post(path, { ...body, key });
      this.#unanswered.delete(what);
      return answer;
    } catch (error) {
      if (error instanceof ApiError && error.status > 0 && error.status < 500) this.#unanswered.delete(what);
      throw error;
    }
  }

  /** @param {Outcome} outcome */
  #settle(outcome) {
    if (outcome.dialog) this.#seat.state.apply({ type: "dialog", dialog: outcome.dialog });
  }

  /** @param {Message} message */
  async #copy(message) {
    const { card } = message;
    const parts = card
      ? [card.title, card.body, ...card.sections.flatMap((section) => [section.heading, section.text]), card.footer]
      : [message.text];
    const text = parts.map(plain).filter(Boolean).join("\n");
    try {
      await navigator.clipboard.writeText(text);
      this.#toasts.say("Copied.");
    } catch {
      this.#toasts.say("This browser keeps pages from copying. Select the words instead.", "trouble");
    }
  }
}
