import type { MethodName } from "../methods/method.js";
import { isAhead, type Mark } from "./mark.js";
import type { ParsedPolicy } from "./policy.js";

/** Why a proof does not count. */
export type Reason = "missing" | "expired" | "consumed" | "mismatch" | "not_enrolled";

/** What the marks are held against. */
export interface Question {
  readonly user: string;
  readonly now: number;
  /** Marks up to this instant are void. */
  readonly revokedAt: number;
  readonly action: string | undefined;
  readonly bind: string | undefined;
  /** Methods that cannot be phished, out of the configured ones. */
  readonly resistant: readonly string[];
  /** Methods that would only prove the first factor once more. */
  readonly barred?: readonly string[] | undefined;
}

export type Verdict =
  | { readonly ok: true; readonly marks: readonly Mark[] }
  | {
      readonly ok: false;
      readonly reason: Reason;
      /** Unused marks for another transaction of this action: they lose their worth. */
      readonly strayed: readonly Mark[];
      /** For `allOf`: what is still to be proved. */
      readonly missing: readonly MethodName[] | undefined;
    };

type Requirement = Pick<ParsedPolicy<never>, "maxAge" | "methods" | "oneShot">;

/** Whether these marks satisfy the policy. Pure and synchronous: the guard asks on every request. */
export function judge(policy: Requirement, marks: readonly Mark[], question: Question): Verdict {
  const { methods } = policy;
  if (typeof methods === "object" && methods.kind === "allOf") return judgeAll(policy, methods.names, marks, question);
  const accepted =
    methods === "all" ? undefined : methods === "phishing-resistant" ? question.resistant : methods.names;
  for (let index = marks.length - 1; index >= 0; index -= 1) {
    const mark = marks[index];
    if (mark && counts(mark, policy, question) && (!accepted || proves(mark, accepted)))
      return { ok: true, marks: marks.length === 1 ? marks : [mark] };
  }
  return refusal(policy, marks, question, undefined);
}

function judgeAll(
  policy: Requirement,
  names: readonly MethodName[],
  marks: readonly Mark[],
  question: Question,
): Verdict {
  const counting = marks.filter((mark) => counts(mark, policy, question));
  const missing = names.filter((name) => !counting.some((mark) => mark.methods.includes(name)));
  if (missing.length > 0) return refusal(policy, marks, question, missing);
  const needed = names.map((name) => counting.findLast((mark) => mark.methods.includes(name)));
  return { ok: true, marks: [...new Set(needed.filter((mark) => mark !== undefined))] };
}

function counts(mark: Mark, policy: Requirement, question: Question): boolean {
  return isAbout(mark, question) && mark.bind === question.bind && question.now - mark.at <= policy.maxAge;
}

/** Ours, alive, and given for this action; how old it may be is another matter. */
function isAbout(mark: Mark, { user, now, revokedAt, action, barred }: Question): boolean {
  return (
    mark.user === user &&
    Math.max(mark.at, mark.kept ?? 0) > revokedAt &&
    !isAhead(mark, now) &&
    (action === undefined || mark.action === action) &&
    !(barred !== undefined && isBarred(mark, barred))
  );
}

function isBarred(mark: Mark, barred: readonly string[]): boolean {
  return mark.methods.every((method) => barred.includes(method));
}

function proves(mark: Mark, accepted: readonly string[]): boolean {
  return mark.methods.some((method) => accepted.includes(method));
}

function refusal(
  policy: Requirement,
  marks: readonly Mark[],
  question: Question,
  missing: readonly MethodName[] | undefined,
): Verdict {
  const about = marks.filter((mark) => isAbout(mark, question));
  const strayed =
    question.bind === undefined ? [] : about.filter((mark) => mark.bind !== undefined && mark.bind !== question.bind);
  const same = about.filter((mark) => mark.bind === question.bind);
  const expired = same.some((mark) => question.now - mark.at > policy.maxAge);
  return { ok: false, reason: expired ? "expired" : "missing", strayed, missing };
}
