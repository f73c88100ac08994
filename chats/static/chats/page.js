// Puts the parts of the page together: who is signed in, which chat is shown.

import { Announcements } from "./announcements.js";
import * as api from "./api.js";
import { ChatList } from "./chats.js";
import { Composer, forgetDrafts } from "./composer.js";
import { Conversation } from "./conversation.js";
import { byId } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Insights } from "./insights.js";
import { Login } from "./login.js";
import { Materials } from "./materials.js";
import { showNotice } from "./notice.js";
import { Panel } from "./panel.js";
import { Preferences } from "./preferences.js";
import { Related } from "./related.js";
import { Remember } from "./remember.js";
import { TopicChip } from "./topic.js";
import { applyTexts, startLanguage, t, toggleLanguage } from "./texts.js";
import { WishDialog } from "./wish.js";

const TOPIC_MS = 3000;

class Page {
  constructor() {
    startLanguage();
    applyTexts();
    this.announcements = new Announcements();
    this.workspace = byId("workspace");
    this.drawer = new Drawer();
    this.login = new Login((teacher) => this.#enter(teacher));
    this.composer = new Composer({
      onSend: (text) => this.conversation.send(text),
      onStop: () => this.conversation.stop(),
      onWait: () => this.#say(t("composer.wait")),
    });
    this.conversation = new Conversation(this.composer, {
      onBegun: () => {
        this.remember.hide();
        this.related.hide();
      },
      onStarted: (id) => this.#started(id),
      onChanged: () => this.#refreshChats(),
      onAnswered: (id) => this.#answered(id),
      onMissing: () => this.#show(null),
      onChat: (chat) => this.#head(chat),
      onMaterial: (chatId, messageId) => this.materials.openOfMessage(chatId, messageId),
      onKeep: (answer) => this.materials.askToKeep(answer),
      say: (text) => this.#say(text),
      notice: showNotice,
    });
    const fail = (error) => error.status !== 401 && showNotice(error.message, error);
    this.panel = new Panel(fail);
    this.materials = new Materials(this.panel, {
      onWish: () => this.wishes.open(),
      onChat: (id) => id !== this.conversation.chatId && this.#show(id),
      teacherId: () => this.teacher.id,
      say: (text) => this.#say(text),
      fail,
    });
    this.wishes = new WishDialog({
      kinds: () => this.materials.kinds(),
      onWish: (wish, question) => this.conversation.make(wish, question),
      isBusy: () => this.composer.busy,
      onWait: () => this.#say(t("composer.wait")),
      fail,
    });
    this.preferences = new Preferences({ say: (text) => this.#say(text), fail });
    this.remember = new Remember({ say: (text) => this.#say(text), fail });
    this.related = new Related(this.panel, {
      onMaterial: (id) => this.materials.open(id),
      kinds: () => this.materials.kinds(),
      say: (text) => this.#say(text),
      fail,
    });
    this.insights = new Insights(this.panel, {
      onMaterial: (id) => this.materials.open(id),
      onAsked: (id) => (id === this.conversation.chatId ? this.conversation.open(id) : this.#show(id)),
      onPreferences: () => this.preferences.open(),
      say: (text) => this.#say(text),
      topicName: (topic) => this.topic.name(topic),
    });
    this.topic = new TopicChip({
      onChanged: (chat) => this.chats.take(chat),
      say: (text) => this.#say(text),
      fail,
    });
    this.chats = new ChatList({
      onChoose: () => this.drawer.close(),
      onChanged: (chat) => chat.id === this.conversation.chatId && this.#head(chat),
      onGone: (id) => id === this.conversation.chatId && this.#show(null),
      say: (text) => this.#say(text),
      fail,
    });
    this.#listen();
  }

  /** Goes on with the session of this tab, or asks to sign in. */
  async start() {
    if (!api.session.token) return this.login.show();
    try {
      this.#enter(await api.me());
    } catch (error) {
      if (error.status !== 401) this.login.show(error.message, { alert: true });
    }
  }

  #listen() {
    api.whenSignedOut(() => this.#leave(t("login.expired"), { alert: true }));
    addEventListener("hashchange", () => this.teacher && this.#route());
    byId("logout").addEventListener("click", () => this.#logout());
    byId("new-chat").addEventListener("click", () => this.#newChat());
    byId("new-chat-top").addEventListener("click", () => this.#newChat());
    for (const id of ["materials", "insights", "preferences"]) byId(id).addEventListener("click", () => this.drawer.close());
    byId("print-chat").addEventListener("click", () => window.print());
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault();
      this.composer.focus();
    });
    for (const button of document.querySelectorAll("[data-toggle-language]")) {
      button.addEventListener("click", () => this.#toggleLanguage());
    }
    for (const button of document.querySelectorAll("[data-example]")) {
      button.addEventListener("click", () => this.composer.fill(t(button.dataset.example)));
    }
  }

  #enter(teacher) {
    this.teacher = teacher.teacher ?? teacher;
    this.conversation.teacher = this.teacher;
    this.login.hide();
    this.workspace.hidden = false;
    byId("teacher-name").textContent = this.teacher.name || this.teacher.email;
    byId("teacher-email").textContent = this.teacher.name ? this.teacher.email : "";
    this.#greet();
    this.topic.load();
    this.#refreshChats();
    this.#route();
  }

  #leave(message, options) {
    this.teacher = null;
    this.conversation.leave();
    this.chats.clear();
    this.materials.clear();
    this.wishes.clear();
    this.drawer.close();
    this.remember.hide();
    this.related.hide();
    showNotice("");
    byId("messages").replaceChildren();
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    this.workspace.hidden = true;
    document.title = "eduhu";
    this.login.show(message, options);
  }

  async #logout() {
    forgetDrafts();
    const ended = api.logout();
    api.session.token = null;
    history.replaceState(null, "", location.pathname);
    this.#leave(t("login.bye"));
    await ended.catch((error) => console.info("The server did not hear of the sign-out:", error.message));
  }

  #newChat() {
    this.drawer.close();
    this.#show(null);
    this.composer.focus();
  }

  #show(id) {
    history.pushState(null, "", id ? `#/chat/${id}` : location.pathname);
    this.#route({ keepNotice: true });
  }

  #route({ keepNotice = false } = {}) {
    const [, id = null] = /^#\/chat\/([\w-]+)$/.exec(location.hash) ?? [];
    if (!keepNotice) showNotice("");
    this.#head(id ? this.chats.get(id) : null);
    this.chats.choose(id);
    this.remember.hide();
    this.related.show(id);
    this.conversation.open(id);
    // On a touch screen the keyboard would cover what was just opened.
    if (!this.drawer.isOpen && !matchMedia("(pointer: coarse)").matches) this.composer.focus();
  }

  #started(id) {
    if (location.hash !== `#/chat/${id}`) history.replaceState(null, "", `#/chat/${id}`);
    this.chats.choose(id);
    this.#refreshChats();
  }

  async #refreshChats() {
    try {
      await this.chats.refresh();
      const chat = this.chats.get(this.conversation.chatId);
      if (chat) this.#head(chat);
    } catch (error) {
      if (error.status !== 401) showNotice(error.message, error);
    }
  }

  #answered(id) {
    this.remember.ask(id);
    this.related.show(id);
    // What a chat is about is found out after the answer.
    if (!this.chats.get(id)?.topic_category) setTimeout(() => this.teacher && this.#refreshChats(), TOPIC_MS);
  }

  /** Says which chat is shown, and what it is about. */
  #head(chat) {
    const title = chat?.title;
    const text = title || t("chats.new");
    this.topic.show(chat);
    byId("chat-title").textContent = text;
    byId("print-chat").hidden = !title;
    document.title = title ? `${text} · eduhu` : "eduhu";
  }

  #greet() {
    const hour = new Date().getHours();
    const greeting = hour < 11 ? "empty.morning" : hour < 18 ? "empty.day" : "empty.evening";
    byId("greeting").textContent = t(greeting, { name: this.teacher.name || this.teacher.email });
  }

  #toggleLanguage() {
    toggleLanguage();
    applyTexts();
    this.announcements.refresh();
    if (!this.teacher) return;
    this.#greet();
    this.chats.render();
    this.topic.load();
    this.materials.clear();
    // The messages carry words of the page as well; a reply that streams is joined again.
    if (!this.composer.busy || this.conversation.chatId) this.#route({ keepNotice: true });
  }

  #say(text) {
    byId("status").textContent = text;
  }
}

new Page().start();
