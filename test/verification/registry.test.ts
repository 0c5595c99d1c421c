import { describe, expect, it } from "vitest";
import { email, outbox, sms, twoFactor, voice } from "../../src/index.js";
import { fakeClock } from "../helpers/clock.js";

const TO = "+46707123456";

function service() {
  const clock = fakeClock();
  const box = outbox();
  const tfa = twoFactor({
    secret: "a secret of the tests that is long enough",
    user: () => undefined,
    contact: () => null,
    methods: [sms(box), voice(box), email(box)],
    clock,
  });
  return { ...tfa, clock, box };
}

const BUCKETS = [
  { max: 1, interval: "30s" },
  { max: 2, interval: "300s" },
] as const;
const STEPS = [
  { channel: "sms", interval: 0 },
  { channel: "voice", interval: "60s" },
] as const;

/** Both kinds of definitions keep the same rules. */
const KINDS = [
  {
    kind: "limits",
    api: (tfa: ReturnType<typeof service>) => tfa.limits,
    given: { buckets: BUCKETS },
    value: {
      buckets: [
        { max: 1, interval: 30_000 },
        { max: 2, interval: 300_000 },
      ],
    },
    other: { buckets: [{ max: 9, interval: "1h" }] },
    changed: { buckets: [{ max: 9, interval: 3_600_000 }] },
  },
  {
    kind: "workflows",
    api: (tfa: ReturnType<typeof service>) => tfa.workflows,
    given: { steps: STEPS },
    value: [
      { channel: "sms", interval: 0 },
      { channel: "voice", interval: 60_000 },
    ],
    other: { steps: [{ channel: "email", interval: 0 }] },
    changed: [{ channel: "email", interval: 0 }],
  },
] as const;

/** The two interfaces as one, for tests that mean both. */
interface AnyApi {
  create(definition: object): Promise<{ ok: boolean; definition?: { id: string } }>;
  update(change: object): Promise<unknown>;
  remove(which: object): Promise<unknown>;
  get(which: object): Promise<unknown>;
  search(page?: object): Promise<{ total: number; found: readonly { name: string }[] }>;
}

describe.each(KINDS)("$kind", ({ api, given, value, other, changed }) => {
  const made = () => {
    const tfa = service();
    return { tfa, defined: api(tfa) as unknown as AnyApi };
  };

  it("are created, found, changed, listed and removed", async () => {
    const { defined, tfa } = made();
    const created = await defined.create({ name: "first", description: "one of them", ...given });
    expect(created).toEqual({
      ok: true,
      definition: {
        id: expect.any(String),
        account: "#app",
        name: "first",
        description: "one of them",
        value,
        createdAt: tfa.clock(),
      },
    });
    const id = created.definition?.id ?? "";
    expect(id.length).toBeGreaterThan(20);
    expect(await defined.get({ id })).toEqual(created.definition);
    expect(await defined.update({ id, ...other })).toMatchObject({
      ok: true,
      definition: { id, name: "first", description: "one of them", value: changed },
    });
    expect(await defined.update({ id, description: "changed" })).toMatchObject({
      definition: { description: "changed", value: changed },
    });
    expect(await defined.get({ id })).toMatchObject({ description: "changed", value: changed });
    expect(await defined.remove({ id })).toMatchObject({ ok: true, definition: { id, description: "changed" } });
    expect(await defined.get({ id })).toBeUndefined();
    expect(await defined.remove({ id })).toEqual({ ok: false, reason: "not_found" });
    expect(await defined.update({ id, ...other })).toEqual({ ok: false, reason: "not_found" });
    expect(await defined.search()).toEqual({ total: 0, found: [] });
  });

  it("keep what their author adds, and change it with nothing else", async () => {
    const { defined } = made();
    const metadata = { team: "payments", verbatim: '[{ "max":"1" }]' };
    const created = await defined.create({ name: "first", ...given, metadata });
    const id = created.definition?.id ?? "";
    expect(await defined.get({ id })).toMatchObject({ metadata, value });
    expect(await defined.update({ id, ...other })).toMatchObject({ definition: { metadata, value: changed } });
    await defined.update({ id, metadata: { team: "risk" } });
    expect(await defined.get({ id })).toMatchObject({ metadata: { team: "risk" }, value: changed });
    const huge = { metadata: { text: "x".repeat(4_000) } };
    expect(await defined.create({ name: "second", ...given, ...huge })).toEqual({
      ok: false,
      reason: "invalid_request",
    });
    expect(await defined.update({ id, ...huge })).toEqual({ ok: false, reason: "invalid_request" });
    expect(await defined.get({ id })).toMatchObject({ metadata: { team: "risk" } });
  });

  it("take a name once in an account, even at the same time, and again when it is free", async () => {
    const { defined } = made();
    const answers = await Promise.all(Array.from({ length: 20 }, () => defined.create({ name: "same", ...given })));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(answers.filter(({ ok }) => !ok)).toEqual(
      Array.from({ length: 19 }, () => ({ ok: false, reason: "name_taken" })),
    );
    expect(await defined.create({ account: "acme", name: "same", ...given })).toMatchObject({ ok: true });
    await defined.remove({ id: answers.find(({ ok }) => ok)?.definition?.id });
    expect(await defined.create({ name: "same", ...given })).toMatchObject({ ok: true });
  });

  it("of one account are unknown to every other", async () => {
    const { defined } = made();
    const { definition } = await defined.create({ account: "acme", name: "mine", id: "LM1", ...given });
    expect(definition?.id).toBe("LM1");
    for (const account of [undefined, "rival", "app", "acme:", '"]', "__proto__"]) {
      const which = { id: "LM1", ...(account === undefined ? {} : { account }) };
      expect(await defined.get(which)).toBeUndefined();
      expect(await defined.update({ ...which, ...other })).toEqual({ ok: false, reason: "not_found" });
      expect(await defined.remove(which)).toEqual({ ok: false, reason: "not_found" });
      expect(await defined.search(account === undefined ? {} : { account })).toMatchObject({ total: 0 });
    }
    expect(await defined.get({ account: "acme", id: "LM1" })).toMatchObject({ value });
  });

  it("are listed in the order they were made, by pages", async () => {
    const { defined } = made();
    for (const name of ["c", "a", "b", "__proto__"]) await defined.create({ name, ...given });
    const names = async (page: object) => (await defined.search(page)).found.map(({ name }) => name);
    expect(await names({})).toEqual(["c", "a", "b", "__proto__"]);
    expect(await names({ offset: 1, limit: 2 })).toEqual(["a", "b"]);
    expect(await names({ offset: 4 })).toEqual([]);
    expect((await defined.search({ offset: 3, limit: 1 })).total).toBe(4);
  });

  it.each([
    ["no name", ""],
    ["a name of 201 characters", "x".repeat(201)],
    ["a name that is no text", 7],
  ])("with %s are refused", async (_what, name) => {
    const { defined } = made();
    expect(await defined.create({ name, ...given })).toEqual({ ok: false, reason: "invalid_request" });
  });

  it("number a thousand at most", async () => {
    const { defined } = made();
    for (let index = 0; index < 1_000; index += 1) await defined.create({ name: `n${index}`, ...given });
    expect(await defined.create({ name: "one more", ...given })).toEqual({ ok: false, reason: "too_many" });
    expect(await defined.create({ account: "acme", name: "one more", ...given })).toMatchObject({ ok: true });
  });
});

