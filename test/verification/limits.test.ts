import { describe, expect, it } from "vitest";
import { createLimits, type LimitOptions } from "../../src/verification/limits.js";
import type { SendSubject } from "../../src/verification/send-charges.js";
import { syncStore } from "../helpers/sync-store.js";

const T = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const subject = (changes: Partial<SendSubject> = {}): SendSubject => ({
  id: "challenge",
  user: "ada",
  to: "+46707123456",
  channel: "sms",
  ip: "192.0.2.1",
  named: [],
  ...changes,
});

/** Sends by these limits: `"sent"`, or the limit that refused and the seconds it asks to wait. */
function sender(options?: LimitOptions) {
  const limits = createLimits(options);
  const store = syncStore();
  return (seconds: number, changes?: Partial<SendSubject>): string => {
    const now = T + seconds * SECOND;
    const charged = store.charge(limits.sendCharges(subject(changes)), now) as {
      outcome: string;
      refusal?: { name: string; retryAt: number };
    };
    return charged.refusal ? `${charged.refusal.name} ${(charged.refusal.retryAt - now) / SECOND}` : "sent";
  };
}

describe("limits", () => {
  it("have the defaults that are documented", () => {
    const limits = createLimits();
    expect(limits.maxAttempts).toBe(5);
    expect(limits.lock).toEqual({ after: 10, first: 15 * MINUTE, longest: 24 * 60 * MINUTE, ceiling: 100 });
    expect(limits.bucketsOf("anything")).toBeUndefined();
    expect([1, 2, 3, 4, 5, 50].map((sends) => limits.gapAfter(sends))).toEqual(
      [30, 60, 120, 300, 300, 300].map((s) => s * SECOND),
    );
    const charges = limits.sendCharges(subject());
    expect(charges.map(({ name, max, interval, peek = false }) => [name, max, interval / MINUTE, peek])).toEqual([
      ["spacing", Number.MAX_SAFE_INTEGER, 10, false],
      ["user", 5, 10, true],
      ["user", 10, 1_440, false],
      ["destination", 5, 60, true],
      ["destination", 10, 1_440, false],
      ["prefix", 10, 1, false],
      ["failed_sends", 3, 1, true],
      ["spend.sms", 1_000, 60, false],
    ]);
    const names = (changes: Partial<SendSubject>) => limits.sendCharges(subject(changes)).map(({ name }) => name);
    expect(names({ channel: "voice" })).toContain("spend.voice");
    expect(names({ channel: "email", to: "ada@example.com" })).toEqual([
      "spacing",
      "user",
      "user",
      "destination",
      "destination",
      "failed_sends",
    ]);
  });

  it("C08: space the messages of a challenge by 30, 60, 120 and 300 seconds", () => {
    const send = sender({
      sends: { perUser: [{ max: 100, interval: "1d" }], perDestination: [{ max: 100, interval: "1d" }] },
    });
    expect([0, 0, 29, 29.999].map((at) => send(at))).toEqual(["sent", "spacing 30", "spacing 1", "spacing 0.001"]);
    expect([30, 89, 90, 209, 210, 509, 510].map((at) => send(at))).toEqual([
      "sent",
      "spacing 1",
      "sent",
      "spacing 1",
      "sent",
      "spacing 1",
      "sent",
    ]);
  });

  it("C08: send five in ten minutes and ten in a day to a user, five in an hour and ten in a day to an address", () => {
    const byUser = sender();
    for (let index = 0; index < 5; index += 1)
      expect(byUser(index, { id: `id ${index}`, to: `+4670712345${index}` })).toBe("sent");
    expect(byUser(599.999, { id: "id 6", to: "+46707123466" })).toBe("user 0.001");
    expect(byUser(600, { id: "id 7", to: "+46707123467" })).toBe("sent");
    const byAddress = sender();
    for (let index = 0; index < 5; index += 1)
      expect(byAddress(index, { id: `id ${index}`, user: `user ${index}` })).toBe("sent");
    expect(byAddress(5, { id: "id 6", user: "user 6" })).toBe("destination 3595");
    expect(byAddress(3_600, { id: "id 7", user: undefined })).toBe("sent");
    const byDay = sender();
    for (let index = 0; index < 10; index += 1) expect(byDay(index * 900, { id: `id ${index}` })).toBe("sent");
    expect(byDay(9_000, { id: "id 10" })).toBe(`user ${86_400 - 9_000}`);
    expect(byDay(86_400, { id: "id 11" })).toBe("sent");
  });

  it("C08: let a failed send be tried again at once, three times in a minute", () => {
    const limits = createLimits();
    const store = syncStore();
    for (let index = 0; index < 3; index += 1) {
      expect(store.charge(limits.sendCharges(subject()), T + index)).toEqual({ outcome: "charged" });
      store.refund(limits.sendCharges(subject()), T + index);
      store.charge([limits.failedCharge(subject())], T + index);
    }
    expect(store.charge(limits.sendCharges(subject()), T + 3)).toMatchObject({
      outcome: "limited",
      refusal: { name: "failed_sends", retryAt: T + MINUTE },
    });
    expect(store.charge(limits.sendCharges(subject({ user: "bob" })), T + 3)).toEqual({ outcome: "charged" });
    expect(store.charge(limits.sendCharges(subject({ user: undefined, id: "of nobody" })), T + 4)).toEqual({
      outcome: "charged",
    });
    expect(store.charge(limits.sendCharges(subject({ id: "other" })), T + MINUTE + 31 * SECOND)).toEqual({
      outcome: "charged",
    });
  });

  it("count a named limit by what it says", () => {
    const named = {
      payouts: { by: "user", buckets: [{ max: 1, interval: "1h" }] },
      office: { by: "ip", buckets: [{ max: 1, interval: "1h" }] },
      phone: { by: "destination", buckets: [{ max: 1, interval: "1h" }] },
    } as const;
    const other = { id: "other", user: "bob", to: "+46707123457", ip: "192.0.2.2" };
    for (const [name, same] of [
      ["payouts", { user: "ada" }],
      ["office", { ip: "192.0.2.1" }],
      ["phone", { to: "+46707123456" }],
    ] as const) {
      const send = sender({ named });
      expect(send(0, { named: [name] })).toBe("sent");
      expect(send(1, { ...other, named: [name] })).toBe("sent");
      expect(send(2, { ...other, id: "third", ...same, named: [name] })).toBe(`${name} 3598`);
      expect(send(3, { ...other, id: "fourth", user: "eve", to: "+46707123458", ...same })).toBe("sent");
    }
  });

  it("name the limit that a route asks for and that does not exist", () => {
    const limits = createLimits({ named: { payouts: { by: "user", buckets: [{ max: 1, interval: "1h" }] } } });
    expect(() => limits.sendCharges(subject({ named: ["payout"] }))).toThrow(/\["payout"\].*It has: payouts\./);
  });

  it("I09: give different people, addresses and challenges different keys, whatever characters they hold", () => {
    const limits = createLimits({ named: { a: { by: "user", buckets: [{ max: 1, interval: "10m" }] } } });
    const names = [
      "a",
      "b",
      "a:b",
      'a","b',
      '["a"]',
      "a,b",
      "user",
      "to",
      "gap",
      "å",
      "a\u030a",
      "\u0000",
      "__proto__",
      "A",
      "+461",
      "+46123",
      "+46124",
    ];
    const users = [...names, undefined];
    const keys = new Map<string, string>();
    for (const id of names) {
      for (const user of users) {
        for (const to of names) {
          for (const charge of limits.sendCharges(subject({ id, user, to, named: ["a"] }))) {
            const about = {
              spacing: [id, to],
              user: [user],
              destination: [to],
              prefix: [to.slice(0, -3)],
              failed_sends: user === undefined ? ["to", to] : [user],
              "spend.sms": [],
              a: [user ?? ""],
            }[charge.name];
            const meaning = JSON.stringify([charge.name, about]);
            if ((keys.get(charge.key) ?? meaning) !== meaning)
              throw new Error(`${meaning} shares a key with ${keys.get(charge.key)}`);
            keys.set(charge.key, meaning);
          }
        }
      }
    }
    expect(new Set(keys.values()).size).toBe(keys.size);
  });
});

