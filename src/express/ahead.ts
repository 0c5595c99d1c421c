import type { Request } from "express";
import { addressOf } from "./address.js";
import { judge, type Verdict } from "../step-up/judge.js";
import type { Mark } from "../step-up/mark.js";
import { DEFAULT_MAX_AGE, isDeclared, type ParsedPolicy } from "../step-up/policy.js";
import type { Wanted } from "../step-up/wanted.js";
import { refused, type Refused } from "../verification/outcome.js";
import { wasSpent } from "./case.js";
import { type Passed, questionOf } from "./context.js";
import { stillInUse } from "./decide.js";
import { POLICY } from "./guard.js";
import type { Identity } from "./identity.js";
import { guardsOf } from "./inventory.js";
import type { Kit } from "./kit.js";
import { wantedBy } from "./wanted-by.js";

/** Somebody who asks about an action before they call its route. */
export interface Asking {
  readonly kit: Kit;
  readonly req: Request;
  readonly who: Identity;
}

/** A guard that asks for the action, and what it would say. */
interface Opinion {
  readonly policy: ParsedPolicy<Request>;
  readonly verdict: Verdict;
}

/** What opens every guard of an action that can be seen; nothing where one would ask, or has to know the transaction. */
export async function standingWith(asking: Asking, action: string | undefined, maxAge?: number): Promise<Opened> {
  const plain = { ...ANY, maxAge: maxAge ?? DEFAULT_MAX_AGE };
  const opinions = action === undefined ? [] : opinionsOn(asking, action, maxAge);
  if (opinions.length === 0) {
    const { kit, req: _req, who } = asking;
    const verdict = judge(plain, who.login.marks, questionOf(kit, who, action));
    return verdict.ok ? openedBy([{ marks: verdict.marks, maxAge: plain.maxAge }]) : undefined;
  }
  const passed: Passed[] = [];
  for (const { policy, verdict } of opinions) {
    if (policy.bind || !verdict.ok || !(await wouldPass(asking.kit, policy, verdict.marks))) return undefined;
    passed.push({ marks: verdict.marks, maxAge: policy.maxAge });
  }
  return openedBy(passed);
}

const ANY = { methods: "all", oneShot: false } as const;

/** What a login has proved, when, and until when that holds. */
export type Opened = { readonly methods: readonly string[]; readonly at: number; readonly until: number } | undefined;

function openedBy(passed: readonly Passed[]): Opened {
  const marks = passed.flatMap((each) => each.marks);
  return {
    methods: [...new Set(marks.flatMap((mark) => mark.methods))],
    at: Math.min(...marks.map((mark) => mark.at)),
    until: Math.min(...passed.flatMap((each) => each.marks.map((mark) => mark.at + each.maxAge))),
  };
}

async function wouldPass(kit: Kit, policy: ParsedPolicy<Request>, marks: readonly Mark[]): Promise<boolean> {
  if (!(await stillInUse({ kit, policy }, marks, true))) return false;
  return !policy.oneShot || !(await wasSpent(kit, marks));
}

/**
 * What the guard of an action is going to ask for: of several the first one that would. Where none can be seen, anything;
 * its guard asks again for what it does not take.
 */
export async function wantedFor(asking: Asking, action: string): Promise<Wanted | Refused> {
  const all = opinionsOn(asking, action);
  const opinions = all.filter(({ policy }) => policy.bind === undefined);
  const [first] = opinions;
  if (!first) return all.length > 0 ? TRANSACTION : anything(asking, action);
  const { policy, verdict } = opinions.find((each) => !each.verdict.ok) ?? first;
  return wantedBy({ ...asking, policy, action, bound: undefined }, verdict.ok ? undefined : verdict.missing);
}

const TRANSACTION = refused("invalid_request", {
  detail: "This action approves one transaction: make the request, and it asks for its own proof.",
});

const NONE: readonly never[] = [];

export function anything({ req }: Pick<Asking, "req">, action: string | undefined): Wanted {
  return {
    action,
    // What is shown to a person comes from the app, and never from a request.
    label: action !== undefined && isDeclared(action) ? action : undefined,
    maxAge: DEFAULT_MAX_AGE,
    limits: NONE,
    ip: addressOf(req),
    language: req.headers["accept-language"],
  };
}

function opinionsOn({ kit, req, who }: Asking, action: string, maxAge?: number): readonly Opinion[] {
  const policies = [...guardsOf(req.app, POLICY)] as readonly ParsedPolicy<Request>[];
  return policies
    .filter((policy) => policy.action === action)
    .map((policy) => {
      const asked = maxAge === undefined ? policy : { ...policy, maxAge: Math.min(maxAge, policy.maxAge) };
      return { policy: asked, verdict: judge(asked, who.login.marks, questionOf(kit, who, action)) };
    });
}
