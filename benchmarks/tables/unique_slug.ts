import { createHash } from "node:crypto";
import { slugOf } from "../../datasets/file_name.ts";

/**
 * A data set's name as the name of a page or a figure, another one for each data set: of a file its
 * slug, and the beginning of the SHA-256 of the name, since files of several folders may be called the
 * same.
 */
export function uniqueSlug(dataset: string): string {
  if (!dataset.startsWith("file:")) return dataset;
  return `${slugOf(dataset)}-${createHash("sha256").update(dataset).digest("hex").slice(0, 10)}`;
}
