/** What this browser remembers between visits. A browser that refuses to remember still works. */

const PREFIX = "kith.";

/**
 * @template T
 * @param {string} key
 * @param {T} otherwise
 * @returns {T}
 */
export function recall(key, otherwise) {
  try {
    const held = localStorage.getItem(PREFIX + key);
    return held === null ? otherwise : JSON.parse(held);
  } catch {
    return otherwise;
  }
}

/** @param {string} key @param {unknown} value null forgets it */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    return;
  }
}
