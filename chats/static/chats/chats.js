// The list of chats: newest first, by day, with rename, archive and delete.

import * as api from "./api.js";
import { byId, el, icon } from "./dom.js";
import { t } from "./texts.js";

const DAY = 24 * 60 * 60 * 1000;

export class ChatList {
  #chats = new Map();
  #next = null;
  #archived = false;
  #chosen = null; // the chat whose menu or dialog is open

  /** `events`: onChoose(), onChanged(chat), onGone(id), say(text), fail(error). */
  constructor(events) {
    this.events = events;
    this.list = byId("chats");
    this.menu = byId("chat-menu");
    this.more = byId("chats-more");
    this.archive = byId("chats-archive");
    this.renaming = byId("rename-dialog");
    this.deleting = byId("delete-dialog");
    this.current = null;
    this.#listen();
  }

  get(id) {
    return this.#chats.get(id);
  }

  /** A chat has been changed elsewhere on the page. */
  take(chat) {
    this.#take([chat]);
  }

  clear() {
    this.#chats.clear();
    this.#next = null;
    this.#archived = false;
    this.render();
  }

  /** Reads the first page again; pages loaded before stay. */
  async refresh() {
    const archived = this.#archived;
    const first = this.#chats.size === 0;
    const page = await api.listChats(archived);
    if (archived !== this.#archived) return;
    if (first) this.#next = page.next;
    this.#take(page.results);
  }

  /** Marks the chat that is shown. */
  choose(id) {
    this.current = id;
    for (const link of this.list.querySelectorAll("a")) this.#mark(link);
  }

  render() {
    const chats = [...this.#chats.values()].sort((a, b) => b.updated_at - a.updated_at);
    const sections = Map.groupBy(chats, (chat) => period(chat.updated_at));
    const nodes = [...sections].map(([name, members]) => this.#section(name, members));
    this.list.replaceChildren(...(nodes.length ? nodes : [this.#empty()]));
    this.more.hidden = !this.#next;
    byId("chats-title").hidden = !this.#archived;
    this.archive.replaceChildren(
      icon(this.#archived ? "back" : "archive"),
      el("span", {}, t(this.#archived ? "chats.back" : "chats.archive")),
    );
  }

  #take(chats) {
    for (const chat of chats) this.#chats.set(chat.id, chat);
    this.render();
  }

  #section(name, chats) {
    const heading = el("h2", {}, t(name));
    return el("section", {}, heading, el("ul", {}, ...chats.map((chat) => this.#item(chat))));
  }

  #item(chat) {
    const title = chat.title || t("chats.untitled");
    const link = el("a", { href: `#/chat/${chat.id}`, title, click: () => this.events.onChoose() }, title);
    link.dataset.chat = chat.id;
    this.#mark(link);
    const menu = el(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": t("chats.menu", { title }),
        "aria-haspopup": "true",
        click: (event) => this.#openMenu(chat, event.currentTarget),
      },
      icon("more"),
    );
    return el("li", {}, link, menu);
  }

  #mark(link) {
    if (link.dataset.chat === this.current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }

  #empty() {
    return el("p", { class: "soft" }, t(this.#archived ? "chats.emptyArchive" : "chats.empty"));
  }

  #openMenu(chat, button) {
    this.#chosen = chat;
    byId("menu-archive-text").textContent = t(chat.is_archived ? "chats.restore" : "chats.toArchive");
    this.menu.showPopover({ source: button });
    const place = button.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = this.menu;
    this.menu.style.left = `${Math.max(8, place.right - offsetWidth)}px`;
    this.menu.style.top = `${Math.min(place.bottom + 4, innerHeight - offsetHeight - 8)}px`;
    this.menu.querySelector("button").focus();
    this.button = button;
  }

  #listen() {
    const during = (work) => async (event) => {
      event?.preventDefault();
      try {
        await work();
      } catch (error) {
        this.events.fail(error);
      }
    };
    const fromMenu = (id, work) => byId(id).addEventListener("click", during(() => {
      this.menu.hidePopover();
      return work();
    }));
    fromMenu("menu-rename", () => this.#askTitle());
    fromMenu("menu-archive", () => this.#toggleArchived());
    fromMenu("menu-delete", () => this.#askDelete());
    byId("rename-form").addEventListener("submit", during(() => this.#rename()));
    byId("delete-form").addEventListener("submit", during(() => this.#delete()));
    this.more.addEventListener("click", during(() => this.#loadMore()));
    this.archive.addEventListener("click", during(() => this.#showOther()));
    this.menu.addEventListener("keydown", (event) => this.#menuKey(event));
    for (const dialog of [this.renaming, this.deleting]) {
      dialog.querySelector("[value=cancel]").addEventListener("click", () => dialog.close());
      dialog.addEventListener("close", () => this.button?.isConnected && this.button.focus());
    }
  }

  #menuKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...this.menu.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    buttons.at((at + step) % buttons.length).focus();
  }

  async #loadMore() {
    const page = await api.nextPage(this.#next);
    this.#next = page.next;
    this.#take(page.results);
  }

  async #showOther() {
    this.#archived = !this.#archived;
    this.#chats.clear();
    this.#next = null;
    await this.refresh();
    this.archive.focus();
  }

  async #toggleArchived() {
    const { id, title, is_archived: archived } = this.#chosen;
    const chat = await api.changeChat(id, { is_archived: !archived });
    this.#chats.delete(id);
    this.render();
    this.#focus(id);
    this.events.onChanged(chat);
    this.events.say(t(archived ? "chats.restored" : "chats.archived", { title }));
  }

  /** The list was built anew: the focus goes back to where it was, or to the beginning. */
  #focus(id) {
    const link = this.list.querySelector(`[data-chat="${id}"]`);
    (link?.nextElementSibling ?? byId("new-chat")).focus();
  }

  #askTitle() {
    byId("rename-title").value = this.#chosen.title;
    this.renaming.showModal();
    byId("rename-title").select();
  }

  async #rename() {
    const title = byId("rename-title").value.trim();
    if (!title) return;
    const chat = await api.changeChat(this.#chosen.id, { title });
    this.renaming.close();
    this.#take([chat]);
    this.#focus(chat.id);
    this.events.onChanged(chat);
    this.events.say(t("chats.renamed", { title: chat.title }));
  }

  #askDelete() {
    byId("delete-text").textContent = t("delete.text", { title: this.#chosen.title });
    this.deleting.showModal();
  }

  async #delete() {
    const { id, title } = this.#chosen;
    this.deleting.close();
    await api.deleteChat(id);
    this.#chats.delete(id);
    this.render();
    this.#focus(id);
    this.events.onGone(id);
    this.events.say(t("chats.deleted", { title }));
  }
}

function period(milliseconds) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (milliseconds >= midnight) return "chats.today";
  if (milliseconds >= midnight - DAY) return "chats.yesterday";
  return milliseconds >= midnight - 6 * DAY ? "chats.week" : "chats.older";
}
