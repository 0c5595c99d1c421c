import cluster from "node:cluster";
import type { Clock } from "./core/clock.js";
import { createKeyring } from "./core/crypto.js";
import { misconfigured } from "./core/errors.js";
import { type EventListeners, Events } from "./core/events.js";
import { checkKeys, isProduction } from "./core/options.js";
import type { Kit, UserOf } from "./express/kit.js";
import { renderPage } from "./express/page/page.js";
import { checkTheme, type Theme } from "./express/page/theme.js";
import type { PageView } from "./express/page/view.js";
import type { Proof, ProofFactory } from "./express/proof.js";
import { sessionProof } from "./express/session-proof.js";
import type { Method, MethodContext, MethodFactory } from "./methods/method.js";
import { Challenges } from "./step-up/challenges.js";
import type { ContactOf } from "./step-up/people.js";
import { memoryStore } from "./stores/memory/memory-store.js";
import type { Store } from "./stores/store.js";
import { supervise } from "./stores/supervise.js";
import { createLimits, type LimitOptions } from "./verification/limits.js";
import { bindingHost } from "./verification/message.js";

export interface PageOptions {
  /** Values for the page's CSS variables, as in `{ "--r2fa-accent": "#0a7" }`. */
  theme?: Theme;
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
  origin?: string | readonly string[];
  /** What people call your app: in messages and on the page. */
  service?: string;
  page?: PageOptions;
  /** How many messages and how many wrong codes. */
  limits?: LimitOptions;
  /** Milliseconds since the epoch; for tests. @default Date.now */
  clock?: Clock;
  /** Listeners by event name, as in `{ "account.locked": ({ user }) => ... }`; more can be added with `tfa.events.on()`. */
  events?: EventListeners;
}

const OPTION_KEYS = {
  secret: true,
  user: true,
  contact: true,
  methods: true,
  proof: true,
  store: true,
  allowMemoryStore: true,
  path: true,
  origin: true,
  service: true,
  page: true,
  limits: true,
  clock: true,
  events: true,
} as const;

/**
 * Options checked and made ready, once: from here on nothing is looked up by name or parsed again.
 *
 * @throws TwoFactorError `misconfigured`, with a sentence that says what to write instead.
 */
export function buildKit(options: TwoFactorOptions): Kit {
  checkKeys(options, OPTION_KEYS, "twoFactor()");
  checkFunctions(options);
  const keys = createKeyring(options.secret);
  const clock = options.clock ?? Date.now;
  const events = new Events(options.events);
  const origins = checkOrigins(options.origin);
  const [first] = origins;
  const host = first === undefined ? undefined : bindingHost(new URL(first).hostname);
  const service = options.service;
  const bare = checkStore(options);
  const store = supervise(bare, events, clock);
  const limits = createLimits(options.limits);
  const methods = buildMethods(options.methods, { keys, clock, events, service, host });
  const challenges = new Challenges({ store, methods, limits, keys, clock, events, contactOf: options.contact });
  const proofs = buildProofs(options, (factory) => factory({ keys, clock, events }));
  return {
    challenges,
    methods,
    resistant: methods.filter((method) => method.phishingResistant).map((method) => method.name),
    proofs,
    userOf: options.user,
    store,
    revokedAt: (subject) => bare.revokedAt(subject),
    keys,
    clock,
    events,
    path: checkPath(options.path ?? "/2fa"),
    origins: new Set(origins),
    service,
    render: buildRender(options.page ?? {}),
  };
}

function checkFunctions({ user, contact, clock }: TwoFactorOptions): void {
  if (typeof contact !== "function") {
    throw misconfigured("twoFactor({ contact }) must be a function: (userId) => ({ phone, email, locale }), or null for a closed account.");
  }
  if (user !== undefined && typeof user !== "function") {
    throw misconfigured("twoFactor({ user }) must be a function: (req) => the id of the logged-in user, or nothing.");
  }
  if (clock !== undefined && typeof clock !== "function") throw misconfigured("twoFactor({ clock }) must be a function.");
}

function buildMethods(factories: readonly MethodFactory[], context: MethodContext): Method[] {
  if (!Array.isArray(factories) || factories.length === 0) {
    throw misconfigured("twoFactor({ methods }) needs at least one, strongest first: [totp({ secret }), sms(provider)].");
  }
  const names = factories.map((factory: Partial<MethodFactory>) => {
    if (typeof factory?.create === "function") return factory.method;
    throw misconfigured("twoFactor({ methods }) takes what totp(), sms(), voice() and email() return: did you forget the call?");
  });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw misconfigured(`twoFactor({ methods }): ${twice}() is there twice. Give one several providers instead: ${twice}([first, second]).`);
  return factories.map((factory) => factory.create(context));
}

function buildProofs(options: TwoFactorOptions, make: (factory: ProofFactory) => Proof): Proof[] {
  const given = options.proof ?? sessionProof();
  const factories = typeof given === "function" ? [given] : given;
  if (!Array.isArray(factories) || factories.length === 0 || factories.some((each) => typeof each !== "function")) {
    throw misconfigured("twoFactor({ proof }) takes sessionProof(), jwtProof({ ... }) or a list of them.");
  }
  const proofs = factories.map(make);
  if (!options.user && proofs.some((proof) => proof.kind === "session")) {
    throw misconfigured("twoFactor({ user }) is missing: (req) => req.session.userId, or wherever your login keeps it.");
  }
  return proofs;
}

function checkStore({ store, allowMemoryStore = false }: TwoFactorOptions): Store {
  const chosen = store ?? memoryStore();
  if (typeof chosen.attempt !== "function") throw misconfigured("twoFactor({ store }) takes memoryStore() or another Store.");
  if (!chosen.durable && !allowMemoryStore && (isProduction() || cluster.isWorker)) {
    throw misconfigured(
      `The ${chosen.name} store forgets locks and counters when the process ends and shares them with no other process. Use a store that lasts in production and in a cluster, or accept it with allowMemoryStore: true.`,
    );
  }
  return chosen;
}

function checkPath(path: string): string {
  if (!/^(?:\/[\w.~-]+)+$/.test(path)) throw misconfigured(`twoFactor({ path: "${path}" }) must look like "/2fa": a leading slash and none at the end.`);
  return path;
}

function checkOrigins(origin: string | readonly string[] | undefined): readonly string[] {
  const origins = origin === undefined ? [] : typeof origin === "string" ? [origin] : origin;
  for (const each of origins) {
    if (!URL.canParse(each) || new URL(each).origin !== each) {
      throw misconfigured(`twoFactor({ origin: "${each}" }) must be an origin such as "https://example.com": scheme and host, no path.`);
    }
  }
  return origins;
}

function buildRender(page: PageOptions): Kit["render"] {
  checkKeys(page, { theme: true, render: true }, "twoFactor({ page })");
  const { theme, render } = page;
  if (theme) checkTheme(theme);
  return render ?? ((view) => renderPage(view, theme));
}

