// A message that is a picture: what it holds is an address. A picture that comes with the
// message is shown; one that lies elsewhere only when it is asked for, because whoever keeps
// it then learns who looks at it, and when. What cannot be shown stays as words.

import { el, iconButton } from "./dom.js";
import { safeAddress } from "./inline.js";
import { t } from "./texts.js";

// No SVG: it is a document, not only a picture.
const ENCLOSED = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/]+={0,2}$/;

/** What to show for a message whose content is the address of a picture. */
export function pictureNode(content) {
  const node = el("div", { class: "picture" });
  const address = content.trim();
  const elsewhere = elsewhereAddress(address);
  if (ENCLOSED.test(address)) show(node, address);
  else if (elsewhere) offer(node, elsewhere);
  else node.append(words(content));
  return node;
}

function elsewhereAddress(text) {
  const address = safeAddress(text);
  return address?.startsWith("http") ? address : null;
}

function offer(node, address) {
  const load = iconButton("eye", t("picture.load", { host: new URL(address).host }), () => {
    show(node, address);
    node.querySelector("img").focus();
  });
  node.replaceChildren(load);
}

function show(node, address) {
  // The focus has somewhere to go when the button is gone.
  const image = el("img", { alt: t("picture.alt"), decoding: "async", referrerpolicy: "no-referrer", tabindex: "-1" });
  image.addEventListener("error", () => node.replaceChildren(broken(address)));
  image.src = address;
  node.replaceChildren(image);
}

function broken(address) {
  const isElsewhere = address.startsWith("http");
  const text = el("p", { class: "soft" }, t("picture.broken"));
  if (isElsewhere) text.append(" ", el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address));
  return text;
}

/** Whatever it is, it is no address of a picture: as it was written, and not all of an endless one. */
const words = (content) => el("p", {}, content.length > 2000 ? `${content.slice(0, 2000)} …` : content);
