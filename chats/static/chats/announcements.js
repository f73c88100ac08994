// What operators announce, above everything: looked up now and then, also by who is signed out.

import * as api from "./api.js";
import { byId, el } from "./dom.js";

const EVERY_MS = 60_000;

export class Announcements {
  constructor() {
    this.refresh();
    setInterval(() => document.hidden || this.refresh(), EVERY_MS);
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  async refresh() {
    const { notices } = await api.notices().catch(() => ({ notices: null }));
    if (!notices) return; // what is shown stays; the next look may succeed
    const place = byId("announcements");
    const said = JSON.stringify(notices);
    if (place.dataset.said === said) return; // a screen reader would say it again
    place.dataset.said = said;
    place.replaceChildren(...notices.map(({ severity, text }) => el("p", { class: severity }, text)));
  }
}
