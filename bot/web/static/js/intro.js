/** Three things to try, which tick themselves off as they happen. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { recall, remember } from "./memory.js";

/** @typedef {"joined" | "shoutout" | "skipped"} StepName */

/**
 * @typedef {object} Step
 * @property {StepName} name
 * @property {string} title
 * @property {string} words
 * @property {string} action
 * @property {() => void} act
 */

export class Intro {
  #steps;
  /** @type {Set<StepName>} */
  #done = new Set(recall("intro.done", /** @type {StepName[]} */ ([])));
  #onToggle;

  /**
   * @param {Step[]} steps
   * @param {(shown: boolean) => void} onToggle
   */
  constructor(steps, onToggle) {
    this.#steps = steps;
    this.#onToggle = onToggle;
    this.list = h("ol", { class: "steps" });
    this.element = h("section", { class: "intro", id: "intro", "aria-label": "Three things to try" },
      this.list,
      h("button", { type: "button", class: "icon-button intro-close", "aria-label": "Put these hints away", title: "Put away", onclick: () => this.show(false) }, icon("close")));
    this.show(recall("intro.shown", true));
    this.#draw();
  }

  get shown() {
    return !this.element.hidden;
  }

  /** @param {boolean} shown */
  show(shown) {
    const inside = this.element.contains(document.activeElement);
    this.element.hidden = !shown;
    remember("intro.shown", shown);
    this.#onToggle(shown);
    if (inside && !shown) document.getElementById("intro-toggle")?.focus();
  }

  /** Start over, as after "Try this" was asked for again. */
  again() {
    this.#done.clear();
    remember("intro.done", []);
    this.show(true);
    this.#draw();
  }

  /** @param {StepName} name */
  tick(name) {
    if (this.#done.has(name)) return;
    this.#done.add(name);
    remember("intro.done", [...this.#done]);
    this.#draw();
  }

  #draw() {
    const current = this.#steps.find(({ name }) => !this.#done.has(name))?.name;
    const focused = this.element.contains(document.activeElement);
    fill(this.list, this.#steps.map((step, index) => {
      const done = this.#done.has(step.name);
      return h("li", { class: ["step", done && "step--done", step.name === current && "step--current"], "aria-current": step.name === current ? "step" : null },
        h("span", { class: "step-mark", "aria-hidden": "true" }, done ? icon("check") : String(index + 1)),
        h("div", { class: "step-words" },
          h("p", { class: "step-title" }, step.title, done && h("span", { class: "unseen" }, " (done)")),
          h("p", { class: "step-about" }, step.words)),
        h("button", { type: "button", class: "button", data: { step: step.name }, onclick: step.act }, done ? "Again" : step.action));
    }), !current && h("li", { class: "step step--after" },
      h("span", { class: "step-mark step-mark--end", "aria-hidden": "true" }, icon("heart")),
      h("div", { class: "step-words" },
        h("p", { class: "step-title" }, "That's the heart of it"),
        h("p", { class: "step-about" }, "Type / to see all the rest.")),
      h("button", { type: "button", class: "button", onclick: () => this.show(false) }, "Put away")));
    if (focused && !this.element.contains(document.activeElement)) this.list.querySelector("button")?.focus();
  }
}
