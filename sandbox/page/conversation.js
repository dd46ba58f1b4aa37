// The messages of one chat as one person sees them: loading, keeping up, scrolling.

import { dayName, sameDay } from "./clock.js";
import { element, iconButton } from "./element.js";
import { bubble, isService, serviceLine } from "./messages.js";
import * as server from "./server.js";
import { say } from "./words.js";

const PAGE = 50;
const OLDER_PAGE = 100;
const NEAR_BOTTOM = 80; // pixels
const NEAR_TOP = 400; // pixels
const RUN_SECONDS = 300; // messages of one sender within this time stand close together

export class Conversation {
  /**
   * @param {{person: Object, chat: {id: number, type: string}, talk: Object, onstate: function(Object)}} options `talk` as `bubble` takes it;
   *   `onstate` is given each answer of the server about the chat (keyboard, commands, pin ...)
   */
  constructor({ person, chat, talk, onstate }) {
    Object.assign(this, { person, chat, talk, onstate });
    this.stored = new Map(); // message_id -> {message, text: its JSON, change: the number of the change that brought it}
    this.changes = 0;
    this.shown = new Map(); // key -> {signature, node}
    this.hasMore = false;
    this.thread = null;
    this.stuck = true;
    this.unseen = 0;
    this.scrollTop = 0;
    this.log = element("div", { class: "log", role: "log", "aria-live": "polite", "aria-relevant": "additions", "aria-label": say("messages"), "aria-busy": "true", data: { log: "" } });
    this.log.addEventListener("keydown", (event) => this.walk(event));
    this.pane = element("div", { class: "pane", data: { pane: "" }, onscroll: () => this.scrolled() }, this.log);
    this.down = iconButton("down", say("newMessages"), () => this.toBottom(), { class: "icon-button down", hidden: true, data: { action: "down" } });
    this.element = element("div", { class: "conversation" }, this.pane, this.down);
    const sizes = new ResizeObserver(() => { if (this.stuck) this.toBottom(); });
    sizes.observe(this.pane);
    sizes.observe(this.log);
  }

  /** Asks for the latest messages and the chat's state; repeated calls while one is under way become one more. */
  async refresh() {
    if (this.refreshing) {
      this.again = true;
      return this.refreshing;
    }
    this.refreshing = (async () => {
      do {
        this.again = false;
        const asked = this.changes;
        const state = await server.messages(this.person.id, this.chat.id, { limit: PAGE });
        this.takeLatest(state, asked);
        this.onstate(state);
      } while (this.again);
    })();
    try {
      await this.refreshing;
    } finally {
      this.refreshing = null;
    }
  }

  /** `asked` is the count of changes when the server was asked: what came in since then is not in its answer. */
  takeLatest({ messages, has_more: hasMore }, asked) {
    const newest = Math.max(...this.stored.keys());
    const oldest = messages.length > 0 ? messages[0].message_id : Infinity;
    if (this.stored.size === 0 || (oldest > newest && hasMore)) {
      this.stored.clear(); // there may be a gap: begin from the latest page
      this.hasMore = hasMore;
    } else {
      const kept = new Set(messages.map((one) => one.message_id));
      for (const [id, { change }] of this.stored) {
        if ((id >= oldest || !hasMore) && !kept.has(id) && change <= asked) this.stored.delete(id);
      }
      if (!hasMore) this.hasMore = false;
    }
    this.keep(messages.filter(({ message_id: id }) => !(this.stored.get(id)?.change > asked))); // what was told since is newer
    this.layout();
    this.log.setAttribute("aria-busy", "false");
  }

  /** Takes over one new or changed message that the server told of. */
  take(message) {
    const known = this.stored.has(message.message_id);
    const oldest = Math.min(...this.stored.keys());
    if (!known && message.message_id < oldest && this.hasMore) return; // older than what is shown
    this.keep([message]);
    if (!known && message.outgoing) this.stuck = true;
    else if (!known && !this.stuck) this.unseen += 1;
    this.layout();
  }

  forget(ids) {
    for (const id of ids) this.stored.delete(id);
    this.layout();
  }

  keep(messages) {
    for (const message of messages) {
      const text = JSON.stringify(message);
      const before = this.stored.get(message.message_id);
      if (before?.text === text) continue;
      this.changes += 1;
      this.stored.set(message.message_id, { message, text, change: this.changes });
    }
  }

  /** The newest message that satisfies `test`. */
  latest(test) {
    let best = null;
    for (const { message } of this.stored.values()) if (test(message) && !(best?.message_id > message.message_id)) best = message;
    return best;
  }

  showThread(thread) {
    this.thread = thread;
    this.stuck = true;
    this.layout();
  }

