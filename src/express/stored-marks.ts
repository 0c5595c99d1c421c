import { isAhead, type Mark } from "../step-up/mark.js";
import { LONGEST_PROOF } from "../step-up/policy.js";

/** What a session keeps for us under `twoFactor`: plain JSON, so that any store can hold it. */
export interface TwoFactorState {
  readonly binding: string;
  /** Newest last. */
  readonly marks: readonly Mark[];
}

/** So many marks a session keeps, the newest: one for each action somebody works on at a time, and room. */
const MAX_MARKS = 8;

const MAX_METHODS = 8;
const MAX_TEXT = 512;
const NONE: readonly Mark[] = [];

export type Unknowns = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Unknowns {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT;
}

function isTexts(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_METHODS) return false;
  for (const each of value as readonly unknown[]) if (!isText(each)) return false;
  return true;
}

/** A mark of the right shape; what the clock says to it is for `judge()`, which asks it once for every request. */
export function isMark(value: unknown): value is Mark {
  if (!isRecord(value)) return false;
  const { id, user, at, methods, amr, action, bind, kept } = value;
  return (
    isText(id) &&
    isText(user) &&
    typeof at === "number" &&
    at > 0 &&
    isTexts(methods) &&
    (amr === undefined || isTexts(amr)) &&
    (action === undefined || isText(action)) &&
    (bind === undefined || isText(bind)) &&
    (kept === undefined || typeof kept === "number")
  );
}

/** The marks in what a session carries. Anything that is not one of ours is as good as absent. */
export function marksIn(state: unknown): readonly Mark[] {
  const marks: unknown = isRecord(state) ? state["marks"] : undefined;
  if (!Array.isArray(marks) || marks.length === 0) return NONE;
  const known: readonly unknown[] = marks.length <= MAX_MARKS ? marks : marks.slice(-MAX_MARKS);
  return allSound(known) ? known : known.filter(isMark);
}

/** A loop: this runs on every guarded request, and the sound list is handed on as it is. */
function allSound(marks: readonly unknown[]): marks is readonly Mark[] {
  for (const mark of marks) {
    if (!isMark(mark)) return false;
  }
  return true;
}

const BINDING = { shortest: 16, longest: 64 };

/** Its length is looked at, not its characters: a regular expression would cost the guard as much as all the rest. */
export function bindingIn(state: unknown): string | undefined {
  const binding = isRecord(state) ? state["binding"] : undefined;
  return isText(binding) && binding.length >= BINDING.shortest && binding.length <= BINDING.longest
    ? binding
    : undefined;
}

/** The same login with one mark more, and without those that no policy looks back to, or that are too many. */
export function withMark(state: unknown, binding: string, mark: Mark, now: number): TwoFactorState {
  return { binding, marks: [...freshOf(marksIn(state), now, mark), mark].slice(-MAX_MARKS) };
}

/** Those of the marks that a policy may still look back to, that are not from the future, and that are not this one. */
export function freshOf(marks: readonly Mark[], now: number, but: Mark): readonly Mark[] {
  return marks.filter((each) => now - each.at <= LONGEST_PROOF && !isAhead(each, now) && each.id !== but.id);
}
