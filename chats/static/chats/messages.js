// One message on the page: the teacher's words as plain text, an answer as Markdown.

import { el, icon, iconButton } from "./dom.js";
import { MarkdownView } from "./markdown.js";
import { pictureNode } from "./picture.js";
import { formatMoment, t } from "./texts.js";

/** The node of something the teacher wrote. */
export function questionNode({ content, content_type: type, timestamp }) {
  const node = el(
    "article",
    { class: "message question", "aria-label": t("chat.you") },
    type === "image" ? pictureNode(content) : el("p", {}, content),
  );
  if (timestamp) node.append(momentNode(timestamp));
  return node;
}

/** An answer, stored or being written. */
export class Answer {
  #text = "";
  #frame = 0;

  /** `onGrow()` is called after each change of what is shown. */
  constructor(onGrow = () => {}) {
    this.onGrow = onGrow;
    this.body = el("div", { class: "markdown" });
    this.state = el("p", { class: "state", hidden: true });
    this.foot = el("div", { class: "foot" });
    this.label = el("span", { class: "demo", hidden: true }, t("chat.demo"));
    const head = el("div", { class: "head" }, el("span", { class: "who" }, t("chat.assistant")), this.label);
    this.node = el(
      "article",
      { class: "message answer", "aria-label": t("chat.assistant") },
      head,
      this.body,
      this.state,
      this.foot,
    );
    this.view = new MarkdownView(this.body);
  }

  /** The node of a stored answer; `tools` are buttons beside those that each answer has. */
  static stored({ content, content_type: type, timestamp }, tools) {
    const answer = new Answer();
    if (type === "image") answer.body.replaceWith(pictureNode(content));
    else answer.show(content);
    answer.finish(timestamp, { tools });
    return answer.node;
  }

  markDemo() {
    this.label.hidden = false;
  }

  /** Says what is going on; "thinking" and "writing" also show that more will come. */
  progress(state, text) {
    this.node.dataset.progress = state;
    this.node.setAttribute("aria-busy", "true");
    this.state.textContent = text;
    this.state.hidden = state === "writing";
    this.state.classList.remove("wrong");
    this.foot.replaceChildren();
  }

  /** Shows the text so far, at most once per frame of the screen. */
  show(text) {
    if (text.length < this.#text.length) this.view.reset();
    this.#text = text;
    this.#frame ||= requestAnimationFrame(() => this.#render());
  }

  /** The end: shows everything at once, with the actions. */
  finish(moment, { note = "", wrong = false, actions = [], tools = [] } = {}) {
    cancelAnimationFrame(this.#frame);
    delete this.node.dataset.progress;
    this.node.removeAttribute("aria-busy");
    this.state.textContent = note;
    this.state.hidden = !note;
    this.state.classList.toggle("wrong", wrong);
    this.foot.replaceChildren(...actions, ...tools, ...(this.#text ? this.#tools() : []));
    if (moment) this.foot.append(momentNode(moment));
    this.#render();
  }

  #render() {
    this.#frame = 0;
    this.view.render(this.#text);
    this.onGrow();
  }

  #tools() {
    const copy = iconButton("copy", t("chat.copy"), () => this.#copy(copy), { class: "quiet copy" });
    const print = iconButton("print", t("chat.printOne"), () => printOnly(this.node), { class: "quiet" });
    return [copy, print];
  }

  async #copy(button) {
    const done = await copyText(this.#text, this.body);
    button.replaceChildren(
      icon(done ? "check" : "copy"),
      el("span", { role: "status" }, t(done ? "chat.copied" : "chat.copyFailed")),
    );
    setTimeout(() => button.replaceChildren(icon("copy"), el("span", {}, t("chat.copy"))), 2000);
  }
}

function momentNode(milliseconds) {
  return el("time", { datetime: new Date(milliseconds).toISOString() }, formatMoment(milliseconds));
}

/** Copies Markdown, and the formatted text too, so that a table pasted into Word is a table. */
async function copyText(text, formatted) {
  try {
    const parts = { "text/plain": text, "text/html": formatted.innerHTML };
    const blobs = Object.entries(parts).map(([type, part]) => [type, new Blob([part], { type })]);
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
    return true;
  } catch {
    return copySelected(text); // no clipboard access: an older browser, or a page without https
  }
}

function copySelected(text) {
  const field = el("textarea", { class: "sr-only", "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

function printOnly(node) {
  document.body.classList.add("print-one");
  node.classList.add("print-this");
  addEventListener("afterprint", () => {
    document.body.classList.remove("print-one");
    node.classList.remove("print-this");
  }, { once: true });
  window.print();
}