  async loadOlder() {
    if (!this.hasMore || this.loadingOlder) return;
    this.loadingOlder = true;
    try {
      const { messages, has_more: hasMore } = await server.messages(this.person.id, this.chat.id, { before: Math.min(...this.stored.keys()), limit: OLDER_PAGE });
      this.hasMore = hasMore;
      this.keep(messages);
      const fromBottom = this.pane.scrollHeight - this.pane.scrollTop;
      this.layout();
      this.pane.scrollTop = this.pane.scrollHeight - fromBottom;
    } finally {
      this.loadingOlder = false;
    }
  }

  /** Brings the DOM in line with what is stored, touching only the bubbles that changed. */
  layout() {
    const wanted = this.items();
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, { node }] of this.shown) {
      if (keys.has(key)) continue;
      node.remove();
      this.shown.delete(key);
    }
    let cursor = this.log.firstChild;
    for (const { key, signature, make } of wanted) {
      const before = this.shown.get(key);
      let node = before?.node;
      if (before?.signature !== signature) {
        node = make();
        if (before) {
          if (cursor === before.node) cursor = node;
          before.node.replaceWith(node);
        }
        this.shown.set(key, { signature, node });
      }
      if (node === cursor) cursor = cursor.nextSibling;
      else this.log.insertBefore(node, cursor);
    }
    const bubbles = this.log.querySelectorAll("article");
    for (const node of bubbles) node.tabIndex = -1;
    if (bubbles.length > 0) bubbles[bubbles.length - 1].tabIndex = 0;
    if (this.stuck) this.toBottom();
    this.showDown();
  }

  items() {
    const all = [...this.stored.values()]
      .filter(({ message }) => this.thread === null || (message.message_thread_id ?? null) === this.thread)
      .sort((one, other) => one.message.message_id - other.message.message_id);
    const blocks = [];
    for (const entry of all) {
      const { message } = entry;
      const previous = blocks[blocks.length - 1];
      if (message.media_group_id && previous?.group === message.media_group_id) previous.entries.push(entry);
      else blocks.push({ entries: [entry], group: message.media_group_id, message });
    }
    const items = [];
    blocks.forEach(({ entries, message }, index) => {
      const before = blocks[index - 1]?.message;
      const after = blocks[index + 1]?.message;
      if (!before || !sameDay(before.date * 1000, message.date * 1000)) {
        const name = dayName(message.date * 1000);
        const key = `day ${message.message_id}`;
        items.push({ key, signature: name, make: () => element("div", { class: "day", data: { day: "" } }, element("span", {}, name)) });
      }
      const key = `message ${message.message_id}`;
      const versions = entries.map(({ change, message: { message_id: id } }) => `${id}.${change}`).join();
      if (isService(message)) {
        items.push({ key, signature: versions, make: () => serviceLine(message) });
        return;
      }
      const place = {
        showSender: this.chat.type !== "private" && !message.outgoing,
        first: !joined(before, message),
        last: !joined(message, after),
      };
      items.push({ key, signature: `${versions} ${place.first} ${place.last}`, make: () => bubble(entries.map((entry) => entry.message), place, this.talk) });
    });
    return items;
  }

  scrolled() {
    const left = this.pane.scrollHeight - this.pane.scrollTop - this.pane.clientHeight;
    // Only a person's scrolling up lets go of the bottom; a smaller window or a taller bubble does not.
    if (left < NEAR_BOTTOM) this.stuck = true;
    else if (this.pane.scrollTop < this.scrollTop) this.stuck = false;
    this.scrollTop = this.pane.scrollTop;
    if (this.stuck) this.unseen = 0;
    this.showDown();
    if (this.pane.scrollTop < NEAR_TOP) this.loadOlder();
  }

  showDown() {
    this.down.hidden = this.stuck;
    this.down.dataset.count = this.unseen || "";
  }

  toBottom() {
    this.stuck = true;
    this.unseen = 0;
    this.pane.scrollTop = this.pane.scrollHeight;
    this.down.hidden = true;
  }

  /** Scrolls to a message, loading older ones until it is there. */
  async jump(id) {
    while (!this.stored.has(id) && this.hasMore) await this.loadOlder();
    const node = this.log.querySelector(`[data-message-id="${id}"]`);
    if (!node) return;
    this.stuck = false;
    node.scrollIntoView({ block: "center" });
    node.classList.remove("flash");
    void node.offsetWidth; // lets the animation start again
    node.classList.add("flash");
  }

  /** Arrow keys go from message to message; only one of them is a tab stop. */
  walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || event.target.tagName !== "ARTICLE") return;
    const bubbles = [...this.log.querySelectorAll("article")];
    const next = bubbles[bubbles.indexOf(event.target) + step];
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    event.preventDefault();
  }
}

function joined(one, other) {
  if (!one || !other || isService(one) || isService(other)) return false;
  return one.from?.id === other.from?.id && one.outgoing === other.outgoing && sameDay(one.date * 1000, other.date * 1000) && other.date - one.date < RUN_SECONDS;
}
