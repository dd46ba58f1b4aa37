// One person's phone: their chats as tabs, and the open chat with its header, messages and composer.

import { clockButton, present } from "./clock.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { avatar, element, icon, iconButton } from "./element.js";
import { fullName, gist } from "./messages.js";
import { choose, confirm, dialog, menu, toast } from "./overlays.js";
import * as server from "./server.js";
import { currentLanguage, say } from "./words.js";

const REFRESH_MILLISECONDS = 120; // events that come together cost one question to the server
const UPLOADING = /^(upload|record)_/;

export const noteOf = (person) => person.note?.[currentLanguage()] ?? Object.values(person.note ?? {})[0] ?? "";

export class Phone {
  /**
   * @param {{person: Object, chatId: number, world: function(): Object, renew: function(): Promise, onclose: function(Phone), onothers: function(Phone), onchat: function()}} options
   *   `world()` is the present world, `renew()` asks the server for it; `onchat` tells that another chat was opened
   */
  constructor(options) {
    Object.assign(this, options);
    this.chats = [];
    this.actions = [];
    this.anonymousIn = new Set(); // groups where the person writes in the group's name
    this.tabs = element("nav", { class: "tabs", "aria-label": say("chats"), hidden: true, data: { chats: "" } });
    this.place = element("div", { class: "place" });
    this.notices = element("div", { class: "notices", role: "status", "aria-live": "polite", data: { notices: "" } });
    const note = noteOf(this.person);
    this.element = element("section", { class: "phone", "aria-label": say("whose", fullName(this.person)), data: { phone: this.person.id } },
      element("header", { class: "owner" },
        iconButton("back", say("back"), () => this.onclose(this), { class: "icon-button only-narrow", data: { action: "back" } }),
        avatar(this.person.id, fullName(this.person)),
        element("div", { class: "row-text" }, element("h2", { class: "row-name" }, fullName(this.person)), element("span", { class: "row-note", title: note }, note)),
        element("div", { class: "only-narrow" }, clockButton()),
        iconButton("close", say("close"), () => this.onclose(this), { class: "icon-button only-wide", data: { action: "close" } })),
      this.tabs, this.place);
    this.dropHere();
  }

  /** Loads the chats and opens the wanted one; the private chat with the bot when that one is not there. */
  async load() {
    await this.refreshChats();
    if (!this.chats.some(({ id }) => id === this.chatId)) this.chatId = this.person.id;
    await this.openChat(this.chatId);
  }

  /** Takes over what the world now says of this person. */
  know(person) {
    this.person = person;
    if (!this.composer) return;
    this.composer.person = person;
    this.showStatus();
  }

  get chat() {
    return this.chats.find(({ id }) => id === this.chatId);
  }

  /** The open group as the world tells it; undefined in the private chat. */
  get group() {
    return this.world().groups.find(({ id }) => id === this.chatId);
  }

  botName() {
    const { bot } = this.world();
    return bot.name?.[this.person.language_code] || bot.name?.[""] || bot.first_name;
  }

  titleOf(chat) {
    return chat.type === "private" ? this.botName() : chat.title;
  }

  // Chats

  async refreshChats() {
    const { chats } = await server.chats(this.person.id);
    // The bot's chat first, groups after it as the server orders them: tabs must not jump about under the finger.
    this.chats = [...chats.filter(({ type }) => type === "private"), ...chats.filter(({ type }) => type !== "private")];
    this.drawTabs();
  }

  drawTabs() {
    this.tabs.hidden = this.chats.length < 2;
    this.tabs.replaceChildren(...this.chats.map((chat) => {
      const open = chat.id === this.chatId;
      const unread = open ? 0 : chat.unread;
      return element("button", {
        type: "button", class: "tab", "aria-current": open ? "true" : null, title: chat.last_message ? gist(chat.last_message) : null,
        data: { chat: chat.id, unread: String(unread) }, onclick: () => this.openChat(chat.id),
      }, chat.type !== "private" && icon("group"), element("span", { class: "tab-name" }, this.titleOf(chat)),
      unread > 0 && element("span", { class: "badge", "aria-label": say("unread", unread) }, unread > 99 ? "99+" : String(unread)));
    }));
  }

