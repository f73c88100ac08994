// One material in the panel: what it looks like on paper, as files, its versions, and its parts to change.

import * as api from "./api.js";
import { DocumentForm, placeName } from "./document-form.js";
import { byId, el, iconButton } from "./dom.js";
import { progressText, saveFile } from "./files.js";
import { MarkdownView } from "./markdown.js";
import { selectField, softLine } from "./panel.js";
import { shelf } from "./shelf.js";
import { formatMoment, t } from "./texts.js";

const FORMATS = { docx: "Word", pdf: "PDF", md: "Markdown" };
const QUIZ_FORMATS = { moodle_xml: "Moodle XML", gift: "GIFT", qti21: "QTI 2.1", qti3: "QTI 3" };

export class Material {
  #edition = "teacher";
  #note = "";

  /** `events`: onBack(), onChat(id), onGone(), during(work), say(text). */
  constructor(material, kinds, events) {
    this.material = material;
    this.kind = kinds.find((kind) => kind.name === material.kind);
    this.events = events;
  }

  /** Puts it into the panel. */
  async show(panel, signal) {
    this.panel = panel;
    const preview = await api.previewMaterial(this.material.id, this.#edition, signal);
    const paper = el("div", { class: "markdown paper" });
    new MarkdownView(paper).render(preview.markdown);
    const place = await this.#place(signal);
    const nodes = [this.#about(preview), this.#files(), place, paper, this.#ways()];
    if (signal.aborted) return;
    if (this.#note) nodes.unshift(el("p", { class: "told", role: "status" }, this.#note));
    this.#note = "";
    panel.show(this.material.title, nodes, { onBack: this.events.onBack });
  }

  get #isOwn() {
    return this.material.teacher_id === this.events.teacherId();
  }

  async #place(signal) {
    const { id } = this.material;
    const none = { results: [] };
    const [{ tags }, collections, shares] = await Promise.all([
      api.getTags(id, signal),
      api.listCollections(signal),
      this.#isOwn ? api.listShares(id, signal) : none,
    ]);
    return shelf({ id, tags, is_own: this.#isOwn }, collections.results, shares.results, {
      during: this.events.during,
      onDone: (note) => this.#again(note),
    });
  }

  #again(note = "") {
    this.#note = note;
    return this.events.during((signal) => this.show(this.panel, signal));
  }

