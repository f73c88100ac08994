// What eduhu should know about a teacher, which e-mails it may send, and what it keeps in mind.

import * as api from "./api.js";
import { byId, el, iconButton } from "./dom.js";
import { t } from "./texts.js";

const PLAIN = ["grade_level", "federal_state", "school_type"];
const SWITCHES = ["export_ready", "weekly_summary", "insights", "recommendations"];
const field = (name) => byId(`preferences-${name}`);

export class Preferences {
  /** `events`: say(text), fail(error). */
  constructor(events) {
    this.events = events;
    this.dialog = byId("preferences-dialog");
    this.problem = field("problem");
    byId("preferences").addEventListener("click", () => this.open());
    this.dialog.querySelector("[value=cancel]").addEventListener("click", () => this.dialog.close());
    byId("preferences-form").addEventListener("submit", (event) => this.#submit(event, () => this.#save()));
    byId("memory-form").addEventListener("submit", (event) => this.#submit(event, () => this.#remember()));
  }

  async open() {
    try {
      const [preferences, memory] = await Promise.all([api.getPreferences(), api.listMemory()]);
      this.#fill(preferences);
      this.#showMemory(memory.results);
      this.#refuse("");
      this.dialog.showModal();
    } catch (error) {
      this.events.fail(error);
    }
  }

  #fill(preferences) {
    for (const name of PLAIN) field(name).value = preferences[name] ?? "";
    field("subject_areas").value = preferences.subject_areas.join(", ");
    for (const name of SWITCHES) this.#fillSwitch(field(name), preferences.notification_settings[name]);
    field("uses_memory").checked = preferences.uses_memory;
  }

  /** A switch that this server does not have is not shown, and not sent. */
  #fillSwitch(input, value) {
    input.checked = value ?? false;
    input.disabled = value === undefined;
    input.closest("label").hidden = input.disabled;
  }

  async #save() {
    const changes = { uses_memory: field("uses_memory").checked };
    for (const name of PLAIN) changes[name] = field(name).value.trim() || null;
    changes.subject_areas = field("subject_areas").value.split(",").map((each) => each.trim()).filter(Boolean);
    changes.notification_settings = Object.fromEntries(
      SWITCHES.map(field).filter((input) => !input.disabled).map((input) => [input.name, input.checked]),
    );
    await api.changePreferences(changes);
    this.dialog.close();
    this.events.say(t("preferences.saved"));
  }

  async #remember() {
    await api.remember(byId("memory-text").value.trim());
    byId("memory-text").value = "";
    this.#showMemory((await api.listMemory()).results);
  }

  #showMemory(memories) {
    const items = memories.map(({ id, text }) => el("li", {}, el("span", {}, text), this.#forgetButton(id, text)));
    byId("memory-list").replaceChildren(...items);
  }

  #forgetButton(id, text) {
    const forget = async (event) => {
      event.currentTarget.closest("li").remove();
      await api.forget(id);
      this.events.say(t("preferences.forgotten"));
    };
    const click = (event) => this.#during(() => forget(event));
    return iconButton("delete", t("preferences.forget", { text }), click, { quiet: true, class: "quiet" });
  }

  #submit(event, work) {
    event.preventDefault();
    return this.#during(work);
  }

  async #during(work) {
    try {
      await work();
      this.#refuse("");
    } catch (error) {
      if (error.status !== 401) this.#refuse(error.message);
    }
  }

  #refuse(text) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
  }
}
