/** One conversation in a seat: a channel, a direct conversation, or a thread; its messages and its composer. */

import { get } from "./api.js";
import { Composer } from "./composer.js";
import { fill, h, uniqueId } from "./dom.js";
import { face } from "./face.js";
import { icon } from "./icons.js";
import { MessageList } from "./message-list.js";
import { order } from "./seat-state.js";
import { plain } from "./spans.js";

/** @typedef {import("./seat.js").Seat} Seat */
/** @typedef {import("./types.js").Message} Message */

export class Conversation {
  #seat;
  #channel;
  #thread;
  #planned = false;

  /**
   * @param {Seat} seat
   * @param {string} channel
   * @param {string | null} thread
   */
  constructor(seat, channel, thread) {
    this.#seat = seat;
    this.#channel = channel;
    this.#thread = thread;
    this.title = h("h2", { class: "pane-title", id: uniqueId("pane"), tabindex: "-1" });
    this.start = h("div", { class: "conversation-start" });
    this.list = new MessageList(seat.host, { label: `Messages in ${thread ? "the thread" : this.#label()}`, inThread: thread !== null, before: this.start });
    this.composer = new Composer({
      key: `${seat.id}:${channel}:${thread ?? ""}`,
      label: thread ? `Reply in the thread as ${seat.name}` : `Message ${this.#label()} as ${seat.name}`,
      placeholder: thread ? "Reply…" : `Message ${this.#label()}`,
      completion: {
        seat: () => seat.id,
        channel: () => channel,
        memberNamed: (label) => seat.state.people.find((member) => member.name === label.replace(/^@/, "")),
      },
      send: (text, answers, key) => {
        this.#heard = Math.max(0, ...[...seat.state.messages.values()].map(({ id }) => order(id)));
        this.list.toEnd();
        return seat.actions.send(text, channel, thread, answers, key);
      },
    });
    this.foot = h("div", { class: "pane-foot" });
    this.head = h("header", { class: "pane-head" });
    this.element = h("section", { class: ["pane", thread && "pane--thread"], "aria-labelledby": this.title.id },
      this.head, this.list.element, this.foot);
    this.refresh();
    if (thread) this.#fetchThread();
  }

  get channel() {
    return this.#channel;
  }

  get thread() {
    return this.#thread;
  }

  /** Redraw once, soon, however often it is asked for. @param {{quietly?: boolean}} [how] */
  plan(how) {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.refresh(how);
    });
  }

  /** @param {{quietly?: boolean}} [how] */
  refresh(how) {
    const { state } = this.#seat;
    this.#drawHead();
    this.#drawStart();
    this.#drawFoot();
    const messages = this.#thread ? state.thread(this.#thread) : state.conversation(this.#channel);
    this.list.show(messages, how);
    this.#settleUnsure(messages);
  }

  /** Words whose answer was lost are taken out of the box once they stand here. @param {Message[]} messages */
  #settleUnsure(messages) {
    const { unsure } = this.composer;
    if (!unsure) return;
    const mine = messages.findLast((message) => message.author === this.#seat.id);
    if (mine && order(mine.id) > this.#heard && plain(mine.text).trim() === unsure.trim()) this.composer.said(unsure);
  }

  /** The number of the last message here when something was sent. */
  #heard = 0;

  close() {
    this.list.close();
  }

  #label() {
    const channel = this.#seat.state.channels.get(this.#channel);
    if (!channel) return "the room";
    return channel.kind === "channel" ? `#${channel.name}` : this.#seat.state.titleOf(channel);
  }

  #drawHead() {
    const { state } = this.#seat;
    const channel = state.channels.get(this.#channel);
    if (!channel) return;
    const other = state.members.get(channel.with ?? "");
    const words = this.#thread
      ? ["Thread ", h("span", { class: "pane-in" }, "in ", h("bdi", null, this.#label()))]
      : [h("bdi", null, state.titleOf(channel))];
    const drawn = JSON.stringify([channel, other, this.#thread]);
    if (this.head.dataset.drawn === drawn) return;
    this.head.dataset.drawn = drawn;
    fill(this.title, words);
    fill(this.head,
      this.#thread
        ? h("button", { type: "button", class: "icon-button", "aria-label": `Back to ${this.#label()}`, onclick: () => this.#seat.closeThread() }, icon("back"))
        : this.#seat.drawerButton(),
      !this.#thread && h("span", { class: "pane-lead" }, channel.kind === "direct" ? face(other, "small") : icon("hash")),
      this.title,
      !this.#thread && channel.about && h("p", { class: "pane-about", dir: "auto" }, channel.about),
      !this.#thread && channel.kind === "direct" && h("p", { class: "pane-about" }, "Just the two of you"));
  }

  #drawStart() {
    const { state } = this.#seat;
    const channel = state.channels.get(this.#channel);
    if (this.#thread || !channel) return;
    const empty = state.conversation(this.#channel).length === 0;
    const drawn = `${channel.more} ${empty}`;
    if (this.start.dataset.drawn === drawn) return;
    this.start.dataset.drawn = drawn;
    if (channel.more) {
      fill(this.start, h("button", { type: "button", class: "button button--quiet", onclick: () => this.#older() }, "Show earlier messages"));
      return;
    }
    fill(this.start,
      h("p", { class: "start-title" }, channel.kind === "direct" ? ["Between you and ", h("bdi", null, state.titleOf(channel))] : ["This is where ", h("bdi", null, this.#label()), " begins"]),
      empty && h("p", { class: "start-words" }, channel.kind === "direct" ? "Nothing said yet. Nobody else can read along." : "It's quiet here so far. A short hello is plenty."));
  }

  #drawFoot() {
    const me = this.#seat.state.me;
    const state = !me || me.present ? "here" : me.joined_at === null ? "outside" : "left";
    if (this.foot.dataset.state === state) return;
    this.foot.dataset.state = state;
    if (state === "here") fill(this.foot, this.composer.element);
    else {
      fill(this.foot, h("div", { class: "gone" },
        h("p", null, h("bdi", null, this.#seat.name), state === "left" ? " has left the room and can only look." : " looks in from the door."),
        h("button", { type: "button", class: "button button--main", onclick: () => this.#seat.comeBack() }, state === "left" ? "Come back" : "Come in")));
    }
  }

  async #older() {
    const { state } = this.#seat;
    const [oldest] = state.conversation(this.#channel);
    if (!oldest) return;
    const found = await this.#seat.toasts.guard(() => get("/api/messages", { as: this.#seat.id, channel: this.#channel, before: oldest.id }));
    if (found) state.addOlder(found.messages, this.#channel, found.more);
  }

  async #fetchThread() {
    const first = this.#thread;
    if (!first) return;
    const found = await this.#seat.toasts.guard(() => get("/api/messages", { as: this.#seat.id, thread: first }));
    if (found) this.#seat.state.addOlder(found.messages);
  }
}
