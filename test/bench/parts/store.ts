import { performance } from "node:perf_hooks";
import { email, memoryStore, type TwoFactorOptions } from "require2fa";
import { LRUCache } from "lru-cache";
import { instance } from "../instance.js";
import type { Case, Figures, Part, Sample } from "../part.js";
import { median, timed, used } from "../timing.js";

const MILLION = 1_000_000;
const THOUSAND = 1_000;
const DAY = 86_400_000;
/** Each process has a median of its own. */
const FLOWS = 9;

function heap(): number {
  global.gc?.();
  global.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A verification as the guard opens it, with nothing sent. */
function row(id: string, owner: string, ttl: number) {
  const delivery = { method: "totp", status: "none", sent: [] } as const;
  const detail = {};
  return {
    id,
    tenant: "#bench",
    owner,
    purpose: "",
    subject: owner,
    keyId: "key",
    maxAttempts: 5,
    ttl,
    delivery,
    events: [],
    detail,
    supersede: "return",
  } as const;
}

/** Opened, answered and, by the time that the next one comes, forgotten; with so many others that stay. */
const comingAndGoing =
  (others: number, max: number): Case =>
  () => {
    const store = memoryStore({ maxPending: max, retention: "1s" });
    let now = Date.now();
    for (let index = 0; index < others; index += 1)
      void store.open(row(`other-${index}`, `other-${index}`, 1_000 * 365 * DAY), "", [], now);
    const lock = { after: 10, first: 60_000, longest: DAY, ceiling: 100 };
    const methods = ["totp"];
    return timed((index) => {
      now += 60_000;
      const [id, account, nonce] = [`id-${index}`, "ada", `nonce-${index}`];
      void store.open(row(id, "ada", 1_000), account, [], now);
      void store.attempt({ id }, { nonce, account, lock }, now);
      const consumed = store.consume({ id }, { nonce, account, method: "totp", methods }, now) as { outcome: string };
      if (consumed.outcome !== "consumed") throw new Error(consumed.outcome);
    });
  };

interface Flow {
  start(index: number): Promise<void>;
  verify(index: number): Promise<void>;
}

function flowOf(options: Partial<TwoFactorOptions>, code: () => string): Flow {
  const tfa = instance({ store: memoryStore({ maxPending: 3 * MILLION }), ...options });
  const owner = (index: number) => ({ user: `user-${index}`, session: `session-${index}` });
  return {
    async start(index) {
      const started = await tfa.challenges.start(owner(index));
      if (!started.ok) throw new Error(started.reason);
    },
    async verify(index) {
      const verified = await tfa.challenges.verify({ ...owner(index), code: code() });
      if (!verified.ok && verified.reason !== "wrong_code") throw new Error(verified.reason);
    },
  };
}

/** What a start and a verification cost with so many pending: milliseconds of the process, for each of a thousand. */
async function flows({ start, verify }: Flow, from: number): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < FLOWS; round += 1) {
    const begin = used();
    for (let index = 0; index < THOUSAND; index += 1) {
      const user = from + round * THOUSAND + index;
      await start(user);
      await verify(user);
    }
    rounds.push((used() - begin) * 1_000);
  }
  return median(rounds);
}

/** Fills the store and measures on the way. */
async function filled(flow: Flow, count: number): Promise<Sample> {
  for (let index = 0; index < 5 * THOUSAND; index += 1) await flow.start(10 * MILLION + index);
  await flows(flow, 20 * MILLION);
  const thousand = await flows(flow, 30 * MILLION);
  const before = heap();
  for (let index = 0; index < count; index += 1) await flow.start(index);
  const bytes = (heap() - before) / count;
  // What comes right after the collector was forced waits for it to tidy up.
  await flows(flow, 40 * MILLION);
  return { bytes, few: thousand, many: await flows(flow, 50 * MILLION) };
}

export const store: Part = {
  peers: ["lru-cache"],
  cases: {
    "a million": () =>
      filled(
        flowOf({}, () => "000000"),
        MILLION,
      ),
    "a hundred thousand by e-mail": () =>
      filled(
        flowOf({ methods: [email(() => undefined)] }, () => "00000000"),
        MILLION / 10,
      ),
    "lru-cache"() {
      const before = heap();
      const cache = new LRUCache<string, object>({ max: MILLION, ttl: 300_000 });
      for (let index = 0; index < MILLION; index += 1) {
        const id = `an identifier of ${index}`;
        const at = performance.now();
        cache.set(id, {
          id,
          user: `user-${index}`,
          session: `session-${index}`,
          purpose: "",
          method: "sms",
          mac: `mac of ${index}`,
          createdAt: at,
          expiresAt: at + 1,
          attempts: 0,
          revision: 0,
        });
      }
      const bytes = (heap() - before) / MILLION;
      // Asked for something afterwards, or the collector would have it already.
      if (cache.size !== MILLION) throw new Error("Some are missing.");
      return { bytes };
    },
    empty() {
      const before = heap();
      const empty = memoryStore();
      const bytes = heap() - before;
      return { bytes, name: empty.name.length };
    },
    "the last": comingAndGoing(0, 100_000),
    "the last of a million": comingAndGoing(0, MILLION),
    "one of many": comingAndGoing(THOUSAND, MILLION),
  },
  rows: [
    {
      what: "last pending challenge forgotten",
      beside: "the same with others resident",
      value: (m) => Math.max(m("the last"), m("the last of a million")) / m("one of many"),
      target: { most: 2 },
    },
    ...["a million", "a hundred thousand by e-mail"].flatMap((name) => [
      {
        what: "heap for a pending challenge",
        beside: `${name} of them`,
        value: (m: Figures) => m(name, "bytes"),
        unit: "B",
        target: { most: 600 },
      },
      {
        what: `start and verify with ${name} pending`,
        beside: "with a few thousand",
        value: (m: Figures) => m(name, "many") / m(name, "few"),
        target: { most: 1.2 },
      },
    ]),
    {
      what: "heap for a pending challenge",
      beside: "ten fields in lru-cache",
      value: (m) => m("lru-cache", "bytes"),
      unit: "B",
    },
    {
      what: "heap of an empty store",
      beside: "nothing",
      value: (m) => m("empty", "bytes") / 1e6,
      unit: "MB",
      target: { most: 1 },
    },
  ],
};
