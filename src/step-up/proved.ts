import { randomId } from "../core/crypto.js";
import type { Pending } from "../stores/pending.js";
import { keyOf } from "./assurance.js";
import type { MethodMatch } from "./comparison.js";
import type { Mark } from "./mark.js";
import { readDetail } from "./wanted.js";

/** What a right answer to this challenge proves. */
export function markOf(user: string, entry: Pending, { method, factor }: MethodMatch, at: number): Mark {
  const { action, bind } = readDetail(entry);
  return {
    id: randomId(),
    user,
    at,
    methods: [method],
    ...keyOf(factor),
    ...(action === undefined ? {} : { action }),
    ...(bind === undefined ? {} : { bind }),
  };
}

/** A challenge as events tell it. */
export function eventOf(entry: Pending) {
  const { user, action } = readDetail(entry);
  return { challenge: entry.id, user, method: entry.delivery.method, ...(action === undefined ? {} : { action }) };
}
