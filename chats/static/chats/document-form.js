// A form over the parts of a document: each text and number is a field of its own,
// so that what is changed is known, and what is not stays as it is.

import { el } from "./dom.js";
import { t } from "./texts.js";

// What a program needs to know the parts by; not for people to change.
const FIXED = new Set(["kind", "version", "language", "ai_generated", "id", "solution_id", "type"]);
/** Characters; a longer text gets more than a line. */
const short = () => (matchMedia("(max-width: 52rem)").matches ? 28 : 60);

/** The places of all texts and numbers, as the schema orders them: `{path: ["tasks", 0, "text"], value, words}`. */
function* leaves(value, schema, path = []) {
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) yield* leaves(each, schema.items ?? {}, [...path, index]);
  } else if (value && typeof value === "object") {
    for (const [name, each] of members(schema)) {
      if (name in value && !FIXED.has(name)) yield* leaves(value[name], each, [...path, name]);
    }
  } else if (typeof value === "string" || typeof value === "number") {
    yield { path, value, words: schema.enum };
  }
}

/** The members of an object, those of its cases included. */
function members({ properties = {}, allOf = [] }) {
  return Object.entries(Object.assign({}, ...allOf.map((each) => each.then.properties), properties));
}

/** A JSON pointer (RFC 6901). */
const pointer = (path) =>
  path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** What a place is called: "Aufgabe 2 · Punkte". */
export function placeName(path) {
  const parts = typeof path === "string" ? path.split("/").slice(1) : path;
  const words = [];
  for (const part of parts) {
    if (/^\d+$/.test(part)) words.push(`${words.pop()} ${Number(part) + 1}`);
    else if (part !== "content") words.push(t(`part.${part}`, {}, part));
  }
  return words.join(" · ");
}

export class DocumentForm {
  #fields = [];

  constructor(container, content, schema) {
    let group = null;
    let place = null;
    container.replaceChildren();
    for (const leaf of leaves(content, schema)) {
      const top = typeof leaf.path[1] === "number" ? leaf.path.slice(0, 2) : [];
      if (pointer(top) !== place) {
        place = pointer(top);
        group = top.length ? el("fieldset", {}, el("legend", {}, placeName(top))) : el("div", {});
        container.append(group);
      }
      group.append(this.#field(leaf, top.length));
    }
  }

  /** What to send for what has been changed: the steps of a JSON Patch (RFC 6902), or nothing. */
  changes() {
    const patch = this.#fields
      .map(({ path, value, input }) => ({ path, before: value, value: read(input, value) }))
      .filter(({ before, value }) => before !== value)
      .map(({ path, value }) => ({ op: "replace", path: pointer(path), value }));
    return patch.length ? { patch } : {};
  }

  /** Shows what the server says of some places; returns what belongs to none. */
  refuse(errors) {
    const rest = { ...errors };
    for (const { path, input, problem } of this.#fields) {
      const text = (rest[pointer(path)] ?? []).join(" ");
      delete rest[pointer(path)];
      problem.textContent = text;
      problem.hidden = !text;
      input.setAttribute("aria-invalid", String(Boolean(text)));
    }
    this.#fields.find(({ problem }) => !problem.hidden)?.input.focus();
    return Object.values(rest).flat().join(" ");
  }

  #field({ path, value, words }, depth) {
    const input = inputFor(value, words);
    const problem = el("p", { class: "problem", id: `problem-${this.#fields.length}`, hidden: true });
    input.setAttribute("aria-describedby", problem.id);
    const name = placeName(path.slice(depth)) || t("part.text");
    this.#fields.push({ path, value, input, problem });
    return el("div", {}, el("label", {}, el("span", {}, name), input), problem);
  }
}

function inputFor(value, words) {
  if (words) {
    return el("select", {}, ...words.map((each) => el("option", { value: each, selected: each === value }, t(`choice.${each}`, {}, each))));
  }
  if (typeof value === "number") return el("input", { type: "number", step: "any", value });
  if (value.length <= short() && !value.includes("\n")) return el("input", { value });
  const area = el("textarea", { rows: Math.min(8, 1 + Math.ceil(value.length / short())) });
  area.value = value;
  return area;
}

function read(input, before) {
  if (typeof before !== "number") return input.value === shown(before) ? before : input.value;
  return input.value === "" ? null : Number(input.value);
}

/** A field ends lines in one way only; that alone is no change. */
const shown = (text) => text.replace(/\r\n?/g, "\n");
