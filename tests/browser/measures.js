/* Measured in the page: contrast of words as WCAG 2 counts it, and the size of what is pressed. */

const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}

function over(top, below) {
  return [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3])).concat(1);
}

/* Every colour that a gradient holds, or the plain background. */
function layers(element) {
  const style = getComputedStyle(element);
  const stops = style.backgroundImage.match(/(?:rgba?|oklch|oklab|color)\([^()]*\)/g) ?? [];
  return { plain: rgba(style.backgroundColor), stops: stops.map(rgba) };
}

function behind(element) {
  const chain = [];
  for (let at = element; at; at = at.parentElement) chain.unshift(layers(at));
  let found = [[255, 255, 255, 1]];
  if (matchMedia("(prefers-color-scheme: dark)").matches) found = [[18, 18, 18, 1]];
  for (const { plain, stops } of chain) {
    found = found.map((below) => over(plain, below));
    if (stops.length > 0) found = found.flatMap((below) => stops.map((stop) => over(stop, below)));
    found = found.slice(0, 12);
  }
  return found;
}

function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

function contrast(one, other) {
  const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

function shown(element) {
  return element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
}

function faintWords() {
  const found = [];
  const modal = document.querySelector("dialog[open]");
  const walker = document.createTreeWalker(modal ?? document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const words = node.textContent.trim();
    const element = node.parentElement;
    if (!words || !element || !shown(element) || element.closest(".unseen, :disabled, option, script, style")) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const colour = rgba(style.color);
    const worst = Math.min(...behind(element).map((below) => contrast(over(colour, below), below)));
    if (worst < (large ? 3 : 4.5)) found.push(`${words.slice(0, 40)} (${worst.toFixed(2)}, ${element.className})`);
  }
  return found;
}

function smallTargets() {
  const found = [];
  const modal = document.querySelector("dialog[open]");
  for (const element of (modal ?? document).querySelectorAll("button, summary, input, select, textarea, [role=radio]")) {
    // What stands in a line of words is as high as the line: WCAG 2.5.8 leaves that out.
    if (!shown(element) || element.matches(".mention, .command, .text-button")) continue;
    const row = element.closest("label") ?? element;
    const box = row.getBoundingClientRect();
    if (box.width === 0 || box.width < 2) continue;
    if (box.width < 24 || box.height < 24) found.push(`${element.textContent || element.ariaLabel} ${box.width}×${box.height}`);
  }
  return found;
}
