import type { Request } from "express";
import type { Awaitable } from "./core/deadline.js";
import { misconfigured } from "./core/errors.js";
import { checkKeys } from "./core/options.js";
import { type FactorStorage, storedFactors } from "./step-up/factor-book.js";
import type { Notify } from "./step-up/notices.js";
import type { Store } from "./stores/store.js";

export interface FactorsOptions {
  /** Where factors are kept, one row for each. The store of `twoFactor()` without it. */
  storage?: FactorStorage;
  /**
   * Tells the person that their factors changed, by a way that the change did not touch: their e-mail, say. Called once for
   * each change; nobody waits for it, and a fault in it undoes nothing.
   */
  notify?: Notify;
  /**
   * Whether the login of this request is recent enough to set up the very first factor, for which there is nothing to prove
   * yet. Only `true` lets it go on. Any login may without it.
   */
  fresh?: (req: Request) => Awaitable<boolean>;
}

/** What is kept where people set up factors. */
export interface FactorSettings extends FactorsOptions {
  readonly storage: FactorStorage;
}

const STORAGE_STEPS = ["load", "add", "replace", "remove"] as const;

/** Where factors are kept, or nothing where nobody enrols any. */
export function checkFactors(factors: boolean | FactorsOptions, store: Store): FactorSettings | undefined {
  if (factors === false) return undefined;
  if (factors === true) return { storage: storedFactors(store) };
  checkKeys(factors, { storage: true, notify: true, fresh: true }, "twoFactor({ factors })");
  const { storage, notify, fresh } = factors;
  for (const [name, callback] of Object.entries({ notify, fresh })) {
    if (callback !== undefined && typeof callback !== "function") {
      throw misconfigured(`twoFactor({ factors: { ${name} } }) must be a function.`);
    }
  }
  const able = STORAGE_STEPS.every(
    (step) => typeof (storage as Partial<FactorStorage> | null | undefined)?.[step] === "function",
  );
  if (storage === undefined || able) return { ...factors, storage: storage ?? storedFactors(store) };
  throw misconfigured(
    "twoFactor({ factors: { storage } }) takes an object with load(), add(), replace() and remove().",
  );
}
