import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { misconfigured } from "../../src/core/errors.js";
import { Events, type TwoFactorEvents } from "../../src/core/events.js";
import { outbox } from "../../src/providers/outbox.js";
import { DeliveryError, type DeliveryProvider, type Provider } from "../../src/providers/provider.js";
import { webhook } from "../../src/providers/webhook.js";
import { type CarrierOptions, createCarrier, type Delivered } from "../../src/verification/delivery.js";
import { loadBreakers } from "../../src/verification/lane.js";
import { type Fault, type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { aMessage } from "../helpers/messages.js";

type Failed = TwoFactorEvents["delivery.failed"];

const challenge = "challenge-1";
const failed: Failed[] = [];
const events = new Events({ "delivery.failed": (event) => void failed.push(event) });

let server: FaultServer;
beforeAll(async () => {
  server = await startFaultServer();
  await loadBreakers();
});
afterAll(() => server.close());
beforeEach(() => void failed.splice(0));
afterEach(() => {
  server.seen.splice(0);
  vi.useRealTimers();
});

/** The same providers over and over, with short pauses. */
function carrier(providers: Provider | readonly Provider[], options: Partial<CarrierOptions> = {}) {
  const made = createCarrier(providers, { events, deadline: 400, backoff: 1, ...options });
  return (changes?: Parameters<typeof aMessage>[0]): Promise<Delivered> => made.send(aMessage(changes), { challenge });
}

/** A provider that goes through a list of outcomes and stays with the last one. */
function acting(name: string, outcomes: unknown[], idempotent = false): DeliveryProvider & { calls: string[] } {
  const calls: string[] = [];
  const send: DeliveryProvider["send"] = ({ idempotencyKey }) => {
    calls.push(idempotencyKey);
    const outcome = outcomes.length > 1 ? outcomes.shift() : outcomes[0];
    if (outcome instanceof Error) throw outcome;
    return outcome as undefined;
  };
  return { name, idempotent, send, calls };
}

const hook = (): Provider => webhook({ url: server.url, secret: "0123456789abcdef01234567" });
const never = new Promise<void>(() => undefined);
const unsent = (more: object = {}): DeliveryError => new DeliveryError("no", { unsent: true, ...more });
const lost = (): DeliveryError => new DeliveryError("lost", { unsent: false });

describe("a carrier", () => {
  it("answers with the provider and its reference", async () => {
    expect(await carrier(acting("acme", [{ reference: "r-1" }]))()).toEqual({
      ok: true,
      provider: "acme",
      reference: "r-1",
    });
  });

  it.each([[undefined], [{}], [{ reference: "" }], [{ reference: 7 }], ["text"], [null]])(
    "takes a receipt of %j for accepted",
    async (receipt) => {
      expect(await carrier(acting("acme", [receipt]))()).toEqual({ ok: true, provider: "acme" });
    },
  );

  it("takes a plain function for a provider, named after itself or custom", async () => {
    const texting = async (): Promise<void> => undefined;
    expect(await carrier(texting)()).toMatchObject({ provider: "texting" });
    expect(await carrier([async () => undefined])()).toMatchObject({ provider: "custom" });
  });

  it("keeps a provider's own this", async () => {
    const box = outbox();
    expect(await carrier(box)()).toEqual({ ok: true, provider: "outbox" });
    expect(box.messages).toHaveLength(1);
  });

  it.each([[[]], [undefined], [{}], [{ name: "x" }], [{ name: "", send: () => undefined }], ["smtp"]])(
    "refuses %j as providers",
    (providers) => {
      const making = (): unknown => createCarrier(providers as Provider, { events });
      expect(making).toThrow(expect.objectContaining({ code: "misconfigured" }));
    },
  );

  it.each([0, -1, 1.5, 90_000])("refuses a deadline of %s", (deadline) => {
    expect(() => createCarrier(hook(), { events, deadline })).toThrow(/whole number/);
  });

  it("hands every provider the same message, which none can change", async () => {
    const texts: string[] = [];
    const greedy = (message: { text: string }): void => {
      texts.push(message.text);
      message.text = "changed";
    };
    await carrier([greedy, (message) => void texts.push(message.text)])();
    expect(texts).toEqual([aMessage().text, aMessage().text]);
  });
});

describe("a chain", () => {
  it("goes on to the next provider and says who failed", async () => {
    const second = acting("second", [undefined]);
    expect(await carrier([acting("first", [unsent({ permanent: true })]), second])()).toEqual({
      ok: true,
      provider: "second",
    });
    expect(second.calls).toEqual(["challenge-1.0"]);
    expect(failed).toMatchObject([{ challenge, provider: "first", outcome: "failed" }]);
  });

  it("stops at the first that accepts", async () => {
    const second = acting("second", [undefined]);
    await carrier([acting("first", [undefined]), second])();
    expect([second.calls, failed]).toEqual([[], []]);
  });

  it("fails when all do, with one event for each", async () => {
    const chain = ["first", "second"].map((name) => acting(name, [unsent({ permanent: true })]));
    expect(await carrier(chain)()).toEqual({ ok: false, outcome: "failed" });
    expect(failed.map(({ provider, outcome }) => [provider, outcome])).toEqual([
      ["first", "failed"],
      ["second", "failed"],
    ]);
  });

  it("does not know when any of them may have sent the message", async () => {
    expect(await carrier([acting("first", [lost()]), acting("second", [unsent({ permanent: true })])])()).toEqual({
      ok: false,
      outcome: "unknown",
    });
    expect(failed.map(({ outcome }) => outcome)).toEqual(["unknown", "failed"]);
  });

  it("leaves half of the time to those that follow", async () => {
    const started = performance.now();
    const spent: number[] = [];
    const hanging = async (): Promise<void> => {
      spent.push(performance.now() - started);
      await never;
    };
    expect(await carrier([hanging, hanging, hanging], { deadline: 400 })()).toEqual({ ok: false, outcome: "unknown" });
    const [first = 0, second = 0, third = 0] = spent;
    const total = performance.now() - started;
    for (const [is, about] of [
      [first, 0],
      [second, 200],
      [third, 300],
      [total, 400],
    ] as const) {
      expect(is).toBeGreaterThanOrEqual(about - 2);
      expect(is).toBeLessThan(about + 150);
    }
  });
});

describe("a deadline", () => {
  it("ends a provider that hangs, and tells it to stop", async () => {
    let signal: AbortSignal | undefined;
    const hanging: Provider = (_message, context) => {
      signal = context.signal;
      return never;
    };
    expect(await carrier(hanging, { deadline: 30 })()).toEqual({ ok: false, outcome: "unknown" });
    expect(signal?.aborted).toBe(true);
  });

  it("believes a provider that stopped in time to know", async () => {
    const careful: Provider = (_message, { signal }) => {
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(unsent())));
    };
    expect(await carrier(careful, { deadline: 30 })()).toEqual({ ok: false, outcome: "failed" });
  });

  it("is not passed on to a provider that answered", async () => {
    let signal: AbortSignal | undefined;
    await carrier((_message, context) => void (signal = context.signal))();
    expect(signal?.aborted).toBe(false);
  });

  it("leaves no timer behind", async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    await carrier([acting("first", [unsent()]), acting("second", [undefined])])();
    expect(timers()).toBe(before);
  });
});

