// Reading a reply as it is written: event frames, lost connections, and positions.

import { ApiError } from "./api.js";

const TRIES = 6;
const SILENCE_MS = 45_000; // the server sends a heartbeat every 15 s

/** Cuts text that arrives in any pieces into `{id, data}` events; comments are dropped. */
export class EventParser {
  #buffer = "";
  #id = null;
  #data = [];

  /** The events that `piece` completes. */
  feed(piece) {
    const lines = (this.#buffer + piece).split("\n");
    this.#buffer = lines.pop();
    return lines.map((line) => this.#line(line.replace(/\r$/, ""))).filter(Boolean);
  }

  #line(line) {
    if (line === "") return this.#dispatch();
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (field === "data") this.#data.push(value);
    if (field === "id") this.#id = value;
    return null;
  }

  #dispatch() {
    const event = this.#data.length ? { id: this.#id, data: JSON.parse(this.#data.join("\n")) } : null;
    this.#id = null;
    this.#data = [];
    return event;
  }
}

/** The events of one connection. Throws when nothing arrives for too long. */
export async function* readEvents(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read());
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => {}); // already closed is as good as closed
  }
}

function inTime(promise) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("The stream is silent.")), SILENCE_MS);
  });
  return Promise.race([promise, silence]).finally(() => clearTimeout(timer));
}

/** What is known of one reply: its text so far, and the server's position in it. */
export class ReplyText {
  constructor(replyId = null, text = "", position = 0) {
    this.replyId = replyId;
    this.text = text;
    this.position = position;
  }

  /** Takes one content event. A repeated one changes nothing; a gap starts over from the beginning. */
  take({ id, data }) {
    const end = Number(id);
    if (data.offset === undefined || data.offset === this.position) {
      this.text += data.content;
      if (id !== null) this.position = end;
    } else if (data.offset > this.position || end > this.position) {
      this.text = "";
      this.position = 0;
      throw new Error("The stream has a gap.");
    }
  }
}

/**
 * Reads a reply to its end and returns the last event (`done` or `error`).
 *
 * `open()` gives the first connection, `resume(replyId, position)` every later
 * one. Connections that break are taken up again, a few times in a row, once
 * the reply is known; refusals by the server are thrown at once.
 */
export async function readReply(reply, { open, resume, signal, onEvent, onLost }) {
  let connect = open;
  for (let failures = 0; ; ) {
    try {
      const response = await connect();
      for await (const event of readEvents(response.body)) {
        failures = 0;
        if (event.data.type === "meta") reply.replyId = event.data.reply_id;
        if (event.data.type === "content") reply.take(event);
        onEvent(event.data);
        if (event.data.type === "done" || event.data.type === "error") return event.data;
      }
      throw new Error("The stream ended early.");
    } catch (error) {
      failures += 1;
      if (signal.aborted || !reply.replyId || refused(error) || failures > TRIES) throw error;
      onLost();
      await pause(failures, signal);
      connect = () => resume(reply.replyId, reply.position);
    }
  }
}

const refused = (error) => error instanceof ApiError && error.status < 500;

/** Waits longer each time, and never as long as the neighbours: they lost the same server. */
function pause(failures, signal) {
  const most = Math.min(8000, 300 * 2 ** failures);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, most * (0.5 + Math.random() / 2));
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}
