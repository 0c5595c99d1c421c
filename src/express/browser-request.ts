import type { PasskeyRequest } from "../methods/passkey/json.js";
import { readDetail } from "../step-up/wanted.js";
import type { Pending } from "../stores/pending.js";
import type { Kit } from "./kit.js";

/** What the browser is to be asked for this challenge as it stands, for methods that it answers. */
export function browserRequest(
  { methods, clock }: Pick<Kit, "methods" | "clock">,
  entry: Pending,
): { readonly publicKey?: PasskeyRequest } {
  const method = methods.find(({ name }) => name === entry.delivery.method);
  const publicKey = method?.request?.(entry, readDetail(entry).credentials ?? [], clock());
  return publicKey ? { publicKey } : {};
}