describe("a repeat", () => {
  it("happens twice at most where nothing was sent", async () => {
    const provider = acting("acme", [unsent()]);
    expect(await carrier(provider)()).toEqual({ ok: false, outcome: "failed" });
    expect(provider.calls).toEqual(["challenge-1.0", "challenge-1.0", "challenge-1.0"]);
    expect(failed).toHaveLength(1);
  });

  it("succeeds when the provider recovers", async () => {
    expect(await carrier(acting("acme", [unsent(), unsent(), undefined]))()).toEqual({ ok: true, provider: "acme" });
    expect(failed).toEqual([]);
  });

  it("waits longer each time, and never quite the same", async () => {
    vi.useFakeTimers();
    const at: number[] = [];
    const provider: Provider = () => {
      at.push(performance.now());
      throw unsent();
    };
    const sending = carrier(provider, { backoff: 100, deadline: 5_000 })();
    await vi.runAllTimersAsync();
    await sending;
    const [first = 0, second = 0, third = 0] = at;
    expect(second - first).toBeGreaterThanOrEqual(49);
    expect(second - first).toBeLessThanOrEqual(101);
    expect(third - second).toBeGreaterThanOrEqual(99);
    expect(third - second).toBeLessThanOrEqual(201);
  });

  it.each([
    ["a refusal for good", unsent({ permanent: true })],
    ["a loss at a provider that keeps duplicates", lost()],
    ["an error that says nothing", new Error("what now")],
    ["a wrong set-up", misconfigured("no")],
  ])("does not follow %s", async (_what, error) => {
    const provider = acting("acme", [error]);
    expect((await carrier(provider)()).ok).toBe(false);
    expect(provider.calls).toHaveLength(1);
  });

  it("does not follow a timeout at a provider that keeps duplicates", async () => {
    const provider = acting("acme", [never]);
    expect(await carrier(provider, { deadline: 40 })()).toEqual({ ok: false, outcome: "unknown" });
    expect(provider.calls).toHaveLength(1);
  });

  it("follows a loss or a timeout at one that drops them, under the same key", async () => {
    const provider = acting("acme", [lost(), never, undefined], true);
    expect(await carrier(provider, { deadline: 60 })()).toEqual({ ok: true, provider: "acme" });
    expect(provider.calls).toEqual(["challenge-1.0", "challenge-1.0", "challenge-1.0"]);
  });

  it("that is refused does not hide that the first may have gone out", async () => {
    const provider = acting("acme", [lost(), unsent({ permanent: true })], true);
    expect(await carrier(provider)()).toEqual({ ok: false, outcome: "unknown" });
  });
});

