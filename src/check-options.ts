import { misconfigured } from "./core/errors.js";
import { checkKeys, display, isClusterWorker, isProduction, listOf } from "./core/options.js";
import { isRequest } from "./express/guard.js";
import { memoryStore } from "./stores/memory/memory-store.js";
import type { Store } from "./stores/store.js";
import type { Scheduler } from "./verification/scheduler.js";
import type { TwoFactorOptions } from "./options.js";

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
  if (isRequest(options)) throw misconfigured(UNCALLED);
  checkKeys(options, OPTION_KEYS, "twoFactor()");
  checkFunctions(options);
}

const UNCALLED =
  "twoFactor was given to the app itself, and not what it returns: did you forget the call? Write app.use(twoFactor({ ... })).";

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

/** What a missing origin costs in production, said once: nothing of it is unsafe. */
export function warnOfOrigin(origins: readonly string[], methods: readonly { readonly name: string }[]): void {
  if (origins.length > 0 || !isProduction()) return;
  const bound = methods.some(({ name }) => name === "sms") ? ", and an SMS names no site for its code" : "";
  process.emitWarning(
    `twoFactor({ origin }) is not set: behind a proxy that changes the Host header, forms of your own pages are refused${bound}. Write your public origin, as in "https://example.com".`,
    { code: "REQUIRE2FA_ORIGIN" },
  );
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
  if (typeof chosen === "function")
    throw misconfigured("twoFactor({ store }) was given a function: did you forget the call, as in memoryStore()?");
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
