import { setTimeout as pause } from "node:timers/promises";

/** Long enough for all other processes to come in between, in milliseconds. */
const GAP = 15;

/**
 * Steps as a store has them that reads, gives way, and writes what it had read. A test of races between processes is
 * worth something only if it fails with each of these.
 */
const FLAWS = {
  attempt: (store) => async (which, guess, now) => {
    const entry = await store.find(which, now);
    await pause(GAP);
    const counted = await store.attempt(which, guess, now);
    if (counted.outcome === "counted" || entry?.state !== "pending" || entry.attempts >= entry.maxAttempts)
      return counted;
    const none = { lockedUntil: 0, methods: [entry.delivery.method], reached: [] };
    return { outcome: "counted", entry, attemptsLeft: entry.maxAttempts - entry.attempts - 1, ...none };
  },
  consume: (store) => async (which, proof, now) => {
    const entry = await store.find(which, now);
    await pause(GAP);
    const consumed = await store.consume(which, proof, now);
    return entry?.state === "pending" ? { outcome: "consumed", at: now } : consumed;
  },
  open: (store) => async (entry, account, charges, now) => {
    const earlier = await store.find({ owner: entry.owner }, now);
    await pause(GAP);
    return store.open({ ...entry, supersede: earlier ? entry.supersede : "cancel" }, account, charges, now);
  },
  claim: (store) => async (key, value, ttl, now) => {
    const earlier = await store.get(key, now);
    await pause(GAP);
    return earlier ?? ((await store.put(key, value, ttl, now)) && value);
  },
  cancel: (store) => async (which, now) => {
    const entry = await store.find(which, now);
    await pause(GAP);
    await store.cancel(which, now);
    return entry?.state === "pending";
  },
};

/** The store, with those of its steps broken that are named here at the moment. */
export function flawed(store, names) {
  const broken = new Map(Object.entries(FLAWS).map(([name, make]) => [name, make(store)]));
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      const sound = member.bind(target);
      const other = broken.get(name);
      return other ? (...given) => (names.has(name) ? other : sound)(...given) : sound;
    },
  });
}
