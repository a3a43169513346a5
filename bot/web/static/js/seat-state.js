/** What one seat knows: people, channels, messages. Frames go in, changes come out; no page in here. */

/** @typedef {import("./types.js").Member} Member */
/** @typedef {import("./types.js").Channel} Channel */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Room} Room */
/** @typedef {import("./types.js").Dialog} Dialog */

/** The place of a message in its conversation. @param {string} id */
export function order(id) {
  return Number(id.replace(/\D+/g, ""));
}

export class SeatState extends EventTarget {
  /** @param {string} you */
  constructor(you) {
    super();
    this.you = you;
    this.ready = false;
    /** @type {Room | null} */
    this.room = null;
    /** @type {Map<string, Member>} */
    this.members = new Map();
    /** @type {Map<string, Channel>} */
    this.channels = new Map();
    /** @type {Map<string, Message>} */
    this.messages = new Map();
    /** @type {Dialog | null} */
    this.dialog = null;
  }

  /** @param {any} frame one frame of the live connection */
  apply(frame) {
    switch (frame.type) {
      case "snapshot":
        this.#replace(frame);
        break;
      case "message":
        this.#put(frame.message);
        break;
      case "message_gone":
        this.#remove(frame.id);
        break;
      case "member":
        this.members.set(frame.member.id, frame.member);
        this.#tell("members", { member: frame.member });
        break;
      case "channel":
        this.#channel(frame.channel);
        break;
      case "room":
        this.room = frame.room;
        this.#tell("room", {});
        break;
      case "dialog":
        this.dialog = frame.dialog;
        this.#tell("dialog", {});
        break;
      default:
        this.#tell(frame.type, frame);
    }
  }

  /** @param {Message} message said by this seat and answered already, perhaps before it came live */
  add(message) {
    this.#put(message);
  }

  /** @param {Channel} channel */
  addChannel(channel) {
    this.#channel(channel);
  }

  /**
   * Older messages that were asked for.
   * @param {Message[]} messages
   * @param {string} [channel] whose `more` is now known
   * @param {boolean} [more]
   */
  addOlder(messages, channel, more) {
    for (const message of messages) this.messages.set(message.id, message);
    const held = channel ? this.channels.get(channel) : undefined;
    if (held && more !== undefined) held.more = more;
    this.#tell("older", { channel });
  }

  /** @param {string} channel @returns {Message[]} in order, without what stands in threads */
  conversation(channel) {
    return this.#sorted((message) => message.channel === channel && message.thread === null);
  }

  /** @param {string} first id of the first message @returns {Message[]} the first one and its replies */
  thread(first) {
    return this.#sorted((message) => message.id === first || message.thread === first);
  }

  /** @returns {Member | undefined} */
  get me() {
    return this.members.get(this.you);
  }

  /** @returns {Member[]} people who are here, by name; the bot last */
  get people() {
    return [...this.members.values()]
      .filter((member) => member.present)
      .sort((a, b) => Number(a.bot) - Number(b.bot) || a.name.localeCompare(b.name));
  }

  /** @param {"channel" | "direct"} kind @returns {Channel[]} */
  channelsOf(kind) {
    return [...this.channels.values()].filter((channel) => channel.kind === kind);
  }

  /** @param {Channel} channel @returns {string} what to call it */
  titleOf(channel) {
    if (channel.kind === "channel") return channel.name ?? "";
    return this.members.get(channel.with ?? "")?.name ?? "someone";
  }

  /** @param {(message: Message) => boolean} wanted */
  #sorted(wanted) {
    return [...this.messages.values()].filter(wanted).sort((a, b) => order(a.id) - order(b.id));
  }

  /** @param {any} frame */
  #replace(frame) {
    this.you = frame.you;
    this.room = frame.room;
    this.members = new Map(frame.members.map((/** @type {Member} */ item) => [item.id, item]));
    this.channels = new Map(frame.channels.map((/** @type {Channel} */ item) => [item.id, item]));
    this.messages = new Map(frame.messages.map((/** @type {Message} */ item) => [item.id, item]));
    this.dialog = frame.dialog;
    this.ready = true;
    this.#tell("snapshot", {});
    this.#tell("dialog", {});
  }

  /** @param {Message} message */
  #put(message) {
    const known = this.messages.has(message.id);
    this.messages.set(message.id, message);
    this.#tell("message", { message, fresh: !known });
  }

  /** @param {string} id */
  #remove(id) {
    const message = this.messages.get(id);
    if (!message) return;
    this.messages.delete(id);
    this.#tell("gone", { message });
  }

  /** @param {Channel} channel */
  #channel(channel) {
    const held = this.channels.get(channel.id);
    this.channels.set(channel.id, { ...channel, more: held ? held.more : channel.more });
    this.#tell("channels", {});
  }

  /** @param {string} type @param {any} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
