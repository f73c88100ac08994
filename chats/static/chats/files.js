// Files that the browser keeps for the teacher.

import { el } from "./dom.js";
import { t } from "./texts.js";

/** How far a file is that is being made. */
export const progressText = ({ done, total }) =>
  t("material.making", { percent: total ? Math.round((100 * done) / total) : 0 });

/** Has `{blob, name}` saved as a download. */
export function saveFile({ blob, name }) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the download has begun by then
}
