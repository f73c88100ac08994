// Whether an answer was of use: two buttons, of which at most one is pressed.

import * as api from "./api.js";
import { iconButton } from "./dom.js";
import { t } from "./texts.js";

/** The buttons for a message. `events`: say(text), fail(error). */
export function thumbs(messageId, said, { say, fail }) {
  const buttons = ["up", "down"].map((value) =>
    iconButton(value === "up" ? "thumb-up" : "thumb-down", t(`chat.${value}`), () => choose(value), { quiet: true, class: "quiet thumb" }),
  );
  const show = (value) => {
    said = value;
    buttons[0].setAttribute("aria-pressed", String(value === "up"));
    buttons[1].setAttribute("aria-pressed", String(value === "down"));
  };
  const choose = async (value) => {
    const before = said;
    show(value === said ? null : value);
    try {
      await (said ? api.giveFeedback(messageId, said) : api.takeFeedbackBack(messageId));
      say(t(said ? "chat.thanks" : "chat.unsaid"));
    } catch (error) {
      show(before);
      fail(error);
    }
  };
  show(said);
  return buttons;
}
