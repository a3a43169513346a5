/** The room page: puts the parts together and starts them. */

import { get } from "./api.js";
import { ClockPanel } from "./clock.js";
import { fill, h } from "./dom.js";
import { face, nameOf } from "./face.js";
import { icon } from "./icons.js";
import { Intro } from "./intro.js";
import { recall, remember } from "./memory.js";
import { Seat } from "./seat.js";
import { LookSwitch, themeSwitch } from "./settings.js";
import { Toasts } from "./toast.js";

const roomName = /** @type {HTMLElement} */ (document.getElementById("room-name"));
const introToggle = /** @type {HTMLElement} */ (document.getElementById("intro-toggle"));
const tabs = /** @type {HTMLElement} */ (document.getElementById("seat-tabs"));

const toasts = new Toasts();
const look = new LookSwitch(toasts);
const clock = new ClockPanel(toasts, (by) => {
  if (by === "skip") intro.tick("skipped");
  for (const seat of seats) seat.redrawMessages();
});

const page = {
  toasts,
  now: () => clock.now,
  /** @param {any} held */
  onClock: (held) => {
    clock.set(held);
    for (const seat of seats) seat.redrawMessages();
  },
  /** @param {import("./types.js").Room} room */
  onRoom: (room) => {
    look.show(room);
    fill(roomName, h("bdi", null, room.name));
    document.title = `${room.name} · Kith`;
  },
  onChange: () => drawTabs(),
  /** @param {"joined" | "shoutout"} what */
  onStep: (what) => intro.tick(what),
};

const left = new Seat("left", page);
const right = new Seat("right", page);
const seats = [left, right];

const intro = new Intro([
  {
    name: "joined", title: "Come in", words: "Join on the left as somebody new.", action: "Take the chair",
    act: () => {
      show(left);
      if (left.id) left.sit("", { focus: true });
      else left.chair.focus();
    },
  },
  {
    name: "shoutout", title: "Thank someone", words: "On the right, say what they did.", action: "Write it for me",
    act: () => {
      show(right);
      const newcomer = left.state.me ?? right.state.people.find((member) => !member.bot && member.id !== right.id);
      right.draft(`/shoutout @${newcomer?.name ?? ""} You asked the question that all of us had.`);
    },
  },
  {
    name: "skipped", title: "Skip to Friday", words: "See what the week adds up to.", action: "Skip to the story",
    act: async () => {
      show(right);
      if (await clock.skipTo(({ what }) => /story/i.test(what))) right.openNewestOf(right.state.room?.bot ?? "");
    },
  },
], (shown) => introToggle.setAttribute("aria-expanded", String(shown)));

/** On a narrow page one seat is shown at a time. @param {Seat} seat */
function show(seat) {
  document.documentElement.dataset.seat = seat.side;
  remember("side", seat.side);
  hear(seat);
  drawTabs();
}

/** The seat that was used last is the one that screen readers hear. @param {Seat} seat */
function hear(seat) {
  for (const each of seats) each.speak(each === seat);
}

function drawTabs() {
  const shown = document.documentElement.dataset.seat;
  for (const [index, seat] of seats.entries()) {
    const tab = /** @type {HTMLElement} */ (tabs.children[index]);
    const unread = seat.side === shown ? 0 : seat.unread.inAll;
    tab.setAttribute("aria-pressed", String(seat.side === shown));
    fill(tab,
      seat.id ? face(seat.state.me, "small") : icon("person"),
      seat.id ? nameOf(seat.state.me) : "Empty chair",
      unread > 0 && h("span", { class: "side-unread" }, unread > 99 ? "99+" : unread, h("span", { class: "unseen" }, " unread")));
  }
}

/** Who sits where at first: as last time, else an empty chair on the left and an admin on the right. */
async function takeSeats() {
  const found = await toasts.guard(() => get("/api/people"));
  /** @type {import("./types.js").Member[]} */
  const people = found?.members ?? [];
  const known = (/** @type {string} */ id) => people.some((member) => member.id === id && !member.bot);
  const admin = people.find((member) => member.roles.includes("admin") && member.present) ?? people.find((member) => !member.bot);
  const heldLeft = recall("seat.left", "");
  const heldRight = recall("seat.right", "");
  left.sit(known(heldLeft) ? heldLeft : "");
  right.sit(known(heldRight) ? heldRight : admin?.id ?? "");
}

function signedOut() {
  for (const seat of seats) seat.stop();
  fill(/** @type {HTMLElement} */ (document.getElementById("seats")),
    h("div", { class: "signed-out", role: "alert" },
      h("h2", null, "You are signed out here"),
      h("p", null, "Kith prints a link when it starts, and ", h("code", null, "python3 start.py link"), " prints another. Open one, and you are back in the room."),
      h("button", { type: "button", class: "button button--main", onclick: () => window.location.reload() }, "Try again")));
}

document.getElementById("head-tools")?.prepend(look.element);
document.getElementById("head-tools")?.append(themeSwitch());
document.getElementById("clock-place")?.replaceWith(clock.element);
document.getElementById("intro-place")?.replaceWith(intro.element);
document.getElementById("seats")?.replaceChildren(left.element, right.element);
document.body.append(toasts.element);
introToggle.prepend(icon("spark"));
introToggle.addEventListener("click", () => (intro.shown ? intro.show(false) : intro.again()));
for (const [index, seat] of seats.entries()) {
  tabs.children[index].addEventListener("click", () => show(seat));
  seat.element.addEventListener("focusin", () => hear(seat));
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") for (const seat of seats) seat.look();
});
window.addEventListener("kith:signed-out", signedOut, { once: true });
show(recall("side", /** @type {string} */ ("left")) === "right" ? right : left);
// First the clock: times are shown in the community's zone, and seen from its now.
clock.load().finally(takeSeats);
