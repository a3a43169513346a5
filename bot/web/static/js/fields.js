/** The fields of a form, one builder for each kind of question. */

import { combobox } from "./combobox.js";
import { fill, h, name, uniqueId } from "./dom.js";
import { face, roleName } from "./face.js";
import { icon } from "./icons.js";
import * as time from "./time.js";

/** @typedef {import("./types.js").Field} Field */
/** @typedef {import("./types.js").Member} Member */

/**
 * What the fields may look up.
 * @typedef {object} Lookups
 * @property {Member[]} people
 * @property {import("./types.js").Channel[]} channels
 */

/**
 * A field on the page: `value` gives what is filled in, null where nothing is.
 * @typedef {object} FieldView
 * @property {HTMLElement} element
 * @property {() => any} value
 * @property {() => void} focus
 */

/** @typedef {{field: Field, id: string, describedBy: string | null, lookups: Lookups}} Setting */
/** @typedef {{control: HTMLElement, value: () => any, first?: HTMLElement, group?: boolean}} Built */

const SCHEDULES = ["every Friday at 16:00", "weekdays at 9:00", "every 2 weeks on Tuesday at 10:00", "first Monday of the month at 10:00", "every 3 hours"];
const ZONES = [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])];
const ROLES = ["admin", "moderator", "organiser", "curator"];
const FEW = 5;

/** @type {Record<string, (setting: Setting) => Built>} */
const BUILDERS = {
  text: words, long_text: longText, schedule, zone, ref: words, integer, yes_no: yesNo, date: day, moment,
  member: onePerson, members: severalPeople, channel: oneChannel, role: oneRole, choice, texts,
};

/**
 * @param {Field} field
 * @param {Lookups} lookups
 * @returns {FieldView}
 */
export function fieldView(field, lookups) {
  const id = uniqueId("field");
  const aboutId = `${id}-about`;
  const problemId = `${id}-problem`;
  const about = [field.about, bounds(field)].filter(Boolean).join(" ");
  const describedBy = [about && aboutId, field.problem && problemId].filter(Boolean).join(" ") || null;
  const build = BUILDERS[field.kind] ?? words;
  const { control, value, first, group } = build({ field, id, describedBy, lookups });
  const label = [h("bdi", null, field.label), !field.required && h("span", { class: "field-optional" }, "optional")];
  const notes = [
    about && h("p", { class: "hint", id: aboutId, dir: "auto" }, about),
    field.problem && h("p", { class: "field-problem", id: problemId }, icon("warn"), h("span", { dir: "auto" }, field.problem)),
  ];
  const inner = group
    ? h("fieldset", { class: "field", "aria-describedby": describedBy }, h("legend", { class: "field-label" }, label), notes[0], control, notes[1])
    : h("div", { class: "field" }, field.kind !== "yes_no" && h("label", { class: "field-label", for: id }, label), notes[0], control, notes[1]);
  inner.classList.toggle("field--problem", Boolean(field.problem));
  return { element: inner, value, focus: () => (first ?? control).focus() };
}

/** @param {Field} field @returns {string} what is allowed, in words */
function bounds({ kind, least, most }) {
  if (kind === "integer") {
    if (least !== null && most !== null) return `From ${least} to ${most}.`;
    if (least !== null) return `${least} or more.`;
    return most !== null ? `At most ${most}.` : "";
  }
  if (kind === "members" && most !== null && most > 1) return `Up to ${most} people.`;
  if (kind === "choice" && most !== null && most > 1) return `Choose up to ${most}.`;
  return "";
}

/** @param {string} text */
const orNull = (text) => (text.trim() === "" ? null : text);

/** @param {Setting} setting @param {Record<string, any>} [more] */
function common({ field, id, describedBy }, more = {}) {
  return {
    id, class: "input", "aria-describedby": describedBy, "aria-invalid": field.problem ? "true" : null,
    "aria-required": field.required ? "true" : null, name: field.name, ...more,
  };
}

/** @param {Setting} setting @returns {Built} */
function words(setting) {
  const input = h("input", common(setting, { type: "text", dir: "auto", autocomplete: "off", value: text(setting.field.value) }));
  return counted(setting.field, input);
}

/** @param {Setting} setting @returns {Built} */
function longText(setting) {
  const box = h("textarea", common(setting, { rows: "4", dir: "auto", value: text(setting.field.value) }));
  return counted(setting.field, box);
}

