/** A seat's list of places and people. */

import { fill, h, keepFocus, uniqueId } from "./dom.js";
import { badges, face, nameOf } from "./face.js";
import { icon } from "./icons.js";
import { roving } from "./roving.js";

/** @typedef {import("./seat.js").Seat} Seat */

export class Sidebar {
  #seat;
  #refreshRoving;

  /** @param {Seat} seat */
  constructor(seat) {
    this.#seat = seat;
    this.lists = h("div", { class: "sidebar-lists" });
    this.element = h("nav", { class: "sidebar", "aria-label": `Channels and people, ${seat.side} seat` }, this.lists);
    this.#refreshRoving = roving(this.lists, ".side-item");
  }

  draw() {
    const { state } = this.#seat;
    const refocus = keepFocus(this.lists);
    const directs = state.channelsOf("direct");
    fill(this.lists,
      this.#group("Channels", state.channelsOf("channel").map((channel) => this.#channel(channel, icon("hash")))),
      directs.length > 0 && this.#group("Direct messages",
        directs.map((channel) => this.#channel(channel, face(state.members.get(channel.with ?? ""), "small")))),
      this.#group(`People, ${state.people.length}`, state.people.map((member) => this.#person(member))));
    refocus();
    this.#refreshRoving();
  }

  /** @param {string} title @param {HTMLElement[]} items */
  #group(title, items) {
    const id = uniqueId("group");
    return h("section", { class: "side-group" },
      h("h3", { id }, title),
      h("ul", { "aria-labelledby": id }, items.map((item) => h("li", null, item))));
  }

  /** @param {import("./types.js").Channel} channel @param {Node} lead */
  #channel(channel, lead) {
    const { state } = this.#seat;
    const unread = this.#seat.unread.in(channel.id);
    return h("button",
      {
        type: "button", class: ["side-item", unread > 0 && "side-item--unread"], title: channel.about || null,
        "aria-current": channel.id === this.#seat.channel ? "true" : null, data: { focus: `channel-${channel.id}` },
        onclick: () => this.#seat.openChannel(channel.id, { focus: true }),
      },
      h("span", { class: "side-lead" }, lead),
      h("bdi", { class: "side-name" }, state.titleOf(channel)),
      unread > 0 && h("span", { class: "side-unread" }, unread > 99 ? "99+" : unread, h("span", { class: "unseen" }, " unread")));
  }

  /** @param {import("./types.js").Member} member */
  #person(member) {
    const you = member.id === this.#seat.id;
    return h("button",
      {
        type: "button", class: "side-item side-item--person", "aria-haspopup": "menu", data: { focus: `person-${member.id}` },
        onclick: (/** @type {MouseEvent} */ event) => this.#seat.actions.openPerson(member.id, /** @type {HTMLElement} */ (event.currentTarget)),
      },
      h("span", { class: "side-lead" }, face(member, "small")),
      h("span", { class: "side-name" }, nameOf(member)),
      you ? h("span", { class: "badge" }, "You") : badges(member).slice(0, 1));
  }
}
