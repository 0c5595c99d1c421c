import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Challenge, type Fetch, type Prompt, with2fa } from "../../src/client/index.js";
import { require2fa, sms } from "../../src/index.js";
import { type Fixture, fixture } from "../helpers/app.js";
import { bearer, bearerFixture } from "../helpers/bearer.js";
import { openWorld, type World } from "./world.js";

let its: Fixture;
let world: World;

interface Confirmed {
  readonly factor: { readonly id: string };
}

const right: Prompt = () => its.code();
const spread = (prompt: Prompt) => vi.fn<Prompt>(prompt);
const post = { method: "POST", body: JSON.stringify({ amount: 10 }), headers: { "Content-Type": "application/json" } };

function shop(app: Fixture): Fixture {
  app.guard("/vault");
  app.guard("/ledger");
  app.guard("/fresh", { maxAge: 0 });
  app.guard("/forbidden", { status: 403 });
  app.app.post("/order", require2fa(), express.json(), app.handler);
  app.app.post("/upload", require2fa(), express.text({ type: () => true }), (req, res) => {
    res.json({ type: req.headers["content-type"], body: req.body as string });
  });
  app.app.post(
    "/transfer",
    express.json(),
    require2fa({ action: "transfer", bind: (req) => ({ amount: String(req.body.amount) }) }),
    app.handler,
  );
  return app;
}

beforeEach(async () => {
  its = shop(fixture());
  world = await openWorld(its);
});
afterEach(() => world.close());

