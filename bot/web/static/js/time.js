/** Times as people say them, in the community's own zone. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} name IANA zone in which the page shows every time from now on */
export function useZone(name) {
  if (name === zone) return;
  try {
    Intl.DateTimeFormat(undefined, { timeZone: name });
  } catch {
    return;
  }
  zone = name;
  formats.clear();
}

/**
 * @param {number} ms
 * @param {Intl.DateTimeFormatOptions} options
 */
function format(ms, options) {
  const key = JSON.stringify(options);
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
    formats.set(key, made);
  }
  return made.format(ms);
}

/** @param {number} ms e.g. "16:05" */
export const clockTime = (ms) => format(ms, { hour: "2-digit", minute: "2-digit" });

/** @param {number} ms e.g. "Friday 15 May" */
export const dayName = (ms) => format(ms, { weekday: "long", day: "numeric", month: "long" }).replace(",", "");

/** @param {number} ms e.g. "15 May 2026" */
export const date = (ms) => format(ms, { day: "numeric", month: "long", year: "numeric" });

/** @param {number} ms e.g. "2026-05-14 16:00", as it can be typed too */
export const written = (ms) => {
  const [day, month, year] = dayKey(ms).split("/");
  return `${year}-${month}-${day} ${clockTime(ms)}`;
};

/** @param {number} ms everything, with the zone, for a tooltip */
export const full = (ms) =>
  `${format(ms, { weekday: "long", day: "numeric", month: "long", year: "numeric" })}, ${clockTime(ms)} (${zone})`;

/** @param {number} ms the hour of the day with its fraction, 0 to 24 */
export function hourOfDay(ms) {
  const [hours, minutes] = clockTime(ms).split(":").map(Number);
  return hours + minutes / 60;
}

/** @param {number} ms a text that is equal for times on the same day */
export const dayKey = (ms) => format(ms, { year: "numeric", month: "2-digit", day: "2-digit" });

/**
 * A day seen from another: "today", "yesterday", "tomorrow", else its name.
 * @param {number} ms
 * @param {number} now
 */
export function day(ms, now) {
  const key = dayKey(ms);
  if (key === dayKey(now)) return "today";
  if (key === dayKey(now - DAY)) return "yesterday";
  if (key === dayKey(now + DAY)) return "tomorrow";
  return dayName(ms);
}

/**
 * When something comes, e.g. "tomorrow at 16:00".
 * @param {number} ms
 * @param {number} now
 */
export const moment = (ms, now) => `${day(ms, now)} at ${clockTime(ms)}`;

/**
 * How far away, in one or two whole parts, e.g. "2 days 3 hours".
 * @param {number} span milliseconds
 */
function distance(span) {
  const size = Math.abs(span);
  const days = Math.floor(size / DAY);
  const hours = Math.floor((size % DAY) / HOUR);
  const minutes = Math.floor((size % HOUR) / MINUTE);
  const say = (/** @type {number} */ n, /** @type {string} */ unit) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (days >= 7) return say(days, "day");
  if (days > 0) return hours > 0 ? `${say(days, "day")} ${say(hours, "hour")}` : say(days, "day");
  if (hours > 0) return minutes > 0 ? `${say(hours, "hour")} ${say(minutes, "minute")}` : say(hours, "hour");
  return minutes > 0 ? say(minutes, "minute") : "less than a minute";
}

/**
 * @param {number} ms
 * @param {number} now
 */
export const relative = (ms, now) => (ms >= now ? `in ${distance(ms - now)}` : `${distance(now - ms)} ago`);
