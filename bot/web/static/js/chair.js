/** An empty chair: come in as somebody new, or sit down as somebody who is here. */

import { ApiError, get, post } from "./api.js";
import { fill, h, uniqueId } from "./dom.js";
import { face, nameOf, roleName } from "./face.js";
import { icon } from "./icons.js";

/** @typedef {import("./seat.js").Seat} Seat */
/** @typedef {import("./types.js").Member} Member */

export class Chair {
  #seat;

  /** @param {Seat} seat */
  constructor(seat) {
    this.#seat = seat;
    const id = uniqueId("name");
    const title = uniqueId("chair");
    this.problem = h("p", { class: "field-problem", id: `${id}-problem`, role: "alert" });
    this.box = h("input", {
      id, class: "input", type: "text", autocomplete: "off", placeholder: "A name, like Aiko", dir: "auto",
      "aria-describedby": this.problem.id, spellcheck: "false",
    });
    this.people = h("ul", { class: "chair-people" });
    this.element = h("div", { class: "chair", role: "group", "aria-labelledby": title },
      h("img", { class: "chair-picture", src: "/static/icons/chair.svg", alt: "", width: "168", height: "132" }),
      h("h2", { id: title, class: "chair-title" }, "An empty chair"),
      h("p", { class: "chair-words" }, "Come in as somebody new, and see how the room says hello."),
      h("form", { class: "chair-form", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#join(); } },
        h("label", { for: id, class: "unseen" }, "Your name"),
        this.box,
        h("button", { type: "submit", class: "button button--main" }, icon("door"), "Come in")),
      this.problem,
      h("p", { class: "chair-or" }, "or sit down as"),
      this.people);
  }

  async draw() {
    const found = await this.#seat.toasts.guard(() => get("/api/people"));
    if (!found) return;
    const people = found.members.filter((/** @type {Member} */ member) => !member.bot);
    people.sort((/** @type {Member} */ a, /** @type {Member} */ b) => Number(b.present) - Number(a.present) || a.name.localeCompare(b.name));
    fill(this.people, people.map((/** @type {Member} */ member) => h("li", null,
      h("button", { type: "button", class: "chair-person", onclick: () => this.#seat.sit(member.id, { focus: true }) },
        face(member, "small"), nameOf(member),
        member.roles[0] && h("span", { class: "hint" }, roleName(member.roles[0])),
        !member.present && h("span", { class: "hint" }, member.joined_at === null ? "at the door" : "has left")))));
  }

  focus() {
    this.box.focus();
  }

  async #join() {
    const name = this.box.value.trim();
    fill(this.problem);
    this.box.removeAttribute("aria-invalid");
    try {
      const { member } = await post("/api/people", { name });
      this.box.value = "";
      this.#seat.sit(member.id, { focus: true, joined: true });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      fill(this.problem, icon("warn"), h("span", { dir: "auto" }, error.message));
      this.box.setAttribute("aria-invalid", "true");
      this.box.focus();
    }
  }
}
