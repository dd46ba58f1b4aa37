// One message, or the messages of one album, as a bubble with its inline keyboard.

import { timeOfDay } from "./clock.js";
import { avatar, element, icon } from "./element.js";
import { formatted } from "./entities.js";
import { viewPhoto } from "./overlays.js";
import { say, size } from "./words.js";

const TALLEST_PHOTO = 420; // pixels
const LONG_PRESS_MILLISECONDS = 500;
const OTHER_FILES = ["video", "animation", "audio", "video_note"];
const SERVICE = ["new_chat_members", "left_chat_member", "pinned_message", "migrate_to_chat_id", "migrate_from_chat_id", "group_chat_created",
  "supergroup_chat_created", "new_chat_title", "forum_topic_created", "forum_topic_closed", "forum_topic_reopened"];

export const fullName = (user) => [user?.first_name, user?.last_name].filter(Boolean).join(" ") || user?.title || user?.username || "";
const authorOf = (message) => message.sender_chat ?? message.from;
export const isService = (message) => SERVICE.some((field) => message[field] !== undefined);

/** What a service message says. */
function serviceText(message) {
  const who = fullName(message.from);
  if (message.new_chat_members) return message.new_chat_members.map((member) => say("joined", fullName(member), who)).join("\n");
  if (message.left_chat_member) return say("left", fullName(message.left_chat_member));
  if (message.new_chat_title) return say("groupTitle", message.new_chat_title);
  if (message.forum_topic_created) return say("topicMade", message.forum_topic_created.name);
  if (message.forum_topic_closed) return say("topicClosed");
  if (message.forum_topic_reopened) return say("topicReopened");
  if (message.pinned_message) return `${say("pinned")}: ${gist(message.pinned_message)}`;
  if (message.migrate_to_chat_id || message.migrate_from_chat_id) return say("migrated");
  return say("groupMade", message.chat.title);
}

/** One line that stands for a message in a list, a quote or a pin. Spoilers stay hidden. */
export function gist(message) {
  if (isService(message)) return serviceText(message);
  const said = message.text ?? message.caption;
  if (said) {
    let line = said;
    for (const { type, offset, length } of message.entities ?? message.caption_entities ?? []) {
      if (type === "spoiler") line = line.slice(0, offset) + "▒".repeat(length) + line.slice(offset + length);
    }
    return line.replace(/\s+/g, " ");
  }
  if (message.photo) return say("photoLabel");
  if (message.document) return message.document.file_name ?? say("documentLabel");
  if (message.contact) return `${say("contactLabel")}: ${fullName(message.contact)}`;
  if (message.voice) return say("voice");
  if (message.sticker) return `${message.sticker.emoji ?? ""} ${say("sticker")}`.trim();
  return OTHER_FILES.some((kind) => message[kind]) ? say("documentLabel") : say("unknownKind");
}

export function serviceLine(message) {
  return element("div", { class: "service", data: { messageId: message.message_id, service: "" } }, element("span", {}, serviceText(message)));
}

/**
 * @param {Array} messages one message, or those of one album in order
 * @param {{showSender: boolean, first: boolean, last: boolean}} place in a run of messages of one sender
 * @param {Object} talk what can be done: `command(text)`, `press(message, button, node)`, `link(address)`, `copy(text)`,
 *   `menu(message, point)`, `jump(message_id)`
 */
export function bubble(messages, place, talk) {
  const message = messages[0];
  const author = authorOf(message);
  const side = message.outgoing ? "out" : "in";
  const keyboard = messages.map((one) => one.reply_markup?.inline_keyboard).find(Boolean);
  const node = element("article", {
    class: `message ${side}${place.first ? " first" : ""}${place.last ? " last" : ""}${keyboard ? " with-keyboard" : ""}`,
    tabindex: "-1",
    data: { messageId: message.message_id, outgoing: String(message.outgoing), album: messages.length > 1 ? message.media_group_id : null },
  },
  place.showSender && (place.last ? avatar(author.id, fullName(author)) : element("span", { class: "avatar-gap" })),
  element("div", { class: "stack" },
    element("div", { class: `bubble${onlyPhoto(messages) ? " bare" : ""}` },
      place.showSender && place.first && element("div", { class: `sender hue-${Math.abs(author.id) % 7}` }, fullName(author)),
      message.forward_origin && element("div", { class: "forwarded" }, icon("forward"), say("forwardedFrom", originName(message.forward_origin))),
      quote(message, talk),
      messages.length > 1 ? album(messages, talk) : media(message),
      words(messages, talk),
      details(messages)),
    keyboard && inlineKeyboard(messages.find((one) => one.reply_markup), keyboard, talk)));
  openMenuOn(node, messages, talk);
  return node;
}

const originName = (origin) => fullName(origin.sender_user) || origin.sender_user_name || fullName(origin.sender_chat ?? origin.chat);
const onlyPhoto = (messages) => messages.every((one) => one.photo && !one.caption) && !messages[0].reply_to_message && !messages[0].forward_origin;

function openMenuOn(node, messages, talk) {
  const target = (event) => {
    const id = event.target.closest("[data-message-id]")?.dataset.messageId;
    return messages.find((one) => String(one.message_id) === id) ?? messages[0];
  };
  node.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a")) return;
    event.preventDefault();
    const box = node.getBoundingClientRect();
    const byKey = event.clientX === 0 && event.clientY === 0;
    talk.menu(target(event), byKey ? { x: box.left + 40, y: box.top + 20 } : { x: event.clientX, y: event.clientY });
  });
  node.addEventListener("keydown", (event) => {
    if (event.target !== node || event.key !== "Enter") return;
    const box = node.getBoundingClientRect();
    talk.menu(target(event), { x: box.left + 40, y: box.top + 20 });
    event.preventDefault();
  });
  // Phones whose browsers send no contextmenu event on a long press.
  let timer = null;
  const stop = () => clearTimeout(timer);
  node.addEventListener("touchstart", (event) => {
    const { clientX: x, clientY: y } = event.touches[0];
    timer = setTimeout(() => talk.menu(target(event), { x, y }), LONG_PRESS_MILLISECONDS);
  }, { passive: true });
  for (const name of ["touchend", "touchmove", "touchcancel"]) node.addEventListener(name, stop, { passive: true });
}

