import type { Counted } from "./counted.js";
import { PLURAL_FORMS } from "./counted.js";
import { misconfigured } from "./errors.js";
import { checkKeys } from "./options.js";
import { pattern } from "./pattern.js";

/** Texts of which some are said in other words; a pair of texts is replaced as a pair. */
export type TextChanges<T> = T extends string | readonly unknown[]
  ? T
  : T extends Counted
    ? Partial<Counted>
    : { readonly [name in keyof T]?: TextChanges<T[name]> };

type Tree = string | readonly Tree[] | { readonly [name: string]: Tree };

/** Line breaks and what hides or reorders the rest of a line; the joiners and marks that a script may need are not among them. */
const UNWANTED = pattern(String.raw`[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]`, "u");

export interface Amendment<T> {
  /** Texts of the same shape, whose placeholders are the known ones. */
  readonly model: T;
  /** What is amended; without it nothing may be missing. */
  readonly base?: T | undefined;
  /** Names of placeholders that no text may lose. */
  readonly vital?: readonly string[];
  /** How the developer finds the place, as in `twoFactor({ texts }): de.page`. */
  readonly where: string;
}

/**
 * Texts with some of them replaced by what an app gave, or whole texts of an app's own.
 *
 * @throws TwoFactorError `misconfigured` for a name that is unknown or missing, and for what is not one line of text with
 *   placeholders that are known.
 */
export function amendTexts<T>(given: unknown, { model, base, vital = [], where }: Amendment<T>): T {
  return amend(given, { model: model as Tree, base: base as Tree | undefined, vital, where }) as T;
}

function amend(given: unknown, { model, base, vital, where }: Required<Amendment<Tree>>): Tree {
  if (given === undefined) {
    if (base !== undefined) return base;
    throw misconfigured(`${where} is missing: a language is added whole.`);
  }
  if (typeof model === "string") return checkText(given, model, vital, where);
  if (isList(model)) {
    if (!Array.isArray(given) || given.length !== model.length) {
      throw misconfigured(`${where} takes a list of ${model.length} texts.`);
    }
    return model.map((each, at) => amend(given[at], { model: each, base: undefined, vital, where: `${where}[${at}]` }));
  }
  const { other } = model;
  const known =
    other === undefined ? model : Object.fromEntries(Object.keys(PLURAL_FORMS).map((form) => [form, other]));
  const changes = given as Readonly<Record<string, unknown>>;
  checkKeys(changes, Object.fromEntries(Object.keys(known).map((name) => [name, true as const])), where);
  const before = (base ?? {}) as Readonly<Record<string, Tree>>;
  // a form that a language does not have need not be there
  const names =
    other === undefined ? Object.keys(model) : new Set(["other", ...Object.keys({ ...before, ...changes })]);
  const entries = [...names].map((name): [string, Tree] => {
    const inner = { model: known[name] ?? "", base: before[name], vital, where: `${where}.${name}` };
    return [name, amend(changes[name], inner)];
  });
  return Object.fromEntries(entries);
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}

function checkText(given: unknown, model: string, vital: readonly string[], where: string): string {
  if (typeof given !== "string" || given.trim() === "" || UNWANTED().test(given)) {
    throw misconfigured(`${where} must be one line of text.`);
  }
  const known = placeholdersIn(model);
  const used = placeholdersIn(given);
  const unknown = used.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const may = known.length === 0 ? "none" : known.map((name) => `{${name}}`).join(", ");
    throw misconfigured(`${where}: unknown placeholder "{${unknown}}". Known there: ${may}.`);
  }
  const lost = known.find((name) => vital.includes(name) && !used.includes(name));
  if (lost !== undefined) throw misconfigured(`${where} must have the placeholder {${lost}}.`);
  return given;
}

function placeholdersIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
}