describe("a pause that the provider asked for", () => {
  it("is kept, with the next provider in its place", async () => {
    vi.useFakeTimers();
    const first = acting("first", [unsent({ retryAfter: 30_000 }), undefined]);
    const send = carrier([first, acting("second", [undefined])]);
    for (const after of [0, 10_000, 19_000]) {
      await vi.advanceTimersByTimeAsync(after);
      expect(await send()).toMatchObject({ provider: "second" });
    }
    expect(first.calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(await send()).toMatchObject({ provider: "first" });
  });

  it("is an hour at most", async () => {
    vi.useFakeTimers();
    const provider = acting("acme", [unsent({ retryAfter: 1e12 }), undefined]);
    const send = carrier(provider);
    await send();
    await vi.advanceTimersByTimeAsync(3_599_000);
    expect(await send()).toEqual({ ok: false, outcome: "failed" });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await send()).toEqual({ ok: true, provider: "acme" });
  });
});

describe("a provider that keeps failing", () => {
  it("is left alone: a thousand messages in an outage cost it ten calls at most", async () => {
    const provider = acting("acme", [unsent()]);
    const send = carrier(provider);
    const started = performance.now();
    for (let count = 0; count < 1_000; count += 1) expect((await send()).ok).toBe(false);
    expect(provider.calls.length).toBeLessThanOrEqual(10);
    expect((performance.now() - started) / 1_000).toBeLessThan(50);
    expect(String(failed.at(-1)?.error)).toContain("left alone");
  });

  it("gets one message to try it again, while the others do not wait for the outcome", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    let state: "down" | "slow" = "down";
    let calls = 0;
    let release: () => void = () => undefined;
    const provider: Provider = async () => {
      calls += 1;
      if (state === "down") throw unsent();
      await new Promise<void>((resolve) => void (release = resolve));
    };
    const send = carrier(provider, { backoff: 0 });
    for (let count = 0; count < 3; count += 1) await send();
    vi.advanceTimersByTime(29_000);
    expect((await send()).ok).toBe(false);
    vi.advanceTimersByTime(1_500);
    [state, calls] = ["slow", 0];
    const probe = send();
    const others = await Promise.all([send(), send(), send()]);
    expect([calls, others.map(({ ok }) => ok)]).toEqual([1, [false, false, false]]);
    release();
    expect((await probe).ok).toBe(true);
    const next = send();
    await new Promise(setImmediate);
    release();
    expect([calls, (await next).ok]).toEqual([2, true]);
  });

  it("is another matter than one that refuses a recipient", async () => {
    const provider = acting("acme", [unsent({ permanent: true })]);
    const send = carrier(provider);
    for (let count = 0; count < 10; count += 1) await send();
    expect(provider.calls).toHaveLength(10);
  });
});

describe("over HTTP", () => {
  const outcomeOf = async (deadline: number, ...faults: Fault[]): Promise<Delivered> => {
    server.script(...faults);
    return carrier(hook(), { deadline })();
  };

  it("G01 a reset after the message was taken is repeated with the same key, which the receiver drops", async () => {
    expect(await outcomeOf(1_000, "resetAfterAccept", "ok")).toEqual({
      ok: true,
      provider: "webhook",
      reference: "carrier-1",
    });
    expect(server.seen.map(({ headers }) => headers["webhook-id"])).toEqual(["challenge-1.0", "challenge-1.0"]);
    expect(new Set(server.seen.map(({ body }) => body)).size).toBe(1);
  });

  it.each(["resetAfterAccept", "timeout", 500] as Fault[])(
    "the same fault (%s) means one post when duplicates are kept",
    async (fault) => {
      server.script(fault);
      const { send } = webhook({ url: server.url, secret: "0123456789abcdef01234567" });
      expect(await carrier({ name: "plain", send }, { deadline: 80 })()).toEqual({ ok: false, outcome: "unknown" });
      expect(server.seen).toHaveLength(1);
    },
  );

  it("400 is asked once, 500 three times", async () => {
    expect(await outcomeOf(1_000, 400)).toEqual({ ok: false, outcome: "failed" });
    expect(server.seen.splice(0)).toHaveLength(1);
    expect(await outcomeOf(1_000, 500)).toEqual({ ok: false, outcome: "unknown" });
    expect(server.seen).toHaveLength(3);
  });

  it("429 with Retry-After is asked once, and not again before", async () => {
    server.script({ status: 429, headers: { "retry-after": "30" } });
    const send = carrier(hook());
    for (let count = 0; count < 5; count += 1) expect((await send()).ok).toBe(false);
    expect(server.seen).toHaveLength(1);
  });

  it("G04 every fault ends in time, as accepted, failed or unknown", async () => {
    const faults = [
      "garbage",
      "empty",
      "huge",
      "gzipBomb",
      "slow",
      "timeout",
      "resetBefore",
      "redirect",
      404,
      503,
    ] as const;
    for (const fault of faults) {
      const started = performance.now();
      const { ok } = await outcomeOf(250, fault);
      expect(ok).toBe(fault === "garbage" || fault === "empty");
      expect(performance.now() - started).toBeLessThan(750);
    }
  });
});

