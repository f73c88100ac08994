// Markdown as DOM nodes: headings, lists, tables, quotes, code. It is what language
// models write, not all of CommonMark: no raw HTML, no pictures, no underlined
// headings (half a table looks like one while it arrives), and a line break is one.

import { el } from "./dom.js";
import { renderInline } from "./inline.js";
import { t } from "./texts.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?=\s|$)/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)])(?:( +)|$)/;
const DEEPEST = 8; // quotes and lists inside each other
const WIDEST = 64; // columns; a table with more is none

/** Shows a text that grows. Only its last blocks are built again; the rest stays as it is. */
export class MarkdownView {
  #settled = 0; // characters whose nodes will not change any more
  #blocks = []; // {source, node} after that point

  constructor(container) {
    this.container = container;
  }

  /** Shows `text`, which must begin with the text of the call before; else call `reset()` first. */
  render(text) {
    const lines = text.slice(this.#settled).split("\n");
    const fresh = parse(lines, 0).map((block) => ({
      ...block,
      source: lines.slice(block.from, block.to).join("\n"),
    }));
    this.#update(fresh);
    this.#settle(fresh, lines);
  }

  reset() {
    this.#settled = 0;
    this.#blocks = [];
    this.container.replaceChildren();
  }

  #update(fresh) {
    const old = this.#blocks;
    let same = 0;
    while (same < Math.min(old.length, fresh.length) && old[same].source === fresh[same].source) same += 1;
    for (const block of old.splice(same)) block.node.remove();
    for (const block of fresh.slice(same)) {
      const node = block.build();
      this.container.append(node);
      old.push({ source: block.source, node });
    }
  }

  /** What comes next can still join the last block or the one before ("2" becomes "2."). */
  #settle(fresh, lines) {
    const done = fresh.length - 2;
    if (done <= 0) return;
    this.#settled += lines.slice(0, fresh[done].from).reduce((sum, line) => sum + line.length + 1, 0);
    this.#blocks.splice(0, done);
  }
}

/** Blocks as `{from, to, build}`: the lines they take, and what makes their node. */
function parse(lines, depth) {
  const blocks = [];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const block = blockAt(lines, at, depth);
    blocks.push({ from: at, ...block });
    at = block.to;
  }
  return blocks;
}

function blockAt(lines, at, depth) {
  const line = lines[at];
  if (FENCE.test(line)) return code(lines, at);
  if (HEADING.test(line)) return heading(line, at);
  if (RULE.test(line)) return { to: at + 1, build: () => el("hr") };
  if (isTable(lines, at)) return table(lines, at);
  if (depth < DEEPEST && QUOTE.test(line)) return quote(lines, at, depth);
  if (depth < DEEPEST && ITEM.test(line)) return list(lines, at, depth);
  return paragraph(lines, at, depth);
}

const startsBlock = (line) =>
  FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);

/** One by one: a call cannot take as many arguments as an answer can have lines. */
function fragment(values, make) {
  const nodes = document.createDocumentFragment();
  for (const value of values) nodes.append(make(value));
  return nodes;
}

const build = (blocks) => fragment(blocks, (block) => block.build());

function paragraph(lines, at, depth) {
  let to = at + 1;
  while (to < lines.length && lines[to].trim() && !isTable(lines, to)) {
    if (depth < DEEPEST && startsBlock(lines[to])) break;
    to += 1;
  }
  const text = () => lines.slice(at, to).map((line) => line.trim()).join("\n");
  return { to, text, build: () => el("p", {}, renderInline(text())) };
}

