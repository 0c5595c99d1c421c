import express from "express";
import request from "supertest";
import { beforeEach, describe, expect, it } from "vitest";
import { memoryStore, require2fa, type RoutePolicy } from "../../src/index.js";
import type { Store } from "../../src/stores/store.js";
import { type Fixture, fixture } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";

type Agent = Awaited<ReturnType<Fixture["login"]>>;

const BROWSER = { Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };

let shop: Fixture;
let ada: Agent;
beforeEach(async () => {
  shop = fixture({ limits: PLENTY });
  shop.guard("/vault");
  ada = await shop.login("ada");
});

describe("a navigation is led to the page", () => {
  it.each<[string, Record<string, string>]>([
    ["Sec-Fetch-Mode: navigate", { "Sec-Fetch-Mode": "navigate" }],
    ["Sec-Fetch-Mode: navigate, whatever is accepted", { "Sec-Fetch-Mode": "navigate", Accept: "application/json" }],
    ["what a browser accepts", BROWSER],
    ["text/html alone", { Accept: "text/html" }],
    ["text/html with a weight", { Accept: "text/html;q=0.8" }],
    ["text/html after something else", { Accept: "application/json, text/html" }],
    ["text/html in capitals", { Accept: "TEXT/HTML" }],
  ])("by %s", async (_name, headers) => {
    const answer = await ada.get("/vault").set(headers).expect(303).expect("Location", "/2fa");
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(shop.counters.handlerHits).toBe(0);
  });
});

describe("anything else is a program, and gets a problem", () => {
  it.each<[string, Record<string, string>]>([
    ["nothing said", {}],
    ["*/*", { Accept: "*/*" }],
    ["text/*", { Accept: "text/*" }],
    ["application/json", { Accept: "application/json" }],
    ["application/xhtml+xml", { Accept: "application/xhtml+xml" }],
    ["a type that only begins like HTML", { Accept: "text/htmlx" }],
    ["a fetch that would take HTML", { "Sec-Fetch-Mode": "cors", ...BROWSER }],
    ["an image", { "Sec-Fetch-Mode": "no-cors", Accept: "image/*, text/html" }],
    ["a websocket", { "Sec-Fetch-Mode": "websocket", Accept: "text/html" }],
    ["a mode nobody knows", { "Sec-Fetch-Mode": "", Accept: "text/html" }],
  ])("by %s", async (_name, headers) => {
    const { body, headers: answered } = await ada.get("/vault").set(headers).expect(401);
    expect(answered["content-type"]).toMatch("application/problem+json");
    expect(body).toMatchObject({ code: "second_factor_required" });
  });
});

describe("our own routes", () => {
  const form = (path: string) => ada.post(path).set(BROWSER).type("form");

  it("answer a form with a page or the way to one", async () => {
    await ada.get("/vault").set(BROWSER).expect(303);
    const wrong = await form("/2fa/verify").send({ code: shop.wrong() }).expect(422);
    expect(wrong.headers["content-type"]).toMatch("text/html");
    expect(wrong.text).toContain('role="alert"');
    await form("/2fa/challenge").send({ method: "email" }).expect(303).expect("Location", "/2fa");
    shop.clock.tick(30_000);
    await form("/2fa/resend").send({}).expect(303).expect("Location", "/2fa?sent");
    await form("/2fa/cancel").send({}).expect(303).expect("Location", "/2fa");
    await form("/2fa/verify")
      .send({ code: "123456" })
      .expect(404)
      .expect("Content-Type", /text\/html/);
    await form("/2fa/status").expect(405);
  });

  it("answer a program with JSON, whatever the body was", async () => {
    await ada.get("/vault").expect(401);
    const wrong = await ada.post("/2fa/verify").type("form").send({ code: shop.wrong() }).expect(422);
    expect(wrong.headers["content-type"]).toMatch("application/problem+json");
    await ada.post("/2fa/verify").type("form").send({ code: shop.code() }).expect(200).expect("Content-Type", /json/);
  });

  it("the page is a page for everybody, and closed to everything a page could do", async () => {
    await ada.get("/vault").expect(401);
    const { headers } = await ada.get("/2fa").expect(200);
    expect(headers["content-type"]).toMatch("text/html; charset=utf-8");
    expect(headers["cache-control"]).toBe("no-store");
    expect(headers["x-frame-options"]).toBe("DENY");
    expect(headers["content-security-policy"]).toMatch(/default-src 'none'|frame-ancestors 'none'/);
    expect(headers["referrer-policy"]).toBe("no-referrer");
  });

  it("somebody who is not logged in gets a page that says so", async () => {
    const { text } = await request(shop.app)
      .get("/vault")
      .set(BROWSER)
      .expect(401)
      .expect("Content-Type", /text\/html/);
    expect(text).not.toContain("/2fa/verify");
  });

  it("a limit is told on a page, with the time it takes", async () => {
    const strict = fixture({ limits: { sends: { perUser: [{ max: 1, interval: "10m" }] } } });
    strict.guard("/vault");
    const agent = await strict.login("ada");
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/cancel").expect(204);
    const answer = await agent
      .get("/vault")
      .set(BROWSER)
      .expect(429)
      .expect("Content-Type", /text\/html/);
    expect(answer.headers["retry-after"]).toBe("600");
  });
});

