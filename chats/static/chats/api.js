// The public API as the page uses it, and the session that goes with it.

import { language, t } from "./texts.js";

const TOKEN_KEY = "eduhu.token";
const POLL_MS = 1000;

/** A refusal by the server, with the text for the teacher in `message`. */
export class ApiError extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail || problem.error || t("error.server"));
    this.status = status;
    this.code = problem.code || "";
    this.requestId = problem.request_id || "";
    this.replyId = problem.reply_id || null;
    this.errors = problem.errors || {};
    this.retryAfter = Number.parseInt(retryAfter, 10) || 0;
  }
}

/** No answer at all: the network, or a server that is not there. */
export class NetworkError extends Error {
  constructor(cause) {
    super(t("error.network"), { cause });
  }
}

let onSignedOut = () => {};

/** `handler()` is called whenever a request is refused with 401. */
export function whenSignedOut(handler) {
  onSignedOut = handler;
}

export const session = {
  get token() {
    return sessionStorage.getItem(TOKEN_KEY);
  },
  set token(value) {
    if (value) sessionStorage.setItem(TOKEN_KEY, value);
    else sessionStorage.removeItem(TOKEN_KEY);
  },
};

/** The raw answer of a successful request; throws ApiError or NetworkError, or AbortError. */
export async function send(path, { method = "GET", body, headers = {}, signal } = {}) {
  const token = session.token;
  const response = await fetch(path, {
    method,
    signal,
    cache: "no-store",
    credentials: "omit",
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: {
      "Accept-Language": language(),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
  }).catch((error) => {
    throw error.name === "AbortError" ? error : new NetworkError(error);
  });
  if (response.ok) return response;
  throw await refusal(response, token);
}

async function refusal(response, token) {
  const problem = await response.json().catch(() => ({})); // a proxy's error page is not JSON
  const error = new ApiError(response.status, problem || {}, response.headers.get("Retry-After"));
  // An old request must not end a session that began after it was sent.
  if (response.status === 401 && token && token === session.token) {
    session.token = null;
    onSignedOut();
  }
  return error;
}

async function json(path, options) {
  const response = await send(path, options);
  const body = await response.text();
  return body ? JSON.parse(body) : null; // 202 and 204 have none
}

/** `next` may name the server as a proxy sees it: only its path and query are ours to follow. */
function sameOrigin(url) {
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}

const chatPath = (id) => `/api/chats/${encodeURIComponent(id)}`;
const materialPath = (id) => `/api/artifacts/${encodeURIComponent(id)}`;
const replyPath = (id) => `/api/replies/${encodeURIComponent(id)}`;

export const notices = () => json("/api/notices");
export const login = (email, password) =>
  json("/api/auth/login", { method: "POST", body: { email, password } });
export const me = () => json("/api/auth/me");
export const logout = () => json("/api/auth/logout", { method: "POST" });

export const listChats = (archived) =>
  json(`/api/chats?limit=50${archived ? "&archived=true" : ""}`);
export const nextPage = (url) => json(sameOrigin(url));
export const getChat = (id, signal) => json(chatPath(id), { signal });
export const changeChat = (id, body) => json(chatPath(id), { method: "PATCH", body });
export const deleteChat = (id) => json(chatPath(id), { method: "DELETE" });
export const listMessages = (id, signal) => json(`${chatPath(id)}/messages`, { signal });

export const getPreferences = () => json("/api/preferences");
export const changePreferences = (body) => json("/api/preferences", { method: "PATCH", body });
export const listMemory = () => json("/api/memory");
export const remember = (text) => json("/api/memory", { method: "POST", body: { text } });
export const forget = (id) => json(`/api/memory/${encodeURIComponent(id)}`, { method: "DELETE" });
/** What a chat says that might be worth remembering. */
export const suggestMemory = (chatId) => json(`${chatPath(chatId)}/suggestions`);
export const getInsights = (signal) => json("/api/insights", { signal });
export const listTopics = () => json("/api/topics");

const feedbackPath = (id) => `/api/messages/${encodeURIComponent(id)}/feedback`;

/** Says whether an answer was of use: `up` or `down`. */
export const giveFeedback = (id, value) => json(feedbackPath(id), { method: "PUT", body: { value } });
export const takeFeedbackBack = (id) => json(feedbackPath(id), { method: "DELETE" });

const STREAM = { Accept: "text/event-stream" };

/** Asks; the answer is an event stream. The same `message_id` never asks twice. */
export const ask = (body, signal) =>
  send("/api/chat", { method: "POST", body, headers: STREAM, signal });

/** The rest of a reply after position `lastId`, as an event stream. */
export const followReply = (id, lastId, signal) =>
  send(`${replyPath(id)}/events`, {
    headers: { ...STREAM, "Last-Event-ID": String(lastId) },
    signal,
  });

/** Asks the same again (`retry`), or lets a reply go on (`continue`) from position `lastId`. */
export const replyAgain = (id, verb, lastId, signal) =>
  send(`${replyPath(id)}/${verb}`, {
    method: "POST",
    headers: { ...STREAM, "Last-Event-ID": String(lastId) },
    signal,
  });

export const cancelReply = (id) => json(`${replyPath(id)}/cancel`, { method: "POST" });

/** Asks for a document to be made; the answer is the event stream of a reply. */
export const generate = (body, signal) =>
  send("/api/artifacts/generate", { method: "POST", body, headers: STREAM, signal });

/** What fits a chat, or without one the teacher, best first. */
export function recommend(chatId, limit, signal) {
  const query = new URLSearchParams({ limit, ...(chatId ? { chat_id: chatId } : {}) });
  return json(`/api/recommendations?${query}`, { signal });
}

/** Says of what was recommended that it was `opened`, or `dismissed`. */
export const markRecommended = (id, mark) =>
  json(`/api/recommendations/${encodeURIComponent(id)}`, { method: "PUT", body: { mark } });

const starterPath = (slug) => `/api/starter/${encodeURIComponent(slug)}`;

export const getStarter = (slug, signal) => json(starterPath(slug), { signal });
export const keepStarter = (slug) => json(`${starterPath(slug)}/keep`, { method: "POST" });

/** Material in brief, own and shared, newest first; `filters` as in the API. */
export const listLibrary = (filters, signal) =>
  json(`/api/library?${new URLSearchParams(filters)}`, { signal });
export const search = (words, signal) =>
  json(`/api/search?${new URLSearchParams({ q: words })}`, { signal });
export const setFavourite = (id, isFavourite) =>
  json(`${materialPath(id)}/favourite`, { method: isFavourite ? "PUT" : "DELETE" });
export const getTags = (id, signal) => json(`${materialPath(id)}/tags`, { signal });
export const setTags = (id, tags) =>
  json(`${materialPath(id)}/tags`, { method: "PUT", body: { tags } });
export const listShares = (id, signal) => json(`${materialPath(id)}/shares`, { signal });
export const share = (id, email) =>
  json(`${materialPath(id)}/shares`, { method: "POST", body: { email } });
export const unshare = (id, shareId) =>
  json(`${materialPath(id)}/shares/${encodeURIComponent(shareId)}`, { method: "DELETE" });

const itemPath = (collectionId, id) =>
  `/api/collections/${encodeURIComponent(collectionId)}/items/${encodeURIComponent(id)}`;

export const listCollections = (signal) => json("/api/collections", { signal });
export const createCollection = (name) =>
  json("/api/collections", { method: "POST", body: { name } });
export const collect = (collectionId, id) => json(itemPath(collectionId, id), { method: "PUT" });

/** Materials with their content, newest first; `filters` as in the API. */
export const listMaterials = (filters, signal) =>
  json(`/api/artifacts?${new URLSearchParams(filters)}`, { signal });
export const listKinds = () => json("/api/artifacts/kinds");
export const getMaterial = (id, signal) => json(materialPath(id), { signal });
export const keepMaterial = (body) => json("/api/artifacts", { method: "POST", body });
export const deleteMaterial = (id) => json(materialPath(id), { method: "DELETE" });
export const listVersions = (id) => json(`${materialPath(id)}/versions`);
export const previewMaterial = (id, edition, signal) =>
  json(`${materialPath(id)}/preview?edition=${edition}`, { signal });

const seen = (revision) => ({ "If-Match": `"${revision}"` });

/** Changes the revision that was seen; refused with 412 when there is a newer one. */
export const changeMaterial = (id, revision, body) =>
  json(materialPath(id), { method: "PATCH", body, headers: seen(revision) });
export const restoreMaterial = (id, revision, wanted) =>
  json(`${materialPath(id)}/restore`, {
    method: "POST",
    body: { revision: wanted },
    headers: seen(revision),
  });

async function whenMade(path, asked, onProgress, signal) {
  let made = asked;
  while (made.state === "queued" || made.state === "running") {
    onProgress(made);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    made = await json(path, { signal });
  }
  if (made.state !== "ready") throw new ApiError(500, { detail: t("material.notMade"), code: made.error_code });
}

/** A material as a file, as `getFile` has it. */
export const exportMaterial = (id, format, edition, onProgress, signal) =>
  getFile(`${materialPath(id)}/export?format=${format}&edition=${edition}`, onProgress, signal);

/**
 * The file that a path leads to: `{blob, name}`. One that takes longer is made meanwhile:
 * `onProgress({done, total})` is called each second until it is there.
 */
export async function getFile(path, onProgress, signal) {
  let response = await send(path, { signal });
  if (response.status === 202) {
    const made = response.headers.get("Location");
    await whenMade(made, await response.json(), onProgress, signal);
    response = await send(`${made}/file`, { signal });
  }
  return fileOf(response);
}

async function fileOf(response) {
  const [, name = "eduhu"] = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition")) ?? [];
  return { blob: await response.blob(), name: decodeURIComponent(name) };
}
