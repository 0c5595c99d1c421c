import { setTimeout as pause } from "node:timers/promises";
import { fingerprint, randomId, seal, unseal } from "../core/crypto.js";
import { unavailable } from "../core/errors.js";
import { refused, refusedByLimit } from "../verification/outcome.js";
import { isFirst } from "../stores/first.js";
import { type Answered, askerOf, type Call, type Route } from "./routes/reply.js";
import { ownerOf } from "../step-up/wanted.js";

const KEPT_FOR = 10 * 60_000;
/** Calls with a key that one login may make: each is remembered, and the memory is everybody's. */
const KEYS = { name: "idempotency", max: 100, interval: KEPT_FOR };
const POLL = 20;
const PATIENCE = 6_000;

interface Kept {
  readonly answer: Answered;
}

/**
 * One call for each `Idempotency-Key` of a login: whoever comes second, in this process or another, waits for the
 * answer of the first and gets the same.
 */
export async function once(call: Call, route: Route): Promise<Answered | "answered"> {
  const key = call.req.headers["idempotency-key"];
  if (typeof key !== "string" || key === "") return route.handle(call);
  if (key.length > 200) return refused("invalid_request", { detail: "An Idempotency-Key has at most 200 characters." });

  const { store, clock } = call.kit;
  const name = `idempotent:${fingerprint([ownerOf(askerOf(call)), call.req.path, key])}`;
  const body = fingerprint([call.fields]);
  const counted = await store.charge([{ ...KEYS, key: `idempotent:${ownerOf(askerOf(call))}` }], clock());
  if (counted.outcome === "limited") return refusedByLimit(counted.refusal, clock());
  // The body is the nonce: the same body may ask again, another one under the same key may not.
  if (!(await isFirst(store, `${name}:body`, body, KEPT_FOR, clock()))) {
    return refused("invalid_request", { detail: "This Idempotency-Key was used with another body." });
  }
  // Whoever claims the name answers; the name then holds the answer instead of the claim.
  const claim = `claimed ${randomId()}`;
  const kept = await store.claim(name, claim, KEPT_FOR, clock());
  if (kept !== claim) return kept.startsWith("claimed ") ? waitFor(call, name) : opened(call, name, kept);
  const answer = await route.handle(call).catch((error: unknown) => {
    // A fault is no answer: the same key may try again.
    void store.take(name, clock());
    throw error;
  });
  if (answer === "answered") void store.take(name, clock());
  // Sealed: an answer may hold what is shown only once, and the store is not to know it.
  else
    await store.put(name, seal(call.kit.keys, JSON.stringify({ answer: portable(answer) }), name), KEPT_FOR, clock());
  return answer;
}

function opened({ kit }: Call, name: string, kept: string): Answered {
  const plain = unseal(kit.keys, kept, name);
  if (plain === undefined) throw unavailable("The answer to this Idempotency-Key cannot be read any more.");
  return (JSON.parse(plain) as Kept).answer;
}

async function waitFor(call: Call, name: string): Promise<Answered> {
  const { kit } = call;
  const deadline = performance.now() + PATIENCE;
  while (performance.now() < deadline) {
    const kept = await kit.store.get(name, kit.clock());
    if (kept === undefined) break;
    if (!kept.startsWith("claimed ")) return opened(call, name, kept);
    await pause(POLL);
  }
  throw unavailable("The first request with this Idempotency-Key has not been answered.");
}

/** What can be kept as JSON: everything but the way onward, which only a page takes. */
function portable(answer: Answered): Answered {
  if (!answer.ok) {
    const { ok, reason, details, entry } = answer;
    return { ok, reason, details, ...(entry && { entry }) };
  }
  const { onward: _onward, ...rest } = answer;
  return rest;
}
