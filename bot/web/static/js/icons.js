/** The room's line icons, drawn on a 24-unit grid and built as SVG elements. */

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  send: ["M5 12h13", "M12.5 5.5 19 12l-6.5 6.5"],
  reply: ["M9.5 6 4 11.5 9.5 17", "M4.5 11.5H14a6 6 0 0 1 6 6V19"],
  smile: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z", "M8.3 14.2a4.4 4.4 0 0 0 7.4 0", "M9 9.4v.1", "M15 9.4v.1"],
  more: ["M4.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0Z", "M11.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0Z", "M18.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0Z"],
  close: ["M6.5 6.5l11 11", "M17.5 6.5l-11 11"],
  plus: ["M12 5.5v13", "M5.5 12h13"],
  check: ["M5 12.5 10 17.5 19.5 7"],
  down: ["M6.5 9.5 12 15l5.5-5.5"],
  back: ["M18.5 12H6", "M11 6.5 5.5 12l5.5 5.5"],
  menu: ["M4.5 7h15", "M4.5 12h15", "M4.5 17h15"],
  hash: ["M9.5 4.5 7.5 19.5", "M16.5 4.5l-2 15", "M5 9.3h14.5", "M4.5 14.7H19"],
  slash: ["M15.5 4.5l-7 15"],
  person: ["M12 11.5a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6Z", "M4.8 20a7.3 7.3 0 0 1 14.4 0"],
  mail: ["M4.5 6h15a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1Z", "M4 7l8 6 8-6"],
  door: ["M13.5 20.5H6V4.5a1 1 0 0 1 1-1h6.5", "M13.5 3.2 19 5v15.5h-5.5Z", "M16 12v.6", "M3.5 20.5h17.5"],
  leave: ["M10 20H5.5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1H10", "M9.5 12h11", "M16 7.5l4.5 4.5-4.5 4.5"],
  clock: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z", "M12 7v5.2l3.3 2"],
  skip: ["M5 6v12l8-6Z", "M13 6v12l5.5-6Z", "M19.5 6v12"],
  sun: ["M12 16.2a4.2 4.2 0 1 0 0-8.4 4.2 4.2 0 0 0 0 8.4Z", "M12 2.8v2", "M12 19.2v2", "M2.8 12h2",
    "M19.2 12h2", "M5.5 5.5l1.4 1.4", "M17.1 17.1l1.4 1.4", "M18.5 5.5l-1.4 1.4", "M6.9 17.1l-1.4 1.4"],
  moon: ["M19.8 14.2A8.2 8.2 0 0 1 9.8 4.2a8.2 8.2 0 1 0 10 10Z"],
  auto: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z", "M12 3v18", "M15 4.6v14.8", "M18 6.8v10.4"],
  hidden: ["M4 4l16 16", "M10 10.2a2.8 2.8 0 0 0 3.9 3.9", "M6.6 6.9A15 15 0 0 0 2.8 12c1.8 3.6 5.2 6.2 9.2 6.2a9.6 9.6 0 0 0 4.9-1.4",
    "M10 6a9.5 9.5 0 0 1 2-.2c4 0 7.4 2.6 9.2 6.2a15 15 0 0 1-2 2.9"],
  heart: ["M12 20s-7.5-4.4-7.5-10.2A4.2 4.2 0 0 1 12 7.3a4.2 4.2 0 0 1 7.5 2.5C19.5 15.6 12 20 12 20Z"],
  leaf: ["M5 19.5C4 11 9.5 5 20 4.5 20 15 14.5 20 7 17.5", "M5 19.5c2-4.5 5-7.5 9-9.5"],
  shield: ["M12 3.5 5 6v5.5c0 4.3 2.9 7.6 7 9 4.1-1.4 7-4.7 7-9V6Z", "M9 12l2.2 2.2L15.2 10"],
  spark: ["M12 3.5c.6 4.7 3.3 7.4 8 8.5-4.7 1.1-7.4 3.8-8 8.5-.6-4.7-3.3-7.4-8-8.5 4.7-1.1 7.4-3.8 8-8.5Z"],
  link: ["M13.5 5.5H18.5V10.5", "M18 6l-7.5 7.5", "M18.5 14v4a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h4"],
  copy: ["M9 9h9.5a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1Z",
    "M15.5 8.5V5a1 1 0 0 0-1-1h-9.5a1 1 0 0 0-1 1v9.5a1 1 0 0 0 1 1H7.5"],
  trash: ["M5 7h14", "M9.5 6.5V4.5h5v2", "M7 7.5 8 20h8l1-12.5", "M10.5 11v5.5", "M13.5 11v5.5"],
  warn: ["M12 4 2.8 19.5h18.4Z", "M12 10v4.3", "M12 17v.1"],
  swap: ["M4.5 8.5h14", "M15 5l3.5 3.5L15 12", "M19.5 15.5h-14", "M9 12l-3.5 3.5L9 19"],
  thread: ["M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-7.5L7 20v-4H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z", "M8.5 9h7", "M8.5 12h4.5"],
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * An icon that says nothing by itself: its button or neighbour carries the words.
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  for (const drawn of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", drawn);
    svg.append(path);
  }
  return svg;
}