/** @param {Field} field @param {HTMLInputElement | HTMLTextAreaElement} box @returns {Built} */
function counted({ least, most }, box) {
  const value = () => orNull(box.value);
  if (least === null && most === null) return { control: box, value };
  const count = h("span", { class: "count" });
  const settle = () => {
    const length = [...box.value.trim()].length;
    const short = least !== null && length < least && length > 0;
    const over = most !== null && length > most;
    count.classList.toggle("count--off", over);
    count.textContent = over ? `${length - most} too many`
      : short ? `${least - length} more`
      : most !== null ? `${length} of ${most}`
      : "";
  };
  box.addEventListener("input", settle);
  settle();
  return { control: h("div", { class: "counted" }, box, count), value, first: box };
}

/** @param {Setting} setting @returns {Built} */
function integer(setting) {
  const { least, most, value } = setting.field;
  const input = h("input", common(setting, { type: "number", inputmode: "numeric", step: "1", min: least, max: most, value: text(value) }));
  return { control: input, value: () => orNull(input.value) };
}

/** @param {Setting} setting @returns {Built} */
function yesNo(setting) {
  const box = h("input", {
    type: "checkbox", role: "switch", id: setting.id, class: "switch", "aria-describedby": setting.describedBy,
    checked: setting.field.value === true || setting.field.value === "yes" || setting.field.value === "true",
  });
  return { control: h("label", { class: "switch-row", for: setting.id }, box, h("span", null, h("bdi", null, setting.field.label))), value: () => box.checked, first: box };
}

/** @param {Setting} setting @returns {Built} */
function day(setting) {
  const input = h("input", common(setting, { type: "date", value: text(setting.field.value) }));
  return { control: input, value: () => orNull(input.value) };
}

/** @param {Setting} setting @returns {Built} */
function moment(setting) {
  const input = h("input", common(setting, {
    type: "text", dir: "auto", autocomplete: "off", placeholder: "tomorrow 16:00, or 2026-05-14 09:30", value: asMoment(text(setting.field.value)),
  }));
  return { control: input, value: () => orNull(input.value) };
}

/** @param {Setting} setting @param {(typed: string) => any} find @param {string} placeholder @param {{eager: boolean}} how @returns {Built} */
function suggested(setting, find, placeholder, { eager }) {
  const { field, id, describedBy } = setting;
  let held = text(field.value);
  const { element, box } = combobox({
    id, text: held, placeholder, describedBy, invalid: Boolean(field.problem), find, eager,
    onText: (typed) => { held = typed; },
    onChoose: (chosen) => {
      held = chosen.value;
      box.value = chosen.value;
    },
  });
  return { control: element, value: () => orNull(held), first: box };
}

/** @param {Setting} setting */
function schedule(setting) {
  return suggested(setting, (typed) => matching(SCHEDULES.map(same), typed), "every Friday at 16:00", { eager: false });
}

/** @param {Setting} setting */
function zone(setting) {
  return suggested(setting, (typed) => matching(ZONES.map(same), typed), "Europe/London", { eager: true });
}

/** @param {string} value */
const same = (value) => ({ label: value, value });

/** @param {import("./combobox.js").Choice[]} choices @param {string} typed */
function matching(choices, typed) {
  const parts = typed.toLocaleLowerCase().split(/[\s_/]+/).filter(Boolean);
  const exact = choices.some(({ label }) => label === typed);
  if (exact) return choices;
  return choices.filter(({ label, about }) => {
    const all = `${label} ${about ?? ""}`.toLocaleLowerCase();
    return parts.every((part) => all.includes(part));
  });
}

/** @param {Setting} setting */
function personChoices(setting) {
  return setting.lookups.people.map((member) => ({
    label: member.name, value: member.id, about: member.bot ? "Bot" : member.roles.map(roleName).join(", "),
    lead: () => face(member, "small"),
  }));
}

/** @param {Setting} setting */
function onePerson(setting) {
  return oneOf(setting, personChoices(setting), "Type a name");
}

/** @param {Setting} setting */
function oneChannel(setting) {
  const choices = setting.lookups.channels.map((channel) =>
    ({ label: channel.name ?? "", value: channel.id, about: channel.about ?? "", lead: () => icon("hash") }));
  return oneOf(setting, choices, "Type a channel");
}

/** @param {Setting} setting */
function oneRole(setting) {
  const { options } = setting.field;
  const choices = options.length > 0 ? options : ROLES.map((role) => ({ label: roleName(role), value: role }));
  return oneOf(setting, choices, "Type a role");
}

/** @param {Setting} setting @param {import("./combobox.js").Choice[]} choices @param {string} placeholder @returns {Built} */
function oneOf(setting, choices, placeholder) {
  const { field, id, describedBy } = setting;
  let held = text(field.value);
  const { element, box } = combobox({
    id, text: choices.find(({ value }) => value === held)?.label ?? held, placeholder, describedBy, invalid: Boolean(field.problem),
    find: (typed) => matching(choices, typed), eager: true,
    onText: (typed) => {
      held = choices.find(({ label }) => label.toLocaleLowerCase() === typed.trim().toLocaleLowerCase())?.value ?? typed;
    },
    onChoose: (chosen) => {
      held = chosen.value;
      box.value = chosen.label;
    },
  });
  return { control: element, value: () => orNull(held), first: box };
}

