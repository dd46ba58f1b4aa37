// Where a person writes: text, commands, files, contacts, the bot's reply keyboard, replies and edits.

import { element, icon, iconButton } from "./element.js";
import { fullName, gist } from "./messages.js";
import { choose, confirm, dialog, menu } from "./overlays.js";
import * as server from "./server.js";
import { say } from "./words.js";

const MOST_FILES = 10;
const PHOTO_TYPES = ["image/jpeg", "image/png"];
const STICKER = "👍";
const TALLEST = 180; // pixels of the text field before it scrolls
const DRAFT = "kenes-sandbox-draft";

export class Composer {
  /**
   * @param {{person: Object, chat: Object, people: Array, perform: function(string, Object=): Promise, anonymous: function(): boolean, latest: function(): Object|null,
   *   find: function(number): Object|undefined, failed: function(Error), thread: function(): number|null}} options `perform(deed, fields, files)` does
   *   an act in this chat; `anonymous()` tells whether it is in the group's name; `latest()` is the person's newest own message, `find(message_id)` any that is loaded
   */
  constructor(options) {
    Object.assign(this, options);
    this.draftKey = `${DRAFT} ${this.person.id} ${this.chat.id}`;
    this.replyTo = null;
    this.editing = null;
    this.keyboardOpen = true;
    this.state = null;
    this.declinedReply = null;

    this.context = element("div", { class: "context", hidden: true, data: { context: "" } });
    this.suggestions = element("div", { class: "suggestions", hidden: true, data: { commands: "" } });
    this.field = element("textarea", {
      class: "input", rows: "1", "aria-label": say("write"), placeholder: say("write"), data: { input: "" },
      oninput: () => this.typed(),
      onkeydown: (event) => this.key(event),
      onpaste: (event) => this.pasted(event),
    });
    this.field.value = sessionStorage.getItem(this.draftKey) ?? "";
    this.slash = iconButton("slash", say("commands"), () => this.toggleCommands(), { hidden: true, data: { action: "commands" } });
    this.keyboardToggle = iconButton("keyboard", say("keyboardHide"), () => this.toggleKeyboard(), { hidden: true, data: { action: "keyboard" } });
    this.sendButton = iconButton("send", say("send"), () => this.send(), { class: "icon-button send", data: { action: "send" } });
    this.row = element("div", { class: "composer-row" },
      iconButton("attach", say("attach"), (event) => this.offerAttachments(event.currentTarget), { "aria-haspopup": "menu", data: { action: "attach" } }),
      this.slash, this.field, this.keyboardToggle, this.sendButton);
    this.instead = element("div", { class: "instead", hidden: true });
    this.keyboard = element("div", { class: "reply-keyboard", hidden: true, data: { replyKeyboard: "" } });
    this.element = element("div", { class: "composer" }, this.suggestions, this.context, this.row, this.instead, this.keyboard);
    requestAnimationFrame(() => this.resize());
  }

  /** Takes over what the server says of the chat: keyboard, forced reply, commands, whether it is started or blocked. */
  take(state) {
    const keyboardBefore = JSON.stringify(this.state?.reply_keyboard ?? null);
    const forcedBefore = this.state?.force_reply?.message_id;
    this.state = state;
    const keyboard = JSON.stringify(state.reply_keyboard ?? null);
    if (keyboard !== keyboardBefore) {
      this.keyboardOpen = true;
      this.drawKeyboard();
    }
    const forced = state.force_reply;
    if (forced && forced.message_id !== forcedBefore && forced.message_id !== this.declinedReply) {
      const asked = this.find(forced.message_id);
      if (asked) this.replyToMessage(asked);
    } else if (!forced && forcedBefore && this.replyTo?.message_id === forcedBefore) this.clearContext();
    this.field.placeholder = forced?.input_field_placeholder ?? state.reply_keyboard?.input_field_placeholder ?? say(this.anonymous() ? "writeAnonymous" : "write");
    this.slash.hidden = !(state.commands?.length > 0);
    this.showInstead();
    this.showKeyboard();
  }

  /** The start button of a fresh chat, or the unblock button of a blocked one, in place of the text field. */
  showInstead() {
    const fresh = this.chat.type === "private" && (!this.state.started || this.state.messages.length === 0);
    const barred = this.chat.type === "private" && this.state.blocked;
    this.row.hidden = fresh || barred;
    this.instead.hidden = !this.row.hidden;
    if (this.row.hidden) this.clearContext();
    const wanted = barred ? "blocked" : fresh ? "fresh" : "";
    if (this.instead.dataset.kind === wanted) return;
    this.instead.dataset.kind = wanted;
    if (barred) {
      this.instead.replaceChildren(element("p", { class: "note" }, say("blocked")),
        element("button", { type: "button", class: "primary wide", data: { action: "unblock" }, onclick: () => this.perform("unblock") }, say("unblock")));
    } else if (fresh) {
      const payload = this.person.start;
      this.instead.replaceChildren(...[
        payload && element("p", { class: "note" }, say("startInvitationNote")),
        payload && element("button", { type: "button", class: "primary wide", data: { action: "start-invitation" }, onclick: () => this.perform("start", { payload }) }, say("startInvitation")),
        element("button", { type: "button", class: payload ? "quiet wide" : "primary wide", data: { action: "start" }, onclick: () => this.perform("start") }, say(payload ? "startPlain" : "start")),
      ].filter(Boolean));
    }
  }

