import type { Request } from "express";
import { isPromise } from "../core/deadline.js";
import { unavailable } from "../core/errors.js";
import { judge } from "../step-up/judge.js";
import type { Mark } from "../step-up/mark.js";
import { DEFAULT_MAX_AGE, LONGEST_PROOF } from "../step-up/policy.js";
import { identify, type Identity } from "./identity.js";
import type { Kit } from "./kit.js";
import { isLocalPath } from "./page/local-path.js";

declare global {
  namespace Express {
    interface Request {
      /** The second factor of this request; there once `twoFactor()` has run. */
      twoFactor: RequestTwoFactor;
    }
  }
}

/** What a handler may ask about the second factor of its request. */
export class RequestTwoFactor {
  readonly #kit: Kit;
  readonly #req: Request;
  /** Where the middleware is mounted: further in, `req.baseUrl` is another. */
  readonly #mount: string;
  #passed: readonly Mark[] | undefined;
  #maxAge = DEFAULT_MAX_AGE;
  #trusted = false;

  constructor(kit: Kit, req: Request) {
    this.#kit = kit;
    this.#req = req;
    this.#mount = req.baseUrl;
  }

  /** Whether there is a proof: the one the guard accepted, else any that is at most 15 minutes old. */
  get verified(): boolean {
    return this.#proof() !== undefined;
  }

  /** The methods proved, as in `["totp"]`; empty without a proof. */
  get methods(): readonly string[] {
    return [...new Set(this.#proof()?.marks.flatMap((mark) => mark.methods))];
  }

  /** When it was proved. */
  get verifiedAt(): Date | undefined {
    const proof = this.#proof();
    return proof && new Date(oldest(proof.marks));
  }

  /** Until when it holds, by the guard's `maxAge` (15 minutes without a guard). */
  get expiresAt(): Date | undefined {
    const proof = this.#proof();
    return proof && new Date(oldest(proof.marks) + proof.maxAge);
  }

  /**
   * Whether a guard let this request pass for the device it came from. That is no proof: `verified` says whether there is
   * one as well.
   */
  get trusted(): boolean {
    return this.#trusted;
  }

  /** Takes the proof away: the next guarded request asks again. */
  async clear(): Promise<void> {
    const who = await identify(this.#kit, this.#req);
    if (!who.ok) return;
    await this.#kit.store.revoke(who.login.binding, LONGEST_PROOF, this.#kit.clock());
    await who.proof.clear(this.#req);
    this.#passed = undefined;
  }

  /** @internal */
  static kitOf(context: unknown): Kit | undefined {
    return typeof context === "object" && context !== null && #kit in context ? context.#kit : undefined;
  }

  /** @internal Where this instance's routes are, seen from outside. */
  static pathOf(context: RequestTwoFactor): string {
    const { path } = context.#kit;
    // A path that the client has a part in must not become a way off this site.
    return isLocalPath(context.#mount + path) ? context.#mount + path : path;
  }

  /** @internal */
  static pass(context: RequestTwoFactor, marks: readonly Mark[], maxAge: number): void {
    context.#passed = marks;
    context.#maxAge = maxAge;
  }

  /** @internal */
  static trust(context: RequestTwoFactor): void {
    context.#trusted = true;
  }

  /** @internal The marks that a guard let this request pass for. */
  static passedOf(context: RequestTwoFactor): readonly Mark[] | undefined {
    return context.#passed;
  }

  #proof(): Passed | undefined {
    if (this.#passed) return { marks: this.#passed, maxAge: this.#maxAge };
    const who = identify(this.#kit, this.#req);
    if (isPromise(who)) {
      // Nobody can wait for it here; a rejection is told to whoever asks again, at the guard.
      void who.catch(() => undefined);
      return undefined;
    }
    if (!who.ok) return undefined;
    const verdict = judge(PLAIN, who.login.marks, questionOf(this.#kit, who));
    return verdict.ok ? { marks: verdict.marks, maxAge: DEFAULT_MAX_AGE } : undefined;
  }
}

/** The marks that opened the door, and how long they are good for. */
export interface Passed {
  readonly marks: readonly Mark[];
  readonly maxAge: number;
}

const PLAIN = { maxAge: DEFAULT_MAX_AGE, methods: "all", oneShot: false } as const;

/** What marks are held against, for this person and this moment. */
export function questionOf(kit: Kit, { user, login, barred }: Identity, action?: string, bind?: string) {
  const revokedAt = Math.max(instantOf(kit.revokedAt(user)), instantOf(kit.revokedAt(login.binding)));
  return { user, now: kit.clock(), revokedAt, action, bind, resistant: kit.resistant, barred };
}

/** A store that says anything but an instant does not know who is revoked, and nobody passes on that. */
function instantOf(said: unknown): number {
  if (typeof said === "number" && said >= 0) return said;
  throw unavailable("The store does not say when a proof was revoked.");
}

function oldest(marks: readonly Mark[]): number {
  return Math.min(...marks.map((mark) => mark.at));
}
