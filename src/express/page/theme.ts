import { misconfigured } from "../../core/errors.js";
import { nearest } from "../../core/options.js";
import { pattern } from "../../core/pattern.js";

/**
 * Values for the CSS variables of the page. One value serves light and dark alike: write `light-dark(#06c, #8bf)`
 * for a color that changes.
 */
export type Theme = Readonly<Record<`--r2fa-${string}`, string>>;

export const THEME_VARIABLES = [
  "--r2fa-accent",
  "--r2fa-accent-text",
  "--r2fa-background",
  "--r2fa-surface",
  "--r2fa-text",
  "--r2fa-muted",
  "--r2fa-border",
  "--r2fa-field-border",
  "--r2fa-danger",
  "--r2fa-success",
  "--r2fa-radius",
  "--r2fa-shadow",
  "--r2fa-font",
  "--r2fa-code-font",
  "--r2fa-width",
] as const;

const MAX_LENGTH = 500;
const CHARACTERS = pattern(String.raw`^[\p{L}\p{M}\p{N}\s#%.,()"'_+*/-]+$`, "u");
const CALLS = pattern(String.raw`([\p{L}\p{M}\p{N}_-]*)\(`, "gu");
const NEWLINE_OR_COMMENT = /[\n\r\f]|\/\*/;
const STRING = /"[^"]*"|'[^']*'/g;

/** Functions that compute and never load: `url()`, `image-set()` and whatever comes next stay out. */
const FUNCTIONS = new Set(
  "rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark var calc min max clamp".split(" "),
);

/**
 * Refuses an unknown variable and any value that could end its declaration or load something.
 *
 * @throws TwoFactorError `misconfigured`
 */
export function checkTheme(theme: Theme): void {
  for (const [name, value] of Object.entries(theme)) {
    if (!THEME_VARIABLES.some((known) => known === name)) {
      const guess = nearest(name, THEME_VARIABLES);
      const hint = guess ? `Did you mean "${guess}"? ` : "";
      throw misconfigured(`theme: unknown variable "${name}". ${hint}Known: ${THEME_VARIABLES.join(", ")}.`);
    }
    if (!isPlainValue(value)) {
      throw misconfigured(
        `theme: ${name} wants a plain CSS value (a color, length, shadow or list of fonts), without ; { } < or url().`,
      );
    }
  }
}

function isPlainValue(value: unknown): boolean {
  if (typeof value !== "string" || value.length > MAX_LENGTH || value.trim() === "") return false;
  if (!CHARACTERS().test(value) || NEWLINE_OR_COMMENT.test(value)) return false;
  const bare = value.replace(STRING, '""');
  if (/'/.test(bare) || (bare.match(/"/g)?.length ?? 0) % 2 !== 0) return false;
  return isBalanced(bare) && [...bare.matchAll(CALLS())].every((call) => isHarmless(call[1] ?? ""));
}

/** A parenthesis without a name only groups, as inside `calc()`. */
function isHarmless(name: string): boolean {
  return name === "" || FUNCTIONS.has(name.toLowerCase());
}

function isBalanced(value: string): boolean {
  let depth = 0;
  for (const character of value) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

/** The theme as a rule that comes after the page's own, checked once more because it goes into a style element. */
export function themeRule(theme: Theme | undefined): string {
  if (!theme) return "";
  checkTheme(theme);
  const declarations = Object.entries(theme).map(([name, value]) => `${name}: ${value};`);
  return declarations.length === 0 ? "" : `:root { ${declarations.join(" ")} }\n`;
}