describe("the event of a failure", () => {
  const told = async (error: unknown, changes?: Parameters<typeof aMessage>[0]): Promise<string> => {
    failed.splice(0);
    await carrier(() => Promise.reject(error))(changes);
    expect(failed[0]?.error).toBeInstanceOf(Error);
    return inspect(failed, { depth: null, showHidden: true }) + String((failed[0]?.error as Error).stack);
  };

  it("keeps what helps: name, words, code, cause and place", async () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:443"), { code: "ECONNREFUSED" });
    const text = await told(new TypeError("fetch failed", { cause }));
    for (const part of ["TypeError", "fetch failed", "ECONNREFUSED 10.0.0.1:443", "delivery.test.ts"])
      expect(text).toContain(part);
  });

  it("holds neither the message nor its code nor the whole recipient", async () => {
    const { text, to } = aMessage();
    const request = { config: { data: JSON.stringify({ text, to }) } };
    const errors: unknown[] = [
      new Error(`could not send "${text}" to ${to}`),
      new Error("rejected", {
        cause: new Error(`body was ${JSON.stringify({ text })}`, { cause: `code=483920&to=46701740605` }),
      }),
      Object.assign(new Error("Request failed"), request, { code: "E483920", response: { text } }),
      Object.assign(new Error("x"), { name: `Bad ${text}`, stack: `Error: 483920\n    at 483920 (sms.js:1:1)` }),
      text,
      { message: text },
      new DeliveryError(`refused ${text}`, { unsent: true }),
    ];
    for (const error of errors) {
      const all = await told(error);
      expect(all).not.toMatch(/483920|Do not share|701740605/);
    }
  });

  it("holds no code that is read out, or made of letters", async () => {
    expect(
      await told(new Error("say 4, 8, 3, 9, 2, 0 or 483920"), { text: "Your code is, 4, 8, 3, 9, 2, 0." }),
    ).not.toMatch(/4, 8, 3|483920/);
    expect(await told(new Error("code WDJB-MJHT"), { text: "Your code: WDJB-MJHT" })).not.toMatch(/WDJB|MJHT/);
  });

  it("is there for errors that are none, and for listeners that throw", async () => {
    for (const odd of [undefined, null, 0, Symbol("x"), Object.create(null)])
      expect(await told(odd)).toContain("Error");
    const noisy = new Events({
      "delivery.failed": () => {
        throw new Error("log is full");
      },
    });
    expect(await carrier(acting("acme", [lost()]), { events: noisy })()).toEqual({ ok: false, outcome: "unknown" });
  });
});

describe("G01 under random faults", () => {
  it("no message is sent twice, and each ends one way", async () => {
    const delivered = new Map<string, number>();
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const provider: DeliveryProvider = {
      name: "acme",
      send({ idempotencyKey }) {
        const dice = random();
        if (dice < 0.2) throw unsent(dice < 0.1 ? { permanent: true } : {});
        delivered.set(idempotencyKey, (delivered.get(idempotencyKey) ?? 0) + 1);
        if (dice < 0.4) throw lost();
        return undefined;
      },
    };
    const send = carrier(provider, { backoff: 0, rest: 1 });
    const outcomes = { accepted: 0, failed: 0, unknown: 0 };
    for (let count = 0; count < 10_000; count += 1) {
      const key = `challenge-${count}`;
      const result = await send({ idempotencyKey: key });
      outcomes[result.ok ? "accepted" : result.outcome] += 1;
      if (result.ok) expect(delivered.get(key)).toBe(1);
      if (!result.ok && result.outcome === "failed") expect(delivered.has(key)).toBe(false);
    }
    expect(Math.max(...delivered.values())).toBe(1);
    expect(Object.values(outcomes).every((count) => count > 100)).toBe(true);
  });
});
