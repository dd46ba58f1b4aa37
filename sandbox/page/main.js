// The sandbox's chat page: people on the left, their phones side by side on the right.
//
// What is shown comes from the server (the contract is the docstring of sandbox/page_api.py); the address after `#` says whose
// phones are open on which chats (`#1001:1001/1002:-100500`), so that a reload loses nothing.
//
// Hooks for tests, stable:
//   [data-person=ID]            a person in the list (data-unread: count); [data-group=ID] a group; [data-search] the search field
//   [data-language=kk|ru]       the language switch; [data-action=clock] opens the clock; [data-clock] shows it (data-now: ISO)
//   [data-advance=SECONDS], [data-until="12:59"], [data-clock-field] and [data-action=move-clock], [data-clock-error]   in the clock's panel
//   [data-phone=ID]             an open phone; everything below is inside it unless said otherwise
//   [data-action=close|back]    closes the phone (wide / narrow window)
//   [data-chat=ID]              a tab (data-unread: count); [data-open-chat=ID] the header of the open chat; [data-status] bot, members or typing
//   [data-thread=ID|null]       a topic of a forum; [data-pinned] the pinned message; [data-description] the bot's description
//   [data-message-id=ID]        a bubble (data-outgoing=true|false, data-album), an item of an album or a service line (data-service)
//   [data-text]                 the formatted text; inside it [data-spoiler] ("open" when revealed), [data-quote=closed|open] with [data-expand], [data-command]
//   [data-edited] [data-protected] [data-reply-to=ID] [data-document=NAME] [data-contact=PHONE] [data-voice=M:SS] [data-sticker=EMOJI] [data-action=photo]   parts of a bubble
//   [data-inline-keyboard=ID]   its buttons: [data-button=TEXT] (data-callback, data-url, data-copy), aria-busy while the bot has not answered
//   [data-reply-keyboard]       its buttons: [data-button=TEXT]; [data-action=keyboard] shows and hides it
//   [data-input] the text field; [data-action=send]; [data-action=commands] and [data-commands] with [data-option="/command"]; [data-context=reply|edit]
//   [data-action=attach]        opens a menu with attach-photo, attach-file, contact-own, contact-other, voice, sticker (input[data-files])
//   [data-action=start|start-invitation|unblock]   in place of the text field; [data-action=chat-menu] block, delete-chat, leave, close-others,
//                               and for administrators anonymous, migrate, topics-on, topic-new, topic-close
//   [data-toast]                the notice at the foot of a phone
//   Above all phones: [data-menu] with [data-action=reply|edit|copy|forward|delete], [data-dialog=NAME] with [data-action=confirm|cancel|close-dialog]
//   or [data-option=KEY]; names: alert (text in [data-alert]), contact, contacts, upload ([data-caption], [data-as-photo]), forward, group,
//   new-group, topic ([data-topic-name]), delete-chat, clock, photo. body[data-connected=true|false] tells whether the server's events arrive.

import { clockButton, setClock } from "./clock.js";
import { element } from "./element.js";
import { People } from "./people.js";
import { Phone } from "./phone.js";
import * as server from "./server.js";
import { chooseLanguage, currentLanguage, say } from "./words.js";

const NARROW = matchMedia("(max-width: 760px)");
const WORLD_MILLISECONDS = 500;
const LANGUAGES = [["kk", "Қаз"], ["ru", "Рус"]];

class App {
  constructor(world) {
    this.world = world;
    this.phones = [];
    this.people = new People({ onopen: (person, chatId) => this.open(person, chatId) });
    this.root = document.getElementById("app");
    this.draw();
    addEventListener("hashchange", () => this.restore());
    server.listen({
      onevent: (event) => this.hear(event),
      onconnect: () => this.catchUp(),
      onlost: () => { document.body.dataset.connected = "false"; },
    });
  }

  /** Draws the whole page anew in the present language. */
  draw() {
    document.documentElement.lang = currentLanguage();
    document.title = `${say("title")}: ${say("sandbox")}`;
    this.area = element("main", { class: "phones" });
    const languages = element("div", { class: "languages", role: "group", "aria-label": say("language") }, LANGUAGES.map(([code, name]) =>
      element("button", { type: "button", lang: code, "aria-pressed": String(code === currentLanguage()), data: { language: code }, onclick: () => {
        chooseLanguage(code);
        this.draw();
      } }, name)));
    this.root.replaceChildren(
      element("div", { class: "offline", role: "status" }, say("reconnecting")),
      element("aside", { class: "sidebar", "aria-label": say("people") },
        element("header", { class: "masthead" }, element("h1", {}, element("img", { src: "/page/icon.svg", alt: "", width: "32", height: "32" }), element("span", {}, say("title"), element("small", {}, say("sandbox")))), languages, clockButton()),
        this.people.element),
      this.area);
    this.people.draw(this.world);
    for (const { id, unread } of this.world.people) this.people.showUnread(id, unread);
    this.phones = [];
    this.restore();
  }

  // Whose phones are open

