import type { Clock } from "../core/clock.js";
import { isPromise, within } from "../core/deadline.js";
import { isTwoFactorError, unavailable } from "../core/errors.js";
import type { Events } from "../core/events.js";
import type { Store } from "./store.js";
import { Turns } from "./turns.js";

/** A store that has not answered by then is taken for dead, in milliseconds (ASVS 13.1.3). */
const DEADLINE = 250;
/** For steps that go through many records, and that nobody waits for at a door. */
const LONG_DEADLINE = 10_000;
/** How many of these run at a time: whoever asks for a hundred of them waits, and not the people at the doors. */
const LONG: ReadonlyMap<string | symbol, number> = new Map<keyof Store, number>([
  ["search", 4],
  ["usage", 1],
  ["erase", 1],
]);

/**
 * Steps that name their request: asked once more, as when only the reply was lost, they change nothing and answer the
 * same. Any other may have happened, and is not repeated.
 */
const REPEATABLE: ReadonlySet<string | symbol> = new Set<keyof Store>([
  "open",
  "amend",
  "find",
  "attempt",
  "forgive",
  "consume",
  "claim",
]);

/** How often nothing can be said about a store before somebody is told; and that it is back. */
interface Health {
  downSince: number | undefined;
}

/**
 * The store, with a deadline on every call and every fault turned into `unavailable`. What answers at once, as memory
 * does, passes through untouched.
 */
export function supervise(store: Store, events: Events, clock: Clock): Store {
  const health: Health = { downSince: undefined };
  store.onEmptied?.(() => events.emit("store.emptied", { store: store.name }));
  const fail = (error: unknown): never => {
    if (health.downSince === undefined) {
      health.downSince = clock();
      events.emit("store.unavailable", { error });
    }
    throw isTwoFactorError(error) ? error : unavailable(`The ${store.name} store did not answer.`, error);
  };
  const well = <T>(value: T): T => {
    if (health.downSince !== undefined) {
      events.emit("store.recovered", { down: clock() - health.downSince });
      health.downSince = undefined;
    }
    return value;
  };
  const watched = (target: Store, name: string | symbol): unknown => {
    const member: unknown = Reflect.get(target, name, target);
    if (typeof member !== "function") return member;
    const atOnce = LONG.get(name);
    const deadline = atOnce === undefined ? DEADLINE : LONG_DEADLINE;
    const turns = atOnce === undefined ? undefined : new Turns(atOnce);
    const late = (): Error => new Error(`${String(name)} took longer than ${deadline} ms.`);
    return (...args: unknown[]): unknown => {
      try {
        const call = (): unknown => Reflect.apply(member, target, args);
        const result: unknown = turns ? turns.take(call, performance.now() + deadline, late) : call();
        // What a store knows by itself says nothing about its server.
        if (!isPromise(result)) return result;
        const answer = within(result, deadline, late);
        // A store known to be down is not asked twice.
        const repeated = (error: unknown): unknown => {
          if (isTwoFactorError(error) || health.downSince !== undefined) throw error;
          return within(call() as Promise<unknown>, deadline, late);
        };
        return (REPEATABLE.has(name) ? answer.catch(repeated) : answer).then(well, fail);
      } catch (error) {
        return fail(error);
      }
    };
  };
  const members = new Map<string | symbol, unknown>();
  return new Proxy(store, {
    get(target, name) {
      if (!members.has(name)) members.set(name, watched(target, name));
      return members.get(name);
    },
  });
}
