/** A form that waits for a seat, as a modal dialog over that seat. */

import { ApiError, post } from "./api.js";
import { fill, h, uniqueId } from "./dom.js";
import { face, nameOf } from "./face.js";
import { fieldView } from "./fields.js";
import { icon } from "./icons.js";
import { rich } from "./spans.js";

/** @typedef {import("./types.js").Dialog} Form */

export class SeatDialog {
  #seat;
  /** @type {HTMLDialogElement | null} */
  #element = null;
  #shown = "";
  /** @type {Element | null} */
  #opener = null;
  /** @type {{name: string, view: import("./fields.js").FieldView}[]} */
  #fields = [];
  /** What was filled in when the form came, or when Escape was pressed. */
  #before = "";

  /** @param {import("./seat.js").Seat} seat */
  constructor(seat) {
    this.#seat = seat;
  }

  /** Show the seat's form, or close it where there is none. */
  sync() {
    const form = this.#seat.state.dialog;
    if (!form) {
      this.#close();
      return;
    }
    const shown = JSON.stringify(form);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#draw(form);
  }

  /** @param {Form} form */
  #draw(form) {
    const title = uniqueId("dialog");
    if (!this.#element) {
      this.#opener = document.activeElement;
      this.#element = h("dialog", { class: "dialog", oncancel: (/** @type {Event} */ event) => { event.preventDefault(); this.#escape(); },
        onclose: (/** @type {Event} */ event) => { if (event.target === this.#element) this.#cancel(); } });
      // Not in the seat: a narrow page may not show that one just now.
      document.body.append(this.#element);
    }
    const dialog = this.#element;
    dialog.setAttribute("aria-labelledby", title);
    this.#fields = form.fields.map((field) => ({ name: field.name, view: fieldView(field, this.#lookups()) }));
    this.#before = JSON.stringify(this.#values());
    this.problem = h("p", { class: "dialog-problem", role: "alert" });
    this.submitButton = h("button", { type: "submit", class: "button button--main" }, form.submit);
    fill(dialog,
      h("form", { novalidate: true, class: "dialog-form", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#submit(form); },
          onkeydown: (/** @type {KeyboardEvent} */ event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#submit(form);
          } },
        h("header", { class: "dialog-head" },
          h("p", { class: "dialog-who" }, face(this.#seat.state.me, "small"), h("span", null, nameOf(this.#seat.state.me), " is asked")),
          h("h2", { id: title, dir: "auto" }, rich(form.title)),
          form.pages > 1 && h("p", { class: "hint" }, `Page ${form.page} of ${form.pages}`),
          form.intro && h("p", { class: "dialog-intro", dir: "auto" }, rich(form.intro)),
          h("button", { type: "button", class: "icon-button dialog-close", "aria-label": "Close without sending", onclick: () => this.#cancel() }, icon("close"))),
        h("div", { class: "dialog-fields" }, this.#fields.map(({ view }) => view.element), this.problem),
        h("footer", { class: "dialog-foot" },
          form.page > 1 && h("button", { type: "button", class: "button button--quiet", onclick: () => this.#back(form) }, icon("back"), "Back"),
          h("span", { class: "stretch" }),
          h("button", { type: "button", class: "button button--quiet", onclick: () => this.#cancel() }, "Cancel"),
          this.submitButton)));
    this.#place();
    if (!dialog.open) dialog.showModal();
    const first = form.fields.findIndex((field) => field.problem);
    this.#fields[Math.max(0, first)]?.view.focus();
  }

  /** Above its seat, so that one sees who is asked. */
  #place() {
    const at = this.#seat.element.getBoundingClientRect();
    if (at.width === 0) return;
    this.#element?.style.setProperty("--center", `${Math.round(at.left + at.width / 2)}px`);
  }

  /** @returns {import("./fields.js").Lookups} */
  #lookups() {
    const { state } = this.#seat;
    return { people: state.people, channels: state.channelsOf("channel") };
  }

  #values() {
    return Object.fromEntries(this.#fields.map(({ name, view }) => [name, view.value()]));
  }

  /** @param {Form} form */
  #submit(form) {
    return this.#send(`/api/dialogs/${encodeURIComponent(form.id)}/submit`, { values: this.#values() });
  }

  /** @param {Form} form */
  #back(form) {
    return this.#send(`/api/dialogs/${encodeURIComponent(form.id)}/back`, { values: this.#values() });
  }

  /** Escape is easily hit: what was written goes only if it is pressed again. */
  #escape() {
    const now = JSON.stringify(this.#values());
    if (now === this.#before || !this.problem) {
      this.#cancel();
      return;
    }
    this.#before = now;
    fill(this.problem, icon("warn"), "What you wrote is not sent. Press Escape again to leave without it.");
  }

  #cancel() {
    const form = this.#seat.state.dialog;
    this.#seat.state.apply({ type: "dialog", dialog: null });
    if (form) post(`/api/dialogs/${encodeURIComponent(form.id)}/cancel`, { as: this.#seat.id }).catch(() => {});
  }

  /** @param {string} path @param {Record<string, any>} body */
  async #send(path, body) {
    if (!this.submitButton || this.submitButton.disabled) return;
    this.submitButton.disabled = true;
    this.problem?.replaceChildren();
    try {
      const outcome = await post(path, { as: this.#seat.id, ...body });
      this.#shown = "";
      this.#seat.state.apply({ type: "dialog", dialog: outcome.dialog });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.problem) fill(this.problem, icon("warn"), error.message);
    } finally {
      this.submitButton.disabled = false;
    }
  }

  #close() {
    this.#shown = "";
    if (!this.#element) return;
    this.#element.close();
    this.#element.remove();
    this.#element = null;
    if (this.#opener instanceof HTMLElement && this.#opener.isConnected) this.#opener.focus({ preventScroll: true });
    this.#opener = null;
  }
}
