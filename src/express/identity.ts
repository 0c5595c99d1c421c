import type { Request } from "express";
import { type Awaitable, isPromise } from "../core/deadline.js";
import { isTwoFactorError, misconfigured, type TwoFactorError, unavailable } from "../core/errors.js";
import { isProduction } from "../core/options.js";
import type { MethodName } from "../methods/method.js";
import type { Mark } from "../step-up/mark.js";
import { barredBy, type FirstFactor } from "../step-up/first-factor.js";
import { ask, callbackFailed } from "../step-up/ask.js";
import type { Asker } from "../step-up/wanted.js";
import { refused, type Refused } from "../verification/outcome.js";
import type { FirstFactorOf, Kit } from "./kit.js";
import type { Login, Proof } from "./proof.js";

/** Who a request speaks for, and where the marks of their second factor live. */
export interface Identity {
  readonly ok: true;
  readonly user: string;
  readonly login: Login;
  readonly proof: Proof;
  /** Methods that would only prove the first factor of this login once more. */
  readonly barred?: readonly MethodName[] | undefined;
  /** That another login of the same person may have another first factor. */
  readonly varies?: boolean;
}

export function askerIn({ user, login, barred, varies }: Identity): Asker {
  return { user, binding: login.binding, barred, varies };
}

/** A token that speaks for a program: no person could answer a challenge. */
export interface Machine {
  readonly ok: false;
  readonly reason: "machine";
}

export type Identified = Identity | Machine | Refused;

const NOBODY = refused("first_factor_required");

/** Synchronous where the proof and the app's `user` callback are. */
export function identify(kit: Kit, req: Request): Awaitable<Identified> {
  const proof = proofFor(kit, req);
  const login = proof?.read(req);
  if (!proof || !login) return NOBODY;
  if (login.machine) return { ok: false, reason: "machine" };
  const named = namedBy(kit, req);
  return isPromise(named) ? settleLater(kit, req, proof, login, named) : barring(kit, req, settle(proof, login, named));
}

/** Apart from the path that answers at once: what a callback holds on to is put aside by each call, needed or not. */
function settleLater(kit: Kit, req: Request, proof: Proof, login: Login, named: Promise<unknown>): Promise<Identified> {
  return ask(USER, () => named).then(
    (user) => barring(kit, req, settle(proof, login, user)),
    (error: unknown) => {
      throw userFailed(error);
    },
  );
}

function namedBy({ userOf }: Kit, req: Request): Awaitable<unknown> {
  try {
    return userOf?.(req);
  } catch (error) {
    throw userFailed(error);
  }
}

const USER = "The user callback";

/** Most often it reads the id of somebody who is not there. */
function userFailed(error: unknown): TwoFactorError {
  const cause = isTwoFactorError(error) ? error.cause : error;
  if (isProduction() || !(cause instanceof TypeError)) return callbackFailed(USER, error);
  return unavailable(
    `${USER} failed. It is asked about everybody, logged in or not: write (req) => req.user?.id.`,
    cause,
  );
}

/** A loop, as everything that runs on every guarded request. */
function proofFor({ proofs }: Kit, req: Request): Proof | undefined {
  for (const proof of proofs) if (proof.accepts(req)) return proof;
  return undefined;
}

/** With what the first factor of this login was, where the app says. */
function barring({ firstFactor }: Kit, req: Request, who: Identified): Awaitable<Identified> {
  return firstFactor === undefined || !who.ok ? who : barredIn(firstFactor, req, who);
}

function barredIn(firstFactor: FirstFactor | FirstFactorOf, req: Request, who: Identity): Awaitable<Identity> {
  const varies = typeof firstFactor === "function";
  const first: unknown = typeof firstFactor === "function" ? firstFactor(req) : firstFactor;
  if (!isPromise(first)) return { ...who, varies, barred: barredBy(first) };
  return ask("The firstFactor callback", () => first).then((each) => ({ ...who, varies, barred: barredBy(each) }));
}

function settle(proof: Proof, login: Login, named: unknown): Identified {
  const given = userId(named);
  if (login.user !== undefined && given !== undefined && given !== login.user) {
    return refused("first_factor_required", { detail: "The token and the session name different users." });
  }
  const user = login.user ?? given;
  return user === undefined || (proof.kind === "jwt" && login.user === undefined)
    ? NOBODY
    : { ok: true, user, login, proof };
}

function userId(named: unknown): string | undefined {
  if (named === undefined || named === null || named === "") return undefined;
  if (typeof named === "string") return named;
  if (typeof named === "number" && Number.isFinite(named)) return String(named);
  throw misconfigured(
    `twoFactor({ user }) must return the id of the logged-in user (a string or a number) or nothing, not ${typeof named}.`,
  );
}

/** A proof that has marks for this request, of those that can say so at a glance. */
function markedProof({ proofs }: Kit, req: Request): Proof | undefined {
  for (const proof of proofs) if (proof.marks && proof.marks(req).length > 0) return proof;
  return undefined;
}

function isAnyOfAnother(marks: readonly Mark[], user: string | undefined): boolean {
  for (const mark of marks) if (mark.user !== user) return true;
  return false;
}

/** A guard asks again, and it must not be late for that. */
const PATIENCE = 1_000;

/**
 * Takes marks off a session whose user is another one by now, or nobody: a logout that kept the session leaves no proof
 * behind for whoever logs in next. Costs nothing where there are no marks. A fault is not told here: no mark opens a
 * guard that cannot ask who is there either.
 */
export function disown(kit: Kit, req: Request): Promise<void> | undefined {
  const { userOf } = kit;
  const proof = markedProof(kit, req);
  if (!proof || !userOf) return undefined;
  const clear = (named: unknown): Promise<void> | undefined =>
    isAnyOfAnother(proof.marks?.(req) ?? [], userId(named)) ? proof.clear(req) : undefined;
  try {
    const named = userOf(req);
    const cleared = isPromise(named) ? ask(USER, () => named, PATIENCE).then(clear) : clear(named);
    return cleared?.catch((error: unknown) => kit.events.emit("fault", { where: "user", error }));
  } catch (error) {
    kit.events.emit("fault", { where: "user", error });
    return undefined;
  }
}
