// The panel beside the chat: material as a list, and one of it to read, print and change.
// Where there is no room beside the chat it lies over it.

import { byId, el, iconButton } from "./dom.js";

export class Panel {
  #loading = new AbortController();

  /** `fail(error)` is told what goes wrong while something is fetched to be shown. */
  constructor(fail) {
    this.fail = fail;
    this.node = byId("panel");
    this.title = byId("panel-title");
    this.body = byId("panel-body");
    this.back = byId("panel-back");
    this.opener = null;
    this.onBack = () => {};
    byId("panel-close").addEventListener("click", () => this.close());
    this.back.addEventListener("click", () => this.onBack());
    this.node.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /** Shows `nodes` under a title; with `onBack` there is a way back from them. */
  show(title, nodes, { onBack = null } = {}) {
    if (!this.isOpen) this.opener = document.activeElement;
    this.onBack = onBack ?? (() => {});
    this.back.hidden = !onBack;
    this.title.textContent = title;
    this.body.replaceChildren(...nodes);
    this.body.scrollTop = 0;
    this.node.hidden = false;
    document.body.classList.add("with-panel");
    this.title.focus();
  }

  /** Does some work for what is to be shown; newer work, and closing, take its place. */
  async during(work) {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    }
  }

  close() {
    this.#loading.abort();
    if (!this.isOpen) return;
    this.node.hidden = true;
    document.body.classList.remove("with-panel");
    this.body.replaceChildren();
    if (this.opener?.isConnected) this.opener.focus();
    this.opener = null;
  }
}

/** A labelled choice between `[value, text]` pairs. */
export function selectField(label, options, chosen, onChange) {
  const choices = options.map(([value, text]) => el("option", { value, selected: value === chosen }, text));
  const select = el("select", { change: () => onChange?.(select.value) }, ...choices);
  return el("label", {}, el("span", {}, label), select);
}

/** What stands where nothing is yet, or while it is loaded. */
export const softLine = (text) => el("p", { class: "soft" }, text);

export const moreButton = (label, action) =>
  iconButton("down", label, action, { class: "quiet wide" });
