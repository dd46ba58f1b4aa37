// Builds DOM nodes; text always becomes a text node, so nothing said in a chat can turn into markup.

/**
 * @param {string} tag
 * @param {Object} [properties] `on<event>` listeners, `class`, `data` (a record for the dataset); a value of
 *   `true` sets an empty attribute, `null`, `undefined` and `false` leave it out
 * @param {...(Node|string|null|undefined|false|Array)} children
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") {
      for (const [key, item] of Object.entries(value)) if (item !== null && item !== undefined) node.dataset[key] = item;
    } else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const STROKES = {
  attach: "M20 11.5l-8.2 8.2a5 5 0 0 1-7.1-7.1l8.6-8.6a3.4 3.4 0 0 1 4.8 4.8l-8.6 8.6a1.7 1.7 0 0 1-2.4-2.4l7.8-7.8",
  back: "M19 12H5M11 6l-6 6 6 6",
  beside: "M4 5h16v14H4zM12 5v14",
  block: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.7 5.7l12.6 12.6",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2",
  close: "M6 6l12 12M18 6L6 18",
  contact: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c0-3.5 3.5-6 8-6s8 2.5 8 6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  document: "M14 3H6v18h12V7zM14 3v4h4M9 12h6M9 16h6",
  down: "M6 9l6 6 6-6",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  forward: "M14 6l6 6-6 6v-4c-5 0-8 1.5-10 5 0-6 4-9 10-9z",
  group: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19c0-3 2.9-5 6.5-5s6.5 2 6.5 5M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.5c2.2.7 3.5 2.3 3.5 4.5",
  keyboard: "M3 6h18v12H3zM7 10h.01M12 10h.01M17 10h.01M8 14h8",
  link: "M8 16L16 8M9 8h7v7",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  microphone: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
  mask: "M4 5c5 2 11 2 16 0v7c0 4-3.5 7-8 7s-8-3-8-7zM8 11h3M13 11h3",
  more: "M12 6h.01M12 12h.01M12 18h.01",
  photo: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  plus: "M12 5v14M5 12h14",
  reply: "M10 6l-6 6 6 6v-4c5 0 8 1.5 10 5 0-6-4-9-10-9z",
  raise: "M12 20V5M6 11l6-6 6 6",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5",
  send: "M4 12L20 4l-5 16-3.5-6.5zM11.5 13.5L20 4",
  sticker: "M12 3a9 9 0 1 0 9 9c-5 0-9-4-9-9zM12 3l9 9M8.5 10h.01M8 14.5c1 1.3 2.2 2 4 2",
  slash: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM14 8l-4 8",
};

/** A line icon that takes the colour and the size of the text around it; decoration only, so give its button a label. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", STROKES[name]);
  svg.append(path);
  return svg;
}

/** A round button that shows an icon and says `label`. */
export function iconButton(name, label, onclick, properties = {}) {
  return element("button", { type: "button", class: "icon-button", title: label, "aria-label": label, onclick, ...properties }, icon(name));
}

/** A coloured disc with the initials of a person or the sign of a group; the colour follows from the id. */
export function avatar(id, name, properties = {}) {
  const initials = [...name.trim().split(/\s+/, 2)].map((word) => [...word.replace(/[^\p{L}\p{N}]/gu, "")][0] ?? "").join("");
  return element("span", { ...properties, class: `avatar hue-${Math.abs(id) % 7}`, "aria-hidden": "true" }, initials.toUpperCase() || "·");
}
