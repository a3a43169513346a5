/** The community's clock: what time it is, what fires next, and the way to get there today. */

import { get, post } from "./api.js";
import { fill, h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import * as time from "./time.js";

const HOUR = 3_600_000;
/** So that a thing is reached though the clocks of page and server differ by a little. */
const MARGIN = 2000;

/** @typedef {import("./types.js").Clock} Clock */

export class ClockPanel {
  /** @type {Clock | null} */
  #clock = null;
  #since = 0;
  #toasts;
  #onTravel;
  #minute = "";

  /**
   * @param {import("./toast.js").Toasts} toasts
   * @param {(by: "skip" | "step") => void} onTravel community time was moved from here
   */
  constructor(toasts, onTravel) {
    this.#toasts = toasts;
    this.#onTravel = onTravel;
    const title = uniqueId("clock");
    this.dial = h("div", { class: "dial", "aria-hidden": "true" }, h("span", { class: "dial-orb" }));
    this.time = h("span", { class: "clock-time" });
    this.day = h("span", { class: "clock-day" });
    this.next = h("div", { class: "clock-next" });
    this.list = h("ol", { class: "clock-list", id: uniqueId("upcoming") });
    this.more = h("details", { class: "clock-more" }, h("summary", null, "All that is planned", icon("down")), this.list);
    this.skip = this.#button(["Skip", h("span", { class: "wide" }, " to the next")], "button--main", "skip", () => this.#travel({ skip: "next" }, "skip"), "Skip to the next");
    this.hour = this.#button("+1 h", "", null, () => this.#travel({ advance_ms: HOUR }, "step"), "+1 h: one hour on");
    this.wholeDay = this.#button("+1 day", "", null, () => this.#travel({ advance_ms: 24 * HOUR }, "step"), "+1 day: one day on");
    this.controls = h("div", { class: "clock-controls", role: "group", "aria-label": "Move the community's time on" },
      this.hour, this.wholeDay, this.skip);
    this.element = h("section", { class: "clock", id: "clock", tabindex: "-1", "aria-labelledby": title },
      this.dial,
      h("div", { class: "clock-now" }, h("h2", { id: title, class: "unseen" }, "Community clock"), this.time, this.day),
      h("div", { class: "clock-middle" }, this.next, this.more),
      this.controls);
    this.more.addEventListener("toggle", () => this.more.open && this.#drawList());
    document.addEventListener("click", (event) => {
      if (this.more.open && !this.more.contains(/** @type {Node} */ (event.target))) this.more.open = false;
    });
    this.more.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.more.open) return;
      this.more.open = false;
      this.more.querySelector("summary")?.focus();
      event.stopPropagation();
    });
    window.setInterval(() => this.#tick(), 1000);
  }

  /** Community time in milliseconds. */
  get now() {
    return this.#clock ? this.#clock.now + (performance.now() - this.#since) : Date.now();
  }

  /** @type {Clock["upcoming"]} */
  get upcoming() {
    return this.#clock?.upcoming ?? [];
  }

  async load() {
    const clock = await this.#toasts.guard(() => get("/api/clock"));
    if (clock) this.set(clock);
  }

  /** @param {Clock} clock */
  set(clock) {
    this.#clock = clock;
    this.#since = performance.now();
    time.useZone(clock.zone);
    this.#minute = "";
    this.#tick();
  }

  /**
   * On to the first planned thing that is wanted, by way of everything before it.
   * @param {(item: Clock["upcoming"][number]) => boolean} wanted
   * @returns {Promise<boolean>} whether it was reached
   */
  async skipTo(wanted) {
    const item = this.upcoming.find(wanted) ?? this.upcoming[0];
    if (!item) {
      this.#toasts.say("Nothing is planned yet. Move an hour or a day on instead.");
      return false;
    }
    const first = item === this.upcoming[0];
    return this.#travel(first ? { skip: "next" } : { advance_ms: Math.ceil(Math.max(0, item.at - this.now)) + MARGIN }, "skip");
  }

  /**
   * @param {Record<string, any>} how
   * @param {"skip" | "step"} by
   */
  async #travel(how, by) {
    this.controls.setAttribute("aria-busy", "true");
    const clock = await this.#toasts.guard(() => post("/api/clock", how));
    this.controls.removeAttribute("aria-busy");
    if (!clock) return false;
    this.set(clock);
    this.#onTravel(by);
    this.#toasts.say(`It is now ${time.dayName(this.now)}, ${time.clockTime(this.now)}.`);
    return true;
  }

  #tick() {
    const now = this.now;
    const minute = time.full(now);
    if (minute === this.#minute || !this.#clock) return;
    this.#minute = minute;
    this.time.textContent = time.clockTime(now);
    this.day.textContent = time.dayName(now);
    this.day.title = time.full(now);
    const hour = time.hourOfDay(now);
    const daylight = hour >= 6 && hour < 20;
    const way = daylight ? (hour - 6) / 14 : ((hour + 4) % 24) / 10;
    this.dial.dataset.sky = daylight ? (hour < 8 || hour >= 18 ? "glow" : "day") : "night";
    this.dial.style.setProperty("--way", way.toFixed(3));
    this.#drawNext(now);
    if (this.more.open) this.#drawList();
  }

  /** @param {number} now */
  #drawNext(now) {
    const [first, ...rest] = this.upcoming;
    const can = this.#clock?.can_travel ?? false;
    this.controls.hidden = !can;
    this.skip.disabled = !first;
    this.more.hidden = rest.length === 0;
    fill(this.next,
      first
        ? [h("span", { class: "clock-label" }, "Next"), h("strong", { dir: "auto" }, first.what),
          h("span", { class: "clock-when" }, `${time.moment(first.at, now)}, ${time.relative(first.at, now)}`)]
        : [h("span", { class: "clock-label" }, "Next"), h("span", { class: "clock-when" }, "Nothing is planned yet.")]);
  }

  #drawList() {
    const now = this.now;
    const can = this.#clock?.can_travel ?? false;
    fill(this.list, this.upcoming.map((item) => h("li", null,
      h("span", { class: "clock-item" }, h("strong", { dir: "auto" }, item.what),
        h("span", { class: "clock-when" }, `${time.moment(item.at, now)}, ${time.relative(item.at, now)}`)),
      can && h("button", {
        type: "button", class: "button button--quiet", "aria-label": `Skip here: ${item.what}`,
        onclick: () => this.skipTo(({ at, what }) => at === item.at && what === item.what),
      }, "Skip here"))));
  }

  /**
   * @param {import("./dom.js").Child[] | string} words
   * @param {string} style
   * @param {import("./icons.js").IconName | null} drawn
   * @param {() => void} act
   * @param {string} say
   */
  #button(words, style, drawn, act, say) {
    return h("button", { type: "button", class: ["button", style], "aria-label": say, onclick: act },
      drawn && icon(drawn), h("span", null, words));
  }
}
