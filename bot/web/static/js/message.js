/** One message, and what can be done with it. It is redrawn in parts, so that nothing is read out twice. */

import { cardView } from "./card.js";
import { fill, h, uniqueId } from "./dom.js";
import { badges, face, hueOf, nameOf } from "./face.js";
import { icon } from "./icons.js";
import { plain, rich } from "./spans.js";
import * as time from "./time.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Member} Member */

export const PALETTE = [
  ["👋", "Waving hand"], ["❤️", "Heart"], ["🎉", "Party popper"], ["👍", "Thumbs up"],
  ["🙏", "Thank you"], ["😄", "Smile"], ["🌱", "Seedling"], ["👀", "Eyes"],
];

/**
 * What a message needs from the seat it is shown to.
 * @typedef {import("./spans.js").Links & import("./actions.js").MessageActions & {
 *   member: (id: string) => Member | undefined,
 *   message: (id: string) => Message | undefined,
 *   can: (ability: string) => boolean,
 * }} Host
 */

export class MessageView {
  /** @type {Message} */
  #message;
  #host;
  #inThread;
  #drawn = "";
  #reactionsDrawn = "";
  #repliesDrawn = "";

  /**
   * @param {Message} message
   * @param {Host} host
   * @param {{inThread: boolean}} place
   */
  constructor(message, host, { inThread }) {
    this.#message = message;
    this.#host = host;
    this.#inThread = inThread;
    const who = uniqueId("who");
    const what = uniqueId("what");
    this.faceSlot = h("div", { class: "message-face" });
    this.head = h("div", { class: "message-head", id: who });
    this.body = h("div", { class: "message-content", id: what });
    this.reactions = h("div", { class: "reactions", "aria-live": "off" });
    this.replies = h("div", { class: "replies", "aria-live": "off" });
    this.tools = h("div", { class: "message-tools", role: "toolbar", "aria-label": "For this message" });
    this.element = h("article", { class: "message", tabindex: "-1", "aria-labelledby": `${who} ${what}`, data: { id: message.id, focus: `message-${message.id}` } },
      this.faceSlot,
      h("div", { class: "message-main" }, this.head, this.body, this.reactions, this.replies),
      this.tools);
    this.#drawTools();
    this.update(message, false);
  }

