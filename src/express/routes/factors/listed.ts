import type { Factor } from "../../../methods/method.js";
import { maskAddress } from "../../../core/redact.js";
import { splitFactors } from "../../../step-up/public-factor.js";
import type { PageFactor, PageFactors } from "../../page/view.js";
import type { Call } from "../reply.js";
import { enrolledOf } from "./call.js";

export function pageFactor({ id, method, name, to, createdAt, lastUsedAt, passkey }: Factor): PageFactor {
  return {
    id,
    method,
    name,
    ...(to === undefined ? {} : { to: maskAddress(to) }),
    createdAt: new Date(createdAt).toISOString(),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: new Date(lastUsedAt).toISOString() }),
    ...(passkey && { synced: passkey.deviceType === "multiDevice" }),
  };
}

/** What this person has, and what they may add. */
export async function listFor(call: Call) {
  const { factors, enrollments } = enrolledOf(call);
  const { own, codesLeft } = splitFactors(await factors.list(call.who.user));
  const codes = call.kit.methods.some(({ name }) => name === "recovery-code");
  return { own, addable: enrollments.offered, ...(codes ? { recoveryCodesLeft: codesLeft } : {}) };
}

export async function listPage(call: Call): Promise<PageFactors & { readonly step: "list" }> {
  const { own, ...rest } = await listFor(call);
  return { step: "list", factors: own.map(pageFactor), ...rest };
}
