import type { Request, Response } from "express";
import type { Clock } from "../core/clock.js";
import type { Keyring } from "../core/crypto.js";
import type { Events } from "../core/events.js";
import type { Store } from "../stores/store.js";
import type { Mark } from "../step-up/mark.js";

/** What a request shows of its login. */
export interface Login {
  /** Names the login (a session, a token) without being usable as one; challenges are bound to it. Survives elevation. */
  readonly binding: string;
  /** Who it is, where the proof itself knows: the verified token's `sub`. */
  readonly user?: string;
  /** A token that speaks for a program, not for a person. */
  readonly machine: boolean;
  readonly marks: readonly Mark[];
}

/** Where the mark of a second factor lives: in the session or in a token. */
export interface Proof {
  readonly kind: "session" | "jwt";
  /** Whether this request is this proof's to judge; the first of a list that says so does. */
  accepts(req: Request): boolean;
  /**
   * What the request carries; `undefined` when there is no login to speak of. Synchronous: this is the guard's hot path.
   *
   * @throws TwoFactorError `first_factor_required` for a token that does not verify, `misconfigured` where the
   * middleware that should have run before is missing.
   */
  read(req: Request): Login | undefined;
  /**
   * Adds a mark: resolves only when it is safely kept.
   *
   * @throws TwoFactorError `unavailable` when it could not be kept (then nothing was elevated), `first_factor_required`
   * when the login ended in the meantime.
   */
  grant(req: Request, res: Response, mark: Mark): Promise<Granted>;
  /** The marks alone: this is asked on every request, guarded or not. */
  marks?(req: Request): readonly Mark[];
  /** Sees to it that a login which has never been kept is, before a challenge is bound to it. */
  anchor?(req: Request): void;
  /** Takes every mark off this login. */
  clear(req: Request): Promise<void>;
}

export interface Granted {
  /** The new token to use from now on, for proofs that live in tokens. */
  readonly token?: string;
}

/** What a proof is given when `twoFactor()` is built. */
export interface ProofContext {
  readonly keys: Keyring;
  readonly clock: Clock;
  readonly events: Events;
  readonly store: Store;
}

/** What `sessionProof()` and `jwtProof()` return: a proof that waits for its instance. */
export type ProofFactory = (context: ProofContext) => Proof;
