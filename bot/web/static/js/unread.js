/** What a seat has read so far, conversation by conversation, since it sat down. */

import { order } from "./seat-state.js";

/** @typedef {import("./seat-state.js").SeatState} SeatState */

export class Unread {
  #state;
  /** The number of the last message read, by conversation. @type {Map<string, number>} */
  #read = new Map();

  /** @param {SeatState} state */
  constructor(state) {
    this.#state = state;
  }

  /** Everything that is there counts as read. */
  begin() {
    if (this.#read.size > 0) return;
    for (const channel of this.#state.channels.keys()) this.read(channel);
  }

  /** @param {string} channel */
  read(channel) {
    let last = this.#read.get(channel) ?? 0;
    for (const message of this.#state.messages.values()) {
      if (message.channel === channel) last = Math.max(last, order(message.id));
    }
    this.#read.set(channel, last);
  }

  /** @param {string} channel @returns {number} messages of others that came since */
  in(channel) {
    const read = this.#read.get(channel) ?? 0;
    let count = 0;
    for (const message of this.#state.messages.values()) {
      const news = message.channel === channel && order(message.id) > read;
      if (news && message.author !== this.#state.you && message.kind === "message") count += 1;
    }
    return count;
  }

  get inAll() {
    return [...this.#state.channels.keys()].reduce((sum, channel) => sum + this.in(channel), 0);
  }
}
