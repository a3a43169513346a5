/** Short notes at the edge of the page, read out by screen readers. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { ApiError } from "./api.js";

const STAYS = 7000;

/** @typedef {"calm" | "trouble"} Tone */

export class Toasts {
  constructor() {
    this.status = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    this.alert = h("div", { class: "toasts toasts--trouble", role: "alert" });
    this.element = h("div", { class: "toast-shelf" }, this.alert, this.status);
  }

  /**
   * @param {string} words
   * @param {Tone} [tone]
   */
  say(words, tone = "calm") {
    const shelf = tone === "trouble" ? this.alert : this.status;
    if (tone === "calm") shelf.replaceChildren();
    else [...shelf.children].find((item) => item.querySelector("p")?.textContent === words)?.remove();
    const toast = h("div", { class: ["toast", `toast--${tone}`] },
      icon(tone === "trouble" ? "warn" : "spark"),
      h("p", { dir: "auto" }, words),
      h("button", { class: "icon-button", type: "button", "aria-label": "Dismiss", onclick: () => toast.remove() }, icon("close")));
    shelf.append(toast);
    let timer = 0;
    const wait = () => {
      timer = window.setTimeout(() => toast.remove(), STAYS);
    };
    const hold = () => clearTimeout(timer);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("focusout", wait);
    wait();
  }

  /** @param {unknown} error what went wrong; only our own words are shown */
  trouble(error) {
    if (error instanceof ApiError) this.say(error.message, "trouble");
    else {
      this.say("Something went wrong on this page. Reload it, please.", "trouble");
      console.error(error);
    }
  }

  /**
   * Run something that may be refused, and say so if it is.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T | undefined>}
   */
  async guard(work) {
    try {
      return await work();
    } catch (error) {
      this.trouble(error);
      return undefined;
    }
  }
}
