/** The switches in the page's head: which chat the room looks like, and light or dark. */

import { post } from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { recall, remember } from "./memory.js";
import { roving } from "./roving.js";

const LOOKS = /** @type {Record<string, string>} */ ({ kith: "Kith", discord: "Discord", slack: "Slack", plain: "Plain text" });
const LOOK_WORDS = /** @type {Record<string, string>} */ ({
  kith: "This is the room's own look.",
  discord: "From now on messages keep to Discord's limits.",
  slack: "From now on messages keep to Slack's limits.",
  plain: "From now on there is only text: choices are numbered, and forms are asked question by question.",
});

/** The room's look: it changes how seats are drawn, and which limits messages keep to. */
export class LookSwitch {
  #toasts;
  #drawn = "";
  #refreshRoving;

  /** @param {import("./toast.js").Toasts} toasts */
  constructor(toasts) {
    this.#toasts = toasts;
    this.group = h("div", { class: "segments", role: "radiogroup", "aria-label": "Look like" });
    this.element = h("div", { class: "look" }, h("span", { class: "look-label", "aria-hidden": "true" }, "Look like"), this.group);
    this.#refreshRoving = roving(this.group, "[role=radio]", "both");
  }

  /** @param {import("./types.js").Room} room */
  show(room) {
    document.documentElement.dataset.look = room.look;
    const drawn = `${room.look} ${room.looks.join()}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focused = this.group.contains(document.activeElement);
    fill(this.group, room.looks.map((look) =>
      h("button", { type: "button", class: "segment", role: "radio", "aria-checked": String(look === room.look), data: { look }, onclick: () => this.#choose(look, room.look) },
        LOOKS[look] ?? look)));
    this.#refreshRoving();
    if (focused) /** @type {HTMLElement | null} */ (this.group.querySelector("[aria-checked=true]"))?.focus();
  }

  /** @param {string} look @param {string} held */
  async #choose(look, held) {
    if (look === held) return;
    const answer = await this.#toasts.guard(() => post("/api/look", { look }));
    if (!answer) return;
    this.show(answer.room);
    this.#toasts.say(LOOK_WORDS[look] ?? "The look has changed.");
  }
}

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);
const THEME_ICONS = /** @type {const} */ ({ auto: "auto", light: "sun", dark: "moon" });
const THEME_WORDS = /** @type {const} */ ({ auto: "as your system", light: "light", dark: "dark" });

/** A button that goes through light, dark, and what the system says. */
export function themeSwitch() {
  let theme = recall("theme", /** @type {typeof THEMES[number]} */ ("auto"));
  const button = h("button", { type: "button", class: "icon-button theme" });
  const show = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const said = `Colours: ${THEME_WORDS[theme]}`;
    button.setAttribute("aria-label", said);
    button.title = said;
    fill(button, icon(THEME_ICONS[theme]));
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    remember("theme", theme === "auto" ? null : theme);
    show();
  });
  show();
  return button;
}
