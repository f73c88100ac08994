// A field over the list of material that finds words in all material and chats.

import * as api from "./api.js";
import { el, icon } from "./dom.js";
import { softLine } from "./panel.js";
import { formatMoment, t } from "./texts.js";

const PAUSE_MS = 300; // of typing
const ICONS = { artifact: "sheet", chat: "menu", message: "menu" };

export class SearchField {
  #timer = 0;
  #loading = new AbortController();

  /** `events`: onHit(hit), onFound(nodes or null), fail(error). */
  constructor(events) {
    this.events = events;
    this.input = el("input", { type: "search", maxlength: 500, placeholder: t("materials.search"), "aria-label": t("materials.search"), input: () => this.#typed() });
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#loading.abort();
    const words = this.input.value.trim();
    if (words.length < 2) return this.events.onFound(null);
    this.#timer = setTimeout(() => this.#search(words), PAUSE_MS);
  }

  async #search(words) {
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    try {
      const { results, has_more: hasMore } = await api.search(words, signal);
      const nodes = [el("p", { class: "sr-only", role: "status" }, t("materials.found", { number: results.length }))];
      if (results.length) nodes.push(el("ul", { class: "materials" }, ...results.map((hit) => this.#item(hit))));
      else nodes.push(softLine(t("materials.notFound")));
      if (hasMore) nodes.push(softLine(t("materials.moreHits")));
      this.events.onFound(nodes);
    } catch (error) {
      if (!signal.aborted) this.events.fail(error);
    }
  }

  #item(hit) {
    const words = hit.excerpt.map(({ text, is_hit: isHit }) => (isHit ? el("mark", {}, text) : text));
    const about = `${t(`hit.${hit.type}`)} · ${formatMoment(hit.time)}`;
    const text = el("span", {}, el("strong", {}, hit.title), el("span", {}, ...words), el("span", {}, about));
    return el("li", {}, el("button", { type: "button", click: () => this.events.onHit(hit) }, icon(ICONS[hit.type]), text));
  }
}