  async openChat(id) {
    this.chatId = id;
    this.actions = [];
    this.drawTabs();
    const { chat } = this;
    this.status = element("span", { class: "row-note", data: { status: "" } });
    this.pinned = element("button", { type: "button", class: "pinned", hidden: true, data: { pinned: "" } });
    this.topics = element("nav", { class: "topics", hidden: true, data: { topics: "" } });
    this.empty = element("div", { class: "empty", hidden: true });
    const talk = {
      command: (text) => this.perform("send", { text, thread: this.conversation.thread ?? undefined }),
      press: (message, button, node) => this.press(message, button, node),
      link: (address) => this.follow(address),
      copy: (text) => this.copy(text),
      menu: (message, point) => this.messageMenu(message, point),
      jump: (message) => this.conversation.jump(message),
    };
    const conversation = new Conversation({ person: this.person, chat, talk, onstate: (state) => this.take(conversation, state) });
    this.conversation = conversation;
    this.composer = new Composer({
      person: this.person, chat, people: this.world().people,
      perform: (deed, fields, files) => this.perform(deed, fields, files),
      anonymous: () => this.anonymousIn.has(chat.id),
      latest: () => conversation.latest((message) => message.outgoing && (message.text ?? message.caption) !== undefined && !message.forward_origin),
      find: (message) => conversation.stored.get(message)?.message,
      failed: (error) => this.say(error.message),
      thread: () => conversation.thread,
    });
    conversation.pane.append(this.empty);
    this.place.replaceChildren(
      element("header", { class: "chat-header", data: { openChat: chat.id } },
        avatar(chat.type === "private" ? this.world().bot.id : chat.id, this.titleOf(chat)),
        element("div", { class: "row-text" }, element("h3", { class: "row-name" }, this.titleOf(chat)), this.status),
        iconButton("more", say("chatMenu"), (event) => this.chatMenu(event.currentTarget), { "aria-haspopup": "menu", data: { action: "chat-menu" } })),
      this.topics, this.pinned, conversation.element, this.composer.element);
    this.composer.element.prepend(this.notices);
    this.onchat();
    this.showStatus();
    await this.trying(() => conversation.refresh());
  }

  // What the server says

  take(conversation, state) {
    if (conversation !== this.conversation) return;
    this.actions = state.actions ?? [];
    this.composer.take(state);
    const { chat } = this;
    if (chat) chat.unread = 0;
    this.pinned.hidden = !state.pinned;
    if (state.pinned) {
      this.pinned.replaceChildren(element("span", {}, gist(state.pinned)));
      this.pinned.onclick = () => conversation.jump(state.pinned.message_id);
    }
    this.drawTopics(state.topics ?? []);
    this.drawEmpty(state);
    this.showStatus();
  }

  drawTopics(topics) {
    this.topics.hidden = topics.length === 0;
    const open = [{ message_thread_id: null, name: say("topicAll") }, ...topics];
    this.topics.replaceChildren(...open.map(({ message_thread_id: thread, name, closed }) =>
      element("button", { type: "button", class: "topic", "aria-pressed": String(this.conversation.thread === thread), data: { thread: String(thread) }, onclick: () => {
        this.conversation.showThread(thread);
        this.drawTopics(topics);
      } }, closed && icon("lock"), name)));
  }

  drawEmpty(state) {
    this.empty.hidden = state.messages.length > 0;
    if (this.empty.hidden) return;
    const { bot } = this.world();
    const about = this.chat?.type === "private" ? (bot.description?.[this.person.language_code] || bot.description?.[""]) : "";
    this.empty.replaceChildren(element("div", { class: "about", data: { description: "" } }, about ? [element("b", {}, say("botInfo")), element("p", {}, about)] : element("p", {}, say("emptyChat"))));
  }

  showStatus() {
    clearTimeout(this.statusTimer);
    this.actions = this.actions.filter(({ until }) => until * 1000 > present());
    const [current] = this.actions;
    this.status.classList.toggle("busy", Boolean(current));
    if (current) {
      this.status.textContent = say(UPLOADING.test(current.action) ? "uploading" : "typing");
      this.statusTimer = setTimeout(() => this.showStatus(), current.until * 1000 - present());
      return;
    }
    const { group } = this;
    this.status.textContent = group ? say("members", group.members.length) : say("bot");
  }

  /** Called with each event of the server about any chat. */
  hear(event) {
    if (!this.conversation) return; // still loading; it will ask for everything itself
    const mine = event.chat === this.chatId;
    if (event.type === "message" || event.type === "edited") {
      if (mine) {
        this.conversation.take({ ...event.message, outgoing: event.message.from?.id === this.person.id });
        if (event.message.migrate_to_chat_id) this.movedTo = event.message.migrate_to_chat_id;
        if (event.type === "message" && event.message.from?.id === this.world().bot.id) this.actions = [];
        this.showStatus();
      }
      if (event.type === "edited") return;
    } else if (event.type === "deleted") {
      if (mine) this.conversation.forget(event.message_ids);
    } else if (event.type === "action") {
      if (mine) {
        this.actions = [{ action: event.action, until: event.until }];
        this.showStatus();
      }
      return;
    } else if (event.type !== "chat" && event.type !== "commands") return;
    if (mine || event.type === "commands" || this.chats.some(({ id }) => id === event.chat) || this.mayBeIn(event.chat)) this.refreshSoon();
  }