describe("a GET that was interrupted", () => {
  const verify = (agent: Agent) => agent.post("/2fa/verify").set(BROWSER).type("form").send({ code: shop.code() });

  it("is where the person is brought back to, with its query", async () => {
    await ada.get("/vault?page=2&q=%C3%A5").set(BROWSER).expect(303);
    await verify(ada).expect(303).expect("Location", "/vault?page=2&q=%C3%A5");
  });

  it("is the newest of them", async () => {
    await ada.get("/vault?first").set(BROWSER).expect(303);
    await ada.get("/vault?second").set(BROWSER).expect(303);
    await verify(ada).expect(303).expect("Location", "/vault?second");
  });

  it("is not one that a program made, or nobody", async () => {
    await ada.get("/vault?page").set(BROWSER).expect(303);
    await ada.get("/vault?program").expect(401);
    await ada
      .get("/vault?prefetch")
      .set({ ...BROWSER, "Sec-Purpose": "prefetch" })
      .expect(401);
    await verify(ada).expect(303).expect("Location", "/vault?page");
  });

  it("is the way back that the page shows when the challenge is over", async () => {
    await ada.get("/vault?page=2").set(BROWSER).expect(303);
    await ada.post("/2fa/cancel").expect(204);
    const { text } = await ada.get("/2fa").set(BROWSER).expect(200);
    expect(text.includes('href="/vault?page=2"')).toBe(true);
  });

  it("is not told to a program that verifies", async () => {
    await ada.get("/vault?page=2").set(BROWSER).expect(303);
    const { body } = await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    expect(JSON.stringify(body)).not.toContain("/vault");
  });

  it("survives a challenge that expired and was begun again", async () => {
    await ada.get("/vault?page=2").set(BROWSER).expect(303);
    shop.clock.tick(300_000);
    await ada.post("/2fa/challenge").set(BROWSER).type("form").send({}).expect(303);
    await verify(ada).expect(303).expect("Location", "/vault?page=2");
  });

  it("never leads to another site", async () => {
    shop.app.use(require2fa(), shop.handler);
    for (const path of [
      "//evil.example/",
      "/\\evil.example",
      "/%09/evil.example",
      "/.//evil.example",
      "/x/..//evil.example",
    ]) {
      await ada.get(path).set(BROWSER);
      const { headers } = await verify(ada);
      const { origin } = new URL(headers["location"] ?? "/", "https://shop.example");
      expect([path, origin]).toEqual([path, "https://shop.example"]);
      await ada.post("/2fa/cancel");
      shop.clock.tick(16 * 60_000);
    }
  });
});

