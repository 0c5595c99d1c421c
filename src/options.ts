import type { Clock } from "./core/clock.js";
import type { Awaitable } from "./core/deadline.js";
import { misconfigured } from "./core/errors.js";
import type { EventListeners } from "./core/events.js";
import { checkKeys, display, isClusterWorker, isProduction, listOf } from "./core/options.js";
import type { FirstFactorOf, UserOf } from "./express/kit.js";
import type { Theme } from "./express/page/theme.js";
import type { PageView } from "./express/page/view.js";
import type { ProofFactory } from "./express/proof.js";
import type { MethodFactory } from "./methods/method.js";
import type { FirstFactor } from "./step-up/first-factor.js";
import type { ContactOf } from "./step-up/people.js";
import type { TrustedDevicesOptions } from "./devices-options.js";
import type { FactorsOptions } from "./factors-options.js";
import type { LanguageOptions, TextOptions } from "./languages.js";
import { memoryStore } from "./stores/memory/memory-store.js";
import type { Store } from "./stores/store.js";
import type { CodeShape } from "./verification/code.js";
import type { LimitOptions } from "./verification/limits.js";
import type { NumberStatus } from "./verification/request.js";
import type { Scheduler } from "./verification/scheduler.js";
import type { WorkflowStep } from "./verification/workflow.js";

export interface PageOptions {
  /** Values for the page's CSS variables, as in `{ "--r2fa-accent": "#0a7" }`. */
  theme?: Theme;
  /** The path where people log in, as in `"/login"`: where the page leads whoever is not. */
  login?: string;
  /** Renders the whole document instead. Everything in the view is data: escape it, and use `view.nonce` for inline code. */
  render?: (view: PageView) => string;
}

export interface TwoFactorOptions {
  /**
   * One string of at least 32 bytes, or several for rotation: the first makes new codes and tokens, all of them check old
   * ones. Keep it with your other secrets; the same in every process.
   */
  secret: string | readonly string[] | undefined;
  /**
   * Who is logged in, by the first factor: an id, or nothing. Asked on every guarded request, so keep it cheap and
   * synchronous where you can. May be left out where `proof` is `jwtProof()` alone: then it is the token's `sub`.
   */
  user?: UserOf;
  /**
   * What people log in with, where that could be a second factor as well: `"email"`, `"sms"`, `"passkey"` and so on, or a
   * function of the request where logins differ (`"password"` or nothing for any other way). The same one is then neither
   * offered nor accepted as the second; `"sms"` and `"voice"` are one telephone.
   */
  firstFactor?: FirstFactor | FirstFactorOf;
  /**
   * How to reach that user: `{ phone?, email?, locale? }`, or `null` for an account that is closed. Asked when a challenge
   * starts and again when it is answered.
   */
  contact: ContactOf;
  /** The second factors, strongest first: `[totp({ secret }), sms(provider)]`. */
  methods: readonly MethodFactory[];
  /**
   * Where a proof is kept: `sessionProof()`, `jwtProof({ ... })`, or a list of which the first that fits the request is used.
   * @default sessionProof()
   */
  proof?: ProofFactory | readonly ProofFactory[];
  /**
   * Where challenges, counters and locks are kept.
   * @default memoryStore()
   */
  store?: Store;
  /**
   * Accepts a store that a restart empties in production as well: locks and counters are then as old as the process.
   * @default false
   */
  allowMemoryStore?: boolean;
  /**
   * Where the routes are, below the place where the middleware is mounted.
   * @default "/2fa"
   */
  path?: string;
  /**
   * Your public origin, as in `"https://example.com"`, or several. Only these may post to the routes, and the first one's
   * host ends every SMS so that browsers offer the code to no other site. Without it a POST must come from the host it
   * goes to.
   */
  origin?: string | readonly string[] | undefined;
  /** What people call your app: in messages and on the page. */
  service?: string | undefined;
  page?: PageOptions;
  /** Words of the page and of messages in place of ours: `{ de: { page: { button: { confirm: "Weiter" } } } }`. */
  texts?: TextOptions;
  /** Languages beside ours, each whole, by BCP 47 tag: `{ nb: { page, messages } }`. */
  languages?: LanguageOptions;
  /** How many messages and how many wrong codes. */
  limits?: LimitOptions;
  /**
   * Channels one after the other, by name: `{ urgent: [{ channel: "sms", interval: 0 }, { channel: "voice", interval: "60s" }] }`.
   * A route asks for one with `require2fa({ workflow: "urgent" })`; an interval counts from the step before.
   */
  workflows?: Readonly<Record<string, readonly WorkflowStep[]>>;
  /** Says whether a number can be reached, before a verification is sent to it. */
  lookup?: (to: string) => Awaitable<NumberStatus>;
  /** Makes the codes of `tfa.verifications` instead of us. Whatever it is, it must not be guessable. */
  generateCode?: (shape: CodeShape) => string;
  /**
   * Lets people set up factors of their own, at `/2fa/factors` or with `tfa.factors`: `true` keeps them in the store, sealed
   * with `secret`; `{ storage }` in a table of yours. `{ notify }` tells people of changes, `{ fresh }` says how recent a
   * login must be for the first.
   * @default false
   */
  factors?: boolean | FactorsOptions;
  /**
   * Lets people trust a browser of theirs, which then stands in for a proof on routes with `trustedDevice: true`: `true`
   * for 30 days, or `{ maxAge, fingerprint }`.
   * @default false
   */
  trustedDevices?: boolean | TrustedDevicesOptions;
  /**
   * Puts a link "This was not me" into e-mails with a code. `true` leads to `path` at the first `origin`; where the
   * middleware is mounted below a path of its own, give the whole of it: `"/admin/2fa"`.
   * @default false
   */
  notMe?: boolean | string;
  /** What runs the steps of workflows when they are due. @default timers of this process */
  scheduler?: Scheduler;
  /** Milliseconds since the epoch; for tests. @default Date.now */
  clock?: Clock;
  /** Listeners by event name, as in `{ "account.locked": ({ user }) => ... }`; more can be added with `tfa.events.on()`. */
  events?: EventListeners;
}