  // Text

  async send() {
    const text = this.field.value.trim();
    if (!text) return;
    const { editing } = this;
    const done = editing
      ? await this.perform("edit", { message_id: editing.message_id, text })
      : await this.perform("send", { text, reply_to: this.replyTo?.message_id, thread: this.thread() ?? undefined });
    if (!done) return;
    this.write("");
    this.clearContext();
  }

  /** Replaces the text in the field. */
  write(text) {
    this.field.value = text;
    this.typed();
  }

  typed() {
    if (!this.editing) sessionStorage.setItem(this.draftKey, this.field.value);
    this.resize();
    const typed = /^\/(\S*)$/.exec(this.field.value);
    if (typed) this.suggest(typed[1]);
    else this.suggestions.hidden = true;
  }

  resize() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, TALLEST)}px`;
    this.field.classList.toggle("full", this.field.scrollHeight > TALLEST);
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape") {
      if (!this.suggestions.hidden) this.suggestions.hidden = true;
      else if (this.editing || this.replyTo) this.cancelContext();
      else return;
      event.preventDefault();
    } else if (event.key === "ArrowUp" && this.field.value === "" && !this.editing) {
      const own = this.latest();
      if (!own) return;
      event.preventDefault();
      this.edit(own);
    } else if (event.key === "Tab" && !this.suggestions.hidden && this.suggestions.firstChild) {
      event.preventDefault();
      this.write(`${this.suggestions.firstChild.dataset.option} `);
    }
  }

  // Commands

  suggest(prefix) {
    const found = (this.state?.commands ?? []).filter(({ command }) => command.startsWith(prefix.toLowerCase()));
    this.suggestions.replaceChildren(...found.map(({ command, description }) =>
      element("button", { type: "button", class: "row", data: { option: `/${command}` }, onclick: () => {
        this.suggestions.hidden = true;
        if (this.field.value.startsWith("/")) this.write("");
        this.perform("send", { text: `/${command}`, thread: this.thread() ?? undefined });
      } }, element("b", {}, `/${command}`), element("span", { class: "row-note" }, description))));
    this.suggestions.hidden = found.length === 0;
  }

  toggleCommands() {
    if (this.suggestions.hidden) this.suggest("");
    else this.suggestions.hidden = true;
  }

  // Replies and edits

  replyToMessage(message) {
    this.editing = null;
    this.replyTo = message;
    this.showContext("reply", `${say("replying")}: ${fullName(message.from)}`, gist(message));
  }

  edit(message) {
    this.replyTo = null;
    this.editing = message;
    this.write(message.text ?? message.caption ?? "");
    this.showContext("edit", say("editing"), gist(message));
  }

  showContext(picture, title, text) {
    this.context.replaceChildren(icon(picture), element("span", { class: "row-text" }, element("b", {}, title), element("span", { class: "row-note" }, text)),
      iconButton("close", say("cancel"), () => this.cancelContext(), { data: { action: "cancel-context" } }));
    this.context.dataset.context = picture;
    this.context.hidden = false;
    this.field.focus();
  }

  cancelContext() {
    if (this.replyTo) this.declinedReply = this.replyTo.message_id;
    if (this.editing) {
      this.editing = null;
      this.write("");
    }
    this.clearContext();
  }

  clearContext() {
    this.replyTo = null;
    this.editing = null;
    this.context.hidden = true;
  }

  // Reply keyboard

  drawKeyboard() {
    const markup = this.state.reply_keyboard;
    this.keyboard.classList.toggle("tall", markup?.resize_keyboard !== true);
    this.keyboard.replaceChildren(...(markup?.keyboard ?? []).map((row) =>
      element("div", { class: "inline-row" }, row.map((button) =>
        element("button", { type: "button", class: `reply-button${button.style ? ` style-${button.style}` : ""}`, data: { button: button.text }, onclick: () => this.pressKey(button) },
          button.request_contact && icon("contact"), element("span", {}, button.text))))));
  }

  showKeyboard() {
    const markup = this.state?.reply_keyboard;
    const usable = Boolean(markup) && !this.row.hidden;
    this.keyboard.hidden = !usable || !(this.keyboardOpen || markup.is_persistent);
    this.keyboardToggle.hidden = !usable || Boolean(markup.is_persistent);
    const label = say(this.keyboardOpen ? "keyboardHide" : "keyboardShow");
    this.keyboardToggle.title = label;
    this.keyboardToggle.setAttribute("aria-label", label);
    this.keyboardToggle.setAttribute("aria-expanded", String(this.keyboardOpen));
  }

  toggleKeyboard() {
    this.keyboardOpen = !this.keyboardOpen;
    this.showKeyboard();
  }

  async pressKey(button) {
    const special = Object.keys(button).some((name) => (name.startsWith("request_") && name !== "request_contact") || name === "web_app");
    if (special) {
      this.failed(new Error(say("notHere")));
      return;
    }
    const done = button.request_contact ? await this.shareOwn() : await this.perform("send", { text: button.text, reply_to: this.chat.type === "private" ? undefined : this.replyTo?.message_id, thread: this.thread() ?? undefined });
    if (done && this.state.reply_keyboard?.one_time_keyboard) {
      this.keyboardOpen = false;
      this.showKeyboard();
    }
  }

  // Contacts

  async shareOwn() {
    if (!this.person.phone) {
      this.failed(new Error(say("contactNone")));
      return false;
    }
    const agreed = await confirm({ name: "contact", title: say("ownContact"), text: say("contactAsk", this.person.phone), yes: say("share") });
    return agreed && this.perform("contact");
  }

  async shareOther() {
    const others = this.people.filter(({ id, phone }) => phone && id !== this.person.id);
    const of = await choose({ name: "contacts", title: say("contactPick"), options: others.map((other) => ({ label: fullName(other), detail: other.phone, value: other.id, key: other.id })) });
    if (of !== null) await this.perform("contact", { of });
  }

  // Files

  offerAttachments(anchor) {
    menu({ anchor, items: [
      { label: say("photo"), action: "attach-photo", picture: icon("photo"), onclick: () => this.pick(PHOTO_TYPES.join()) },
      { label: say("file"), action: "attach-file", picture: icon("document"), onclick: () => this.pick("") },
      { label: say("ownContact"), action: "contact-own", picture: icon("contact"), onclick: () => this.shareOwn() },
      { label: say("otherContact"), action: "contact-other", picture: icon("group"), onclick: () => this.shareOther() },
      { label: say("voice"), action: "voice", picture: icon("microphone"), onclick: () => this.perform("voice", { thread: this.thread() ?? undefined }) },
      { label: say("sticker"), action: "sticker", picture: icon("sticker"), onclick: () => this.perform("sticker", { emoji: STICKER, thread: this.thread() ?? undefined }) },
    ] });
  }

  pick(accept) {
    const picker = element("input", { type: "file", multiple: true, accept, hidden: true, data: { files: "" } });
    picker.addEventListener("change", () => {
      this.offer([...picker.files], accept !== "");
      picker.remove();
    });
    picker.addEventListener("cancel", () => picker.remove());
    this.element.append(picker);
    picker.click();
  }

  pasted(event) {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    this.offer(files, true);
  }

  /** Shows the chosen files, asks for a caption, and sends them. */
  offer(files, asPhoto) {
    if (files.length === 0 || this.row.hidden) return;
    if (files.length > MOST_FILES) {
      this.failed(new Error(say("attachFirst")));
      return;
    }
    const pictures = files.every(({ type }) => PHOTO_TYPES.includes(type));
    const addresses = [];
    const rows = files.map((file) => {
      let picture = element("span", { class: "file-badge" }, icon("document"));
      if (PHOTO_TYPES.includes(file.type)) {
        addresses.push(URL.createObjectURL(file));
        picture = element("img", { class: "thumbnail", src: addresses[addresses.length - 1], alt: "" });
      }
      return element("div", { class: "row" }, picture, element("span", { class: "row-name" }, file.name));
    });
    const compress = element("input", { type: "checkbox", data: { asPhoto: "" } });
    compress.checked = pictures && asPhoto;
    const caption = element("input", { class: "field", placeholder: say("attachCaption"), "aria-label": say("attachCaption"), maxlength: "1024", data: { caption: "" } });
    const send = () => this.perform("upload", { caption: caption.value.trim() || undefined, as_photo: compress.checked ? "true" : undefined, reply_to: this.replyTo?.message_id, thread: this.thread() ?? undefined }, files);
    const node = dialog({
      name: "upload",
      title: say("attachTitle", files.length),
      body: [element("div", { class: "picks" }, rows), pictures && element("label", { class: "check" }, compress, say("attachAsPhoto")), caption].filter(Boolean),
      buttons: [
        { label: say("cancel"), action: "cancel" },
        { label: say("send"), action: "confirm", primary: true, onclick: async () => {
          const done = await send();
          if (done) this.clearContext();
          return Boolean(done);
        } },
      ],
    });
    caption.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) node.querySelector("[data-action=confirm]").click();
    });
    node.addEventListener("close", () => addresses.forEach((address) => URL.revokeObjectURL(address)));
  }
}
