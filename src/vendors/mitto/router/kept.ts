import type { Definition } from "../../../verification/registry.js";

/**
 * Clients get back what they submitted, letter by letter, and the engine keeps only what it counts by. What it has no
 * place for travels behind the description, on a last line that nobody can fake: JSON escapes the break it begins with.
 */
const MARK = "\n[mitto ";

/** The description as it is stored, with `kept` behind it where there is something. */
export function withKept(description = "", kept?: object): string {
  return kept === undefined ? description : `${description}${MARK}${JSON.stringify(kept)}]`;
}

/** The description as its author wrote it, and what was kept; nothing kept for what was not made through this API. */
export function readKept({ description }: Pick<Definition<unknown>, "description">): {
  description?: string;
  kept?: object;
} {
  const at = description?.lastIndexOf(MARK) ?? -1;
  if (description === undefined || at < 0) return description === undefined ? {} : { description };
  const own = at === 0 ? {} : { description: description.slice(0, at) };
  try {
    return { ...own, kept: Object(JSON.parse(description.slice(at + MARK.length, -1))) as object };
  } catch {
    return own;
  }
}
