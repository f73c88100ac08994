// Markdown inside one paragraph, as DOM nodes. Nothing here loads or runs anything:
// text becomes text nodes, links lead only to the web or to a mail address, and a
// picture becomes a link, because fetching it could carry what was said here away.

import { el } from "./dom.js";
import { t } from "./texts.js";

const SPECIAL = /[\\`*_~[!<&\n]|https?:\/\//gi;
const LINK = /\[([^[\]]{1,1000})\]\(\s{0,8}<?([^\s<>()]{1,2000}(?:\([^\s<>()]{0,500}\)[^\s<>()]{0,500}){0,4})>?(?:\s{1,8}"[^"]{0,500}")?\s{0,8}\)/y;
const AUTOLINK = /<((?:https?:\/\/|mailto:)[^\s<>]{1,2000}|[\w.+-]{1,64}@[\w.-]{1,253})>/iy;
const BARE_LINK = /https?:\/\/[^\s<>"]{1,2000}/iy;
const BREAK = /<br\s{0,3}\/?>/iy;
const ENTITY = /&(amp|lt|gt|quot|nbsp|#39|apos);/y;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0", "#39": "'", apos: "'" };
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const WORD = /[\p{L}\p{N}]/u;
const SPACE = /\s/;
const DIGIT = /\d/;
const LINE_TO_WRITE_ON = /(…{20,}|_{20,}|\.{40,})/;
// Deeper nesting is noise or an attack; it also keeps the work linear.
const MOST_OPEN = 16;

/** A fragment with `text` rendered; `links: false` inside the text of a link. */
export function renderInline(text, { links = true } = {}) {
  return new Inline(text, links).render();
}

/** The address when it is one that may be followed, else null. */
export function safeAddress(raw) {
  const address = URL.canParse(raw) ? new URL(raw) : null;
  if (!address || !["http:", "https:", "mailto:"].includes(address.protocol)) return null;
  // A name before the host only serves to disguise where a link leads.
  return address.username || address.password ? null : address.href;
}

class Inline {
  constructor(text, links) {
    this.text = text;
    this.links = links;
    this.out = document.createDocumentFragment();
    this.open = []; // emphasis marks that wait for their partner
    this.unclosed = new Set(); // lengths of backtick runs that have no partner ahead
  }

  render() {
    const { text } = this;
    let at = 0;
    SPECIAL.lastIndex = 0;
    for (let match; (match = SPECIAL.exec(text)); ) {
      this.#literal(text.slice(at, match.index));
      at = this.#special(match.index);
      SPECIAL.lastIndex = at;
    }
    this.#literal(text.slice(at));
    return this.out;
  }

  /** Renders what stands at `at` and returns where it ends; at least one character on. */
  #special(at) {
    const char = this.text[at];
    const saved = SPECIAL.lastIndex;
    if (char === "\n") return this.#add(el("br"), at + 1);
    if (char === "\\") return this.#escape(at);
    if (char === "`") return this.#code(at);
    if ("*_~".includes(char)) return this.#mark(at);
    const end = this.#matched(char, at);
    if (end) return end;
    SPECIAL.lastIndex = saved;
    return this.#literal(this.text.slice(at, saved), saved);
  }

  #matched(char, at) {
    if (char === "[") return this.#link(at, at);
    if (char === "!") return this.text[at + 1] === "[" && this.#link(at, at + 1);
    if (char === "<") return this.#break(at) || this.#autolink(AUTOLINK, at, 1);
    if (char === "&") return this.#entity(at);
    return this.#autolink(BARE_LINK, at, 0);
  }

  #escape(at) {
    const next = this.text[at + 1] ?? "";
    if (next === "\n") return this.#add(el("br"), at + 2);
    if (PUNCTUATION.test(next)) return this.#literal(next, at + 2);
    return this.#literal("\\", at + 1);
  }

  #code(at) {
    const fence = run(this.text, at);
    const start = at + fence.length;
    const end = this.unclosed.has(fence.length) ? -1 : closing(this.text, fence, start);
    if (end < 0) {
      this.unclosed.add(fence.length);
      return this.#literal(fence, start);
    }
    const code = this.text.slice(start, end).replace(/\n/g, " ");
    const padded = code.startsWith(" ") && code.endsWith(" ") && code.trim();
    return this.#add(el("code", {}, padded ? code.slice(1, -1) : code), end + fence.length);
  }

  #link(at, bracket) {
    LINK.lastIndex = bracket;
    const match = this.links && LINK.exec(this.text);
    const end = LINK.lastIndex;
    const address = match && safeAddress(match[2]);
    if (!address) return 0;
    const label = renderInline(match[1], { links: false });
    if (at !== bracket) label.prepend(`${t("chat.image")}: `);
    return this.#add(anchor(address, label), end);
  }

  #autolink(pattern, at, frame) {
    pattern.lastIndex = at;
    const match = this.links && pattern.exec(this.text);
    if (!match) return 0;
    const label = frame ? match[1] : match[0].replace(/[.,;:!?'"*_~)\]]{1,8}$/, "");
    const address = safeAddress(!/^[a-z]+:/i.test(label) ? `mailto:${label}` : label);
    return address ? this.#add(anchor(address, label), at + label.length + 2 * frame) : 0;
  }

  #break(at) {
    BREAK.lastIndex = at;
    return BREAK.test(this.text) ? this.#add(el("br"), BREAK.lastIndex) : 0;
  }

  #entity(at) {
    ENTITY.lastIndex = at;
    const match = ENTITY.exec(this.text);
    return match ? this.#literal(ENTITIES[match[1]], ENTITY.lastIndex) : 0;
  }

  /** Emphasis: opens, closes, or is literal, by what stands on both sides (as in CommonMark). */
  #mark(at) {
    const mark = run(this.text, at);
    const end = at + mark.length;
    const known = mark[0] === "~" ? mark.length === 2 : mark.length <= 3;
    const before = this.text[at - 1] ?? " ";
    const after = this.text[end] ?? " ";
    const product = mark === "*" && DIGIT.test(before) && DIGIT.test(after); // 2*3*4
    if (!known || product) return this.#literal(mark, end);
    const canOpen = !SPACE.test(after) && (mark[0] !== "_" || !WORD.test(before));
    const canClose = !SPACE.test(before) && (mark[0] !== "_" || !WORD.test(after));
    let left = mark;
    while (canClose && left) {
      const rest = this.#close(left);
      if (rest === null) break;
      left = rest;
    }
    if (left) this.#opening(left, canOpen);
    return end;
  }

  #opening(mark, canOpen) {
    const node = document.createTextNode(mark);
    this.out.append(node);
    if (!canOpen) return;
    this.open.push({ node, mark });
    if (this.open.length > MOST_OPEN) this.open.shift();
  }

  /** Wraps what lies after the nearest partner of `mark`; returns what is left of `mark`, or null. */
  #close(mark) {
    const index = this.open.findLastIndex((opener) => opener.mark[0] === mark[0]);
    if (index < 0) return null;
    const opener = this.open[index];
    const size = Math.min(2, mark.length, opener.mark.length);
    const tag = mark[0] === "~" ? "s" : size === 2 ? "strong" : "em";
    const wrapper = el(tag);
    while (opener.node.nextSibling) wrapper.append(opener.node.nextSibling);
    this.out.append(wrapper);
    opener.mark = opener.mark.slice(size);
    opener.node.data = opener.mark;
    this.open.length = opener.mark ? index + 1 : index;
    return mark.slice(size);
  }

  #literal(text, end) {
    // A line to write on is as long as there is room; the rest of it is cut off.
    const parts = text.split(LINE_TO_WRITE_ON).map((part, i) => (i % 2 ? el("span", { class: "line" }, part) : part));
    this.out.append(...parts.filter(Boolean));
    return end;
  }

  #add(node, end) {
    this.out.append(node);
    return end;
  }
}

function anchor(address, label) {
  return el(
    "a",
    { href: address, target: "_blank", rel: "noopener noreferrer nofollow", title: address },
    label,
  );
}

/** The run of equal characters that starts at `at`. */
function run(text, at) {
  let end = at + 1;
  while (text[end] === text[at]) end += 1;
  return text.slice(at, end);
}

function closing(text, fence, from) {
  for (let at = text.indexOf("`", from); at >= 0; ) {
    const found = run(text, at);
    if (found.length === fence.length) return at;
    at = text.indexOf("`", at + found.length);
  }
  return -1;
}
