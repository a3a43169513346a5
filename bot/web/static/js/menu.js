/** A menu that opens beside a button: arrow keys, first letters, Escape; focus goes back where it was. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { placeBeside } from "./place.js";

/**
 * @typedef {object} MenuItem
 * @property {import("./dom.js").Child | import("./dom.js").Child[]} label
 * @property {string} [say] the label in words, where it is not words
 * @property {import("./icons.js").IconName} [icon]
 * @property {Node} [lead] in place of an icon
 * @property {string} [detail]
 * @property {boolean} [checked] makes it one of several
 * @property {boolean} [careful]
 * @property {() => void} pick
 */

/**
 * @typedef {object} MenuOptions
 * @property {string} label what the menu is for
 * @property {Node} [head]
 * @property {"list" | "row"} [shape]
 * @property {"start" | "end"} [align]
 */

/** @typedef {MenuItem | "line" | {heading: string}} Entry */

/**
 * @param {HTMLElement} anchor
 * @param {Entry[]} entries
 * @param {MenuOptions} options
 */
export function openMenu(anchor, entries, { label, head, shape = "list", align = "start" }) {
  const menu = h("div", {
    class: ["menu", shape === "row" && "menu--row"], role: "menu", "aria-label": label, popover: "auto", tabindex: "-1",
    "aria-orientation": shape === "row" ? "horizontal" : null,
  });
  if (head) menu.append(h("div", { class: "menu-head", role: "none" }, head));
  for (const entry of entries) menu.append(drawn(entry, menu));

  anchor.after(menu);
  menu.showPopover();
  anchor.setAttribute("aria-expanded", "true");
  placeBeside(menu, anchor, align);
  const items = () => /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("[role^=menuitem]")]);
  (items().find((item) => item.getAttribute("aria-checked") === "true") ?? items()[0] ?? menu).focus();

  menu.addEventListener("keydown", (event) => steer(event, menu, items(), shape));
  menu.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    const inside = menu.contains(document.activeElement) || document.activeElement === document.body;
    anchor.setAttribute("aria-expanded", "false");
    menu.remove();
    if (inside && anchor.isConnected) anchor.focus({ preventScroll: true });
  });
}

/** @param {Entry} entry @param {HTMLElement} menu */
function drawn(entry, menu) {
  if (entry === "line") return h("div", { class: "menu-line", role: "separator" });
  if ("heading" in entry) return h("div", { class: "menu-heading", role: "none" }, entry.heading);
  return h("button",
    {
      type: "button", tabindex: "-1", class: ["menu-item", entry.careful && "menu-item--careful"],
      role: entry.checked === undefined ? "menuitem" : "menuitemradio",
      "aria-checked": entry.checked === undefined ? null : String(entry.checked),
      "aria-label": entry.say ?? null,
      onclick: () => {
        menu.hidePopover();
        entry.pick();
      },
    },
    entry.lead ?? (entry.icon && icon(entry.icon)),
    h("span", { class: "menu-label" }, entry.label),
    entry.detail && h("span", { class: "menu-detail" }, entry.detail),
    entry.checked && icon("check"));
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement} menu
 * @param {HTMLElement[]} items
 * @param {"list" | "row"} shape
 */
function steer(event, menu, items, shape) {
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const go = (/** @type {number} */ to) => {
    event.preventDefault();
    items[(to + items.length) % items.length]?.focus();
  };
  if (event.key === "ArrowDown" || (shape === "row" && event.key === "ArrowRight")) go(at + 1);
  else if (event.key === "ArrowUp" || (shape === "row" && event.key === "ArrowLeft")) go(at < 0 ? items.length - 1 : at - 1);
  else if (event.key === "Home") go(0);
  else if (event.key === "End") go(items.length - 1);
  else if (event.key === "Tab") menu.hidePopover();
  else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    menu.hidePopover();
  }
  else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== " ") {
    const letter = event.key.toLocaleLowerCase();
    const turned = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    turned.find((item) => item.textContent?.trim().toLocaleLowerCase().startsWith(letter))?.focus();
  }
}
