// All material of the teacher, newest first, and the way to each.

import * as api from "./api.js";
import { byId, el, icon, iconButton } from "./dom.js";
import { Material } from "./material.js";
import { moreButton, selectField, softLine } from "./panel.js";
import { SearchField } from "./search.js";
import { star } from "./shelf.js";
import { formatMoment, t } from "./texts.js";

export const ICONS = { lesson_plan: "plan", worksheet: "sheet", rubric: "rubric", activity: "edit" };

export class Materials {
  #kinds = null; // promise of the kinds, in the language they were asked for
  #kind = ""; // the filters
  #shelf = "";

  /** `events`: onWish(), onChat(id), teacherId(), say(text), fail(error). */
  constructor(panel, events) {
    this.panel = panel;
    this.events = events;
    this.keeping = byId("keep-dialog");
    byId("materials").addEventListener("click", () => this.openList());
    byId("keep-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.panel.during(() => this.#keep());
    });
    this.keeping.querySelector("[value=cancel]").addEventListener("click", () => this.keeping.close());
  }

  /** The kinds that can be made: `{name, display_name, artifact_type, schema}`. */
  async kinds() {
    this.#kinds ??= api.listKinds().catch((error) => {
      this.#kinds = null;
      throw error;
    });
    return (await this.#kinds).results;
  }

  /** Forgets what belongs to a teacher or a language. */
  clear() {
    this.#kinds = null;
    this.panel.close();
  }

  openList() {
    return this.panel.during(async (signal) => {
      const [kinds, collections] = await Promise.all([this.kinds(), api.listCollections(signal)]);
      const page = await api.listLibrary(this.#filters(), signal);
      if (signal.aborted) return;
      const list = el("div", { class: "found" }, ...this.#pageNodes(kinds, page));
      this.panel.show(t("materials.title"), this.#searchable([this.#tools(kinds, collections.results, list), list]));
    });
  }

  open(id) {
    return this.panel.during(async (signal) => {
      const [kinds, material] = await Promise.all([this.kinds(), api.getMaterial(id, signal)]);
      await this.#show(kinds, material, signal);
    });
  }

  /** Opens what was made with an answer. */
  openOfMessage(chatId, messageId) {
    return this.panel.during(async (signal) => {
      const { results } = await api.listMaterials({ chat_id: chatId, limit: 200 }, signal);
      const material = results.find((each) => each.message_id === messageId);
      if (!material) return this.openList();
      await this.#show(await this.kinds(), material, signal);
    });
  }

  /** Asks what an answer is to be kept as. */
  askToKeep(answer) {
    this.kept = answer;
    byId("keep-title").value = firstLine(answer.content);
    this.keeping.showModal();
    byId("keep-title").select();
  }

  async #keep() {
    const { chatId, messageId, content } = this.kept;
    const material = await api.keepMaterial({
      chat_id: chatId,
      message_id: messageId,
      content,
      title: byId("keep-title").value.trim(),
      artifact_type: byId("keep-family").value,
    });
    this.keeping.close();
    this.events.say(t("material.kept", { title: material.title }));
    await this.open(material.id);
  }

  async #show(kinds, material, signal) {
    const shown = new Material(material, kinds, {
      onBack: () => this.openList(),
      onChat: (id) => this.#toChat(id),
      onGone: () => this.openList(),
      teacherId: () => this.events.teacherId(),
      during: (work) => this.panel.during(work),
      say: this.events.say,
    });
    await shown.show(this.panel, signal);
  }

  #filters() {
    const filters = { limit: 50 };
    if (this.#kind) filters.kind = this.#kind;
    if (this.#shelf === "favourite") filters.favourite = true;
    else if (["with_me", "by_me"].includes(this.#shelf)) filters.shared = this.#shelf;
    else if (this.#shelf) filters.collection = this.#shelf;
    return filters;
  }

  #toChat(id) {
    this.panel.close();
    this.events.onChat(id);
  }

  /** What narrows the list down; a choice fills `list` anew. */
  #tools(kinds, collections, list) {
    const refill = () => this.panel.during(async (signal) => {
      const page = await api.listLibrary(this.#filters(), signal);
      list.replaceChildren(...this.#pageNodes(kinds, page));
    });
    const shelf = selectField(t("materials.shelf"), this.#shelves(collections), this.#shelf, (chosen) => {
      this.#shelf = chosen;
      refill();
    });
    const names = kinds.map((kind) => [kind.name, kind.display_name]);
    const options = [["", t("materials.all")], ...names, ["text", t("materials.text")]];
    const filter = selectField(t("materials.kind"), options, this.#kind, (chosen) => {
      this.#kind = chosen;
      refill();
    });
    const make = iconButton("plus", t("wish.open"), () => this.events.onWish(), { class: "primary" });
    return el("div", { class: "tools" }, shelf, filter, make);
  }

  #shelves(collections) {
    const shelves = [["", "everything"], ["favourite", "favourites"], ["with_me", "withMe"], ["by_me", "byMe"]];
    const options = shelves.map(([value, name]) => [value, t(`materials.${name}`)]);
    options.push(...collections.map(({ id, name }) => [id, name]));
    if (!options.some(([value]) => value === this.#shelf)) this.#shelf = "";
    return options;
  }

  #pageNodes(kinds, page) {
    const list = el("ul", { class: "materials" }, ...this.#items(kinds, page.results));
    const empty = softLine(t(this.#kind || this.#shelf ? "materials.none" : "materials.empty"));
    const more = moreButton(t("materials.more"), () => this.panel.during(() => this.#more(kinds, page, list, more)));
    more.hidden = !page.next;
    return [page.results.length ? list : empty, more];
  }

  /** A field that shows what it finds in place of everything else. */
  #searchable(nodes) {
    const body = el("div", { class: "found" }, ...nodes);
    const field = new SearchField({
      onHit: (hit) => (hit.type === "artifact" ? this.open(hit.id) : this.#toChat(hit.chat_id)),
      onFound: (found) => body.replaceChildren(...(found ?? nodes)),
      fail: this.events.fail,
    });
    return [field.input, body];
  }

  async #more(kinds, page, list, more) {
    const next = await api.nextPage(page.next);
    list.append(...this.#items(kinds, next.results));
    page.next = next.next;
    more.hidden = !next.next;
  }

  #items(kinds, materials) {
    const names = new Map(kinds.map((kind) => [kind.name, kind.display_name]));
    const marks = { during: (work) => this.panel.during(work), say: this.events.say };
    return materials.map((material) => {
      const about = [names.get(material.kind) ?? t(`family.${material.artifact_type}`), formatMoment(material.created_at)];
      if (!material.is_own) about.push(t("materials.from", { name: material.owner_name || t("materials.colleague") }));
      about.push(...material.tags.map((tag) => `#${tag}`));
      const text = el("span", {}, el("strong", {}, material.title), el("span", {}, about.join(" · ")));
      const open = el("button", { type: "button", click: () => this.open(material.id) }, icon(ICONS[material.artifact_type]), text);
      return el("li", {}, open, star(material, marks));
    });
  }
}

/** The first words of a Markdown text, without its marks. */
function firstLine(text) {
  const line = text.split("\n").map((each) => each.replace(/^[\s#>*_-]+|[*_]+/g, "").trim());
  return (line.find((each) => each && !/demo/i.test(each)) ?? t("materials.text")).slice(0, 200);
}
