// The login form.

import * as api from "./api.js";
import { byId } from "./dom.js";
import { t } from "./texts.js";

export class Login {
  /** `onLogin(teacher)` is called once the token is there. */
  constructor(onLogin) {
    this.view = byId("login");
    this.form = byId("login-form");
    this.email = byId("login-email");
    this.password = byId("login-password");
    this.message = byId("login-message");
    this.reveal = byId("login-reveal");
    this.onLogin = onLogin;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.reveal.addEventListener("click", () => this.#reveal(this.password.type === "password"));
  }

  /** Shows the form; `message` says why, where there is something to say. */
  show(message = "", { alert = false } = {}) {
    this.view.hidden = false;
    this.password.value = "";
    this.#reveal(false);
    this.#say(message, alert);
    (this.email.value ? this.password : this.email).focus();
  }

  hide() {
    this.view.hidden = true;
    this.password.value = "";
  }

  async #submit() {
    const email = this.email.value.trim();
    if (!email || !this.password.value) {
      this.#say(t("login.missing"), true);
      (email ? this.password : this.email).focus();
      return;
    }
    this.#busy(true);
    try {
      const { token, teacher } = await api.login(email, this.password.value);
      api.session.token = token;
      this.#say("");
      this.onLogin(teacher);
    } catch (error) {
      this.#say(error.message, true);
      this.password.select();
      this.password.focus();
    } finally {
      this.#busy(false);
    }
  }

  #busy(busy) {
    const button = this.form.querySelector("[type=submit]");
    button.disabled = busy;
    button.textContent = t(busy ? "login.busy" : "login.submit");
  }

  #reveal(plain) {
    this.password.type = plain ? "text" : "password";
    this.reveal.setAttribute("aria-pressed", String(plain));
    this.reveal.dataset.label = plain ? "login.hide" : "login.show";
    this.reveal.setAttribute("aria-label", t(this.reveal.dataset.label));
    this.reveal.title = t(this.reveal.dataset.label);
  }

  #say(text, wrong = false) {
    this.message.textContent = text;
    this.message.classList.toggle("wrong", wrong);
    this.message.hidden = !text;
    for (const field of [this.email, this.password]) {
      field.setAttribute("aria-invalid", String(Boolean(text) && wrong));
    }
  }
}
