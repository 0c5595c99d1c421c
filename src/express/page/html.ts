import { escapeHtml } from "../../core/escape-html.js";

const BRAND: unique symbol = Symbol("require2fa.html");

/**
 * HTML that is already safe to send. A class with a private brand, not a shape: nothing parsed from a request
 * can pass for one.
 */
class Html {
  readonly [BRAND] = true;

  constructor(private readonly source: string) {}

  toString(): string {
    return this.source;
  }
}

export type { Html };

/** What may stand in a template: `false` and `undefined` leave nothing behind, a list is joined. */
export type Part = Html | string | number | false | undefined | readonly Part[];

/** Marks a constant of ours as HTML. Never for a value that came from anywhere else. */
export function raw(source: string): Html {
  return new Html(source);
}

/** A template whose every interpolation is escaped, unless it is HTML that was made the same way. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let source = strings[0] ?? "";
  for (const [index, part] of parts.entries()) source += render(part) + (strings[index + 1] ?? "");
  return new Html(source);
}

function render(part: Part): string {
  if (part instanceof Html) return part.toString();
  if (Array.isArray(part)) return (part as readonly Part[]).map(render).join("");
  if (part === undefined || part === false) return "";
  return escapeHtml(String(part));
}
