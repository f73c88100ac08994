// The dialog in which a teacher says what material is to be made.

import { byId, el } from "./dom.js";
import { language, t } from "./texts.js";

const FIELDS = ["topic", "subject", "grade"];

export class WishDialog {
  /** `events`: kinds() → promise, onWish(wish, question), isBusy(), onWait(), fail(error). */
  constructor(events) {
    this.events = events;
    this.dialog = byId("wish-dialog");
    this.form = byId("wish-form");
    this.kind = byId("wish-kind");
    byId("composer-wish").addEventListener("click", () => this.open());
    this.dialog.querySelector("[value=cancel]").addEventListener("click", () => this.dialog.close());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  async open() {
    if (this.events.isBusy()) return this.events.onWait();
    try {
      const chosen = this.kind.value || "lesson_plan";
      const kinds = await this.events.kinds();
      this.kind.replaceChildren(...kinds.map(({ name, display_name: text }) => el("option", { value: name }, text)));
      this.kind.value = chosen;
      this.dialog.showModal();
      byId("wish-topic").focus();
    } catch (error) {
      this.events.fail(error);
    }
  }

  /** Forgets what was typed. */
  clear() {
    this.form.reset();
  }

  #submit() {
    const wish = { kind: this.kind.value, language: language() };
    for (const name of FIELDS) {
      const value = byId(`wish-${name}`).value.trim();
      if (value) wish[name] = value;
    }
    const minutes = byId("wish-minutes").value;
    if (minutes) wish.minutes = Number(minutes);
    const notes = byId("wish-notes").value.trim();
    if (notes) wish.options = { notes };
    const question = this.#question(wish);
    this.dialog.close();
    // Subject and grade are mostly the same next time.
    for (const name of ["topic", "notes"]) byId(`wish-${name}`).value = "";
    this.events.onWish(wish, question);
  }

  /** What stands in the chat until the server's own words are read again. */
  #question(wish) {
    const name = this.kind.selectedOptions[0].textContent;
    const grade = wish.grade && `${t("wish.grade")} ${wish.grade}`;
    return [`${name}: ${wish.topic}`, wish.subject, grade].filter(Boolean).join(", ");
  }
}
