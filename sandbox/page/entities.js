// Text with Bot API entities (offsets in UTF-16 units, as JavaScript counts too) made into DOM nodes.

import { element } from "./element.js";
import { say } from "./words.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s" };
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const SAFE_SCHEME = /^(https?|mailto|tel):/i;
const COLLAPSED_LINES = 3;
const CHARACTERS_A_LINE = 45;

/**
 * @param {string} text
 * @param {Array} entities MessageEntity objects; they may nest, and where they overlap the inner one is cut in two
 * @param {{command: function(string), link: function(string): boolean, copy: function(string)}} actions what a pressed command, an
 *   opened link (true: taken care of, do not leave the page) and a pressed piece of code do
 * @returns {HTMLElement} a block that hides its spoilers until it is tapped
 */
export function formatted(text, entities, actions) {
  const sorted = (entities ?? [])
    .map((entity) => ({ ...entity, end: entity.offset + entity.length }))
    .sort((one, other) => one.offset - other.offset || other.end - one.end);
  return element("div", { class: "text", data: { text: "" } }, nodes(text, 0, text.length, sorted, actions));
}

function nodes(text, start, end, entities, actions) {
  const made = [];
  const queue = [...entities];
  let position = start;
  let afterBlock = false;
  const plain = (until) => {
    if (until <= position) return;
    // A block already ends its line: the line break after it would show as an empty line.
    const from = afterBlock && text[position] === "\n" ? position + 1 : position;
    if (from < until) made.push(text.slice(from, until));
    position = until;
    afterBlock = false;
  };
  while (queue.length > 0) {
    const entity = queue.shift();
    const stop = Math.min(entity.end, end);
    const first = Math.max(entity.offset, position);
    if (first >= stop) continue;
    plain(first);
    const inner = [];
    const later = [];
    for (const other of queue) {
      if (other.offset < stop) inner.push({ ...other, end: Math.min(other.end, stop) });
      if (other.end > stop) later.push({ ...other, offset: Math.max(other.offset, stop) });
    }
    queue.splice(0, queue.length, ...later);
    made.push(wrapped(entity, text.slice(first, stop), nodes(text, first, stop, inner, actions), actions));
    position = stop;
    afterBlock = BLOCKS.has(entity.type);
  }
  plain(end);
  return made;
}

function wrapped(entity, text, children, actions) {
  const { type } = entity;
  if (type in TAGS) return element(TAGS[type], {}, children);
  switch (type) {
    case "code":
      return element("code", { onclick: () => actions.copy(text) }, children);
    case "pre":
      return element("pre", { data: { language: entity.language }, onclick: () => actions.copy(text) }, element("code", {}, children));
    case "blockquote":
      return element("blockquote", {}, children);
    case "expandable_blockquote":
      return expandable(text, children);
    case "spoiler":
      return spoiler(children);
    case "text_link":
      return link(entity.url, children, actions);
    case "url":
      return link(/^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`, children, actions);
    case "email":
      return link(`mailto:${text}`, children, actions);
    case "phone_number":
      return link(`tel:${text.replace(/[^+\d]/g, "")}`, children, actions);
    case "bot_command":
      return element("button", { type: "button", class: "link", data: { command: text }, onclick: () => actions.command(text) }, children);
    case "mention":
    case "text_mention":
    case "hashtag":
    case "cashtag":
      return element("span", { class: "mention" }, children);
    default:
      return element("span", {}, children);
  }
}

function link(address, children, actions) {
  if (!SAFE_SCHEME.test(address)) return element("span", {}, children);
  const open = (event) => {
    if (actions.link(address)) event.preventDefault();
  };
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer", onclick: open }, children);
}

function spoiler(children) {
  const inside = element("span", { class: "spoiler-text", "aria-hidden": "true" }, children);
  const node = element("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": say("spoiler"), data: { spoiler: "" } }, inside);
  const reveal = (event) => {
    if (node.dataset.spoiler === "open") return;
    event.preventDefault();
    event.stopPropagation();
    node.dataset.spoiler = "open";
    inside.removeAttribute("aria-hidden");
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
  };
  node.addEventListener("click", reveal, { capture: true });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") reveal(event);
  });
  return node;
}

function expandable(text, children) {
  const lines = text.split("\n").reduce((count, line) => count + Math.max(1, Math.ceil(line.length / CHARACTERS_A_LINE)), 0);
  if (lines <= COLLAPSED_LINES) return element("blockquote", {}, children);
  const inside = element("div", { class: "quote-text" }, children);
  const toggle = element("button", { type: "button", class: "quote-toggle", "aria-expanded": "false", data: { expand: "" } }, say("showMore"));
  const quote = element("blockquote", { class: "expandable", data: { quote: "closed" } }, inside, toggle);
  toggle.addEventListener("click", () => {
    const open = quote.dataset.quote === "closed";
    quote.dataset.quote = open ? "open" : "closed";
    toggle.setAttribute("aria-expanded", String(open));
    toggle.textContent = say(open ? "showLess" : "showMore");
  });
  return quote;
}
