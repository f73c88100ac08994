// Files that the browser keeps for the teacher.

import { el } from "./dom.js";

/** Has `{blob, name}` saved as a download. */
export function saveFile({ blob, name }) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the download has begun by then
}