describe("a form that was interrupted", () => {
  /** A guarded form, behind whatever parsers the app has before or after the guard. */
  function formAt(path: string, policy?: RoutePolicy): void {
    shop.app.post(path, require2fa(policy), express.urlencoded({ extended: false }), (req, res) => {
      shop.counters.handlerHits += 1;
      res.json(req.body);
    });
  }

  const submit = (agent: Agent, path: string, body: string) => agent.post(path).set(BROWSER).type("form").send(body);

  const done = (agent: Agent, at: Fixture = shop) =>
    agent.post("/2fa/verify").set(BROWSER).type("form").send({ code: at.code() });

  /** The form that the page sends again, as the browser would read it. */
  function replayIn(html: string): { action: string; fields: [string, string][] } | undefined {
    const form = /<form method="post" action="([^"]*)" id="replay"[^>]*>(.*?)<\/form>/s.exec(html);
    if (!form) return undefined;
    const fields = [...(form[2] ?? "").matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/gs)];
    return {
      action: plain(form[1] ?? ""),
      fields: fields.map(([, name = "", value = ""]) => [plain(name), plain(value)]),
    };
  }

  function plain(html: string): string {
    const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', amp: "&" };
    return html
      .replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
      .replace(/&#x([0-9a-f]+);/gi, (_all, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
      .replace(/&(lt|gt|quot|amp);/g, (_all, name: string) => named[name] ?? "");
  }

  it("is sent again after the second factor, field by field", async () => {
    formAt("/comment");
    await submit(ada, "/comment?reply=1", "text=a+%26+b%3C%2Finput%3E&tag=x&tag=y&empty=&text=%C3%A5").expect(303);
    const { text, headers } = await done(ada).expect(200);
    expect(headers["cache-control"]).toBe("no-store");
    expect(replayIn(text)).toEqual({
      action: "/comment?reply=1",
      fields: [
        ["text", "a & b</input>"],
        ["tag", "x"],
        ["tag", "y"],
        ["empty", ""],
        ["text", "å"],
      ],
    });
    expect(shop.counters.handlerHits).toBe(0);
    const { body } = await submit(ada, "/comment?reply=1", "tag=x&tag=y").expect(200);
    expect(body).toEqual({ tag: ["x", "y"] });
  });

  it.each([
    ["express.urlencoded()", [express.urlencoded({ extended: false })]],
    ["express.urlencoded({ extended })", [express.urlencoded({ extended: true })]],
    ["express.json() alone", [express.json()]],
    ["express.json() and express.urlencoded()", [express.json(), express.urlencoded({ extended: true })]],
    ["express.text()", [express.text({ type: () => true })]],
    ["express.raw()", [express.raw({ type: () => true })]],
  ] as const)("is kept whole behind %s", async (_name, parsers) => {
    shop.app.post("/comment", ...parsers, require2fa(), shop.handler);
    await submit(ada, "/comment", "text=hello&tag=x&tag=y").expect(303);
    const { text } = await done(ada).expect(200);
    expect(replayIn(text)).toEqual({
      action: "/comment",
      fields: [
        ["text", "hello"],
        ["tag", "x"],
        ["tag", "y"],
      ],
    });
  });

  it("keeps names in brackets as they were", async () => {
    shop.app.post("/comment", express.urlencoded({ extended: true }), require2fa(), shop.handler);
    await submit(ada, "/comment", "user[name]=Ada&items[0][id]=1&items[1][id]=2").expect(303);
    const { text } = await done(ada).expect(200);
    expect(replayIn(text)?.fields).toEqual([
      ["user[name]", "Ada"],
      ["items[0][id]", "1"],
      ["items[1][id]", "2"],
    ]);
  });

  it("is sent again once", async () => {
    formAt("/comment");
    formAt("/other", { action: "other" });
    await submit(ada, "/comment", "text=hello").expect(303);
    expect(replayIn((await done(ada).expect(200)).text)).toBeDefined();
    shop.clock.tick(16 * 60_000);
    // the same purpose again, this time from the page itself
    await ada.post("/2fa/challenge").set(BROWSER).type("form").send({}).expect(303);
    expect(replayIn((await done(ada).expect(200)).text)).toBeUndefined();
  });

  it("gives way to what the person did after it", async () => {
    formAt("/comment");
    await submit(ada, "/comment", "text=hello").expect(303);
    await ada.get("/vault").set(BROWSER).expect(303);
    await done(ada).expect(303).expect("Location", "/vault");
  });

  const UNKEPT: [string, string, string][] = [
    [
      "with a file in it",
      "multipart/form-data; boundary=x",
      '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
    ],
    ["that is too long", "application/x-www-form-urlencoded", `text=${"x".repeat(33 * 1024)}`],
    ["that is JSON", "application/json", '{"text":"hello"}'],
    ["that is plain text", "text/plain", "text=hello"],
  ];

  it.each(UNKEPT)("is not kept when it is one %s", async (_name, type, body) => {
    formAt("/comment");
    const { headers } = await ada.post("/comment").set(BROWSER).set("Content-Type", type).send(body).expect(303);
    expect(headers["location"]).toBe("/2fa");
    expect(replayIn((await done(ada).expect(200)).text)).toBeUndefined();
    expect(shop.counters.handlerHits).toBe(0);
  });

  it.each(UNKEPT)(
    "gives way to a later one %s, which cannot be kept: neither is sent again",
    async (_name, type, body) => {
      formAt("/comment");
      await submit(ada, "/comment", "text=before").expect(303);
      await ada.post("/comment").set(BROWSER).set("Content-Type", type).send(body).expect(303);
      expect(replayIn((await done(ada).expect(200)).text)).toBeUndefined();
    },
  );

  it.each(["put", "patch", "delete"] as const)("is not kept from a %s", async (method) => {
    shop.app[method]("/comment", require2fa(), shop.handler);
    await ada[method]("/comment").set(BROWSER).type("form").send("text=hello").expect(303);
    const { text, headers } = await done(ada).expect(200);
    expect(replayIn(text)).toBeUndefined();
    expect(headers).not.toHaveProperty("location");
  });

  it("of just under 32 KB is kept", async () => {
    formAt("/comment");
    const text = "x".repeat(30 * 1024);
    await submit(ada, "/comment", `text=${text}`).expect(303);
    expect(replayIn((await done(ada).expect(200)).text)?.fields).toEqual([["text", text]]);
  });

  it("belongs to its session and its user", async () => {
    formAt("/comment");
    const [again, bob] = [await shop.login("ada"), await shop.login("bob")];
    await submit(ada, "/comment", "text=adas+own+words").expect(303);
    for (const other of [again, bob]) {
      await other.get("/vault").expect(401);
      const { text } = await done(other).expect(200);
      expect(text).not.toContain("adas own words");
    }
  });

  it("is nobody's after another user has logged in to the same session", async () => {
    formAt("/comment");
    await submit(ada, "/comment", "text=adas+own+words").expect(303);
    await ada.post("/login").send({ user: "bob" }).expect(200);
    await ada.get("/vault").expect(401);
    const { text } = await done(ada).expect(200);
    expect(text).not.toContain("adas own words");
  });

  it("lies in the store under lock and key", async () => {
    const kept: string[] = [];
    const sound = memoryStore();
    const store = new Proxy(sound, {
      get(target, name): unknown {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          kept.push(JSON.stringify(args));
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    }) satisfies Store;
    shop = fixture({ store });
    ada = await shop.login("ada");
    formAt("/comment");
    await submit(ada, "/comment", "text=adas+own+words&card=4111111111111111").expect(303);
    const { text } = await done(ada).expect(200);
    expect(replayIn(text)?.fields).toHaveLength(2);
    expect(kept.length).toBeGreaterThan(2);
    const decoded = kept.flatMap((each) =>
      (each.match(/[\w-]{40,}/g) ?? []).map((part) => Buffer.from(part, "base64url").toString("latin1")),
    );
    for (const word of ["adas own words", "4111111111111111"]) {
      expect([...kept, ...decoded].filter((each) => each.includes(word))).toEqual([]);
    }
  });

  it("with a transaction in it is approved and sent again as it was", async () => {
    const bind = ({ body }: express.Request) => ({ amount: body.amount, payee: body.payee });
    shop.app.post("/transfer", express.urlencoded({ extended: false }), require2fa({ bind }), shop.handler);
    await submit(ada, "/transfer", "amount=10.00&payee=Bob&note=rent").expect(303);
    const { text } = await done(ada).expect(200);
    const replay = replayIn(text);
    expect(replay).toMatchObject({ action: "/transfer" });
    await submit(ada, "/transfer", String(new URLSearchParams(replay?.fields))).expect(200);
    await submit(ada, "/transfer", String(new URLSearchParams(replay?.fields))).expect(303);
    expect(shop.counters.handlerHits).toBe(1);
  });
});
