import type { Request, Response } from "express";
import { randomId } from "../core/crypto.js";
import type { Mark } from "../step-up/mark.js";
import { LONGEST_PROOF, type ParsedPolicy } from "../step-up/policy.js";
import type { Bound } from "../step-up/transaction.js";
import { isFirst } from "../stores/first.js";
import type { Identity } from "./identity.js";
import type { Kit } from "./kit.js";
import { isIdle } from "./negotiate.js";

/** What a guard wants of this request. */
export interface Case {
  readonly kit: Kit;
  readonly policy: ParsedPolicy<Request>;
  readonly req: Request;
  readonly res: Response;
  readonly who: Identity;
  readonly action: string | undefined;
  readonly bound: Bound | undefined;
}

/** Whether one of the marks has opened its door already. */
export async function wasSpent({ store, clock }: Kit, marks: readonly Mark[]): Promise<boolean> {
  for (const { id } of marks) if ((await store.get(`spent:${id}`, clock())) !== undefined) return true;
  return false;
}

/** Each mark opens one door once. Reading (HEAD, prefetch) opens none. */
export async function spend({ kit, req }: Pick<Case, "kit" | "req">, marks: readonly Mark[]): Promise<boolean> {
  if (isIdle(req)) return false;
  const nonce = randomId();
  for (const mark of marks) {
    if (!(await isFirst(kit.store, `spent:${mark.id}`, nonce, LONGEST_PROOF, kit.clock()))) return false;
  }
  return true;
}
