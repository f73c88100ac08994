// The list of chats on a phone: a drawer that opens over the page.

import { byId } from "./dom.js";

const NARROW = matchMedia("(max-width: 52rem)");

export class Drawer {
  constructor() {
    this.side = byId("side");
    this.main = byId("main");
    this.opener = byId("drawer-open");
    this.curtain = byId("curtain");
    this.isOpen = false;
    this.opener.addEventListener("click", () => this.open());
    byId("drawer-close").addEventListener("click", () => this.close());
    this.curtain.addEventListener("click", () => this.close());
    this.side.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    NARROW.addEventListener("change", () => this.#apply(false));
    this.#apply(false);
  }

  open() {
    this.#apply(true);
    byId("drawer-close").focus();
  }

  /** Closes the drawer; on a wide screen there is nothing to close. */
  close() {
    if (!this.isOpen) return;
    this.#apply(false);
    this.opener.focus();
  }

  #apply(open) {
    this.isOpen = open && NARROW.matches;
    this.side.classList.toggle("open", this.isOpen);
    this.side.inert = NARROW.matches && !this.isOpen;
    this.main.inert = this.isOpen;
    this.curtain.hidden = !this.isOpen;
    this.opener.setAttribute("aria-expanded", String(this.isOpen));
  }
}