describe("a request that is refused", () => {
  it("is answered, and made once more", async () => {
    const prompt = spread(right);
    const response = await world.client(prompt)(`${world.origin}/vault`);
    expect(await response.json()).toEqual({ ok: true, methods: ["sms"] });
    expect(world.calls()).toEqual(["GET /vault 401", "POST /2fa/verify 200", "GET /vault 200"]);
    expect(prompt.mock.calls[0]?.[0]).toMatchObject({
      method: "sms",
      to: "+46•••••••56",
      attemptsLeft: 5,
      methods: ["sms", "email"],
      problem: undefined,
      ended: false,
    });
    expect(its.counters.handlerHits).toBe(1);
  });

  it("is answered where the guard says 403", async () => {
    expect((await world.client(right)(`${world.origin}/forbidden`)).status).toBe(200);
    expect(world.calls()).toEqual(["GET /forbidden 403", "POST /2fa/verify 200", "GET /forbidden 200"]);
  });

  it("carries the same Idempotency-Key both times, and no other call of ours has it", async () => {
    const fetch2fa = world.client(right);
    expect((await fetch2fa(`${world.origin}/order`, post)).status).toBe(200);
    const keys = world.sent.map(({ headers }) => headers.get("idempotency-key"));
    expect(keys).toEqual([expect.stringMatching(/^(\d+-){3}\d+$/), null, keys[0]]);
    await fetch2fa(`${world.origin}/order`, post);
    expect(world.sent.at(-1)?.headers.get("idempotency-key")).not.toBe(keys[0]);
  });

  it("keeps a key of the app's, and gets none where nothing is changed", async () => {
    const headers = { ...post.headers, "idempotency-key": "order 7" };
    await world.client(right)(`${world.origin}/order`, { ...post, headers });
    await world.client(right)(`${world.origin}/vault`);
    expect(world.sent.map(({ call, headers: each }) => [call, each.get("idempotency-key")])).toEqual([
      ["POST /order", "order 7"],
      ["POST /2fa/verify", null],
      ["POST /order", "order 7"],
      ["GET /vault", null],
    ]);
  });

  it.each(["POST", "PATCH", "HOLD", "ORDER"])("has a key where something may be changed: %s", async (method) => {
    const sent = vi.fn<Fetch>(async () => new Response());
    await with2fa(sent, { path: `${world.origin}/2fa` })(`${world.origin}/order`, { method });
    const [, init] = sent.mock.lastCall ?? [];
    expect(new Headers(init?.headers).get("idempotency-key")).toMatch(/^(\d+-){3}\d+$/);
  });

  it("is never made a third time", async () => {
    // two codes are wanted, and a client that went on asking would get in
    its.guard("/both", { methods: { allOf: ["sms", "email"] } });
    const prompt = spread(right);
    const response = await world.client(prompt)(`${world.origin}/both`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "second_factor_required" });
    expect(prompt).toHaveBeenCalledTimes(1);
    expect(world.calls()).toEqual(["GET /both 401", "POST /2fa/verify 200", "GET /both 401"]);
  });

  it.each<[string, () => RequestInit, [string | undefined, string]]>([
    ["a string", () => ({ body: "text", headers: { "Content-Type": "text/csv" } }), ["text/csv", "text"]],
    [
      "fields",
      () => ({ body: new URLSearchParams({ a: "1" }) }),
      ["application/x-www-form-urlencoded;charset=UTF-8", "a=1"],
    ],
    ["a Blob", () => ({ body: new Blob(["blob"], { type: "text/x-blob" }) }), ["text/x-blob", "blob"]],
    ["bytes", () => ({ body: new TextEncoder().encode("bytes") }), [undefined, "bytes"]],
  ])("repeats %s", async (_what, init, [type, body]) => {
    const response = await world.client(right)(`${world.origin}/upload`, { method: "POST", ...init() });
    expect(await response.json()).toEqual({ ...(type && { type }), body });
  });

  it("repeats a form with files", async () => {
    const body = new FormData();
    body.set("file", new Blob(["inside"]), "name.txt");
    const response = await world.client(right)(`${world.origin}/upload`, { method: "POST", body });
    expect(await response.json()).toMatchObject({
      type: expect.stringMatching(/^multipart\/form-data; boundary=/),
      body: expect.stringContaining("inside"),
    });
  });

  it("repeats a Request object, whose headers and method it has", async () => {
    const request = new Request(`${world.origin}/upload`, {
      method: "POST",
      body: "in a request",
      headers: { "Content-Type": "text/plain", "X-Tenant": "acme" },
    });
    const response = await world.client(right)(request);
    expect(await response.json()).toEqual({ type: "text/plain", body: "in a request" });
    expect(world.sent.map(({ headers }) => headers.get("x-tenant"))).toEqual(["acme", "acme", "acme"]);
    expect(world.sent[0]?.headers.get("idempotency-key")).toBe(world.sent[2]?.headers.get("idempotency-key"));
  });

  it("is left alone where it goes elsewhere: a large body is not kept for a second time", async () => {
    const request = new Request("https://elsewhere.example/upload", { method: "POST", body: "large" });
    const clone = vi.spyOn(request, "clone");
    const fetch = vi.fn<Fetch>(async () => new Response());
    await with2fa(fetch, { path: `${world.origin}/2fa` })(request);
    expect(fetch.mock.calls).toEqual([[request, undefined]]);
    expect(clone).not.toHaveBeenCalled();
  });

  it("is given back as it is when its body has streamed away", async () => {
    const prompt = spread(right);
    const body = new Blob(["once"]).stream();
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    const response = await world.client(prompt)(`${world.origin}/upload`, init);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "second_factor_required" });
    expect(prompt).not.toHaveBeenCalled();
  });

  it("keeps the credentials mode for the code", async () => {
    const modes: unknown[] = [];
    const fetch: Fetch = (input, init) => {
      modes.push(init?.credentials, init?.redirect);
      return world.fetch(input, init);
    };
    await with2fa(fetch, { path: `${world.origin}/2fa`, prompt: right })(`${world.origin}/vault`, {
      credentials: "include",
    });
    expect(modes).toEqual(["include", undefined, "include", "error", "include", undefined]);
  });
});