  /** Whether the person may be in that chat: a group that is not known yet may have them in it. */
  mayBeIn(chatId) {
    const group = this.world().groups.find(({ id }) => id === chatId);
    return group ? group.members.includes(this.person.id) : chatId < 0;
  }

  refreshSoon() {
    if (this.refreshTimer) return;
    this.refreshTimer = setTimeout(() => {
      this.refreshTimer = null;
      this.refresh();
    }, REFRESH_MILLISECONDS);
  }

  /** Asks the server for everything this phone shows. */
  async refresh() {
    await this.trying(async () => {
      await this.refreshChats();
      if (!this.chat) await this.openChat(this.chats.find(({ id }) => id === this.movedTo)?.id ?? this.person.id);
      else await this.conversation?.refresh();
      this.drawTabs();
    });
  }

  // What the person does

  say(text) {
    toast(this.notices, text);
  }

  async trying(work) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof server.ServerError) && !(error instanceof TypeError)) throw error;
      this.say(error.message);
      return null;
    }
  }

  /** Does an act in the open chat and brings the view up to date. @returns the server's answer, null when it refused */
  async perform(deed, given = {}, files = null) {
    const { conversation } = this;
    const chat = this.chatId;
    const fields = this.anonymousIn.has(chat) ? { ...given, anonymous: "true" } : given;
    conversation.stuck = true;
    const done = await this.trying(() => (files ? server.upload(this.person.id, chat, files, fields) : server.act(this.person.id, chat, deed, fields)));
    if (done) {
      const made = done.messages ?? (done.message ? [done.message] : []);
      for (const message of made) conversation.take(message);
      this.refreshSoon();
    }
    return done;
  }

  async press(message, button, node) {
    if (button.url) return this.follow(button.url) || window.open(button.url, "_blank", "noopener,noreferrer");
    if (button.copy_text) return this.copy(button.copy_text.text);
    if (button.callback_data === undefined) return this.say(say("notHere"));
    if (node.getAttribute("aria-busy") === "true") return null;
    node.setAttribute("aria-busy", "true");
    const done = await this.trying(() => server.act(this.person.id, message.chat.id, "press", { message_id: message.message_id, data: button.callback_data }));
    node.removeAttribute("aria-busy");
    if (!done) return null;
    const { answer } = done;
    if (!answer) this.say(say("noAnswer"));
    else if (answer.url) this.follow(answer.url) || window.open(answer.url, "_blank", "noopener,noreferrer");
    else if (answer.text && answer.show_alert) {
      dialog({ name: "alert", title: this.botName(), body: [element("p", { class: "alert-text", data: { alert: "" } }, answer.text)], buttons: [{ label: say("ok"), action: "confirm", primary: true }] });
    } else if (answer.text) this.say(answer.text);
    return null;
  }

  /** Links to the bot itself act inside the sandbox: `?start=` starts it. @returns {boolean} whether the link was taken care of */
  follow(address) {
    const found = /^(?:https?:\/\/(?:t|telegram)\.me\/|tg:\/\/resolve\?domain=)(\w+)(?:[?&]start=([\w-]*))?/i.exec(address);
    if (!found || found[1].toLowerCase() !== this.world().bot.username.toLowerCase()) return false;
    this.startBot(found[2]);
    return true;
  }

  async startBot(payload) {
    if (this.chatId !== this.person.id) await this.openChat(this.person.id);
    await this.perform("start", { payload });
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(say("copied"));
    } catch (error) {
      this.say(error.message); // the browser forbids it
    }
  }

  messageMenu(message, point) {
    const text = message.text ?? message.caption;
    const open = !message.has_protected_content;
    menu({ ...point, items: [
      { label: say("reply"), action: "reply", picture: icon("reply"), onclick: () => this.composer.replyToMessage(message) },
      message.outgoing && text !== undefined && !message.forward_origin && { label: say("edit"), action: "edit", picture: icon("edit"), onclick: () => this.composer.edit(message) },
      text !== undefined && open && { label: say("copy"), action: "copy", picture: icon("copy"), onclick: () => this.copy(text) },
      open && { label: say("forward"), action: "forward", picture: icon("forward"), onclick: () => this.forward(message) },
      message.outgoing && { label: say("delete"), action: "delete", danger: true, picture: icon("close"), onclick: () => this.perform("delete", { message_id: message.message_id }) },
    ] });
  }

  async forward(message) {
    const target = await choose({ name: "forward", title: say("forwardPick"), options: this.chats.map((chat) => ({ label: this.titleOf(chat), value: chat.id, key: chat.id, picture: avatar(chat.id, this.titleOf(chat)) })) });
    if (target === null) return;
    const fromChat = this.chatId;
    if (target !== fromChat) await this.openChat(target);
    await this.perform("forward", { from_chat: fromChat, message_id: message.message_id });
  }

  async chatMenu(anchor) {
    const own = this.chat.type === "private";
    if (!own) await this.trying(this.renew); // what may be done with a group depends on what it has just become
    const state = this.composer.state ?? {};
    const clear = async () => {
      if (await confirm({ name: "delete-chat", title: say("deleteChat"), text: say("deleteChatAsk"), yes: say("delete"), danger: true })) await this.perform("delete_chat");
    };
    menu({ anchor, items: [
      own && this.person.start && { label: say("openInvitation"), action: "start-invitation", picture: icon("link"), onclick: () => this.startBot(this.person.start) },
      own && !state.blocked && { label: say("block"), action: "block", picture: icon("block"), onclick: () => this.perform("block") },
      own && state.blocked && { label: say("unblock"), action: "unblock", picture: icon("block"), onclick: () => this.perform("unblock") },
      own && { label: say("deleteChat"), action: "delete-chat", danger: true, picture: icon("close"), onclick: clear },
      ...this.groupItems(),
      !own && { label: say("leave"), action: "leave", danger: true, picture: icon("back"), onclick: () => this.perform("leave") },
      { label: say("closeOthers"), action: "close-others", picture: icon("beside"), onclick: () => this.onothers(this) },
    ] });
  }

  /** What an administrator of the open group may do with it. */
  groupItems() {
    const { group } = this;
    if (!group?.admins.includes(this.person.id)) return [];
    const change = (what) => this.trying(() => server.saveGroup({ id: group.id, by: this.person.id, ...what }));
    const anonymous = this.anonymousIn.has(group.id);
    const topic = group.topics.find(({ message_thread_id: thread }) => thread === this.conversation.thread);
    return [
      { label: say(anonymous ? "anonymousOff" : "anonymousOn"), action: "anonymous", picture: icon("mask"), onclick: () => this.writeAs(group, !anonymous) },
      group.type === "group" && { label: say("migrate"), action: "migrate", picture: icon("raise"), onclick: () => change({ migrate: true }) },
      !group.is_forum && { label: say("topicsOn"), action: "topics-on", picture: icon("group"), onclick: () => change({ is_forum: true }) },
      group.is_forum && { label: say("topicNew"), action: "topic-new", picture: icon("plus"), onclick: () => this.openTopic(change) },
      topic && { label: say(topic.closed ? "topicReopen" : "topicClose"), action: "topic-close", picture: icon("lock"), onclick: () => change({ [topic.closed ? "reopen_topic" : "close_topic"]: topic.message_thread_id }) },
    ];
  }

  writeAs(group, anonymous) {
    if (anonymous) this.anonymousIn.add(group.id);
    else this.anonymousIn.delete(group.id);
    this.composer.take(this.composer.state);
  }

  openTopic(change) {
    const name = element("input", { class: "field", placeholder: say("topicName"), "aria-label": say("topicName"), maxlength: "128", data: { topicName: "" } });
    dialog({ name: "topic", title: say("topicNew"), body: [name], buttons: [
      { label: say("cancel"), action: "cancel" },
      { label: say("groupCreate"), action: "confirm", primary: true, onclick: async () => Boolean(name.value.trim() && await change({ open_topic: name.value.trim() })) },
    ] });
    name.focus();
  }

  dropHere() {
    const veil = element("div", { class: "veil", hidden: true }, say("attachDrop"));
    this.element.append(veil);
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    this.element.addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      veil.hidden = false;
    });
    this.element.addEventListener("dragleave", (event) => {
      if (!this.element.contains(event.relatedTarget)) veil.hidden = true;
    });
    this.element.addEventListener("drop", (event) => {
      veil.hidden = true;
      if (!carriesFiles(event)) return;
      event.preventDefault();
      this.composer?.offer([...event.dataTransfer.files], true);
    });
  }
}
