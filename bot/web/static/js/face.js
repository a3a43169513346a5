/** Faces and names: how a person is shown everywhere in the room. */

import { h, name } from "./dom.js";

/** @typedef {import("./types.js").Member} Member */

const HUES = [32, 78, 142, 178, 222, 262, 305, 352];
/** Who comes after the first eight gets the hues between, so that two in a seat differ. */
const BETWEEN = 24;

const ROLES = { admin: "Admin", moderator: "Moderator", organiser: "Organiser", curator: "Curator" };

/**
 * @param {Member | undefined} member
 * @param {"small" | "large" | ""} [size]
 */
export function face(member, size = "") {
  const kind = size ? `face--${size}` : "";
  if (member?.bot) {
    return h("span", { class: ["face face--kith", kind], "aria-hidden": "true" },
      h("img", { src: "/static/icons/kith.svg", alt: "" }));
  }
  const hue = hueOf(member) ?? HUES[0];
  return h("span", { class: ["face", kind], "aria-hidden": "true", vars: { hue } }, member?.initials ?? "?");
}

/** @param {Member} member @returns {HTMLElement[]} what the person is here, if anything special */
export function badges(member) {
  if (member.bot) return [h("span", { class: "badge badge--kith" }, "Bot")];
  return member.roles
    .filter((role) => role in ROLES)
    .map((role) => h("span", { class: `badge badge--${role}` }, roleName(role)));
}

/** @param {string} role */
export function roleName(role) {
  return ROLES[/** @type {keyof typeof ROLES} */ (role)] ?? role;
}

/** @param {Member | undefined} member @returns {number | null} the hue of a person's own colour */
export function hueOf(member) {
  if (!member || member.bot) return null;
  const later = Number(member.id.replace(/\D+/g, "")) > HUES.length;
  return HUES[member.colour % HUES.length] + (later ? BETWEEN : 0);
}

/** @param {Member | undefined} member */
export function nameOf(member) {
  return name(member?.name ?? "someone");
}
