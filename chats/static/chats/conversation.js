// The chat that is shown: its messages, the question that is sent, the answer that streams in.

import * as api from "./api.js";
import { endChoices, offerChoices } from "./choices.js";
import { byId, iconButton } from "./dom.js";
import { Answer, questionNode } from "./messages.js";
import { readReply, ReplyText } from "./stream.js";
import { t } from "./texts.js";
import { thumbs } from "./thumbs.js";

const NEAR_END = 80; // pixels from the end that still count as "at the end"

export class Conversation {
  #run = null; // the reply that is being read
  #attempt = null; // {text, chatId, id} of a question whose fate is unknown
  #loading = new AbortController();
  #earlier = null; // address of the page before the first message shown
  #pinned = true; // the end is kept in view
  #top = 0; // where the view was when it last moved

  /**
   * `events`: onBegun(), onStarted(chatId), onChanged(), onAnswered(chatId), onMissing(), onChat(chat), say(text),
   * notice(text, options), onMaterial(chatId, messageId), onKeep({chatId, messageId, content}).
   */
  constructor(composer, events) {
    this.composer = composer;
    this.events = events;
    this.teacher = null;
    this.chatId = null;
    this.scroller = byId("scroller");
    this.messages = byId("messages");
    this.earlierButton = byId("earlier");
    this.toEnd = byId("to-end");
    this.empty = byId("empty");
    this.earlierButton.addEventListener("click", () => this.#loadEarlier());
    this.toEnd.addEventListener("click", () => this.#scrollToEnd());
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const resized = new ResizeObserver(() => this.#pinned && this.empty.hidden && this.#follow());
    for (const node of [this.scroller, this.messages.parentElement]) resized.observe(node);
  }

  /** Shows a chat, or the beginning of a new one. */
  async open(chatId) {
    this.leave();
    this.chatId = chatId;
    this.composer.open(this.teacher.id, chatId);
    this.#earlier = null;
    this.earlierButton.hidden = true;
    this.messages.replaceChildren();
    this.#showEmpty();
    if (chatId) await this.#load(chatId, this.#loading.signal);
  }

  /** Stops looking; a reply that is being written goes on without us. */
  leave() {
    this.#loading.abort();
    this.#loading = new AbortController();
    const run = this.#run;
    this.#run = null;
    this.composer.setBusy(false);
    if (run?.accepted) run.controller.abort();
  }

  async send(text) {
    this.events.notice("");
    const question = questionNode({ content: text });
    this.messages.append(question);
    const run = this.#begin(new ReplyText(), { text, question, draft: this.composer.key });
    const body = { content: text, message_id: this.#messageId(text) };
    if (this.chatId) body.chat_id = this.chatId;
    await this.#read(run, () => api.ask(body, run.controller.signal));
  }

  /** Has a document made; it streams in like an answer. */
  async make(wish, text) {
    this.events.notice("");
    const question = questionNode({ content: text });
    this.messages.append(question);
    const run = this.#begin(new ReplyText(), { wish, text, question });
    const body = { message_id: randomId(), ...wish };
    if (this.chatId) body.chat_id = this.chatId;
    run.wish = body; // the same id when it is tried again
    await this.#read(run, () => api.generate(body, run.controller.signal));
  }

  /** Asks the server to stop; the end of the stream says that it has. */
  async stop() {
    const run = this.#run;
    if (!run) return;
    run.stopping = true;
    this.composer.stopButton.disabled = true;
    this.events.say(t("chat.stopping"));
    if (run.reply.replyId) await this.#cancel(run);
  }

  async #load(chatId, signal) {
    this.messages.setAttribute("aria-busy", "true");
    try {
      // In this order: an answer that ends between the two requests is in the second.
      const chat = await api.getChat(chatId, signal);
      const page = await api.listMessages(chatId, signal);
      this.events.onChat(chat);
      this.#earlier = page.next;
      this.messages.replaceChildren(...page.results.map((message) => this.#stored(message)));
      this.#offerChoices();
      this.#attach(chat.live_reply, page.results);
    } catch (error) {
      if (!signal.aborted) this.#loadFailed(chatId, error);
      return;
    } finally {
      this.messages.removeAttribute("aria-busy");
    }
    this.earlierButton.hidden = !this.#earlier;
    this.#showEmpty();
    this.#scrollToEnd("instant");
  }

  #loadFailed(chatId, error) {
    const missing = error.status === 404;
    this.events.notice(error.message, missing ? {} : { label: t("reload"), action: () => this.open(chatId) });
    if (missing) this.events.onMissing();
  }

  #stored(message) {
    if (message.role === "user") return questionNode(message);
    const { id, content, content_type: type, feedback } = message;
    return Answer.stored(message, this.#tools(id, content, type, feedback));
  }

  /** What can be done with a stored answer: open what it made or keep its text, and judge it. */
  #tools(messageId, content, type, feedback = null) {
    const { chatId } = this;
    const say = this.events.say;
    const fail = (error) => this.events.notice(error.message, error);
    const open = () => this.events.onMaterial(chatId, messageId);
    const keep = () => this.events.onKeep({ chatId, messageId, content });
    const ways = {
      artifact: () => iconButton("folder", t("material.open"), open, { class: "material" }),
      text: () => iconButton("folder", t("material.keep"), keep, { class: "quiet" }),
      image: () => "", // a picture is no text to be kept
    };
    return [ways[type](), ...thumbs(messageId, feedback, { say, fail })];
  }

  async #loadEarlier() {
    this.earlierButton.disabled = true;
    const { signal } = this.#loading;
    try {
      const page = await api.nextPage(this.#earlier);
      if (signal.aborted) return;
      const height = this.scroller.scrollHeight;
      this.messages.prepend(...page.results.map((message) => this.#stored(message)));
      this.#earlier = page.next;
      this.earlierButton.hidden = !page.next;
      // What was being read stays where it was.
      requestAnimationFrame(() => (this.scroller.scrollTop += this.scroller.scrollHeight - height));
    } catch (error) {
      this.events.notice(error.message);
    } finally {
      this.earlierButton.disabled = false;
    }
  }

  /** Joins a reply that is being written, perhaps on another device. */
  #attach(live, messages) {
    if (!live || messages.some((message) => message.id === live.message_id)) return;
    const run = this.#begin(new ReplyText(live.reply_id, live.text, live.offset), { accepted: true });
    if (live.text) this.#grow(run);
    const { signal } = run.controller;
    this.#read(run, () => api.followReply(live.reply_id, live.offset, signal));
  }

  #begin(reply, details) {
    const answer = details.answer ?? new Answer(() => this.#follow());
    const run = { reply, controller: new AbortController(), accepted: false, ...details, answer };
    answer.progress("thinking", t("chat.thinking"));
    if (!answer.node.isConnected) this.messages.append(answer.node);
    this.#run = run;
    endChoices(this.messages);
    this.events.onBegun();
    this.composer.setBusy(true);
    this.#showEmpty();
    this.#scrollToEnd();
    this.events.say(t("chat.thinking"));
    return run;
  }

  async #read(run, open) {
    const { signal } = run.controller;
    try {
      const end = await readReply(run.reply, {
        open,
        resume: (replyId, position) => api.followReply(replyId, position, signal),
        signal,
        onEvent: (data) => this.#event(run, data),
        onLost: () => this.#lost(run),
      });
      this.#ended(run, end);
    } catch (error) {
      if (!signal.aborted) this.#failed(run, error);
    }
  }

  #event(run, data) {
    if (data.type === "meta") this.#accepted(run, data);
    if (data.type === "content") this.#grow(run);
  }

  /** The server has stored the question. */
  #accepted(run, { chat_id: chatId, message_id: messageId, demo, artifact_id: artifactId }) {
    if (demo) run.answer.markDemo();
    run.messageId = messageId;
    run.artifactId = artifactId;
    run.begun = true;
    if (run.stopping) this.#cancel(run);
    if (run.accepted) return;
    run.accepted = true;
    this.#attempt = null;
    if (run.draft) this.composer.accepted(run.draft);
    if (this.#run !== run) return this.#leftBehind(run);
    if (this.chatId !== chatId) {
      this.chatId = chatId;
      this.composer.adopt(this.teacher.id, chatId);
    }
    this.events.onStarted(chatId);
  }

  /** Another chat is shown by now: the answer is written without us. */
  #leftBehind(run) {
    run.controller.abort();
    this.events.onChanged();
  }

  #grow(run) {
    run.answer.progress("writing", t("chat.writing"));
    run.answer.show(run.reply.text);
  }