  #about(preview) {
    const { material } = this;
    const known = [
      this.kind?.display_name ?? t(`family.${material.artifact_type}`),
      t("material.revision", { number: preview.revision }),
      formatMoment(material.changed_at ?? material.created_at),
    ];
    if (preview.is_ai_made) known.push(t("material.ai"));
    return softLine(known.join(" · "));
  }

  #files() {
    const formats = { ...FORMATS, ...(this.material.kind === "quiz" ? QUIZ_FORMATS : {}) };
    const buttons = Object.entries(formats).map(([format, name]) =>
      el("button", { type: "button", "aria-label": t("material.download", { format: name }), click: () => this.#download(format) }, name),
    );
    const tools = el("div", { class: "tools" }, ...buttons);
    if (!this.kind) return tools;
    const editions = ["teacher", "pupil"].map((each) => [each, `${t(`material.${each}`)} (${t(`material.${each}Note`)})`]);
    tools.prepend(selectField(t("material.edition"), editions, this.#edition, (edition) => {
      this.#edition = edition;
      this.#again();
    }));
    return tools;
  }

  #download(format) {
    return this.events.during(async (signal) => {
      const told = (progress) => this.events.say(progressText(progress));
      saveFile(await api.exportMaterial(this.material.id, format, this.#edition, told, signal));
    });
  }

  #ways() {
    const { chat_id: chatId } = this.material;
    if (!this.#isOwn) return "";
    const ways = [
      iconButton("edit", t("material.edit"), () => this.#edit()),
      iconButton("retry", t("material.versions"), () => this.#versions()),
      iconButton("delete", t("material.delete"), () => this.#askDelete(), { class: "danger" }),
    ];
    if (chatId) ways.unshift(iconButton("back", t("material.toChat"), () => this.events.onChat(chatId)));
    return el("div", { class: "tools" }, ...ways);
  }

  /** A form over title and parts; only what was changed is sent. */
  #edit() {
    const { title, content } = this.material;
    const name = el("input", { value: title, maxlength: 200, required: true });
    const parts = el("div", { class: "parts" });
    const form = typeof content === "string" ? textForm(parts, content) : new DocumentForm(parts, content, this.kind.schema);
    const problem = el("p", { class: "problem", role: "alert", hidden: true });
    const submit = el("button", { type: "submit", class: "primary" }, t("material.save"));
    const cancel = el("button", { type: "button", click: () => this.#again() }, t("cancel"));
    const save = async (event) => {
      event.preventDefault();
      submit.disabled = true;
      await this.#save(name.value.trim(), form, problem);
      submit.disabled = false;
    };
    const fields = [el("label", {}, el("span", {}, t("material.name")), name), parts, problem];
    const node = el("form", { class: "edit", submit: save }, ...fields, el("div", { class: "choices" }, cancel, submit));
    this.panel.show(t("material.edit"), [node], { onBack: () => this.#again() });
    name.focus();
  }

  async #save(title, form, problem) {
    const { material } = this;
    const changes = form.changes();
    if (title !== material.title) changes.title = title;
    if (!Object.keys(changes).length) return this.#again(t("material.unchanged"));
    try {
      const { changes: told, ...now } = await api.changeMaterial(material.id, material.revision, changes);
      this.material = now;
      const names = told.map(({ path }) => (path === "/title" ? t("material.name") : placeName(path) || t("material.document")));
      await this.#again(told.length ? t("material.changed", { parts: [...new Set(names)].join(", ") }) : t("material.unchanged"));
    } catch (error) {
      if (error.status === 412) return this.#stale();
      if (error.status === 401) return;
      const refused = error.errors?.content;
      const places = refused && !Array.isArray(refused) ? form.refuse(refused) : null;
      problem.textContent = places ?? error.message;
      problem.hidden = !problem.textContent;
    }
  }

  #stale() {
    return this.events.during(async (signal) => {
      this.material = await api.getMaterial(this.material.id, signal);
      this.#note = t("material.stale");
      await this.show(this.panel, signal);
    });
  }

  #versions() {
    return this.events.during(async () => {
      const { results } = await api.listVersions(this.material.id);
      const items = results.map((version, index) => this.#version(version, index === 0));
      this.panel.show(t("material.versions"), [el("ul", { class: "versions" }, ...items)], { onBack: () => this.#again() });
    });
  }

  #version({ revision, title, created_at: moment }, isCurrent) {
    const about = [t("material.revision", { number: revision }), formatMoment(moment)];
    if (isCurrent) about.push(t("material.current"));
    const text = el("span", {}, el("strong", {}, title), el("span", {}, about.join(" · ")));
    if (isCurrent) return el("li", {}, text);
    return el("li", {}, text, el("button", { type: "button", click: () => this.#restore(revision) }, t("material.restore")));
  }

  #restore(revision) {
    return this.events.during(async (signal) => {
      try {
        this.material = await api.restoreMaterial(this.material.id, this.material.revision, revision);
      } catch (error) {
        if (error.status !== 412) throw error;
        return this.#stale();
      }
      this.#note = t("material.restored", { number: revision });
      await this.show(this.panel, signal);
    });
  }

  #askDelete() {
    const dialog = byId("delete-material-dialog");
    byId("delete-material-text").textContent = t("material.deleteText", { title: this.material.title });
    byId("delete-material-form").onsubmit = (event) => {
      event.preventDefault();
      dialog.close();
      this.#delete();
    };
    dialog.querySelector("[value=cancel]").onclick = () => dialog.close();
    dialog.showModal();
  }

  #delete() {
    return this.events.during(async () => {
      await api.deleteMaterial(this.material.id);
      this.events.say(t("material.deleted", { title: this.material.title }));
      await this.events.onGone();
    });
  }
}

/** The same as a DocumentForm, for a text. */
function textForm(container, content) {
  const area = el("textarea", { rows: 20 });
  area.value = content;
  const before = area.value; // a field ends lines in its own way: that alone is no change
  container.append(el("label", {}, el("span", {}, t("material.content")), area));
  return {
    changes: () => (area.value === before ? {} : { content: area.value }),
    refuse: (errors) => Object.values(errors).flat().join(" "),
  };
}
