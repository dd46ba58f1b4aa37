// The list of people and groups to choose from, by kind, with a search over names and notes.

import { avatar, element, icon, iconButton } from "./element.js";
import { fullName } from "./messages.js";
import { choose, dialog } from "./overlays.js";
import { noteOf } from "./phone.js";
import * as server from "./server.js";
import { say } from "./words.js";

const TAGS = ["student", "staff", "officer", "guest"];

export class People {
  /** @param {{onopen: function(Object, number=), failed: function(Error)}} options `onopen(person, chatId)`: show that person's phone */
  constructor(options) {
    Object.assign(this, options);
    this.rows = new Map(); // person id -> row
    this.sought = new WeakMap(); // row -> the text a search looks in
    this.wanted = "";
    this.search = element("input", { type: "search", class: "field", data: { search: "" }, oninput: () => {
      this.wanted = this.search.value;
      this.filter();
    } });
    this.list = element("div", { class: "people-list", data: { people: "" } });
    this.nothing = element("p", { class: "note centred", hidden: true });
    this.element = element("div", { class: "people" }, element("div", { class: "search" }, icon("search"), this.search), this.list);
  }

  /** Draws everybody anew. */
  draw(world) {
    this.world = world;
    this.search.placeholder = say("search");
    this.search.setAttribute("aria-label", say("search"));
    this.nothing.textContent = say("searchEmpty");
    this.rows.clear();
    const sections = TAGS.map((tag) => [say(tag), world.people.filter((person) => person.tag === tag).map((person) => this.row(person))]);
    const groups = world.groups.map((group) => this.groupRow(group));
    this.list.replaceChildren(
      ...sections.filter(([, rows]) => rows.length > 0).map(([title, rows]) => section(title, rows)),
      section(say("groups"), groups, iconButton("plus", say("newGroup"), () => this.makeGroup(), { data: { action: "new-group" } })),
      this.nothing);
    this.filter();
  }

  row(person) {
    const name = fullName(person);
    const note = noteOf(person);
    const badge = element("span", { class: "badge", hidden: true });
    const row = element("button", { type: "button", class: "row person", data: { person: person.id, tag: person.tag, unread: "0" }, onclick: () => this.onopen(person) },
      avatar(person.id, name),
      element("span", { class: "row-text" }, element("span", { class: "row-name" }, name), element("span", { class: "row-note", title: note }, note)),
      badge);
    this.sought.set(row, `${name} ${note} ${person.username ?? ""}`.toLowerCase());
    this.rows.set(person.id, row);
    return row;
  }

  groupRow(group) {
    const row = element("button", { type: "button", class: "row person", data: { group: group.id }, onclick: () => this.openGroup(group) },
      avatar(group.id, group.title),
      element("span", { class: "row-text" }, element("span", { class: "row-name" }, group.title), element("span", { class: "row-note" }, say("members", group.members.length))));
    this.sought.set(row, group.title.toLowerCase());
    return row;
  }

  filter() {
    const words = this.wanted.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let any = false;
    for (const part of this.list.querySelectorAll("section")) {
      let some = false;
      for (const row of part.querySelectorAll(".row")) {
        row.hidden = !words.every((word) => this.sought.get(row).includes(word));
        some ||= !row.hidden;
      }
      part.hidden = !some && words.length > 0;
      any ||= some;
    }
    this.nothing.hidden = any;
  }

  showUnread(id, count) {
    const row = this.rows.get(id);
    if (!row) return;
    const badge = row.querySelector(".badge");
    row.dataset.unread = String(count);
    badge.hidden = count === 0;
    badge.textContent = count > 99 ? "99+" : String(count);
    badge.setAttribute("aria-label", say("unread", count));
  }

  /** Marks who has an open phone. */
  showOpen(ids) {
    for (const [id, row] of this.rows) {
      if (ids.includes(id)) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  async openGroup(group) {
    const members = this.world.people.filter(({ id }) => group.members.includes(id));
    const person = await choose({ name: "group", title: say("openAs"), options: members.map((member) => ({ label: fullName(member), detail: noteOf(member), value: member, key: member.id, picture: avatar(member.id, fullName(member)) })) });
    if (person) this.onopen(person, group.id);
  }

  makeGroup() {
    const title = element("input", { class: "field", placeholder: say("groupName"), "aria-label": say("groupName"), maxlength: "128", data: { groupTitle: "" } });
    const boxes = this.world.people.map((person) => {
      const box = element("input", { type: "checkbox", value: String(person.id), data: { member: person.id } });
      return element("label", { class: "row check" }, box, avatar(person.id, fullName(person)), element("span", { class: "row-text" }, element("span", { class: "row-name" }, fullName(person)), element("span", { class: "row-note" }, noteOf(person))));
    });
    const search = element("input", { type: "search", class: "field", placeholder: say("search"), "aria-label": say("groupMembers"), oninput: () => {
      for (const row of boxes) row.hidden = !row.textContent.toLowerCase().includes(search.value.trim().toLowerCase());
    } });
    const withBot = element("input", { type: "checkbox", data: { withBot: "" } });
    withBot.checked = true;
    const trouble = element("p", { class: "trouble", role: "alert" });
    dialog({
      name: "new-group",
      title: say("newGroup"),
      body: [title, element("label", { class: "check" }, withBot, say("groupWithBot")), search, element("div", { class: "picks" }, boxes), trouble],
      buttons: [
        { label: say("cancel"), action: "cancel" },
        { label: say("groupCreate"), action: "confirm", primary: true, onclick: async () => {
          const members = boxes.map((row) => row.querySelector("input")).filter(({ checked }) => checked).map(({ value }) => Number(value));
          try {
            await server.saveGroup({ title: title.value.trim(), members, admins: members.slice(0, 1), bot: withBot.checked ? "member" : "left" });
            return true;
          } catch (error) {
            trouble.textContent = error.message;
            return false;
          }
        } },
      ],
    });
    title.focus();
  }
}

function section(title, rows, action) {
  return element("section", {}, element("header", {}, element("h2", {}, title), action), rows);
}