describe("the person", () => {
  it("is told of a wrong code, and asked again", async () => {
    const answers = [its, its].map(() => () => its.wrong());
    const prompt = spread(() => answers.shift()?.() ?? its.code());
    expect((await world.client(prompt)(`${world.origin}/vault`)).status).toBe(200);
    expect(prompt.mock.calls.map(([{ problem, attemptsLeft }]) => [problem?.code, attemptsLeft])).toEqual([
      [undefined, 5],
      ["wrong_code", 4],
      ["wrong_code", 3],
    ]);
    expect(prompt.mock.calls[1]?.[0].problem?.attemptsLeft).toBe(4);
  });

  it("may decline: then the answer is the first one, and the challenge is over", async () => {
    const response = await world.client(() => null)(`${world.origin}/vault`);
    expect(response.status).toBe(401);
    const { challenge } = (await response.json()) as { challenge: Challenge };
    expect(world.calls()).toEqual(["GET /vault 401", "POST /2fa/cancel 204"]);
    const again = (await (await world.fetch(`${world.origin}/vault`)).json()) as { challenge: Challenge };
    expect(again.challenge.id).not.toBe(challenge.id);
  });

  it("may change their mind at once: what comes then waits until the challenge is over", async () => {
    const prompt = vi.fn<Prompt>().mockResolvedValueOnce(null).mockImplementation(right);
    let again: Promise<Response> | undefined;
    const fetch: Fetch = async (input, init) => {
      if (String(input).endsWith("/cancel")) {
        again = Promise.resolve().then(() => client(`${world.origin}/vault`));
        // the end of the challenge is slower on its way than a request that does not wait
        await Promise.race([again, sleep(50)]);
      }
      return world.fetch(input, init);
    };
    const client = with2fa(fetch, { path: `${world.origin}/2fa`, prompt });
    expect((await client(`${world.origin}/vault`)).status).toBe(401);
    expect((await again)?.status).toBe(200);
    expect(prompt).toHaveBeenCalledTimes(2);
  });

  it("goes on after a moment when the server does not say that the challenge is over", async () => {
    const calls: string[] = [];
    const fetch: Fetch = (input, init) => {
      calls.push(String(input));
      return String(input).endsWith("/cancel") ? new Promise(() => undefined) : world.fetch(input, init);
    };
    const client = with2fa(fetch, { path: `${world.origin}/2fa`, prompt: () => null });
    const declined = client(`${world.origin}/vault`);
    await vi.waitFor(() => expect(calls.at(-1)).toMatch(/cancel$/));
    const elsewhere = await client(`${world.origin.replace("127.0.0.1", "localhost")}/`);
    expect(elsewhere.status, "another origin does not wait").toBe(404);
    const aborted = client(`${world.origin}/open`, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toThrow("aborted");
    expect((await declined).status).toBe(401);
    expect((await client(`${world.origin}/open`)).status).toBe(404);
  });

  it("may have a fetch that makes requests of its own by the same client", async () => {
    const fetch: Fetch = async (input, init) => {
      if (init?.method === "POST") await client(`${world.origin}/token`);
      return world.fetch(input, init);
    };
    const client = with2fa(fetch, { path: `${world.origin}/2fa`, prompt: () => null });
    expect((await client(`${world.origin}/vault`)).status).toBe(401);
  });

  it("is told that the attempts are used up, and may start anew", async () => {
    const seen: unknown[] = [];
    const prompt = spread(async (challenge) => {
      seen.push([challenge.problem?.code, challenge.ended]);
      if (challenge.ended) {
        const renewed = await challenge.resend();
        expect(renewed).toMatchObject({ attemptsLeft: 5, ended: false, problem: undefined });
        expect(renewed.id).not.toBe(challenge.id);
        return its.code();
      }
      return its.wrong();
    });
    expect((await world.client(prompt)(`${world.origin}/vault`)).status).toBe(200);
    expect(seen).toEqual([
      [undefined, false],
      ...Array.from({ length: 4 }, () => ["wrong_code", false]),
      ["challenge_spent", true],
    ]);
    expect(world.calls().slice(-3)).toEqual(["POST /2fa/challenge 201", "POST /2fa/verify 200", "GET /vault 200"]);
  });

  it("who answers a dead challenge again and again is not asked for ever", async () => {
    const prompt = spread(() => its.wrong());
    expect((await world.client(prompt)(`${world.origin}/vault`)).status).toBe(401);
    expect(prompt).toHaveBeenCalledTimes(6);
    const nonsense = spread(() => "?");
    expect((await world.client(nonsense)(`${world.origin}/vault`)).status).toBe(401);
    expect(nonsense.mock.calls.at(-1)?.[0].problem?.code).toBe("invalid_request");
    expect(nonsense).toHaveBeenCalledTimes(20);
  });

  it("who took too long is told so, and gets a new code", async () => {
    const prompt = spread(async (challenge) => {
      if (!challenge.problem) {
        const code = its.code();
        its.clock.tick(5 * 60_000 + 1);
        return code;
      }
      expect(challenge).toMatchObject({ ended: true, problem: { code: "challenge_expired" } });
      await challenge.resend();
      return its.code();
    });
    expect((await world.client(prompt)(`${world.origin}/vault`)).status).toBe(200);
    expect(its.box.messages).toHaveLength(2);
  });

  it("gets the code again after a while, and hears how long before", async () => {
    const seen: unknown[] = [];
    const prompt = spread(async (challenge) => {
      const early = await challenge.resend();
      seen.push(early.problem?.code, early.problem?.retryAfter, early.ended);
      its.clock.tick(30_000);
      const late = await challenge.resend();
      seen.push(late.problem, late.resendAt === challenge.resendAt);
      return its.code();
    });
    expect((await world.client(prompt)(`${world.origin}/vault`)).status).toBe(200);
    expect(seen).toEqual(["limit_exceeded", 30, false, undefined, false]);
    expect(its.box.messages).toHaveLength(2);
  });

  it("may choose another method", async () => {
    const prompt = spread(async (challenge) => {
      expect(await challenge.use("email")).toMatchObject({
        id: challenge.id,
        method: "email",
        to: "a••••@example.com",
      });
      return its.code("ada@example.com");
    });
    const response = await world.client(prompt)(`${world.origin}/vault`);
    expect(await response.json()).toEqual({ ok: true, methods: ["email"] });
  });

  it("may choose one of several addresses, and is told which there are", async () => {
    const mine = { user: "ada", session: "settings" };
    const two = shop(fixture({ factors: true, methods: [sms(its.box)] }));
    const elsewhere = await openWorld(two);
    await two.tfa.factors.enroll({ ...mine, method: "sms", to: "+46701740605" });
    const { factor } = (await two.tfa.factors.confirm({ ...mine, code: its.code("+46701740605") })) as Confirmed;
    const prompt = spread(async ({ choices, use, ...asked }) => {
      expect(asked).toMatchObject({ to: "+46•••••••05", factor: factor.id });
      expect(choices?.map(({ method, to }) => [method, to])).toEqual([
        ["sms", "+46•••••••05"],
        ["sms", "+46•••••••56"],
      ]);
      expect(await use("sms", choices?.[1]?.factor)).toMatchObject({ to: "+46•••••••56", problem: undefined });
      return its.code("+46707123456");
    });
    expect((await elsewhere.client(prompt)(`${elsewhere.origin}/vault`)).status).toBe(200);
    await elsewhere.close();
  });

  it("who confirmed in another tab has confirmed", async () => {
    const prompt = spread(async () => {
      const code = its.code();
      const verified = await world.fetch(`${world.origin}/2fa/verify`, {
        method: "POST",
        body: new URLSearchParams({ code }),
      });
      expect(verified.status).toBe(200);
      return code;
    });
    expect((await world.client(prompt)(`${world.origin}/vault`)).status).toBe(200);
    expect(world.calls().slice(-2)).toEqual(["POST /2fa/verify 409", "GET /vault 200"]);
  });

  it("whose account is locked hears it, and nothing is repeated", async () => {
    its = shop(fixture({ limits: { failures: { perAccount: 1 } } }));
    await world.close();
    world = await openWorld(its);
    const prompt = spread(() => its.wrong());
    expect((await world.client(prompt)(`${world.origin}/vault`)).status).toBe(401);
    const { problem, ended } = prompt.mock.calls.at(-1)?.[0] ?? {};
    expect(problem).toMatchObject({ code: "account_locked", retryAfter: 900 });
    expect(ended).toBe(true);
    expect(prompt).toHaveBeenCalledTimes(3);
    expect(its.counters.handlerHits).toBe(0);
  });
});

describe("faults", () => {
  it("are thrown where the code could not be sent, and nothing is repeated", async () => {
    const broken: Fetch = (input, init) =>
      String(input).endsWith("/verify") ? Promise.reject(new TypeError("offline")) : world.fetch(input, init);
    const fetch2fa = with2fa(broken, { path: `${world.origin}/2fa`, prompt: right });
    await expect(fetch2fa(`${world.origin}/order`, post)).rejects.toThrow("offline");
    expect(world.calls()).toEqual(["POST /order 401"]);
  });

  it("of a prompt are the caller's, and the next request is asked for anew", async () => {
    const prompt = spread(right);
    prompt.mockImplementationOnce(() => {
      throw new Error("no window");
    });
    const fetch2fa = world.client(prompt);
    await expect(fetch2fa(`${world.origin}/vault`)).rejects.toThrow("no window");
    expect((await fetch2fa(`${world.origin}/vault`)).status).toBe(200);
  });

  it("of something in between are told, and the same code may be tried again", async () => {
    let failures = 1;
    const flaky: Fetch = (input, init) =>
      String(input).endsWith("/verify") && failures-- > 0
        ? Promise.resolve(
            new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "Content-Type": "text/html" } }),
          )
        : world.fetch(input, init);
    const prompt = spread(right);
    const fetch2fa = with2fa(flaky, { path: `${world.origin}/2fa`, prompt });
    expect((await fetch2fa(`${world.origin}/vault`)).status).toBe(200);
    expect(prompt.mock.calls[1]?.[0]).toMatchObject({ ended: false, problem: { code: "unavailable" } });
  });
});

