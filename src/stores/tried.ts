import type { Delivery } from "./pending.js";

/** Every method whose code an answer may be: the one in use, and those whose message is out. */
export function triedBy({ method, sent }: Delivery): readonly string[] {
  return [...new Set([method, ...sent.map((each) => each.method)])];
}
