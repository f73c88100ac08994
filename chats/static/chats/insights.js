// What a teacher's own rows say: the numbers of the last weeks, what is worth doing, and one guess.

import * as api from "./api.js";
import { byId, el, iconButton } from "./dom.js";
import { progressText, saveFile } from "./files.js";
import { softLine } from "./panel.js";
import { readEvents } from "./stream.js";
import { formatDay, formatNumber, formatShare, formatSpan, t } from "./texts.js";

const EXPORT = /^\/api\/artifacts\/([\w-]+)\/export\?/;
const RETRY = /^\/api\/replies\/([\w-]+)\/retry$/;
const TOPICS = 3;

export class Insights {
  /** `events`: onMaterial(id), onAsked(chatId), onPreferences(), say(text), topicName(topic). */
  constructor(panel, events) {
    this.panel = panel;
    this.events = events;
    byId("insights").addEventListener("click", () => this.open());
  }

  /** Shows all of it; `note` says what has just been done. */
  open(note = "") {
    return this.panel.during(async (signal) => {
      const found = await api.getInsights(signal);
      const nodes = found.is_on ? this.#all(found) : this.#nothing();
      if (signal.aborted) return;
      if (note) nodes.unshift(el("p", { class: "told", role: "status" }, note));
      this.panel.show(t("insights.title"), nodes);
    });
  }

  #all({ numbers, hints, forecast }) {
    const nodes = [softLine(t("insights.intro", { day: formatDay(numbers.begins) }))];
    nodes.push(...hints.map((hint) => this.#hint(hint)));
    if (forecast) nodes.push(this.#forecast(forecast));
    if (!hints.length && !forecast) nodes.push(softLine(t("insights.noHint")));
    nodes.push(this.#numbers(numbers));
    const off = iconButton("close", t("insights.off"), () => this.#switch(false), { class: "quiet wide" });
    return [...nodes, off];
  }

  #nothing() {
    return [
      softLine(t("insights.isOff")),
      el("div", { class: "tools" }, iconButton("check", t("insights.on"), () => this.#switch(true))),
    ];
  }

  #switch(isOn) {
    return this.panel.during(async () => {
      await api.changePreferences({ notification_settings: { insights: isOn } });
      await this.open(t(isOn ? "insights.switchedOn" : "insights.switchedOff"));
    });
  }

  #hint({ text, action, rows }) {
    const isMaterial = EXPORT.test(action.path);
    return el("section", { class: "hint" }, el("p", {}, text), this.#ways(action, isMaterial ? rows[0] : null));
  }

  /** A guess says that it is one, how sure it is, and why. */
  #forecast({ text, probability, base_rate: usual, reasons, action, artifact_id: id, model }) {
    const sure = t("insights.guess", { share: formatShare(probability), usual: formatShare(usual) });
    const from = t(model.trained_on === "own" ? "insights.ofOwn" : "insights.ofSimulated", { number: formatNumber(model.examples) });
    return el(
      "section",
      { class: "hint" },
      el("p", {}, text),
      el("ul", { class: "reasons" }, ...reasons.map((reason) => el("li", {}, reason.text))),
      softLine(`${sure} ${from}`),
      this.#ways(action, id),
    );
  }

  #ways(action, materialId) {
    const ways = el("div", { class: "tools" });
    if (this.#can(action)) ways.append(el("button", { type: "button", class: "primary", click: () => this.#do(action) }, action.text));
    if (materialId) ways.append(el("button", { type: "button", click: () => this.events.onMaterial(materialId) }, t("insights.look")));
    return ways;
  }

  /** An action is a request; the page makes only those that it knows the outcome of. */
  #can({ path }) {
    return EXPORT.test(path) || RETRY.test(path) || path === "/api/preferences";
  }

  #do({ path }) {
    if (path === "/api/preferences") return this.events.onPreferences();
    if (EXPORT.test(path)) return this.#export(path);
    return this.#askAgain(RETRY.exec(path)[1]);
  }

  #export(path) {
    return this.panel.during(async (signal) => {
      const file = await api.getFile(path, (progress) => this.events.say(progressText(progress)), signal);
      saveFile(file);
      await this.open(t("insights.exported", { name: file.name }));
    });
  }

  /** The new answer is read in its chat, which joins it there. */
  #askAgain(replyId) {
    return this.panel.during(async (signal) => {
      const response = await api.replyAgain(replyId, "retry", 0, signal);
      for await (const { data } of readEvents(response.body)) {
        if (data.type !== "meta") continue;
        this.panel.close();
        return this.events.onAsked(data.chat_id);
      }
    });
  }

  #numbers(numbers) {
    const { funnel } = numbers;
    const rows = [
      ["questions", numbers.questions],
      ["answers", numbers.answers],
      ["thumbs", `${numbers.thumbs_up} : ${numbers.thumbs_down}`, numbers.thumbs_up + numbers.thumbs_down],
      ["material", numbers.material],
      ["edited", formatShare(numbers.edit_rate)],
      ["chats", funnel.chats],
      ["withMaterial", funnel.with_material],
      ["taken", funnel.exported],
      ["reused", funnel.reused],
      ["first", formatSpan(numbers.average_first_token_ms)],
      ["finished", formatSpan(numbers.average_finished_ms)],
    ].filter(([, value, of = 1]) => value !== null && of);
    const list = el("dl", { class: "numbers" }, ...rows.map(([name, value]) => this.#number(t(`insights.${name}`), value)));
    return el("section", {}, el("h3", {}, t("insights.numbers")), list, ...this.#topics(numbers.topics));
  }

  #number(name, value) {
    return el("div", {}, el("dt", {}, name), el("dd", {}, typeof value === "number" ? formatNumber(value) : value));
  }

  #topics(topics) {
    if (!topics.length) return [];
    const items = topics.slice(0, TOPICS).map(({ topic, questions }) =>
      el("li", {}, `${this.events.topicName(topic)}: ${formatNumber(questions)}`));
    return [el("h3", {}, t("insights.topics")), el("ul", { class: "reasons" }, ...items)];
  }
}