describe("a caller who gives up", () => {
  it("gets its own reason, and the challenge is over", async () => {
    const controller = new AbortController();
    let signal: AbortSignal | undefined;
    const prompt: Prompt = (challenge) => {
      signal = challenge.signal;
      controller.abort(new Error("left the page"));
      return new Promise(() => {});
    };
    const asked = world.client(prompt)(`${world.origin}/vault`, { signal: controller.signal });
    await expect(asked).rejects.toThrow("left the page");
    expect(signal?.aborted).toBe(true);
    await expect.poll(() => world.calls()).toEqual(["GET /vault 401", "POST /2fa/cancel 204"]);
  });

  it("does not take the question away from others", async () => {
    const controller = new AbortController();
    let answer = (_code: string): void => {};
    const prompt = spread(() => new Promise<string>((resolve) => (answer = resolve)));
    const fetch2fa = world.client(prompt);
    const first = fetch2fa(`${world.origin}/vault`, { signal: controller.signal });
    const second = fetch2fa(`${world.origin}/vault`);
    await expect.poll(() => prompt.mock.calls.length).toBe(1);
    await expect.poll(() => world.calls()).toHaveLength(2);
    controller.abort();
    await expect(first).rejects.toThrow();
    answer(its.code());
    expect((await second).status).toBe(200);
    expect(world.calls()).not.toContain("POST /2fa/cancel 204");
  });
});

