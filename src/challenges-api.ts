import { type ErrorCode, misconfigured } from "./core/errors.js";
import type { Kit } from "./express/kit.js";
import { publicChallenge } from "./express/problem.js";
import type { PublicChallenge } from "./express/wire.js";
import type { MethodName } from "./methods/method.js";
import { endOf } from "./stores/ended.js";
import type { Mark } from "./step-up/mark.js";
import type { Refused } from "./verification/outcome.js";
import { barredBy, type FirstFactor } from "./step-up/first-factor.js";
import { DEFAULT_MAX_AGE } from "./step-up/policy.js";
import { bindTransaction, type Bound } from "./step-up/transaction.js";
import type { Transaction } from "./step-up/policy.js";
import type { Selection } from "./step-up/ways.js";
import type { Asker, Wanted } from "./step-up/wanted.js";

/** Whose challenge it is: the user, and the login it was asked in (a session id, a connection id). */
export interface ChallengeOwner {
  user: string | number;
  session: string;
  /** What this login began with, where `twoFactor({ firstFactor })` is a function: there is no request to ask it about. */
  firstFactor?: FirstFactor;
}

export interface ChallengeStart extends ChallengeOwner {
  /** The strongest one that the user has, by default. */
  method?: MethodName;
  /** Which of several of the method; a choice of the challenge has its id. Only beside `method`. */
  factor?: string;
  action?: string;
  /** What exactly is being approved. */
  transaction?: Transaction;
  /** BCP 47 tag, where the contact has none. */
  locale?: string;
}

export interface ChallengeAnswer extends ChallengeOwner {
  code: string;
  /** The newest open one of this owner, by default. */
  challenge?: string;
  /** Where the answer came from, for `limits.failures.perNetwork`; without it nothing is counted there. */
  ip?: string | undefined;
}

export type ChallengeNo = {
  readonly ok: false;
  readonly reason: ErrorCode;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly attemptsLeft?: number;
};

export type ChallengeResult = { readonly ok: true; readonly challenge: PublicChallenge } | ChallengeNo;

/** Expected refusals are values; a store or callback that fails throws `TwoFactorError`. */
export interface ChallengesApi {
  /** Opens a challenge and sends its code, or returns the open one for the same owner, action and transaction. */
  start(request: ChallengeStart): Promise<ChallengeResult>;
  /** A right code uses the challenge up; what it proves is then yours to keep. */
  verify(answer: ChallengeAnswer): Promise<{ readonly ok: true; readonly proof: Mark } | ChallengeNo>;
  resend(which: ChallengeOwner & { challenge?: string }): Promise<ChallengeResult>;
  /** False when there was none to end. */
  cancel(which: ChallengeOwner & { challenge?: string }): Promise<boolean>;
  /** The open one, if any. */
  get(which: ChallengeOwner & { challenge?: string }): Promise<PublicChallenge | undefined>;
}

export function challengesApi(kit: Kit): ChallengesApi {
  const { challenges, clock, firstFactor } = kit;
  const constant = typeof firstFactor === "function" ? undefined : firstFactor;
  const asking = (owner: ChallengeOwner): Asker => {
    const { user, binding } = asker(owner);
    const barred = barredBy(owner.firstFactor ?? constant);
    return { user, binding, barred, varies: owner.firstFactor !== undefined || typeof firstFactor === "function" };
  };
  const which = ({ challenge }: { challenge?: string }) => (challenge === undefined ? {} : { id: challenge });
  return {
    async start(request) {
      return result(kit, await challenges.start(asking(request), wanted(request), wish(request)));
    },
    async verify(answer) {
      const proved = await challenges.verify({ ip: answer.ip, ...asking(answer) }, which(answer), answer.code);
      return proved.ok ? { ok: true, proof: proved.mark } : no(proved);
    },
    async resend(owner) {
      return result(kit, await challenges.resend(asking(owner), which(owner)));
    },
    cancel: (owner) => challenges.cancel(asking(owner), which(owner)),
    async get(owner) {
      const entry = await challenges.find(asking(owner), which(owner));
      return entry && !endOf(entry, clock()) ? publicChallenge(kit, entry) : undefined;
    },
  };
}

/** @throws TwoFactorError `misconfigured` for an owner that is none. */
export function asker({ user, session }: ChallengeOwner): Asker {
  if (String(user ?? "") === "" || typeof session !== "string" || session === "") {
    throw misconfigured("A challenge belongs to a user and a session: neither may be empty.");
  }
  return { user: String(user), binding: session };
}

function wish({ method, factor }: ChallengeStart): Selection | undefined {
  if (method === undefined && factor !== undefined) {
    throw misconfigured("challenges.start({ factor }) goes with { method }.");
  }
  return method === undefined ? undefined : { method, factor };
}

const NONE: readonly never[] = [];

function wanted({ action, transaction, locale }: ChallengeStart): Wanted {
  const bound: Bound | undefined = transaction && bindTransaction(transaction);
  return { action, label: action, bound, maxAge: DEFAULT_MAX_AGE, limits: NONE, language: locale };
}

function result(kit: Kit, started: Awaited<ReturnType<Kit["challenges"]["start"]>>): ChallengeResult {
  return started.ok ? { ok: true, challenge: publicChallenge(kit, started.entry) } : no(started);
}

export function no({ reason, details: { retryAfter, attemptsLeft } }: Refused): ChallengeNo {
  return {
    ok: false,
    reason,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(attemptsLeft === undefined ? {} : { attemptsLeft }),
  };
}
