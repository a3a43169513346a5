/** Where something that floats goes: beside what opened it, inside the window. */

const GAP = 6;
const EDGE = 8;

/**
 * @param {HTMLElement} floating already shown, so that it can be measured
 * @param {Element} anchor
 * @param {"start" | "end"} [align]
 */
export function placeBeside(floating, anchor, align = "start") {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = floating;
  const { clientWidth, clientHeight } = document.documentElement;
  const below = at.bottom + GAP;
  const above = at.top - GAP - height;
  const top = below + height <= clientHeight - EDGE || above < EDGE ? below : above;
  const left = align === "end" ? at.right - width : at.left;
  floating.style.top = `${Math.round(Math.max(EDGE, Math.min(top, clientHeight - EDGE - height)))}px`;
  floating.style.left = `${Math.round(Math.max(EDGE, Math.min(left, clientWidth - EDGE - width)))}px`;
}