/** @param {Setting} setting @returns {Built} */
function severalPeople(setting) {
  const { field, id, describedBy, lookups } = setting;
  const all = personChoices(setting);
  const chosen = new Set(list(field.value));
  const chips = h("ul", { class: "chips", "aria-label": "Chosen" });
  const { element, box } = combobox({
    id, text: "", placeholder: "Add a person", describedBy, invalid: Boolean(field.problem),
    find: (typed) => matching(all.filter(({ value }) => !chosen.has(value)), typed), eager: true,
    onChoose: ({ value }) => {
      chosen.add(value);
      box.value = "";
      draw();
    },
  });
  const draw = () => fill(chips, [...chosen].map((person) => {
    const member = lookups.people.find((item) => item.id === person);
    const called = member?.name ?? person;
    return h("li", { class: "chip" }, face(member, "small"), name(called),
      h("button", { type: "button", class: "chip-remove", "aria-label": `Take out ${called}`, onclick: () => { chosen.delete(person); draw(); box.focus(); } }, icon("close")));
  }));
  box.addEventListener("keydown", (event) => {
    const last = [...chosen].at(-1);
    if (event.key !== "Backspace" || box.value !== "" || last === undefined) return;
    chosen.delete(last);
    draw();
  });
  draw();
  return { control: h("div", { class: "several" }, chips, element), value: () => (chosen.size > 0 ? [...chosen] : null), first: box };
}

/** @param {Setting} setting @returns {Built} */
function choice(setting) {
  const { field, id } = setting;
  const many = (field.most ?? 1) > 1;
  const held = list(field.value);
  if (!many && field.options.length > FEW) {
    const select = h("select", common(setting, { class: "input select" }),
      h("option", { value: "" }, "Choose…"),
      field.options.map((option) => h("option", { value: option.value, selected: held.includes(option.value) },
        option.about ? `${option.label} — ${option.about}` : option.label)));
    return { control: select, value: () => orNull(select.value) };
  }
  const boxes = field.options.map((option, index) => {
    const box = h("input", {
      type: many ? "checkbox" : "radio", name: id, value: option.value, id: index === 0 ? id : null, checked: held.includes(option.value),
    });
    const row = h("label", { class: "tick" }, box,
      h("span", { dir: "auto" }, option.label, option.about && h("small", null, option.about)));
    return { box, row };
  });
  const chosen = () => boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
  return {
    control: h("div", { class: "ticks" }, boxes.map(({ row }) => row)), group: true, first: boxes[0]?.box,
    value: () => (many ? (chosen().length > 0 ? chosen() : null) : chosen()[0] ?? null),
  };
}

/** @param {Setting} setting @returns {Built} */
function texts(setting) {
  const { field } = setting;
  const rows = h("div", { class: "texts" });
  /** @param {string} value */
  const add = (value) => {
    const box = h("textarea", { class: "input", rows: "2", dir: "auto", value, "aria-label": field.label, "aria-invalid": field.problem ? "true" : null });
    const row = h("div", { class: "texts-row" }, box,
      h("button", { type: "button", class: "icon-button", "aria-label": "Remove this text", onclick: () => { row.remove(); addButton.focus(); } }, icon("trash")));
    rows.append(row);
    return box;
  };
  const addButton = h("button", { type: "button", class: "button button--quiet", onclick: () => add("").focus() }, icon("plus"), "Add another");
  const held = list(field.value);
  for (const value of held.length > 0 ? held : [""]) add(value);
  const value = () => {
    const all = [...rows.querySelectorAll("textarea")].flatMap((box) => box.value.split(/\n\s*\n/))
      .map((words) => words.replace(/\s*\n\s*/g, " ").trim()).filter(Boolean);
    return all.length > 0 ? all : null;
  };
  return { control: h("div", null, rows, addButton), group: true, value, first: rows.querySelector("textarea") ?? addButton };
}

/** A moment that comes as milliseconds, as people write it. @param {string} value */
const asMoment = (value) => (/^\d{11,}$/.test(value) ? time.written(Number(value)) : value);

/** @param {any} value */
const text = (value) => (value === null || value === undefined ? "" : String(value));

/** @param {any} value @returns {string[]} */
const list = (value) => (value === null || value === undefined || value === "" ? [] : Array.isArray(value) ? value.map(String) : [String(value)]);
