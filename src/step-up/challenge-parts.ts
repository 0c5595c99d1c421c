import type { Clock } from "../core/clock.js";
import type { Keyring } from "../core/crypto.js";
import type { Events } from "../core/events.js";
import type { Method } from "../methods/method.js";
import type { Pending } from "../stores/pending.js";
import type { Store } from "../stores/store.js";
import type { Limits } from "../verification/limits.js";
import type { Refused } from "../verification/outcome.js";
import type { Scheduler } from "../verification/scheduler.js";
import type { FactorBook } from "./factor-book.js";
import type { Mark } from "./mark.js";
import type { ContactOf } from "./people.js";

export type ChallengeStarted = { readonly ok: true; readonly entry: Pending; readonly fresh: boolean } | Refused;
export type Proved = { readonly ok: true; readonly mark: Mark; readonly entry: Pending } | Refused;

export interface ChallengeParts {
  readonly store: Store;
  readonly methods: readonly Method[];
  readonly limits: Limits;
  readonly keys: Keyring;
  readonly clock: Clock;
  readonly events: Events;
  /** The instant up to which everything of a user is void; 0 for never. */
  readonly revokedAt: (subject: string) => number;
  readonly contactOf: ContactOf;
  /** What people have enrolled, where the app lets them. */
  readonly factors: FactorBook | undefined;
  readonly scheduler: Scheduler;
  /** The languages that page and messages speak. */
  readonly locales: readonly string[];
}
