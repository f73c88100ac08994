// Where a material stands: favourite, tags, collections, and who else may read it.

import * as api from "./api.js";
import { el, iconButton } from "./dom.js";
import { selectField } from "./panel.js";
import { t } from "./texts.js";

const NEW = "new";

/** The mark of a favourite, to be pressed and released. */
export function star(item, { during, say }) {
  const show = () => button.setAttribute("aria-pressed", String(item.is_favourite));
  const toggle = () => during(async () => {
    await api.setFavourite(item.id, !item.is_favourite);
    item.is_favourite = !item.is_favourite;
    show();
    say(t("shelf.favourite"));
  });
  const button = iconButton("star", t("shelf.favourite"), toggle, { quiet: true, class: "quiet thumb" });
  show();
  return button;
}

/** All of it, to be opened where it is wanted. `item` is as in the library. */
export function shelf(item, collections, shares, events) {
  const parts = [tags(item, events), collecting(item, collections, events)];
  if (item.is_own) parts.push(sharing(item, shares, events));
  return el("details", { class: "shelf" }, el("summary", {}, t("shelf.order")), ...parts);
}

function tags(item, { during, onDone }) {
  const input = el("input", { value: item.tags.join(", "), placeholder: t("shelf.tagsHint") });
  return form(t("shelf.tags"), input, t("shelf.save"), () => during(async () => {
    const names = input.value.split(",").map((name) => name.trim()).filter(Boolean);
    await api.setTags(item.id, names);
    await onDone(t("shelf.tagged"));
  }));
}

function collecting(item, collections, { during, onDone }) {
  const own = collections.filter((each) => each.is_own).map(({ id, name }) => [id, name]);
  const name = el("input", { placeholder: t("shelf.collectionName"), "aria-label": t("shelf.collectionName"), maxlength: 120, hidden: own.length > 0 });
  const field = selectField(t("shelf.collect"), [...own, [NEW, t("shelf.newCollection")]], own[0]?.[0] ?? NEW, (chosen) => {
    name.hidden = chosen !== NEW;
    name.required = chosen === NEW;
  });
  name.required = !own.length;
  const put = () => during(async () => {
    const chosen = field.querySelector("select").value;
    const collection = chosen === NEW ? await api.createCollection(name.value.trim()) : collections.find(({ id }) => id === chosen);
    await api.collect(collection.id, item.id);
    await onDone(t("shelf.collected", { name: collection.name }));
  });
  return formOf([field, name], t("shelf.save"), put);
}

function sharing(item, shares, { during, onDone }) {
  const input = el("input", { type: "email", required: true, autocomplete: "off" });
  const node = form(t("shelf.shareWith"), input, t("shelf.share"), () => during(async () => {
    const { email } = await api.share(item.id, input.value.trim());
    await onDone(t("shelf.shared", { email }));
  }));
  const end = ({ id, email }) => during(async () => {
    await api.unshare(item.id, id);
    await onDone(t("shelf.unshared", { email }));
  });
  const items = shares.map((each) => el("li", {}, each.email, iconButton("close", t("shelf.unshare", { email: each.email }), () => end(each), { quiet: true, class: "quiet" })));
  return el("div", {}, node, el("ul", { class: "versions" }, ...items));
}

const form = (label, input, verb, work) =>
  formOf([el("label", {}, el("span", {}, label), input)], verb, work);

function formOf(fields, verb, work) {
  const submit = (event) => {
    event.preventDefault();
    work();
  };
  return el("form", { class: "tools", submit }, ...fields, el("button", { type: "submit" }, verb));
}
