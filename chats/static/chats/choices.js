// A question back, answered with one click: an answer that is nothing but a short question and a
// short list of answers to it gets a button for each.

import { el } from "./dom.js";

const MOST = 4;
const LONGEST = 60; // characters of an answer
const BLOCKS = 3; // the question, the answers, and before them what always stands there

/** Puts buttons into the last answer, where it asks back; `onChoice(text)` gets the one chosen. */
export function offerChoices(answer, onChoice) {
  const found = findChoices(answer.querySelector(".markdown"));
  if (!found) return;
  const buttons = found.texts.map((text) => el("button", { type: "button", click: () => onChoice(text) }, text));
  const group = el("div", { class: "choices-back", role: "group", "aria-label": found.question }, ...buttons);
  found.list.hidden = true;
  found.list.after(group);
}

/** What was asked has been answered, in whatever way: the list is a list again. */
export function endChoices(messages) {
  for (const group of messages.querySelectorAll(".choices-back")) {
    group.previousElementSibling.hidden = false;
    group.remove();
  }
}

function findChoices(body) {
  const blocks = [...(body?.children ?? [])];
  const [question, list] = blocks.slice(-2);
  if (blocks.length > BLOCKS || list?.localName !== "ul" || !question.textContent.trim().endsWith("?")) return null;
  const texts = [...list.children].map((item) => item.textContent.trim());
  const fits = texts.length > 1 && texts.length <= MOST && texts.every((text) => text && text.length <= LONGEST);
  return fits ? { question: question.textContent, list, texts } : null;
}