  /** Opens the phones the address names, keeping those that are open already. */
  restore() {
    const wanted = location.hash.slice(1).split("/").filter(Boolean).map((part) => part.split(":").map(Number));
    const before = this.phones;
    this.phones = [];
    for (const [personId, chatId] of wanted) {
      const person = this.world.people.find(({ id }) => id === personId);
      if (!person || this.phones.some((phone) => phone.person.id === personId)) continue;
      const open = before.find((phone) => phone.person.id === personId);
      if (open && open.chatId !== chatId && open.chats.some(({ id }) => id === chatId)) open.openChat(chatId);
      this.phones.push(open ?? this.makePhone(person, chatId));
    }
    this.place();
  }

  makePhone(person, chatId) {
    const phone = new Phone({
      person,
      chatId: chatId ?? person.id,
      world: () => this.world,
      renew: async () => this.takeWorld(await server.world()),
      onclose: (closed) => this.keepOnly(NARROW.matches ? [] : this.phones.filter((other) => other !== closed)),
      onothers: (kept) => this.keepOnly([kept]),
      onchat: () => this.remember("replaceState"),
    });
    phone.trying(() => phone.load());
    return phone;
  }

  /** Shows a person's phone: beside the open ones, or alone where the window is narrow. */
  open(person, chatId) {
    let phone = this.phones.find((one) => one.person.id === person.id);
    if (phone && chatId !== undefined && phone.chatId !== chatId) phone.openChat(chatId);
    if (!phone) {
      phone = this.makePhone(person, chatId);
      this.phones = NARROW.matches ? [phone] : [...this.phones, phone];
      this.remember("pushState");
      this.place();
    }
    phone.element.scrollIntoView({ inline: "nearest", block: "nearest" });
  }

  keepOnly(phones) {
    this.phones = phones;
    this.remember("pushState");
    this.place();
  }

  remember(how) {
    const address = `#${this.phones.map((phone) => `${phone.person.id}:${phone.chatId}`).join("/")}`;
    if (address !== (location.hash || "#")) history[how](null, "", address);
  }

  place() {
    const nodes = this.phones.map((phone) => phone.element);
    for (const child of [...this.area.children]) if (!nodes.includes(child)) child.remove();
    nodes.forEach((node, index) => {
      if (this.area.children[index] !== node) this.area.insertBefore(node, this.area.children[index] ?? null);
    });
    if (nodes.length === 0) {
      this.area.append(element("div", { class: "welcome" }, element("img", { src: "/page/icon.svg", alt: "", width: "72", height: "72" }), element("p", {}, element("b", {}, say("welcome"))), element("p", {}, say("welcomeMore"))));
    }
    document.body.dataset.open = String(nodes.length);
    this.people.showOpen(this.phones.map((phone) => phone.person.id));
    for (const phone of this.phones) this.setUnread(phone.person.id, 0);
  }

  setUnread(id, count) {
    const person = this.world.people.find((one) => one.id === id);
    if (!person) return;
    person.unread = count;
    this.people.showUnread(id, count);
  }

  // What the server says

  hear(event) {
    if (event.type === "clock") {
      setClock(event);
      for (const phone of this.phones) phone.conversation?.layout();
      return;
    }
    if (event.type === "message") this.count(event);
    if (event.type === "chat" || event.type === "commands") this.renewWorld();
    for (const phone of this.phones) phone.hear(event);
  }

  /** Counts a message for those whose phone is not open. */
  count({ chat, message }) {
    const group = this.world.groups.find(({ id }) => id === chat);
    for (const id of group?.members ?? [chat]) {
      if (id === message.from?.id || this.phones.some((phone) => phone.person.id === id)) continue;
      const person = this.world.people.find((one) => one.id === id);
      if (person) this.setUnread(id, person.unread + 1);
    }
  }

  /** Asks for the world once after any number of events, and draws the list again when it became another. */
  renewWorld() {
    this.worldTimer ??= setTimeout(async () => {
      this.worldTimer = null;
      this.takeWorld(await server.world());
    }, WORLD_MILLISECONDS);
  }

  takeWorld(world) {
    setClock(world.clock);
    const shape = ({ people, groups }) => JSON.stringify([people.map(({ unread, blocked, started, ...rest }) => rest), groups]);
    const changed = shape(world) !== shape(this.world);
    this.world = world;
    for (const { person } of this.phones) this.setUnread(person.id, 0);
    for (const phone of this.phones) phone.know(world.people.find(({ id }) => id === phone.person.id) ?? phone.person);
    if (changed) this.people.draw(world);
    for (const { id, unread } of world.people) this.people.showUnread(id, unread);
    this.people.showOpen(this.phones.map((phone) => phone.person.id));
  }

  /** The stream of events has opened: nothing was replayed, so ask for all that is shown. */
  async catchUp() {
    document.body.dataset.connected = "true";
    this.takeWorld(await server.world());
    for (const phone of this.phones) if (phone.conversation) phone.refresh();
  }
}

async function begin() {
  const world = await server.world();
  setClock(world.clock);
  new App(world);
}

begin().catch((error) => {
  document.getElementById("app").append(element("p", { class: "note centred", role: "alert" }, error.message));
});