const OPTION_KEYS = {
  secret: true,
  user: true,
  firstFactor: true,
  contact: true,
  methods: true,
  proof: true,
  store: true,
  allowMemoryStore: true,
  path: true,
  origin: true,
  service: true,
  page: true,
  texts: true,
  languages: true,
  limits: true,
  workflows: true,
  lookup: true,
  generateCode: true,
  factors: true,
  trustedDevices: true,
  notMe: true,
  scheduler: true,
  clock: true,
  events: true,
} as const;

/**
 * What can be checked before anything is built.
 *
 * @throws TwoFactorError `misconfigured`, with a sentence that says what to write instead.
 */
export function checkOptions(options: TwoFactorOptions): void {
  checkKeys(options, OPTION_KEYS, "twoFactor()");
  checkFunctions(options);
}

function checkFunctions({ user, contact, clock, service, lookup, generateCode, scheduler }: TwoFactorOptions): void {
  for (const [name, callback] of Object.entries({ lookup, generateCode })) {
    if (callback !== undefined && typeof callback !== "function")
      throw misconfigured(`twoFactor({ ${name} }) must be a function.`);
  }
  const unfit = scheduler !== undefined && typeof (scheduler as Partial<Scheduler> | null)?.schedule !== "function";
  if (unfit || (scheduler && typeof scheduler.onDue !== "function")) {
    throw misconfigured("twoFactor({ scheduler }) takes a Scheduler: schedule(), cancel(), onDue() and close().");
  }
  if (service !== undefined && (typeof service !== "string" || service === "" || service.length > 60)) {
    throw misconfigured("twoFactor({ service }) must be what people call your app, in 1 to 60 characters.");
  }
  if (typeof contact !== "function") {
    throw misconfigured(
      "twoFactor({ contact }) must be a function: (userId) => ({ phone, email, locale }), or null for a closed account.",
    );
  }
  if (user !== undefined && typeof user !== "function") {
    throw misconfigured("twoFactor({ user }) must be a function: (req) => the id of the logged-in user, or nothing.");
  }
  if (clock !== undefined && typeof clock !== "function")
    throw misconfigured("twoFactor({ clock }) must be a function.");
}

const STORE_STEPS = [
  "open",
  "find",
  "attempt",
  "consume",
  "amend",
  "cancel",
  "charge",
  "refund",
  "claim",
  "revokedAt",
] as const;

/** The store, if it may be used here. */
export function checkStore({ store, allowMemoryStore = false }: TwoFactorOptions): Store {
  const chosen = store ?? memoryStore();
  const flag: unknown = allowMemoryStore;
  if (typeof flag !== "boolean") throw misconfigured("twoFactor({ allowMemoryStore }) must be true or false.");
  const able = STORE_STEPS.every((step) => typeof (chosen as Partial<Store>)[step] === "function");
  if (typeof chosen.name !== "string" || !able)
    throw misconfigured("twoFactor({ store }) takes memoryStore() or another Store.");
  if (!chosen.durable && !allowMemoryStore && (isProduction() || isClusterWorker())) {
    throw misconfigured(
      `The ${chosen.name} store forgets locks and counters when the process ends and shares them with no other process. Use a store that lasts in production and in a cluster, or accept it with allowMemoryStore: true.`,
    );
  }
  return chosen;
}

export function checkPath(path: string): string {
  if (typeof path !== "string" || !/^(?:\/[\w.~-]+)+$/.test(path))
    throw misconfigured(
      `twoFactor({ path: "${display(path)}" }) must look like "/2fa": a leading slash and none at the end.`,
    );
  return path;
}

/** Where "this was not me" leads, as a whole address, or nothing where no message says it. */
export function checkNotMe({ notMe = false, path = "/2fa" }: TwoFactorOptions, origin?: string): string | undefined {
  if (notMe === false) return undefined;
  if (notMe !== true && typeof notMe !== "string")
    throw misconfigured("twoFactor({ notMe }) is true, false or a path.");
  if (origin === undefined) {
    throw misconfigured("twoFactor({ notMe }) needs twoFactor({ origin }): links in messages lead there.");
  }
  return `${origin}${checkPath(notMe === true ? path : notMe)}/not-me`;
}

export function checkOrigins(origin: string | readonly string[] | undefined): readonly string[] {
  const origins =
    origin === undefined ? [] : typeof origin === "string" ? [origin] : listOf(origin, "twoFactor({ origin })");
  for (const each of origins) {
    if (typeof each !== "string" || !URL.canParse(each) || new URL(each).origin !== each) {
      throw misconfigured(
        `twoFactor({ origin: "${display(each)}" }) must be an origin such as "https://example.com": scheme and host, no path.`,
      );
    }
  }
  return origins;
}
