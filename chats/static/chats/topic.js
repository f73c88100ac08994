// What a chat is about: found by the server, corrected by the teacher.

import * as api from "./api.js";
import { byId, el } from "./dom.js";
import { t } from "./texts.js";

export class TopicChip {
  #chat = null;
  #names = new Map();

  /** `events`: onChanged(chat), say(text), fail(error). */
  constructor(events) {
    this.events = events;
    this.select = byId("topic");
    this.select.addEventListener("change", () => this.#correct());
  }

  /** Reads the names of the topics, in the language that is on. */
  async load() {
    try {
      const { results } = await api.listTopics();
      this.#names = new Map(results.map((each) => [each.topic, each.display_name]));
      this.show(this.#chat);
    } catch (error) {
      this.events.fail(error);
    }
  }

  /** What a topic is called; its own word while the names are not known. */
  name(topic) {
    return this.#names.get(topic) ?? topic;
  }

  /** Shows what `chat` is about; nothing where there is no chat. */
  show(chat) {
    this.#chat = chat ?? null;
    this.select.hidden = !chat || !this.#names.size;
    const topic = chat?.topic_category ?? "";
    const options = [...this.#names].map(([value, name]) => el("option", { value, selected: value === topic }, name));
    // "No topic" is how a chat begins, not what it can be corrected to.
    if (!topic) options.unshift(el("option", { value: "", selected: true, disabled: true }, t("topic.none")));
    this.select.replaceChildren(...options);
  }

  async #correct() {
    try {
      const chat = await api.changeChat(this.#chat.id, { topic_category: this.select.value });
      this.events.say(t("topic.corrected", { topic: this.#names.get(chat.topic_category) }));
      this.events.onChanged(chat);
    } catch (error) {
      this.show(this.#chat);
      this.events.fail(error);
    }
  }
}