function heading(line, at) {
  const marks = HEADING.exec(line)[1].length;
  const text = line.trim().slice(marks).replace(/#{1,64}$/, "").trim();
  // The page's own heading comes first, so those of an answer begin one level below.
  const tag = `h${Math.min(6, marks + 1)}`;
  return { to: at + 1, build: () => el(tag, {}, renderInline(text)) };
}

function code(lines, at) {
  const [, fence] = FENCE.exec(lines[at]);
  const closes = (line) => line.trim().startsWith(fence) && !line.trim().replaceAll(fence[0], "");
  let end = at + 1;
  while (end < lines.length && !closes(lines[end])) end += 1;
  const text = lines.slice(at + 1, end).join("\n");
  const make = () => el("pre", { tabindex: "0" }, el("code", {}, text));
  return { to: Math.min(end + 1, lines.length), build: make };
}

function quote(lines, at, depth) {
  let to = at;
  while (to < lines.length && QUOTE.test(lines[to])) to += 1;
  const inner = () => lines.slice(at, to).map((line) => line.replace(QUOTE, ""));
  return { to, build: () => el("blockquote", {}, build(parse(inner(), depth + 1))) };
}

function isTable(lines, at) {
  if (!lines[at].includes("|") || !lines[at + 1]?.includes("-")) return false;
  const columns = cells(lines[at + 1]);
  const rule = columns.every((cell) => /^:?-+:?$/.test(cell));
  const wide = cells(lines[at]).length;
  return rule && lines[at + 1].includes("|") && columns.length <= wide && wide <= WIDEST;
}

function table(lines, at) {
  let to = at + 2;
  while (to < lines.length && lines[to].includes("|") && lines[to].trim()) to += 1;
  return { to, build: () => buildTable(lines.slice(at, to)) };
}

function buildTable([first, rule, ...rest]) {
  const head = cells(first);
  const sides = cells(rule).map(side);
  const row = (values, tag) =>
    el("tr", {}, ...head.map((_, i) => el(tag, { class: sides[i] }, renderInline(values[i] ?? ""))));
  const whole = el("table", {}, el("thead", {}, row(head, "th")));
  if (rest.length) whole.append(el("tbody", {}, fragment(rest, (line) => row(cells(line), "td"))));
  for (const cell of whole.querySelectorAll("th")) cell.scope = "col";
  // Wide tables scroll by themselves, also with the keyboard, and never the page.
  return el("div", { class: "table", tabindex: "0", role: "region", "aria-label": t("chat.table") }, whole);
}

function side(rule) {
  if (rule.endsWith(":")) return rule.startsWith(":") ? "middle" : "end";
  return null;
}

function cells(line) {
  const inner = line.trim().replace(/^\|/, "");
  const parts = inner.split("|");
  const joined = [];
  for (const part of parts) {
    if (joined.at(-1)?.endsWith("\\")) joined.push(`${joined.pop().slice(0, -1)}|${part}`);
    else joined.push(part);
  }
  if (joined.length > 1 && !joined.at(-1).trim()) joined.pop();
  return joined.map((cell) => cell.trim());
}

function list(lines, at, depth) {
  const ordered = isOrdered(lines[at]);
  const belongs = (line) =>
    line !== undefined && ITEM.test(line) && isOrdered(line) === ordered && !RULE.test(line);
  const items = [];
  let to = at;
  let loose = false;
  while (belongs(lines[to])) {
    const item = takeItem(lines, to);
    items.push(item.lines);
    to = item.to;
    const next = skipBlank(lines, to);
    if (next === to || !belongs(lines[next])) continue;
    loose = true;
    to = next;
  }
  const start = ordered ? Number.parseInt(lines[at].trim(), 10) : null;
  return { to, build: () => buildList(items, { ordered, start, loose, depth }) };
}

const isOrdered = (line) => /\d/.test(ITEM.exec(line)[2]);

function buildList(items, { ordered, start, loose, depth }) {
  const tag = ordered ? "ol" : "ul";
  const attributes = { start: start === 1 ? null : start };
  return el(tag, attributes, fragment(items, (lines) => buildItem(lines, loose, depth)));
}

function buildItem(lines, loose, depth) {
  const item = el("li");
  const task = /^\[([ xX])\] /.exec(lines[0]);
  const rest = task ? [lines[0].slice(4), ...lines.slice(1)] : lines;
  if (task) item.append(box(task[1] !== " "));
  for (const block of parse(rest, depth + 1)) {
    item.append(block.text && !loose ? renderInline(block.text()) : block.build());
  }
  return item;
}

function box(done) {
  const label = t(done ? "chat.done" : "chat.todo");
  return el("span", { class: "task", role: "img", "aria-label": label }, done ? "☑ " : "☐ ");
}

/** The lines of one item without its indent. Two columns of indent are enough to belong to it. */
function takeItem(lines, at) {
  const [, before, mark, gap = " "] = ITEM.exec(lines[at]);
  const indent = before.length + mark.length + (gap.length > 4 ? 1 : gap.length);
  const inside = Math.min(indent, before.length + 2);
  const taken = [lines[at].slice(indent)];
  let to = at + 1;
  while (to < lines.length) {
    const next = skipBlank(lines, to);
    if (next === lines.length) break;
    const within = width(lines[next]) >= inside;
    if (!within && (next > to || !continues(lines, next))) break;
    for (; to <= next; to += 1) taken.push(lines[to].slice(Math.min(indent, width(lines[to]))));
  }
  return { lines: taken, to };
}

/** A line that goes on with the paragraph before it although it is not indented. */
const continues = (lines, at) => lines[at - 1].trim() && !startsBlock(lines[at]) && !isTable(lines, at);

const width = (line) => line.length - line.trimStart().length;

function skipBlank(lines, at) {
  let next = at;
  while (next < lines.length && !lines[next].trim()) next += 1;
  return next;
}