describe("requests at the same time", () => {
  it("that wait for one challenge are asked for once, and each is made once more", async () => {
    const paths = ["/vault", "/ledger", "/vault", "/order"];
    const prompt = spread(async () => {
      // nobody types faster than that
      await expect.poll(() => world.calls()).toHaveLength(paths.length);
      return its.code();
    });
    const fetch2fa = world.client(prompt);
    const all = paths.map((path) => fetch2fa(world.origin + path, path === "/order" ? post : undefined));
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(prompt).toHaveBeenCalledTimes(1);
    expect(world.calls().filter((call) => call.startsWith("POST /2fa"))).toEqual(["POST /2fa/verify 200"]);
    for (const path of ["GET /vault", "GET /ledger", "POST /order"]) {
      const times = paths.filter((each) => path.endsWith(each)).length;
      expect(world.calls().filter((call) => call === `${path} 200`)).toHaveLength(times);
      expect(world.calls().filter((call) => call === `${path} 401`)).toHaveLength(times);
    }
    expect(its.box.messages).toHaveLength(1);
  });

  it("that want other codes are asked one after the other", async () => {
    let open = 0;
    let most = 0;
    const shown: string[] = [];
    const prompt = spread(async (challenge) => {
      most = Math.max(most, (open += 1));
      await expect.poll(() => world.calls().filter((call) => call.endsWith(" 401"))).toHaveLength(3);
      open -= 1;
      const { id } = challenge;
      shown.push(id);
      return codes.get(id) ?? null;
    });
    const codes = new Map<string, string>();
    its.tfa.events.on("challenge.sent", ({ challenge }) => void codes.set(challenge, its.code()));
    const fetch2fa = world.client(prompt);
    const order = (amount: number) =>
      fetch2fa(`${world.origin}/transfer`, { ...post, body: JSON.stringify({ amount }) });
    const responses = await Promise.all([order(1), order(2), fetch2fa(`${world.origin}/vault`)]);
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(shown).size).toBe(3);
    expect(prompt).toHaveBeenCalledTimes(3);
    expect(most).toBe(1);
  });

  it("all get their own refusal when the person declines", async () => {
    const prompt = spread(() => null);
    const fetch2fa = world.client(prompt);
    const responses = await Promise.all([fetch2fa(`${world.origin}/vault`), fetch2fa(`${world.origin}/ledger`)]);
    for (const response of responses) expect(await response.json()).toMatchObject({ code: "second_factor_required" });
    expect(prompt).toHaveBeenCalledTimes(1);
  });

  it("whose refusal was under way when the code was given are not asked for it again", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow: Fetch = async (input, init) => {
      const response = await world.fetch(input, init);
      if (String(input).endsWith("/ledger") && response.status === 401) await held;
      return response;
    };
    const prompt = spread(right);
    const fetch2fa = with2fa(slow, { path: `${world.origin}/2fa`, prompt });
    const late = fetch2fa(`${world.origin}/ledger`);
    await expect.poll(() => world.calls()).toEqual(["GET /ledger 401"]);
    expect((await fetch2fa(`${world.origin}/vault`)).status).toBe(200);
    release();
    expect((await late).status).toBe(200);
    expect(prompt).toHaveBeenCalledTimes(1);
  });
});

