import { CLOCK_SKEW } from "../core/clock.js";
import type { Mark } from "../step-up/mark.js";
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
  return Array.isArray(value) && value.length > 0 && value.length <= MAX_METHODS && value.every(isText);
}

/** A mark of the right shape that is not stamped in the future of `now` (beyond what clocks differ). */
export function isMark(value: unknown, now: number): value is Mark {
  if (!isRecord(value)) return false;
  const { id, user, at, methods, amr, action, bind, kept } = value;
  return (
    isText(id) &&
    isText(user) &&
    typeof at === "number" &&
    at > 0 &&
    at <= now + CLOCK_SKEW &&
    isTexts(methods) &&
    (amr === undefined || isTexts(amr)) &&
    (action === undefined || isText(action)) &&
    (bind === undefined || isText(bind)) &&
    (kept === undefined || (typeof kept === "number" && kept <= now + CLOCK_SKEW))
  );
}

/** The marks in what a session carries. Anything that is not one of ours is as good as absent. */
export function marksIn(state: unknown, now: number): readonly Mark[] {
  const marks: unknown = isRecord(state) ? state["marks"] : undefined;
  if (!Array.isArray(marks) || marks.length === 0) return NONE;
  const known: readonly unknown[] = marks.length <= MAX_MARKS ? marks : marks.slice(-MAX_MARKS);
  return allSound(known, now) ? known : known.filter((mark) => isMark(mark, now));
}

/** A loop: this runs on every guarded request, and the sound list is handed on as it is. */
function allSound(marks: readonly unknown[], now: number): marks is readonly Mark[] {
  for (const mark of marks) {
    if (!isMark(mark, now)) return false;
  }
  return true;
}

const BINDING = /^[\w-]{16,64}$/;

export function bindingIn(state: unknown): string | undefined {
  const binding = isRecord(state) ? state["binding"] : undefined;
  return typeof binding === "string" && BINDING.test(binding) ? binding : undefined;
}

/** The same login with one mark more, and without those that no policy looks back to, or that are too many. */
export function withMark(state: unknown, binding: string, mark: Mark, now: number): TwoFactorState {
  return { binding, marks: [...freshOf(marksIn(state, now), now, mark), mark].slice(-MAX_MARKS) };
}

/** Those of the marks that a policy may still look back to, and that are not this one. */
export function freshOf(marks: readonly Mark[], now: number, but: Mark): readonly Mark[] {
  return marks.filter((each) => now - each.at <= LONGEST_PROOF && each.id !== but.id);
}