describe("keys of limits", () => {
  it("are as many as there are limits, whatever an app calls its own and whoever has which value", () => {
    const buckets = [{ max: 5, interval: "10m" as const }];
    const named = Object.fromEntries(
      ["user", "to", "failed", "failed_sends"].flatMap((name) =>
        (["user", "destination", "ip"] as const).map((by) => [`${name}.${by}`, { by, buckets }]),
      ),
    );
    const plain = { user: { by: "user", buckets }, failed: { by: "destination", buckets } } as const;
    const limits = createLimits({
      named: { ...named, ...plain },
      sends: { perUser: buckets, perDestination: buckets },
    });
    const same = "+46707123456";
    const all = limits.sendCharges(
      subject({ user: same, to: same, ip: same, named: [...Object.keys(named), ...Object.keys(plain)] }),
    );
    expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
    for (const { key } of all) expect(key).not.toMatch(/ada|46707|192\.0/);
  });
});

describe("limits are refused", () => {
  const bucket = { max: 1, interval: "1m" } as const;
  const endless = { max: Number.POSITIVE_INFINITY, interval: "1h" } as const;

  it.each<[string, object]>([
    ["an unknown part", { send: {} }],
    ["an unknown limit of sends", { sends: { perUsers: [bucket] } }],
    ["an unknown limit of failures", { failures: { perChallange: 5 } }],
    ["an unknown field of a bucket", { sends: { perUser: [{ max: 1, intervall: "1m" }] } }],
    ["no bucket at all", { sends: { perUser: [] } }],
    ["no bucket for neighbours", { sends: { perPrefix: [] } }],
    ["neighbours as often as they like, by true", { sends: { perPrefix: true } }],
    ["no limit for a number, by nothing", { sends: { perDestination: [] } }],
    ["failed sends without end", { sends: { failed: false } }],
    ["spending by an unknown channel", { spend: { fax: bucket } }],
    ["spending without end", { spend: { sms: endless } }],
    ["spending in a list", { spend: { sms: [bucket] } }],
    ["spending of nothing", { spend: { voice: { max: 0, interval: "1h" } } }],
    ["a name that is ours", { named: { "spend.sms": { by: "user", buckets: [bucket] } } }],
    ["a bucket of nothing", { sends: { perUser: [{ max: 0, interval: "1m" }] } }],
    ["a bucket of no length", { sends: { perUser: [{ max: 1, interval: 0 }] } }],
    ["a bucket of a bare number", { sends: { perUser: [{ max: 1, interval: 60 }] } }],
    ["a fraction", { sends: { perUser: [{ max: 1.5, interval: "1m" }] } }],
    ["a negative number", { sends: { failed: { max: -1, interval: "1m" } } }],
    ["no number", { sends: { failed: { max: Number.NaN, interval: "1m" } } }],
    ["an infinite number", { sends: { failed: { max: Number.POSITIVE_INFINITY, interval: "1m" } } }],
    ["text for a number", { failures: { perChallenge: "5" } }],
    ["no attempt", { failures: { perChallenge: 0 } }],
    ["eleven attempts", { failures: { perChallenge: 11 } }],
    ["NaN attempts", { failures: { perChallenge: Number.NaN } }],
    ["no failure", { failures: { perAccount: 0 } }],
    ["more failures than NIST allows", { failures: { perAccount: 101 } }],
    ["a wait that is none", { sends: { spacing: ["soon"] } }],
    ["a named limit by something else", { named: { a: { by: "session", buckets: [bucket] } } }],
    ["a named limit of nothing", { named: { a: { by: "user", buckets: [] } } }],
    ["a named limit with more than two buckets", { named: { a: { by: "user", buckets: [bucket, bucket, bucket] } } }],
    ["a list for the one bucket of a network", { failures: { perNetwork: [{ max: 50, interval: "10m" }] } }],
    ["no failure from a network", { failures: { perNetwork: { max: 0, interval: "10m" } } }],
    ["a lock of no length", { failures: { lock: 0 } }],
    ["a lock of zero seconds", { failures: { lock: "0s" } }],
    ["a longest lock of no length", { failures: { longestLock: 0 } }],
    ["a longest lock that is shorter than the first", { failures: { lock: "15m", longestLock: "1m" } }],
    ["a name that would break out of its header", { named: { 'pay"outs': { by: "user", buckets: [bucket] } } }],
    ["a name that no header can carry", { named: { 支付: { by: "user", buckets: [bucket] } } }],
    ["a name of two lines", { named: { "pay\r\nouts": { by: "user", buckets: [bucket] } } }],
    ["no object", []],
    ["nothing", null as unknown as object],
  ])("with %s", (_what, options) => {
    expect(() => createLimits(options as LimitOptions)).toThrow(expect.objectContaining({ code: "misconfigured" }));
  });
});
