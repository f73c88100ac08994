// The input: grows with its text, sends with Enter, and never loses what was typed.

import { byId } from "./dom.js";

const DRAFT = "eduhu.draft.";

/** Forgets every draft of this tab (at sign-out). */
export function forgetDrafts() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(DRAFT)) sessionStorage.removeItem(key);
  }
}

export class Composer {
  #key = null;

  /** `events`: onSend(text), onStop(), onWait(). */
  constructor(events) {
    this.events = events;
    this.input = byId("composer-input");
    this.sendButton = byId("composer-send");
    this.stopButton = byId("composer-stop");
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => this.#changed());
    this.input.addEventListener("keydown", (event) => this.#keydown(event));
    this.stopButton.addEventListener("click", () => events.onStop());
    this.busy = false;
  }

  get text() {
    return this.input.value;
  }

  /** Shows the draft that belongs to this teacher and chat. */
  open(teacherId, chatId) {
    this.#key = draftKey(teacherId, chatId);
    this.input.value = sessionStorage.getItem(this.#key) ?? "";
    this.#fit();
  }

  /** Puts a text into the input; what was typed there meanwhile stays, below it. */
  restore(text) {
    const typed = this.input.value.trim();
    this.fill(typed && typed !== text.trim() ? `${text}\n\n${typed}` : text);
  }

  fill(text) {
    this.input.value = text;
    this.#changed();
    this.focus();
    this.input.setSelectionRange(text.length, text.length);
  }

  /** Empties the input, but keeps the draft until `accepted()`: the server may still say no. */
  take() {
    const text = this.input.value;
    this.input.value = "";
    this.#fit();
    return text;
  }

  /** The server has the text that was taken under `key`. */
  accepted(key) {
    if (key !== this.#key) sessionStorage.removeItem(key);
    else this.#changed();
  }

  /** The chat that was new has an id now; what was typed meanwhile moves with it. */
  adopt(teacherId, chatId) {
    sessionStorage.removeItem(this.#key);
    this.#key = draftKey(teacherId, chatId);
    this.#changed();
  }

  get key() {
    return this.#key;
  }

  setBusy(busy) {
    const focused = document.activeElement === this.stopButton;
    this.busy = busy;
    this.sendButton.hidden = busy;
    this.stopButton.hidden = !busy;
    this.stopButton.disabled = false;
    if (focused && !busy) this.focus();
    this.#fit();
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }

  /** Sends what is in the input, as Enter does. */
  submit() {
    if (!this.input.value.trim()) this.focus();
    else if (this.busy) this.events.onWait();
    else this.events.onSend(this.take());
  }

  #keydown(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  #changed() {
    this.#keep();
    this.#fit();
  }

  #keep() {
    if (!this.input.value) return sessionStorage.removeItem(this.#key);
    try {
      sessionStorage.setItem(this.#key, this.input.value);
    } catch (error) {
      console.info("The draft is too large to outlive a reload:", error.name);
    }
  }

  #fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`;
    this.sendButton.disabled = !this.input.value.trim();
  }
}

const draftKey = (teacherId, chatId) => `${DRAFT}${teacherId}.${chatId ?? "new"}`;