describe("a limit", () => {
  it.each([
    ["none", []],
    ["three", [...BUCKETS, ...BUCKETS.slice(1)]],
    ["one that lets nothing through", [{ max: 0, interval: "30s" }]],
    ["one of half a message", [{ max: 1.5, interval: "30s" }]],
    ["one without a time", [{ max: 1, interval: 0 }]],
  ])("has one or two buckets, not %s", async (_what, buckets) => {
    const { limits } = service();
    await expect(limits.create({ name: "odd", buckets: buckets as never })).rejects.toMatchObject({
      code: "invalid_request",
    });
    const made = await limits.create({ name: "even", buckets: BUCKETS });
    if (!made.ok) throw new Error(made.reason);
    await expect(limits.update({ id: made.definition.id, buckets: buckets as never })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });

  it("holds from the moment it is changed, by value and by account", async () => {
    const { limits, verifications, clock } = service();
    const made = await limits.create({ account: "acme", name: "per_phone", buckets: BUCKETS });
    const id = made.ok ? made.definition.id : "";
    const start = (value: string, account = "acme") =>
      verifications.start({ to: TO, account, limits: { per_phone: value } });
    expect(await start("a")).toMatchObject({ ok: true });
    expect(await start("a")).toMatchObject({
      reason: "limit_exceeded",
      details: { retryAfter: 30, limit: { name: "per_phone", max: 1, seconds: 30 } },
    });
    expect(await start("b")).toMatchObject({ ok: true });
    await expect(start("a", "rival")).rejects.toMatchObject({ code: "invalid_request" });
    clock.tick(31_000);
    expect(await start("a")).toMatchObject({ ok: true });
    clock.tick(31_000);
    expect(await start("a")).toMatchObject({
      reason: "limit_exceeded",
      details: { retryAfter: 238, limit: { max: 2 } },
    });
    await limits.update({ account: "acme", id, buckets: [{ max: 100, interval: "300s" }] });
    expect(await start("a")).toMatchObject({ ok: true });
    await limits.remove({ account: "acme", id });
    await expect(start("a")).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("is charged for nothing that was refused", async () => {
    const { limits, verifications, clock } = service();
    await limits.create({ name: "one", buckets: [{ max: 1, interval: "60s" }] });
    await limits.create({ name: "two", buckets: [{ max: 2, interval: "60s" }] });
    const both = { one: "x", two: "x" };
    expect(await verifications.start({ to: TO, limits: both })).toMatchObject({ ok: true });
    for (let index = 0; index < 5; index += 1)
      expect(await verifications.start({ to: TO, limits: both })).toMatchObject({ ok: false });
    expect(await verifications.start({ to: TO, limits: { two: "x" } })).toMatchObject({ ok: true });
    clock.tick(60_000);
    expect(await verifications.start({ to: TO, limits: both })).toMatchObject({ ok: true });
  });
});
