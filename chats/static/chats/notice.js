// A message that asks for attention above the input, with at most one thing to do about it.

import { byId, el, iconButton } from "./dom.js";
import { t } from "./texts.js";

let countdown = 0;

/** Shows `text`, or nothing. `wait` is the seconds until `action` may be tried. */
export function showNotice(text, { label, action, wait = 0, requestId = "", status = 0 } = {}) {
  const notice = byId("notice");
  clearInterval(countdown);
  notice.hidden = !text;
  notice.replaceChildren();
  if (!text) return;
  const body = el("div", {}, el("p", { role: "alert" }, text));
  if (requestId && status >= 500) body.append(el("p", { class: "reference" }, t("error.reference", { id: requestId })));
  notice.append(body);
  if (action) notice.append(actionButton(label, action, wait));
  notice.append(iconButton("close", t("close"), () => showNotice(""), { quiet: true, class: "quiet" }));
}

function actionButton(label, action, wait) {
  const button = iconButton("retry", label, () => {
    showNotice("");
    action();
  }, { class: "retry" });
  if (wait) countDown(button, label, wait);
  return button;
}

function countDown(button, label, seconds) {
  const text = button.querySelector("span");
  const show = () => {
    button.disabled = seconds > 0;
    text.textContent = seconds > 0 ? t("retry.in", { seconds }) : label;
    if (seconds <= 0) clearInterval(countdown);
    seconds -= 1;
  };
  show();
  countdown = setInterval(show, 1000);
}
