/** The head of a seat: who sits there, the menu to change it, and word of a dropped line. */

import { fill, h, unseen } from "./dom.js";
import { badges, face, nameOf } from "./face.js";
import { icon } from "./icons.js";
import { openMenu } from "./menu.js";

/** @typedef {import("./seat.js").Seat} Seat */

export class SeatHead {
  #seat;

  /** @param {Seat} seat */
  constructor(seat) {
    this.#seat = seat;
    this.who = h("button", { type: "button", class: "seat-who", "aria-haspopup": "menu", onclick: () => this.choose() });
    this.element = h("header", { class: "seat-head" }, this.who);
    this.connection = h("p", { class: "seat-connection", role: "status" });
  }

  draw() {
    const { id, side, state, element } = this.#seat;
    const me = state.me;
    const place = side === "left" ? "Left seat" : "Right seat";
    element.setAttribute("aria-label", me ? `${place}: ${me.name}` : place);
    element.classList.toggle("seat--empty", !id);
    fill(this.who,
      id ? face(me) : h("span", { class: "face face--nobody", "aria-hidden": "true" }, icon("person")),
      h("span", { class: "seat-names" },
        h("span", { class: "seat-name" }, me ? nameOf(me) : id ? "…" : "Nobody yet"),
        me && h("span", { class: "seat-what" }, me.present ? badges(me) : h("span", { class: "badge" }, me.joined_at === null ? "at the door" : "has left"))),
      unseen("Change who sits here"),
      icon("down"));
  }

  /** The menu of who sits here. */
  choose() {
    const seat = this.#seat;
    const me = seat.state.me;
    if (!seat.id) {
      seat.chair.focus();
      return;
    }
    /** @type {import("./menu.js").Entry[]} */
    const entries = seat.state.people.filter((member) => !member.bot).map((member) => ({
      label: nameOf(member), lead: face(member, "small"), checked: member.id === seat.id,
      detail: badges(member)[0]?.textContent ?? "", pick: () => member.id !== seat.id && seat.sit(member.id, { focus: true }),
    }));
    entries.unshift({ heading: "Sit here as" });
    entries.push("line", { label: "Somebody new, or who has left…", icon: "plus", pick: () => seat.sit("", { focus: true }) });
    if (me?.present) entries.push({ label: ["Let ", nameOf(me), " leave the room"], icon: "leave", careful: true, pick: () => seat.leave() });
    else if (me) entries.push({ label: ["Let ", nameOf(me), me.joined_at === null ? " come in" : " come back"], icon: "door", pick: () => seat.comeBack() });
    openMenu(this.who, entries, { label: "Who sits here" });
  }

  /**
   * @param {import("./live.js").LiveStatus} status of the live connection
   * @param {() => void} retry
   */
  show(status, retry) {
    if (status === "ended") window.dispatchEvent(new CustomEvent("kith:signed-out"));
    if (status === "connecting") return;
    if (status !== "waiting") this.found();
    else if (!this.connection.firstChild) {
      this.#seat.element.classList.add("seat--lost");
      fill(this.connection, h("span", { class: "spinner", "aria-hidden": "true" }), "The line dropped. Coming back…",
        h("button", { type: "button", class: "text-button", onclick: retry }, "Try now"));
    }
  }

  /** The line is there again, or not needed. */
  found() {
    this.#seat.element.classList.remove("seat--lost");
    fill(this.connection);
  }
}
