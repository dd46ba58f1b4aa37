// What lies above the page for a moment: dialogs, menus, toasts, the photo viewer.

import { element, iconButton } from "./element.js";
import { say } from "./words.js";

const TOAST_MILLISECONDS = 4000;
const EDGE = 8;

/**
 * Opens a modal dialog that closes by its button, Escape or a click beside it.
 * @param {{name: string, title: string, body: Array, buttons?: Array<{label, action, primary?, danger?, onclick?}>}} options a button closes the
 *   dialog unless its `onclick` returns false
 */
export function dialog({ name, title, body, buttons = [] }) {
  const node = element("dialog", { class: "dialog", "aria-label": title, data: { dialog: name } });
  const actions = buttons.map(({ label, action, primary, danger, onclick }) =>
    element("button", { type: "button", class: danger ? "danger" : primary ? "primary" : "quiet", data: { action }, onclick: async () => {
      if ((await onclick?.()) !== false) node.close();
    } }, label));
  node.append(
    element("header", {}, element("h2", {}, title), iconButton("close", say("close"), () => node.close(), { data: { action: "close-dialog" } })),
    element("div", { class: "dialog-body" }, body),
  );
  if (actions.length > 0) node.append(element("footer", {}, actions));
  node.addEventListener("click", (event) => {
    if (event.target === node) node.close();
  });
  node.addEventListener("close", () => node.remove());
  document.body.append(node);
  node.showModal();
  node.querySelector("footer .primary, footer .danger")?.focus();
  return node;
}

/** Asks yes or no. @returns {Promise<boolean>} */
export function confirm({ name, title, text, yes, danger = false }) {
  return new Promise((resolve) => {
    let agreed = false;
    const node = dialog({ name, title, body: [element("p", {}, text)], buttons: [
      { label: say("cancel"), action: "cancel" },
      { label: yes, action: "confirm", primary: !danger, danger, onclick: () => { agreed = true; } },
    ] });
    node.addEventListener("close", () => resolve(agreed));
  });
}

/** Offers a list to choose one from, with a search field when it is long. @returns {Promise<any>} the value, null when none */
export function choose({ name, title, options }) {
  return new Promise((resolve) => {
    let chosen = null;
    const rows = options.map(({ label, detail, value, key, picture }) =>
      element("button", { type: "button", class: "row", data: { option: String(key) }, onclick: () => {
        chosen = value;
        node.close();
      } }, picture, element("span", { class: "row-text" }, element("span", { class: "row-name" }, label), detail && element("span", { class: "row-note" }, detail))));
    const list = element("div", { class: "picks" }, rows);
    const search = options.length > 8 && element("input", { type: "search", class: "field", placeholder: say("search"), "aria-label": say("search"), oninput: (event) => {
      const wanted = event.target.value.trim().toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    } });
    const node = dialog({ name, title, body: [search, list].filter(Boolean) });
    node.addEventListener("close", () => resolve(chosen));
  });
}

/** Opens a menu at a point of the window, or under `anchor`. Arrow keys walk it, Escape closes it. */
export function menu({ x, y, anchor, items }) {
  document.querySelector("[data-menu]")?.remove();
  const opener = document.activeElement;
  const close = () => {
    if (!node.isConnected) return;
    const inside = node.contains(document.activeElement);
    node.remove();
    document.removeEventListener("pointerdown", outside, true);
    if (inside) opener?.focus?.();
  };
  const outside = (event) => {
    if (!node.contains(event.target)) close();
  };
  const node = element("div", { class: "menu", role: "menu", data: { menu: "" }, onkeydown: (event) => {
    const all = [...node.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") close();
    else if (step) all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    else return;
    event.preventDefault();
  } }, items.filter(Boolean).map(({ label, action, picture, danger, onclick }) =>
    element("button", { type: "button", role: "menuitem", class: danger ? "danger-text" : null, data: { action }, onclick: () => {
      close();
      onclick();
    } }, picture, label)));
  document.body.append(node);
  const at = anchor ? anchor.getBoundingClientRect() : { left: x, right: x, top: y, bottom: y };
  const left = Math.min(anchor ? at.right - node.offsetWidth : x, innerWidth - node.offsetWidth - EDGE);
  const below = at.bottom + node.offsetHeight + EDGE <= innerHeight;
  node.style.left = `${Math.max(EDGE, left)}px`;
  node.style.top = `${Math.max(EDGE, below ? at.bottom : at.top - node.offsetHeight)}px`;
  document.addEventListener("pointerdown", outside, true);
  node.firstElementChild?.focus();
}

/** Shows a short notice for a few seconds in `place`, which is a live region, so that it is read out too. */
export function toast(place, text) {
  const node = element("div", { class: "toast", data: { toast: "" } }, text);
  place.replaceChildren(node);
  setTimeout(() => node.remove(), TOAST_MILLISECONDS);
}

/** Shows a photo as large as the window allows. */
export function viewPhoto(address, caption) {
  const node = element("dialog", { class: "viewer", "aria-label": say("photoLabel"), data: { dialog: "photo" }, onclick: () => node.close(), onclose: () => node.remove() },
    iconButton("close", say("close"), () => node.close(), { data: { action: "close-dialog" } }),
    element("img", { src: address, alt: caption || say("photoLabel") }),
    caption && element("p", {}, caption));
  document.body.append(node);
  node.showModal();
}