  /**
   * @param {Message} message
   * @param {boolean} follows the same person's earlier one directly
   */
  update(message, follows) {
    this.#message = message;
    const author = this.#host.member(message.author);
    const { reactions, replies, last_reply_at: last, ...said } = message;
    const quoted = message.reply_to ? this.#host.message(message.reply_to) : undefined;
    const drawn = JSON.stringify([said, author, follows, quoted && plain(quoted.text)]);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#draw(author, follows, quoted);
    }
    const drawnReactions = JSON.stringify(reactions);
    if (drawnReactions !== this.#reactionsDrawn) {
      this.#reactionsDrawn = drawnReactions;
      this.#drawReactions();
    }
    const drawnReplies = `${replies} ${last}`;
    if (drawnReplies !== this.#repliesDrawn) {
      this.#repliesDrawn = drawnReplies;
      this.#drawReplies();
    }
  }

  /** Times said as "yesterday" and "in 2 hours" are said anew. */
  refreshTimes() {
    this.#drawn = "";
    this.#repliesDrawn = "";
  }

  /**
   * @param {Member | undefined} author
   * @param {boolean} follows
   * @param {Message | undefined} quoted
   */
  #draw(author, follows, quoted) {
    const message = this.#message;
    const host = this.#host;
    const note = message.kind !== "message";
    const mine = message.only_for !== null;
    this.element.className = ["message", follows && "message--follows", note && "message--note", mine && "message--private",
      message.pings.includes(host.you) && "message--pings"].filter(Boolean).join(" ");
    const stamp = h("time", { class: "message-time", datetime: new Date(message.at).toISOString(), title: time.full(message.at) },
      time.clockTime(message.at));

    if (note) {
      fill(this.faceSlot, icon(message.kind === "joined" ? "door" : "leave"));
      fill(this.head);
      fill(this.body, this.#person(author, "message-author"), message.kind === "joined" ? " came in " : " left ", stamp);
      return;
    }
    fill(this.faceSlot, follows ? null : face(author));
    fill(this.head,
      follows ? h("span", { class: "message-author" }, nameOf(author)) : this.#person(author, "message-author"),
      author && !follows ? badges(author) : [],
      stamp,
      message.edited_at !== null && h("span", { class: "message-edited" }, "(edited)"));
    fill(this.body,
      mine && h("p", { class: "message-only" }, icon("hidden"), "Only you can see this",
        h("button", { type: "button", class: "text-button", data: { focus: `dismiss-${message.id}` }, onclick: () => host.dismiss(message) }, "Dismiss")),
      quoted && h("p", { class: "message-quote" }, icon("reply"), nameOf(host.member(quoted.author)), ": ",
        h("bdi", null, plain(quoted.card ? quoted.card.title : quoted.text).slice(0, 120))),
      message.card
        ? cardView(message.card, host, { press: (id) => host.press(message, id), choose: (id, values) => host.choose(message, id, values) })
        : h("div", { class: "message-text", dir: "auto" }, rich(message.text, host)));
  }

  /** @param {Member | undefined} author @param {string} className */
  #person(author, className) {
    return h("button",
      {
        class: className, type: "button", "aria-haspopup": "menu", vars: { hue: hueOf(author) ?? 280 },
        onclick: (/** @type {MouseEvent} */ event) =>
          this.#host.openPerson(this.#message.author, /** @type {HTMLElement} */ (event.currentTarget)),
      },
      nameOf(author));
  }

  #drawReactions() {
    const message = this.#message;
    const host = this.#host;
    fill(this.reactions, message.reactions.map(({ emoji, by }) => {
      const yours = by.includes(host.you);
      const names = by.map((id) => (id === host.you ? "you" : host.member(id)?.name ?? "someone")).join(", ");
      const said = `${emoji} ${by.length}, from ${names}`;
      return h("button",
        {
          type: "button", class: "reaction", "aria-pressed": String(yours), "aria-label": said, title: said,
          data: { focus: `reaction-${message.id}-${emoji}` },
          onclick: () => host.react(message, emoji, !yours),
        },
        h("span", { class: "emoji" }, emoji), h("span", { class: "reaction-count" }, by.length));
    }));
  }

  #drawReplies() {
    const message = this.#message;
    const host = this.#host;
    const shown = message.replies > 0 && !this.#inThread;
    fill(this.replies, shown && h("button",
      { type: "button", class: "replies-button", data: { focus: `replies-${message.id}` }, onclick: () => host.openThread(message.id) },
      icon("thread"),
      h("span", { class: "replies-count" }, `${message.replies} ${message.replies === 1 ? "reply" : "replies"}`),
      message.last_reply_at !== null && h("span", { class: "replies-last" }, `last ${time.moment(message.last_reply_at, host.now())}`)));
  }

  #drawTools() {
    if (this.#message.kind !== "message") return;
    const host = this.#host;
    /** @param {import("./icons.js").IconName} name @param {string} words @param {(anchor: HTMLElement) => void} act @param {boolean} menu */
    const tool = (name, words, act, menu) =>
      h("button", {
        type: "button", class: "icon-button", "aria-label": words, title: words, "aria-haspopup": menu ? "menu" : null,
        data: { focus: `tool-${name}-${this.#message.id}` },
        onclick: (/** @type {MouseEvent} */ event) => act(/** @type {HTMLElement} */ (event.currentTarget)),
      }, icon(name));
    const privately = this.#message.only_for !== null;
    fill(this.tools,
      !privately && host.can("reactions") && tool("smile", "React", (anchor) => host.openPalette(this.#message, anchor), true),
      !privately && !this.#inThread && host.can("threads") && tool("thread", "Reply in a thread", () => host.openThread(this.#message.id), false),
      tool("more", "More", (anchor) => host.openMessageMenu(this.#message, anchor), true));
  }
}
