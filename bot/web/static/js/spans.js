/** Text as the API gives it, span by span, made into nodes. Nothing in it is ever read as markup. */

import { h } from "./dom.js";
import * as time from "./time.js";

/** @typedef {import("./types.js").Span} Span */

/**
 * What words can lead to. Without it, mentions and commands are shown and do nothing.
 * @typedef {object} Links
 * @property {string} you
 * @property {() => number} now
 * @property {(id: string, anchor: HTMLElement) => void} openPerson
 * @property {(id: string) => void} openChannel
 * @property {(text: string) => void} draftCommand
 */

/** @param {Span[] | null | undefined} spans @returns {string} the words alone */
export function plain(spans) {
  return (spans ?? []).map(plainSpan).join("");
}

/** @param {Span} span @returns {string} */
function plainSpan(span) {
  switch (span.t) {
    case "member":
      return `@${span.name ?? "someone"}`;
    case "channel":
      return `#${span.name ?? "a channel"}`;
    case "role":
      return `@${span.name ?? "a role"}`;
    case "link":
      return span.label || span.url || "";
    default:
      return span.text ?? "";
  }
}

/**
 * @param {Span[] | null | undefined} spans
 * @param {Links | null} [links]
 * @returns {Node[]}
 */
export function rich(spans, links = null) {
  return (spans ?? []).map((span) => node(span, links));
}

/** @param {Span} span @param {Links | null} links @returns {Node} */
function node(span, links) {
  switch (span.t) {
    case "member":
      return mention(span, links);
    case "channel": {
      const id = span.id ?? "";
      const words = [`#`, h("bdi", null, span.name ?? "a channel")];
      if (!links) return h("span", { class: "mention" }, words);
      return h("button", { class: "mention", type: "button", onclick: () => links.openChannel(id) }, words);
    }
    case "role":
      return h("span", { class: "mention" }, "@", h("bdi", null, span.name ?? "a role"));
    case "time":
      return moment(span, links);
    case "link":
      return link(span.url ?? "", [span.label || span.url || ""]);
    case "command": {
      const text = span.text ?? `/${(span.path ?? []).join(" ")}`;
      if (!links) return h("code", null, text);
      return h("button",
        { class: "command", type: "button", title: "Put this in the box below", onclick: () => links.draftCommand(`${text} `) },
        text);
    }
    default: {
      const text = span.text ?? "";
      if (span.code) return h("code", null, text);
      return span.bold ? h("strong", null, text) : document.createTextNode(text);
    }
  }
}

/** @param {Span} span @param {Links | null} links */
function mention(span, links) {
  const words = ["@", h("bdi", null, span.name ?? "someone")];
  const yours = links && span.id === links.you ? "mention mention--you" : "mention";
  if (!links) return h("span", { class: yours }, words);
  return h("button",
    {
      class: yours, type: "button", "aria-haspopup": "menu",
      onclick: (/** @type {MouseEvent} */ event) =>
        links.openPerson(span.id ?? "", /** @type {HTMLElement} */ (event.currentTarget)),
    },
    words);
}

/** @param {Span} span @param {Links | null} links */
function moment(span, links) {
  const ms = span.ms ?? 0;
  const now = links?.now() ?? ms;
  const said = {
    time: () => time.clockTime(ms),
    date: () => time.date(ms),
    date_time: () => time.moment(ms, now),
    relative: () => time.relative(ms, now),
  }[span.style ?? "date_time"]();
  return h("time", { datetime: new Date(ms).toISOString(), title: time.full(ms) }, said);
}

/**
 * A link that opens beside the room, for web addresses alone.
 * @param {string} url
 * @param {(Node | string)[]} words
 * @param {string} [className]
 */
export function link(url, words, className) {
  if (!/^https?:\/\//i.test(url)) return h("span", null, ...words);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow", class: className ?? null }, ...words);
}
