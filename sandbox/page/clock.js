// The sandbox's clock: shows its date and time to the second and lets one move it forward.

import { element, icon } from "./element.js";
import { dialog } from "./overlays.js";
import * as server from "./server.js";
import { say } from "./words.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [["minute", MINUTE], ["hour", HOUR], ["day", DAY]];
const TIMES = ["12:59", "13:00", "09:00"];

let ahead = 0; // milliseconds the sandbox's clock is before the browser's
let zone = 0; // milliseconds the sandbox's zone is before UTC; from the server, because a browser's own zones may be out of date
const faces = new Set(); // elements that show the clock

/** Takes over the server's clock: `{now: ISO instant with the zone's offset}`. */
export function setClock({ now }) {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(now) ?? [null, "+", "00", "00"];
  zone = (sign === "-" ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * MINUTE) * 1000;
  ahead = Date.parse(now) - Date.now();
  tick();
}

/** The sandbox's present, in milliseconds since 1970 UTC. */
export const present = () => Date.now() + ahead;

/** A date whose UTC parts are the local ones of the university. */
const local = (milliseconds) => new Date(milliseconds + zone);
const two = (number) => String(number).padStart(2, "0");
const dayNumber = (milliseconds) => Math.floor((milliseconds + zone) / (DAY * 1000));

/** "14:05", or "14:05:09" with seconds. */
export function timeOfDay(milliseconds, seconds = false) {
  const at = local(milliseconds);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${seconds ? `:${two(at.getUTCSeconds())}` : ""}`;
}

/** "Бүгін", "Кеше", "12 қаңтар", or with the year when it is not the present one. */
export function dayName(milliseconds) {
  const distance = dayNumber(present()) - dayNumber(milliseconds);
  if (distance === 0) return say("today");
  if (distance === 1) return say("yesterday");
  const at = local(milliseconds);
  const year = at.getUTCFullYear() === local(present()).getUTCFullYear() ? null : at.getUTCFullYear();
  return say("date", at.getUTCDate(), say("months")[at.getUTCMonth()], year);
}

export const sameDay = (one, other) => dayNumber(one) === dayNumber(other);

/** The moment as a date-time field writes it: "2026-01-16T12:59:00". */
const fieldValue = (milliseconds) => local(milliseconds).toISOString().slice(0, 19);

function nextTime(time) {
  const [hours, minutes] = time.split(":").map(Number);
  const now = present();
  const candidate = dayNumber(now) * DAY * 1000 - zone + (hours * HOUR + minutes * MINUTE) * 1000;
  return candidate > now ? candidate : candidate + DAY * 1000;
}

function tick() {
  const now = present();
  const at = local(now);
  for (const face of faces) {
    if (!face.isConnected && face.dataset.seen) faces.delete(face);
    else {
      if (face.isConnected) face.dataset.seen = "yes";
      const large = face.dataset.clock === "large";
      const date = say("date", at.getUTCDate(), say("months")[at.getUTCMonth()], large ? at.getUTCFullYear() : null);
      const weekday = say(large ? "weekdays" : "shortWeekdays")[at.getUTCDay()];
      face.querySelector("[data-part=date]").textContent = `${date}, ${weekday}`;
      face.querySelector("[data-part=time]").textContent = timeOfDay(now, true);
      face.dataset.now = new Date(now).toISOString();
    }
  }
}

setInterval(tick, 1000);

function face(kind) {
  const node = element("span", { class: `clock-${kind}`, data: { clock: kind } }, element("span", { data: { part: "time" } }), element("span", { data: { part: "date" } }));
  faces.add(node);
  tick();
  return node;
}

/** The button that shows the clock and opens its panel. */
export function clockButton() {
  return element("button", { type: "button", class: "clock-button", title: say("clock"), data: { action: "clock" }, onclick: openPanel }, icon("clock"), face("small"));
}

function openPanel() {
  const trouble = element("p", { class: "trouble", role: "alert", data: { clockError: "" } });
  const move = async (change) => {
    try {
      setClock(await server.moveClock(change));
      trouble.textContent = "";
      renew();
    } catch (error) {
      trouble.textContent = error.message;
    }
  };
  const steps = STEPS.map(([name, seconds]) =>
    element("button", { type: "button", class: "choice", data: { advance: String(seconds) }, onclick: () => move({ advance: seconds }) }, `+ ${say(name)}`));
  const times = element("div", { class: "choices" });
  const field = element("input", { type: "datetime-local", step: "1", class: "field", "aria-label": say("clockExact"), data: { clockField: "" } });
  const renew = () => {
    times.replaceChildren(...TIMES.map((time) => {
      const target = nextTime(time);
      const day = sameDay(target, present()) ? say("sameDay") : say("tomorrow");
      return element("button", { type: "button", class: "choice", data: { until: time }, onclick: () => move({ to: new Date(nextTime(time)).toISOString() }) },
        element("b", {}, time), element("small", {}, day));
    }));
    field.value = fieldValue(present());
    field.min = fieldValue(present());
  };
  renew();
  const exact = element("form", { class: "clock-exact", onsubmit: (event) => {
    event.preventDefault();
    const target = Date.parse(`${field.value}Z`) - zone;
    if (!(target > present())) trouble.textContent = say("clockPast");
    else move({ to: new Date(target).toISOString() });
  }, novalidate: true }, field, element("button", { class: "primary", data: { action: "move-clock" } }, say("clockMove")));
  dialog({
    name: "clock",
    title: say("clock"),
    body: [
      face("large"),
      element("p", { class: "note" }, say("clockNote")),
      element("h3", {}, say("clockAhead")),
      element("div", { class: "choices" }, steps),
      element("h3", {}, say("clockNext")),
      times,
      element("h3", {}, say("clockExact")),
      exact,
      trouble,
    ],
  });
}
