// Building DOM nodes. Text always goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; a function value becomes a listener. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** An icon of the sprite in the page, for the eye only. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** A button with an icon and a text; `quiet` keeps the text for screen readers and the tooltip. */
export function iconButton(name, label, onClick, { quiet = false, ...attributes } = {}) {
  const button = el("button", { type: "button", click: onClick, ...attributes }, icon(name));
  if (quiet) {
    button.setAttribute("aria-label", label);
    button.title = label;
  } else {
    button.append(el("span", {}, label));
  }
  return button;
}

export const byId = (id) => document.getElementById(id);
