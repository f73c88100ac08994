// Material that fits what a chat is about, or the teacher: own, shared, or a template to take over.
// A server that has nothing, or does not know how, shows nothing.

import * as api from "./api.js";
import { byId, el, icon, iconButton } from "./dom.js";
import { MarkdownView } from "./markdown.js";
import { ICONS } from "./materials.js";
import { softLine } from "./panel.js";
import { t } from "./texts.js";

const SHOWN = 4;

export class Related {
  #loading = new AbortController();

  /** `events`: onMaterial(id), kinds() → promise, say(text), fail(error). */
  constructor(panel, events) {
    this.panel = panel;
    this.events = events;
    this.node = byId("related");
  }

  /** Shows what fits a chat, or without one the teacher. */
  async show(chatId) {
    this.hide();
    const { signal } = this.#loading;
    try {
      const [{ results }, kinds] = await Promise.all([api.recommend(chatId, SHOWN, signal), this.events.kinds()]);
      if (!signal.aborted) this.#fill(results, kinds, Boolean(chatId));
    } catch (error) {
      if (!signal.aborted) console.info("Nothing is recommended:", error.message); // nobody has asked for it
    }
  }

  hide() {
    this.#loading.abort();
    this.#loading = new AbortController();
    this.node.hidden = true;
    this.node.replaceChildren();
  }

  /** Under a chat it is a line to be opened: what has just been read stays where it is. */
  #fill(found, kinds, isChat) {
    if (!found.length) return;
    const names = new Map(kinds.map((kind) => [kind.name, kind.display_name]));
    const items = found.map((each) => this.#item(each, names.get(each.kind) ?? t(`family.${each.artifact_type}`)));
    const title = el("h2", { id: "related-title" }, t(isChat ? "related.title" : "related.forYou"));
    const list = el("ul", { class: "offers" }, ...items);
    this.node.replaceChildren(el("details", { open: !isChat }, el("summary", {}, title), list));
    this.node.hidden = false;
  }

  #item(item, kind) {
    const { id, source, title, reason } = item;
    const about = el("span", {}, `${kind} · ${t(`related.${source}`)}`);
    const text = el("span", {}, el("strong", {}, title), el("span", { class: "why" }, reason.text), about);
    const open = el("button", { type: "button", click: () => this.#open(item, kind) }, icon(ICONS[item.artifact_type]), text);
    const dismiss = (event) => this.#dismiss(id, event.currentTarget.closest("li"));
    return el("li", {}, open, iconButton("close", t("related.dismiss", { title }), dismiss, { quiet: true, class: "quiet" }));
  }

  #open({ id, source, subject, grade }, kind) {
    api.markRecommended(id, "opened").catch((error) => console.info("It stays where it is:", error.message));
    if (source !== "starter") return this.events.onMaterial(id);
    return this.panel.during(async (signal) => {
      const { title, preview } = await api.getStarter(id, signal);
      const paper = el("div", { class: "markdown paper" });
      new MarkdownView(paper).render(preview);
      const about = [kind, subject, grade && `${t("wish.grade")} ${grade}`].filter(Boolean).join(" · ");
      const keep = iconButton("folder", t("related.keep"), () => this.#keep(id, keep), { class: "primary" });
      if (signal.aborted) return;
      this.panel.show(title, [softLine(about), softLine(t("related.about")), el("div", { class: "tools" }, keep), paper]);
    });
  }

  async #keep(slug, button) {
    button.disabled = true; // or a second click would keep a second copy
    try {
      const { id, title } = await api.keepStarter(slug);
      this.events.say(t("material.kept", { title }));
      await this.events.onMaterial(id);
    } catch (error) {
      this.events.fail(error);
    } finally {
      button.disabled = false;
    }
  }

  async #dismiss(id, item) {
    try {
      await api.markRecommended(id, "dismissed");
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      this.node.hidden = !next;
      (next?.querySelector("button") ?? byId("composer-input")).focus();
      this.events.say(t("related.dismissed"));
    } catch (error) {
      this.events.fail(error);
    }
  }
}
