/** Cards: title, body, sections, picture, controls, footer, in that order. */

import { fill, h, uniqueId, unseen } from "./dom.js";
import { icon } from "./icons.js";
import { link, plain, rich } from "./spans.js";

/** @typedef {import("./types.js").Card} Card */
/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./spans.js").Links} Links */

/**
 * What controls do.
 * @typedef {object} Uses
 * @property {(control: string) => Promise<unknown>} press
 * @property {(control: string, values: string[]) => Promise<unknown>} choose
 */

/** @type {Record<string, import("./icons.js").IconName | null>} */
const MOODS = { plain: null, warm: "heart", calm: "leaf", care: "shield" };

/**
 * @param {Card} card
 * @param {Links} links
 * @param {Uses} uses
 */
export function cardView(card, links, uses) {
  const mood = MOODS[card.accent] ?? null;
  const title = card.title.length > 0 && h("h4", { class: "card-title", dir: "auto" }, rich(card.title, links));
  const buttons = card.controls.map((control) => controlView(control, uses));
  return h("div", { class: `card card--${card.accent}` },
    (title || mood) && h("div", { class: "card-head" },
      mood && h("span", { class: "card-mood" }, icon(mood)), title),
    card.body && h("div", { class: "card-body", dir: "auto" }, rich(card.body, links)),
    card.sections.map((section) =>
      h("div", { class: "card-section" },
        h("div", { class: "card-section-words" },
          section.heading && h("h5", { class: "card-heading", dir: "auto" }, rich(section.heading, links)),
          h("div", { dir: "auto" }, rich(section.text, links))),
        section.control && controlView(section.control, uses))),
    card.image && h("img", { class: "card-image", src: card.image.url, alt: card.image.alt, loading: "lazy" }),
    buttons.length > 0 && h("div", { class: "card-controls" }, buttons),
    card.footer && h("div", { class: "card-footer", dir: "auto" }, rich(card.footer, links)));
}

/** @param {Control} control @param {Uses} uses */
function controlView(control, uses) {
  if (control.kind === "link") {
    return link(control.url ?? "", [plain(control.label), icon("link"), unseen("(opens beside this page)")], "button");
  }
  if (control.kind === "select") return selectView(control, uses);
  const id = control.id ?? "";
  const style = control.style === "normal" || !control.style ? "" : `button--${control.style}`;
  const button = h("button",
    { type: "button", class: ["button", style], data: { focus: `control-${id}` }, onclick: () => busy(button, () => uses.press(id)) },
    h("span", { dir: "auto" }, plain(control.label)));
  return button;
}

/** @param {Control} control @param {Uses} uses */
function selectView(control, uses) {
  const id = control.id ?? "";
  const options = control.options ?? [];
  const label = plain(control.label);
  if ((control.most ?? 1) > 1) return manyView(control, uses);
  const field = uniqueId("select");
  const select = h("select", { class: "input select", id: field, data: { focus: `control-${id}` } },
    h("option", { value: "" }, "Choose…"),
    options.map((option) => h("option", { value: option.value }, option.about ? `${option.label} — ${option.about}` : option.label)));
  const send = h("button", { type: "button", class: "button", data: { focus: `send-${id}` } }, "Choose");
  send.disabled = true;
  select.addEventListener("change", () => {
    send.disabled = select.value === "";
  });
  send.addEventListener("click", () => busy(send, () => uses.choose(id, [select.value])));
  return h("div", { class: "card-select" }, h("label", { for: field, dir: "auto" }, label), h("div", { class: "card-select-row" }, select, send));
}

/** @param {Control} control @param {Uses} uses */
function manyView(control, uses) {
  const id = control.id ?? "";
  const least = control.least ?? 0;
  const most = control.most ?? 1;
  const boxes = (control.options ?? []).map((option) => {
    const box = h("input", { type: "checkbox", value: option.value });
    return { box, row: h("label", { class: "tick" }, box, h("span", { dir: "auto" }, option.label, option.about && h("small", null, ` ${option.about}`))) };
  });
  const send = h("button", { type: "button", class: "button" }, "Choose");
  const chosen = () => boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
  const settle = () => {
    const count = chosen().length;
    send.disabled = count < least || count > most;
    for (const { box } of boxes) box.disabled = !box.checked && count >= most;
  };
  settle();
  send.addEventListener("click", () => busy(send, () => uses.choose(id, chosen())));
  return h("fieldset", { class: "card-select", onchange: settle },
    h("legend", { dir: "auto" }, plain(control.label)),
    h("p", { class: "hint" }, least === most ? `Choose ${most}.` : `Choose ${least} to ${most}.`),
    boxes.map(({ row }) => row),
    send);
}

/**
 * Run what a control does once at a time, and show that it is running.
 * @param {HTMLButtonElement} button
 * @param {() => Promise<unknown>} work
 */
async function busy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  const words = [...button.childNodes];
  button.setAttribute("aria-busy", "true");
  button.append(h("span", { class: "spinner", "aria-hidden": "true" }));
  await work();
  button.removeAttribute("aria-busy");
  fill(button, ...words);
}
