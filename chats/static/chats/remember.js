// What a teacher has just said of a class, and whether eduhu is to keep it in mind: yes or no.

import * as api from "./api.js";
import { byId, el } from "./dom.js";
import { t } from "./texts.js";

const REFUSED = "eduhu.refused"; // only numbers: what was refused is not to be read there
const REFUSED_MAX = 200;

export class Remember {
  #texts = [];
  #chatId = null;

  /** `events`: say(text), fail(error). */
  constructor(events) {
    this.events = events;
    this.node = byId("remember");
  }

  /** Asks about what was said in a chat; one thing at a time. */
  async ask(chatId) {
    this.#chatId = chatId;
    try {
      const { results } = await api.suggestMemory(chatId);
      if (this.#chatId === chatId) this.#show(results.map(({ text }) => text).filter((text) => !isRefused(text)));
    } catch (error) {
      console.info("Nothing is suggested for the memory:", error.message); // nobody has asked for it
    }
  }

  hide() {
    this.#chatId = null;
    this.#show([]);
  }

  #show(texts) {
    this.#texts = texts;
    this.node.hidden = !texts.length;
    if (!texts.length) return this.node.replaceChildren();
    const [text] = texts;
    const question = el("p", { id: "remember-question", role: "status" }, t("remember.question"), " ", el("q", {}, text));
    this.#fill(question, [
      el("button", { type: "button", class: "primary", click: () => this.#keep(text) }, t("remember.yes")),
      el("button", { type: "button", click: () => this.#refuse(text) }, t("remember.no")),
    ]);
  }

  #fill(line, buttons) {
    const hadFocus = this.node.contains(document.activeElement);
    this.node.replaceChildren(line, el("div", {}, ...buttons));
    if (hadFocus) buttons[0].focus();
  }

  #refuse(text) {
    refuse(text);
    this.events.say(t("remember.refused"));
    this.#next();
  }

  #next() {
    const hadFocus = this.node.contains(document.activeElement);
    this.#show(this.#texts.slice(1));
    if (hadFocus && this.node.hidden) byId("composer-input").focus();
  }

  async #keep(text) {
    try {
      await api.remember(text);
      const { uses_memory: isUsed } = await api.getPreferences();
      this.events.say(t("remember.kept"));
      if (isUsed) this.#next();
      else this.#askUse();
    } catch (error) {
      this.events.fail(error);
    }
  }

  /** It is kept, but answers may not use it so far. */
  #askUse() {
    const allow = async () => {
      try {
        await api.changePreferences({ uses_memory: true });
        this.events.say(t("remember.used"));
        this.#next();
      } catch (error) {
        this.events.fail(error);
      }
    };
    this.#fill(el("p", { role: "status" }, t("remember.unused")), [
      el("button", { type: "button", class: "primary", click: allow }, t("remember.use")),
      el("button", { type: "button", click: () => this.#next() }, t("remember.notNow")),
    ]);
  }
}

const isRefused = (text) => refused().includes(numberOf(text));

function refuse(text) {
  try {
    localStorage.setItem(REFUSED, JSON.stringify([...refused(), numberOf(text)].slice(-REFUSED_MAX)));
  } catch (error) {
    console.info("It will be asked again:", error.name);
  }
}

function refused() {
  try {
    const numbers = JSON.parse(localStorage.getItem(REFUSED));
    return Array.isArray(numbers) ? numbers : [];
  } catch {
    return []; // storage is switched off, or holds something else
  }
}

/** 32 bits that a text always has, and from which it cannot be read back (FNV-1a). */
function numberOf(text) {
  let number = 0x811c9dc5;
  for (const char of text) number = Math.imul(number ^ char.codePointAt(0), 0x01000193);
  return number >>> 0;
}
