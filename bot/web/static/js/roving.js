/** One tab stop for a group of things; the arrow keys move within it. */

/**
 * @param {HTMLElement} container
 * @param {string} selector what can be reached
 * @param {"vertical" | "horizontal" | "both"} direction
 * @returns {() => void} call after the group's content changed
 */
export function roving(container, selector, direction = "vertical") {
  const items = () =>
    /** @type {HTMLElement[]} */ ([...container.querySelectorAll(selector)].filter(
      (item) => item instanceof HTMLElement && item.getClientRects().length > 0,
    ));

  /** @param {HTMLElement | undefined} chosen */
  const settle = (chosen) => {
    for (const item of container.querySelectorAll(selector)) {
      /** @type {HTMLElement} */ (item).tabIndex = item === chosen ? 0 : -1;
    }
  };

  const refresh = () => {
    const all = /** @type {HTMLElement[]} */ ([...container.querySelectorAll(selector)]);
    const held =
      all.find((item) => item === document.activeElement) ??
      all.find((item) => item.getAttribute("aria-current") === "true" || item.getAttribute("aria-checked") === "true") ??
      all.find((item) => item.tabIndex === 0) ??
      all[0];
    settle(held);
  };

  container.addEventListener("focusin", (event) => {
    const item = event.target instanceof Element ? event.target.closest(selector) : null;
    if (item instanceof HTMLElement && container.contains(item)) settle(item);
  });

  container.addEventListener("keydown", (event) => {
    const from = event.target;
    if (!(from instanceof HTMLElement) || !from.matches(selector) || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = items();
    const at = all.indexOf(from);
    const to = next(event.key, at, all.length, direction);
    if (to === null) return;
    event.preventDefault();
    all[to].focus();
  });

  return refresh;
}

/**
 * @param {string} key
 * @param {number} at
 * @param {number} count
 * @param {"vertical" | "horizontal" | "both"} direction
 * @returns {number | null}
 */
function next(key, at, count, direction) {
  const back = [direction !== "horizontal" ? "ArrowUp" : "", direction !== "vertical" ? "ArrowLeft" : ""];
  const on = [direction !== "horizontal" ? "ArrowDown" : "", direction !== "vertical" ? "ArrowRight" : ""];
  if (count === 0) return null;
  if (back.includes(key)) return Math.max(0, at - 1);
  if (on.includes(key)) return Math.min(count - 1, at + 1);
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}
