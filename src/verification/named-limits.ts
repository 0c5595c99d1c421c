import { fingerprint } from "../core/crypto.js";
import { TwoFactorError } from "../core/errors.js";
import type { Charge } from "../stores/store.js";
import { countedBy } from "./charges.js";
import type { Limits } from "./limits.js";
import { invalid } from "./prepare.js";
import type { Registry } from "./registry.js";
import { isSpend } from "./spend.js";

/** A limit that an account made at run time; milliseconds. */
export interface LimitValue {
  readonly buckets: readonly { readonly max: number; readonly interval: number }[];
}

/** @throws TwoFactorError `invalid_request` for anything but one or two sound buckets. */
export function checkLimit({ buckets }: LimitValue): void {
  const sound =
    Array.isArray(buckets) &&
    buckets.length >= 1 &&
    buckets.length <= 2 &&
    buckets.every(
      ({ max, interval }) => Number.isInteger(max) && max >= 1 && Number.isFinite(interval) && interval > 0,
    );
  if (!sound) throw invalid("A limit has one or two buckets: { max, interval }.");
}

/**
 * What one verification is charged to by the limits it names, each with the value that it counts.
 *
 * @throws TwoFactorError `invalid_request` for a name that nobody defined: a limit that is silently left out protects
 * nobody.
 */
export async function namedCharges(
  registry: Registry<LimitValue>,
  configured: Limits,
  account: string,
  named: Readonly<Record<string, string>>,
): Promise<Charge[]> {
  const charges: Charge[] = [];
  for (const [name, value] of Object.entries(named)) {
    const definition = await registry.named({ account, name });
    const buckets = definition?.value.buckets ?? configured.bucketsOf(name);
    if (!buckets || typeof value !== "string" || isSpend(name)) throw new UnknownLimit(name);
    charges.push(...countedBy(name, "limit", buckets)(fingerprint(["limit", account, name, value])));
  }
  return charges;
}

/** Told apart from other bad requests: vendors have a code of its own for it. */
export class UnknownLimit extends TwoFactorError {
  constructor(name: string) {
    super("invalid_request", { detail: `There is no limit named "${name}".` });
  }
}
