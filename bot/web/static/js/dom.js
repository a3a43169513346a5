/** Building the page: elements from plain values. Text goes in as text, never as markup. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Make an element.
 *
 * Attributes by name; `on…` functions become listeners; `class` may be a list; `vars` sets CSS custom
 * properties; `data` sets data attributes; null and false leave an attribute out, true sets it empty.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any> | null} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = null, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2).toLowerCase(), value);
    } else if (name === "class") {
      element.className = Array.isArray(value) ? value.filter(Boolean).join(" ") : value;
    } else if (name === "vars") {
      for (const [key, given] of Object.entries(value)) element.style.setProperty(`--${key}`, String(given));
    } else if (name === "data") {
      for (const [key, given] of Object.entries(value)) {
        if (given !== null && given !== undefined && given !== false) element.dataset[key] = String(given);
      }
    } else if (name === "value" || name === "checked" || name === "disabled" || name === "indeterminate") {
      /** @type {any} */ (element)[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...nodes(children));
  return element;
}

/**
 * @param {(Child | Child[])[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return /** @type {Child[]} */ (children.flat(3))
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/**
 * Replace everything in an element.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** Words for screen readers alone. @param {string} text */
export function unseen(text) {
  return h("span", { class: "unseen" }, text);
}

/** A name that somebody chose, kept from turning the text around it. @param {string} text */
export function name(text) {
  return h("bdi", null, text);
}

let last = 0;

/** An id that no other element has. @param {string} prefix */
export function uniqueId(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

/**
 * Where focus was inside `root`, as a function that puts it back by `data-focus` after a redraw.
 * @param {Element} root
 * @returns {() => void}
 */
export function keepFocus(root) {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement) || !root.contains(active)) return () => {};
  const key = active.dataset.focus;
  return () => {
    if (document.activeElement === active && active.isConnected) return;
    const again = key ? root.querySelector(`[data-focus="${CSS.escape(key)}"]`) : null;
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  };
}
