import type { Request } from "express";
import type { Clock } from "../core/clock.js";
import type { Keyring } from "../core/crypto.js";
import type { Awaitable } from "../core/deadline.js";
import type { Events } from "../core/events.js";
import type { Method, MethodName } from "../methods/method.js";
import type { DeliveryReport, ReceiptReader } from "../providers/provider.js";
import type { Challenges } from "../step-up/challenges.js";
import type { Enrollments } from "../step-up/enrollment.js";
import type { Factors } from "../step-up/factors.js";
import type { FirstFactor } from "../step-up/first-factor.js";
import type { Devices } from "../step-up/devices.js";
import type { Reports } from "../step-up/reports.js";
import type { Store } from "../stores/store.js";
import type { LimitValue } from "../verification/named-limits.js";
import type { Noted } from "../verification/receipts.js";
import type { Registry } from "../verification/registry.js";
import type { Scheduler } from "../verification/scheduler.js";
import type { Verifications } from "../verification/verifications.js";
import type { Step } from "../verification/workflow.js";
import type { Theme } from "./page/theme.js";
import type { PageView } from "./page/view.js";
import type { PageWords } from "./page/words.js";
import type { Flights } from "./flights.js";
import type { Proof } from "./proof.js";

export type UserOf = (req: Request) => Awaitable<string | number | null | undefined>;

/** What this login began with, or nothing where no word fits. */
export type FirstFactorOf = (req: Request) => Awaitable<FirstFactor | null | undefined>;

/** One instance of the middleware, ready to serve: what its guards and routes work with. */
export interface Kit {
  readonly challenges: Challenges;
  /** Configured methods, strongest first. */
  readonly methods: readonly Method[];
  /** Those of them that cannot be phished. */
  readonly resistant: readonly MethodName[];
  readonly proofs: readonly Proof[];
  readonly userOf: UserOf | undefined;
  readonly firstFactor: FirstFactor | FirstFactorOf | undefined;
  readonly store: Store;
  /** The store's own, without supervision: the guard asks it on every request. */
  readonly revokedAt: (subject: string) => number;
  readonly keys: Keyring;
  readonly clock: Clock;
  readonly events: Events;
  /** Where the routes are, below the place where the middleware is mounted: `"/2fa"`. */
  readonly path: string;
  /** Origins that may post, beside the one the request came to. */
  readonly origins: ReadonlySet<string>;
  readonly service: string | undefined;
  readonly verifications: Verifications;
  /** Where people enrol factors of their own. */
  readonly enrolled:
    | {
        readonly factors: Factors;
        readonly enrollments: Enrollments;
        /** Whether a login is recent enough for the first factor; any is without it. */
        readonly fresh: ((req: Request) => Awaitable<boolean>) | undefined;
      }
    | undefined;
  /** Browsers that stand in for a proof, where the app lets them. */
  readonly devices: Devices | undefined;
  /** What a "this was not me" in a message leads to, where messages have one. */
  readonly reports: Reports | undefined;
  /** What reads the delivery receipts of a provider, by its name. */
  readonly receipts: ReadonlyMap<string, ReceiptReader>;
  /** Notes what a provider reports of a message, and moves a workflow on; grants nothing. */
  readonly noteReport: (provider: string, report: DeliveryReport) => Promise<Noted>;
  /** Limits and workflows that accounts make at run time. */
  readonly namedLimits: Registry<LimitValue>;
  readonly namedWorkflows: Registry<readonly Step[]>;
  /** Workflows out of the options. */
  readonly workflows: ReadonlyMap<string, readonly Step[]>;
  readonly scheduler: Scheduler;
  /** Requests that guards and routes are busy with. */
  readonly flights: Flights;
  /** What the app has to say in the words of the page. */
  readonly words: PageWords;
  /** Where people log in. */
  readonly login: string | undefined;
  /** What ours looks like. */
  readonly theme: Theme | undefined;
  /** The app's own page, where it has one. */
  readonly render: ((view: PageView) => string) | undefined;
}