  #lost(run) {
    run.answer.show(run.reply.text);
    run.answer.progress("lost", t("chat.reconnecting"));
    this.events.say(t("chat.reconnecting"));
  }

  #ended(run, end) {
    const notes = { length: t("chat.length"), cancelled: t("chat.stopped") };
    const wrong = end.type === "error";
    const note = wrong ? end.error : notes[end.finish_reason];
    run.answer.show(run.reply.text);
    const type = run.artifactId && end.finish_reason === "stop" ? "artifact" : "text";
    const tools = wrong || !run.reply.text ? [] : this.#tools(run.messageId, run.reply.text, type);
    run.answer.finish(wrong ? null : Date.now(), { note, wrong, actions: this.#waysOn(run, end), tools });
    this.events.say(note || t("chat.finished"));
    this.#close(run);
    this.events.onChanged();
    if (wrong) return;
    this.#offerChoices();
    this.events.onAnswered(this.chatId);
  }

  #offerChoices() {
    const last = this.messages.lastElementChild;
    if (last?.matches(".answer")) offerChoices(last, (text) => !this.composer.busy && this.send(text));
  }

  /** What can be done with a reply that has not come to its proper end. */
  #waysOn(run, end) {
    const ways = [];
    // Half a document helps nobody: it is asked for again, not written on.
    if (run.reply.text && end.finish_reason !== "stop" && !run.artifactId) {
      ways.push(this.#way("edit", t("retry.goOn"), () => this.#goOn(run, end)));
    }
    if (end.type === "error") ways.push(this.#way("retry", t("retry.ask"), () => this.#askAgain(run, end)));
    return ways;
  }

  #way(icon, label, action) {
    return iconButton(icon, label, () => !this.composer.busy && action(), { class: "retry" });
  }

  /** The same answer is written on from where it ends. */
  #goOn({ reply, answer }, end) {
    const run = this.#begin(reply, { accepted: true, answer, end });
    this.#read(run, () => api.replyAgain(reply.replyId, "continue", reply.position, run.controller.signal));
  }

  /** Another answer to the same question; one without any text gives way to it. */
  #askAgain({ reply, answer }, end) {
    const spare = reply.text ? undefined : answer;
    const run = this.#begin(new ReplyText(), { accepted: true, answer: spare, end });
    this.#read(run, () => api.replyAgain(reply.replyId, "retry", 0, run.controller.signal));
    run.before = reply;
  }

  /** Neither was allowed: everything stays as it was. */
  #notAgain(run, error) {
    const reply = run.before ?? run.reply;
    if (run.before && reply.text) run.answer.node.remove();
    else this.#ended({ ...run, reply }, run.end);
    this.events.notice(error.message, { requestId: error.requestId, status: error.status });
  }

  #failed(run, error) {
    const shown = this.#run === run;
    this.#close(run);
    if (!shown || error.status === 401) return; // the draft is kept, and shown with its chat
    if (run.end && !run.begun && error.status < 500) this.#notAgain(run, error);
    else if (run.accepted) this.#cutOff(run, error);
    else this.#refused(run, error);
  }

  /** The reply goes on, but we cannot reach it. */
  #cutOff(run, error) {
    const reopen = () => this.open(this.chatId);
    // Refused: it is over, and stored by now. When we only joined it, once is enough.
    if (error.status < 500 && run.question) return reopen();
    run.answer.show(run.reply.text);
    const actions = [this.#way("retry", t("retry.read"), reopen)];
    run.answer.finish(null, { note: t("error.lost"), wrong: true, actions });
    this.events.say(t("error.lost"));
  }

  /** The server did not take the question: it goes back into the input. */
  #refused(run, error) {
    run.answer.node.remove();
    run.question.remove();
    this.#showEmpty();
    if (!run.wish) this.composer.restore(run.text);
    if (error.replyId) this.open(this.chatId);
    const wait = error.retryAfter;
    const action = () => (run.wish ? this.make(run.wish, run.text) : this.composer.submit());
    const again = { label: t("retry"), wait, action };
    const kept = run.wish ? error.message : `${error.message} ${t("error.kept")}`;
    const details = { requestId: error.requestId, status: error.status };
    this.events.notice(kept, { ...details, ...(error.replyId ? {} : again) });
  }

  #close(run) {
    if (this.#run !== run) return;
    this.#run = null;
    this.composer.setBusy(false);
  }

  async #cancel(run) {
    try {
      await api.cancelReply(run.reply.replyId);
    } catch (error) {
      if (error.status === 404 || error.status === 409) return; // it has just ended by itself
      run.stopping = false;
      this.composer.stopButton.disabled = false;
      this.events.notice(error.message);
    }
  }

  /** The same id for the same question as long as nobody knows whether it arrived. */
  #messageId(text) {
    const { chatId } = this;
    const known = this.#attempt?.text === text && this.#attempt.chatId === chatId;
    if (!known) this.#attempt = { text, chatId, id: randomId() };
    return this.#attempt.id;
  }

  #showEmpty() {
    this.empty.hidden = this.chatId !== null || this.messages.hasChildNodes();
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    // Only moving up is the teacher's wish to stay; the end also moves away by growing.
    this.#pinned = atEnd || (this.#pinned && scrollTop >= this.#top);
    this.#top = scrollTop;
    this.toEnd.hidden = this.#pinned;
  }

  /** Keeps the end in view, unless the teacher has scrolled up to read. */
  #follow() {
    if (this.#pinned) this.scroller.scrollTop = this.scroller.scrollHeight;
    else this.toEnd.hidden = false;
  }

  #scrollToEnd(behavior = "auto") {
    this.#pinned = true;
    this.toEnd.hidden = true;
    requestAnimationFrame(() => this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior }));
  }
}

/** A UUID (version 4); `crypto.randomUUID` is missing on pages without https. */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