describe("what is not ours", () => {
  const answers =
    (status: number, body: unknown, type = "application/problem+json") =>
    async () =>
      new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });
  const refusal = {
    code: "second_factor_required",
    challenge: { id: "x", method: "sms", expiresAt: "", attemptsLeft: 5 },
    links: { page: "/2fa", verify: "/2fa/verify", resend: "/2fa/resend", cancel: "/2fa/cancel" },
  };

  it.each<[string, number, unknown, string?]>([
    ["a 401 in plain words", 401, "Unauthorized", "text/plain"],
    ["a 401 of another kind", 401, { ...refusal, code: "token_expired" }],
    ["our words in another type", 401, refusal, "application/json"],
    ["our words with another status", 200, refusal],
    ["a refusal without a challenge", 401, { ...refusal, challenge: undefined }],
    ["a refusal without links", 401, { ...refusal, links: undefined }],
    ["links to another origin", 401, { ...refusal, links: { ...refusal.links, verify: "https://evil.example/2fa" } }],
    [
      "links that only look relative",
      401,
      { ...refusal, links: { ...refusal.links, verify: "//evil.example/verify" } },
    ],
    ["links to another port", 401, { ...refusal, links: { ...refusal.links, verify: "http://127.0.0.1:1/verify" } }],
    ["a refusal that makes no sense", 401, { ...refusal, links: { ...refusal.links, verify: "https://" } }],
  ])("%s passes untouched", async (_what, status, body, type) => {
    const prompt = spread(right);
    const fetch = vi.fn(answers(status, body, type));
    const response = await with2fa(fetch, { path: `${world.origin}/2fa`, prompt })(`${world.origin}/vault`);
    expect([response.status, await response.json()]).toEqual([status, JSON.parse(JSON.stringify(body))]);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(prompt).not.toHaveBeenCalled();
  });

  it.each(["https://api.other.example/vault", "http://127.0.0.1:1/vault"])("%s is not asked about", async (url) => {
    const prompt = spread(right);
    const fetch = vi.fn(answers(401, refusal));
    const init = { method: "POST" };
    expect((await with2fa(fetch, { path: `${world.origin}/2fa`, prompt })(url, init)).status).toBe(401);
    expect(fetch.mock.calls).toEqual([[url, init]]);
    expect(prompt).not.toHaveBeenCalled();
  });

  it("a refusal without a body, or with half of one, passes untouched", async () => {
    const head = await world.client(right)(`${world.origin}/vault`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([401, ""]);
    const broken = async () =>
      new Response('{"code":', { status: 401, headers: { "Content-Type": "application/problem+json" } });
    const response = await with2fa(broken, { path: `${world.origin}/2fa` })(`${world.origin}/vault`);
    expect(await response.text()).toBe('{"code":');
  });

  it("an answer that came by way of another origin gets no code", async () => {
    const prompt = spread(right);
    const redirected = Object.defineProperty(await answers(401, refusal)(), "url", {
      value: "https://evil.example/vault",
    });
    const fetch2fa = with2fa(async () => redirected, { path: `${world.origin}/2fa`, prompt });
    expect((await fetch2fa(`${world.origin}/vault`)).status).toBe(401);
    expect(prompt).not.toHaveBeenCalled();
  });

  it("nothing is asked where there is no page, as on a server that renders one", async () => {
    const fetch = vi.fn(answers(401, refusal));
    const fetch2fa = with2fa(fetch);
    expect((await fetch2fa(`${world.origin}/vault`)).status).toBe(401);
    expect(await fetch2fa.preflight()).toBe(false);
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});

describe("preflight", () => {
  const url = (path: string): string => world.origin + path;

  it("asks before what cannot be repeated", async () => {
    const prompt = spread(right);
    const fetch2fa = world.client(prompt);
    expect(await fetch2fa.preflight()).toBe(true);
    const body = new Blob(["stream"]).stream();
    const response = await fetch2fa(url("/upload"), { method: "POST", body, duplex: "half" } as RequestInit);
    expect(await response.json()).toMatchObject({ body: "stream" });
    expect(prompt).toHaveBeenCalledTimes(1);
    expect(world.calls()).toEqual([
      "GET /2fa/status 200",
      "POST /2fa/challenge 201",
      "POST /2fa/verify 200",
      "POST /upload 200",
    ]);
  });

  it("asks for nothing while a proof is fresh enough", async () => {
    const prompt = spread(right);
    const fetch2fa = world.client(prompt);
    await fetch2fa(url("/vault"));
    expect(await fetch2fa.preflight({ maxAge: "5m" })).toBe(true);
    its.clock.tick(5 * 60_000 + 1);
    expect(await fetch2fa.preflight({ maxAge: "10m" })).toBe(true);
    expect(prompt).toHaveBeenCalledTimes(1);
    expect(await fetch2fa.preflight({ maxAge: "5m" })).toBe(true);
    expect(prompt).toHaveBeenCalledTimes(2);
  });

  it("asks for an action", async () => {
    its.guard("/payout", { action: "payout" });
    const prompt = spread(right);
    const fetch2fa = world.client(prompt);
    await fetch2fa.preflight({ action: "payout" });
    expect((await fetch2fa(url("/payout"))).status).toBe(200);
    expect(prompt).toHaveBeenCalledTimes(1);
  });

  it("offers the other methods too", async () => {
    const prompt = spread(async ({ methods, use }) => {
      expect(methods).toEqual(["sms", "email"]);
      await use("email");
      return its.code("ada@example.com");
    });
    expect(await world.client(prompt).preflight()).toBe(true);
    expect(prompt).toHaveBeenCalledTimes(1);
  });

  it("is false for whoever declines, and for whom nobody can ask", async () => {
    expect(await world.client(() => null).preflight()).toBe(false);
    expect(world.calls().at(-1)).toBe("POST /2fa/cancel 204");
    await world.close();
    world = await openWorld(its, "tom");
    expect(await world.client(right).preflight()).toBe(false);
    await world.close();
    world = await openWorld(its, null);
    expect(await world.client(right).preflight()).toBe(false);
    expect(world.calls()).toEqual(["GET /2fa/status 401", "POST /2fa/challenge 401"]);
  });

  it("can be aborted", async () => {
    const controller = new AbortController();
    const prompt: Prompt = () => {
      controller.abort(new Error("enough"));
      return new Promise(() => {});
    };
    await expect(world.client(prompt).preflight({ signal: controller.signal })).rejects.toThrow("enough");
  });
});

describe("bearer tokens", () => {
  it("the new one goes to the app and into the repeated request", async () => {
    its = shop(bearerFixture());
    await world.close();
    world = await openWorld(its, null);
    const onToken = vi.fn();
    const authorization = bearer(its);
    const response = await world.client(right, { onToken })(`${world.origin}/vault`, { headers: { authorization } });
    expect(response.status).toBe(200);
    const [token] = onToken.mock.calls[0] ?? [];
    expect(onToken).toHaveBeenCalledTimes(1);
    expect(world.sent.map(({ headers }) => headers.get("authorization"))).toEqual([
      authorization,
      authorization,
      `Bearer ${token}`,
    ]);
    const headers = { authorization: `Bearer ${token}` };
    expect((await world.fetch(`${world.origin}/ledger`, { headers })).status).toBe(200);
  });

  it("a companion goes beside the first one", async () => {
    const { jwtProof } = await import("../../src/index.js");
    const secret = "a secret for tokens, of 32 bytes and more";
    its = shop(bearerFixture({ proof: jwtProof({ mode: "companion", secret, algorithms: ["HS256"] }) }));
    await world.close();
    world = await openWorld(its, null);
    const onToken = vi.fn();
    const authorization = bearer(its);
    const fetch2fa = world.client(right, { onToken });
    expect((await fetch2fa(`${world.origin}/vault`, { headers: { authorization } })).status).toBe(200);
    const last = world.sent.at(-1)?.headers;
    expect([last?.get("authorization"), last?.get("two-factor-token")]).toEqual([
      authorization,
      onToken.mock.calls[0]?.[0],
    ]);
  });

  it("preflight takes headers too", async () => {
    its = shop(bearerFixture());
    await world.close();
    world = await openWorld(its, null);
    let token = "";
    const fetch2fa = world.client(right, { onToken: (given) => void (token = given) });
    expect(await fetch2fa.preflight({ headers: { authorization: bearer(its) } })).toBe(true);
    expect((await world.fetch(`${world.origin}/vault`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      200,
    );
  });
});