function quote(message, talk) {
  const original = message.reply_to_message;
  if (!original || original.forum_topic_created) return null;
  return element("button", { type: "button", class: "quote", data: { replyTo: original.message_id }, onclick: () => talk.jump(original.message_id) },
    element("b", {}, fullName(authorOf(original)) || say("deletedMessage")), element("span", {}, message.quote?.text ?? gist(original)));
}

function words(messages, talk) {
  const captioned = messages.filter((one) => one.text ?? one.caption);
  if (captioned.length !== 1) return null; // the captions of an album stand under their own pictures
  const [one] = captioned;
  return one.text === undefined ? formatted(one.caption, one.caption_entities, talk) : formatted(one.text, one.entities, talk);
}

function details(messages) {
  const last = messages[messages.length - 1];
  const edited = messages.find((one) => one.edit_date);
  return element("div", { class: "details" },
    last.has_protected_content && element("span", { class: "protected", title: say("protected"), "aria-label": say("protected"), role: "img", data: { protected: "" } }, icon("lock")),
    edited && element("span", { data: { edited: "" } }, say("edited")),
    element("time", { datetime: new Date(last.date * 1000).toISOString() }, timeOfDay(last.date * 1000)));
}

function album(messages, talk) {
  const pictures = messages.every((one) => one.photo);
  const captions = messages.filter((one) => one.caption).length;
  return element("div", { class: pictures ? `album album-${Math.min(messages.length, 4)}` : "files", data: { items: messages.length } },
    messages.map((one) => element("div", { class: "album-item", data: { messageId: one.message_id } },
      media(one), captions > 1 && one.caption && formatted(one.caption, one.caption_entities, talk))));
}

function media(message) {
  if (message.photo) return photo(message);
  if (message.contact) return contact(message);
  if (message.document) return file(message.document);
  if (message.voice) return voice(message.voice);
  if (message.sticker) return element("div", { class: "sticker", role: "img", "aria-label": gist(message), data: { sticker: message.sticker.emoji } }, message.sticker.emoji);
  for (const kind of OTHER_FILES) if (message[kind]) return file(message[kind]);
  if (message.text === undefined && message.caption === undefined) return element("p", { class: "unknown" }, say("unknownKind"));
  return null;
}

function photo(message) {
  const large = message.photo.reduce((best, one) => (one.width * one.height > best.width * best.height ? one : best));
  const picture = element("img", { src: large.file_url, alt: message.caption || say("photoLabel") });
  // The room is taken before the picture arrives: what is being read must not jump.
  picture.style.aspectRatio = `${large.width} / ${large.height}`;
  picture.style.width = `${Math.min(large.width, (TALLEST_PHOTO * large.width) / large.height)}px`;
  return element("button", { type: "button", class: "photo", title: say("openPhoto"), data: { action: "photo" }, onclick: () => viewPhoto(large.file_url, message.caption) }, picture);
}

function file(document) {
  const name = document.file_name ?? say("documentLabel");
  const ending = name.includes(".") ? name.split(".").pop().slice(0, 4) : "";
  return element("a", { class: "file", href: document.file_url, download: name, "aria-label": say("download", name), data: { document: name } },
    element("span", { class: "file-badge", data: { ending: ending.toLowerCase() } }, ending ? ending.toUpperCase() : icon("document")),
    element("span", { class: "row-text" }, element("span", { class: "row-name" }, name), element("span", { class: "row-note" }, size(document.file_size ?? 0))),
    icon("download"));
}

function voice(recording) {
  const length = `${Math.floor(recording.duration / 60)}:${String(recording.duration % 60).padStart(2, "0")}`;
  return element("a", { class: "file", href: recording.file_url, download: "voice.ogg", "aria-label": say("download", say("voice")), data: { voice: length } },
    element("span", { class: "file-badge" }, icon("microphone")),
    element("span", { class: "row-text" }, element("span", { class: "row-name" }, say("voice")), element("span", { class: "row-note" }, length)),
    icon("download"));
}

function contact(message) {
  const { contact: card } = message;
  const own = card.user_id !== undefined && card.user_id === message.from?.id;
  return element("div", { class: "contact", data: { contact: card.phone_number } },
    avatar(card.user_id ?? 0, fullName(card)),
    element("span", { class: "row-text" },
      element("span", { class: "row-name" }, fullName(card)),
      element("span", { class: "row-note" }, own ? `${card.phone_number} · ${say("contactOwn")}` : card.phone_number)));
}

function inlineKeyboard(message, rows, talk) {
  return element("div", { class: "inline-keyboard", data: { inlineKeyboard: message.message_id } }, rows.map((row) =>
    element("div", { class: "inline-row" }, row.map((button) => {
      const node = element("button", {
        type: "button",
        class: `inline-button${button.style ? ` style-${button.style}` : ""}`,
        data: { button: button.text, callback: button.callback_data, url: button.url, copy: button.copy_text?.text },
        onclick: () => talk.press(message, button, node),
      }, element("span", {}, button.text), button.url && icon("link"), button.copy_text && icon("copy"));
      return node;
    }))));
}
