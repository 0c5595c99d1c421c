import { generateSync } from "otplib";
import { describe, expect, it } from "vitest";
import { email, outbox, sms, totp, type TwoFactorOptions } from "../../src/index.js";
import { DeliveryError } from "../../src/providers/provider.js";
import { type Fixture, fixture, TOTP_SECRET } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";

type Agent = Awaited<ReturnType<Fixture["login"]>>;

const SECOND = 1000;
const MINUTE = 60 * SECOND;

async function opened(options: Partial<TwoFactorOptions> = {}, user = "ada") {
  const shop = fixture(options);
  shop.guard("/vault");
  const agent = await shop.login(user);
  const { body } = await agent.get("/vault").expect(401);
  return { shop, agent, challenge: body.challenge as { id: string; attemptsLeft: number; resendAt: string } };
}

async function challengeOf(agent: Agent) {
  const { body } = await agent.get("/vault").expect(401);
  return body.challenge as { id: string; method: string; attemptsLeft: number; resendAt: string };
}

function codesIn(shop: Fixture): string[] {
  return shop.box.messages.map(({ text }) => /^\d+/.exec(text)?.[0] ?? "none");
}

describe("a challenge is opened once", () => {
  it("by fifty refreshes, which send one message", async () => {
    const { shop, agent, challenge } = await opened();
    for (let index = 0; index < 50; index += 1) {
      expect((await challengeOf(agent)).id).toBe(challenge.id);
      shop.clock.tick(SECOND);
    }
    for (let index = 0; index < 10; index += 1) await agent.get("/2fa").set("Accept", "text/html").expect(200);
    expect(shop.box.messages).toHaveLength(1);
  });

  it("by fifty requests at once", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const agent = await shop.login("ada");
    const ids = await Promise.all(Array.from({ length: 50 }, async () => (await challengeOf(agent)).id));
    expect(new Set(ids).size).toBe(1);
    expect(shop.box.messages).toHaveLength(1);
  });

  it("for all routes that ask for the same", async () => {
    const { shop, agent, challenge } = await opened();
    shop.guard("/minute", { maxAge: "1m" });
    const { body } = await agent.get("/minute").expect(401);
    expect(body.challenge.id).toBe(challenge.id);
    expect(shop.box.messages).toHaveLength(1);
  });

  it("by nobody who only looks: a HEAD, a prefetch, the page", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const agent = await shop.login("ada");
    await agent.head("/vault").expect(401);
    for (const headers of [
      { "Sec-Purpose": "prefetch" },
      { Purpose: "prefetch" },
      { "X-Moz": "prefetch" },
      { Purpose: "preview" },
    ]) {
      const { body } = await agent.get("/vault").set(headers).expect(401);
      expect(body).not.toHaveProperty("challenge");
      await agent
        .get("/vault")
        .set({ ...headers, Accept: "text/html" })
        .expect(401);
    }
    await agent.get("/2fa").set("Accept", "text/html").expect(200);
    await agent.head("/2fa").expect(200);
    await agent.get("/2fa/status").expect(200);
    expect(shop.box.messages).toEqual([]);
  });

  it("and anew, with another code, when it is over", async () => {
    const { shop, agent, challenge } = await opened();
    shop.clock.tick(5 * MINUTE);
    const next = await challengeOf(agent);
    expect(next.id).not.toBe(challenge.id);
    expect(new Set(codesIn(shop)).size).toBe(2);
  });
});

describe("C08 a message can be had again", () => {
  it("after 30, 60, 120 and 300 seconds, with the same code, and a sixth not within ten minutes", async () => {
    const box = outbox();
    const { shop, agent } = await opened({ methods: [sms(box, { ttl: "10m" })] });
    let sent = 1;
    for (const gap of [30, 60, 120, 300]) {
      shop.clock.tick((gap - 1) * SECOND);
      const early = await agent.post("/2fa/resend").expect(429);
      expect(early.body).toMatchObject({ code: "limit_exceeded", retryAfter: 1 });
      shop.clock.tick(SECOND);
      await agent.post("/2fa/resend").expect(200);
      sent += 1;
      expect(box.messages).toHaveLength(sent);
    }
    expect(new Set(box.messages.map(({ text }) => text.slice(0, 6))).size).toBe(1);
    shop.clock.tick(89 * SECOND);
    await agent.post("/2fa/resend").expect(429);
    expect(box.messages).toHaveLength(5);
  });

  it("not at once, not after 29 seconds, but after 31", async () => {
    const { shop, agent } = await opened();
    const first = await agent.post("/2fa/resend").expect(429);
    expect(first.headers["retry-after"]).toBe("30");
    shop.clock.tick(29 * SECOND);
    await agent.post("/2fa/resend").expect(429);
    shop.clock.tick(2 * SECOND);
    await agent.post("/2fa/resend").expect(200);
    expect(shop.box.messages).toHaveLength(2);
  });

  it("and the challenge says when, after every message", async () => {
    const { shop, agent } = await opened({ methods: [sms(outbox(), { ttl: "10m" })] });
    for (const gap of [30, 60, 120, 300]) {
      const { resendAt } = await challengeOf(agent);
      const wait = Date.parse(resendAt) - shop.clock();
      expect(wait / SECOND).toBe(gap);
      shop.clock.tick(wait);
      await agent.post("/2fa/resend").expect(200);
    }
  });

  it("and the challenge says when, after going to another method and back", async () => {
    const { shop, agent } = await opened();
    shop.clock.tick(10 * SECOND);
    await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    const { body } = await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    shop.clock.tick(Date.parse(body.resendAt) - shop.clock());
    await agent.post("/2fa/resend").expect(200);
    expect(shop.clock()).toBe(Date.UTC(2026, 0, 1) + 30 * SECOND);
  });

  it("and waiting until then is enough after going to another method and back, however often it was sent", async () => {
    const { shop, agent } = await opened({ limits: PLENTY });
    for (const gap of [30, 60]) {
      shop.clock.tick(gap * SECOND);
      await agent.post("/2fa/resend").expect(200);
    }
    await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    const { body } = await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    shop.clock.tick(Date.parse(body.resendAt) - shop.clock());
    await agent.post("/2fa/resend").expect(200);
  });

  it("at most five times in an hour and ten times a day, however many challenges are started", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const agent = await shop.login("ada");
    const startOver = async (status: number) => {
      const answer = await agent.get("/vault").expect(status);
      if (status === 401) await agent.post("/2fa/cancel").expect(204);
      return answer;
    };
    for (let index = 0; index < 5; index += 1) await startOver(401);
    const sixth = await startOver(429);
    expect(sixth.body).toMatchObject({ code: "limit_exceeded", retryAfter: 3_600 });
    shop.clock.tick(3_600 * SECOND);
    for (let index = 0; index < 5; index += 1) await startOver(401);
    const eleventh = await startOver(429);
    expect(eleventh.body).toMatchObject({ code: "limit_exceeded", retryAfter: 86_400 - 3_600 });
    shop.clock.tick((86_400 - 3_600) * SECOND);
    await startOver(401);
    expect(shop.box.messages).toHaveLength(11);
  });

  it("not by opening more sessions: the cap belongs to the user and to the telephone", async () => {
    const shop = fixture();
    shop.guard("/vault");
    shop.contacts["bob"] = { phone: "+46707123456" };
    for (let index = 0; index < 5; index += 1) await (await shop.login("ada")).get("/vault").expect(401);
    await (await shop.login("ada")).get("/vault").expect(429);
    await (await shop.login("bob")).get("/vault").expect(429);
    await (await shop.login("grace")).post("/2fa/challenge").send({ method: "sms" }).expect(201);
  });

  it("and a success gives no message back", async () => {
    const shop = fixture();
    shop.guard("/vault", { maxAge: 0 });
    const agent = await shop.login("ada");
    for (let index = 0; index < 5; index += 1) {
      await agent.get("/vault").expect(401);
      await agent.get("/vault").set("Two-Factor-Code", shop.code()).expect(200);
    }
    await agent.get("/vault").expect(429);
  });
});

describe("C08 a message that could not be sent", () => {
  /** A carrier that refuses while `down`, knowing that nothing left. */
  function flaky() {
    const box = outbox();
    const state = { down: true };
    const methods: TwoFactorOptions["methods"] = [
      sms((message) => {
        if (state.down) throw new DeliveryError("refused", { unsent: true, permanent: true });
        box.send(message);
      }),
      email(box),
    ];
    const shop = fixture({ methods });
    shop.guard("/vault");
    return { shop, box, state };
  }

  it("is told at once, with other ways, and may be tried again at once, three times a minute", async () => {
    const { shop, state } = flaky();
    const agent = await shop.login("ada");
    const { body } = await agent.get("/vault").expect(502);
    expect(body).toMatchObject({ code: "delivery_failed", methods: ["sms", "email"], challenge: { attemptsLeft: 5 } });
    await agent.post("/2fa/resend").expect(502);
    await agent.post("/2fa/resend").expect(502);
    const fourth = await agent.post("/2fa/resend").expect(429);
    expect(fourth.body).toMatchObject({ code: "limit_exceeded", retryAfter: 60 });
    shop.clock.tick(MINUTE);
    state.down = false;
    await agent.post("/2fa/resend").expect(200);
  });

  it("does not count as one of the messages somebody may have", async () => {
    const { shop, box, state } = flaky();
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(502);
    await agent.post("/2fa/resend").expect(502);
    state.down = false;
    await agent.post("/2fa/resend").expect(200);
    await agent.post("/2fa/resend").expect(429);
    for (const gap of [30, 60, 120]) {
      shop.clock.tick(gap * SECOND);
      await agent.post("/2fa/resend").expect(200);
    }
    expect(box.messages).toHaveLength(4);
  });

  it("is sent again by asking for the page once more, and by nothing else", async () => {
    const { shop, box, state } = flaky();
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(502);
    state.down = false;
    await agent.get("/vault").expect(401);
    await agent.get("/vault").expect(401);
    expect(box.messages).toHaveLength(1);
    await agent
      .post("/2fa/verify")
      .send({ code: box.last()?.text.slice(0, 6) })
      .expect(200);
  });

  it("leads on to another method, which works", async () => {
    const { shop, box } = flaky();
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(502);
    await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    await agent
      .post("/2fa/verify")
      .send({ code: box.last()?.text.slice(0, 8) })
      .expect(200);
  });

  it("takes nothing from the one before: its code still works when the resend fails", async () => {
    const { shop, box, state } = flaky();
    state.down = false;
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    const code = box.last()?.text.slice(0, 6);
    shop.clock.tick(30 * SECOND);
    state.down = true;
    await agent.post("/2fa/resend").expect(502);
    await agent.post("/2fa/verify").send({ code }).expect(200);
    expect(shop.counters).toMatchObject({ compares: 1, grants: 1 });
  });

  it("is sent again by naming its method: 201 means that a message is on its way", async () => {
    const { shop, box, state } = flaky();
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(502);
    state.down = false;
    const { status } = await agent.post("/2fa/challenge").send({ method: "sms" });
    expect([status, box.messages.length]).toEqual([201, 1]);
  });

  it("may have arrived all the same where nobody knows, and then its code is right", async () => {
    let text = "";
    const shop = fixture({
      methods: [
        sms((message) => {
          text = message.text;
          throw new Error("the connection was lost after the message had left");
        }),
      ],
    });
    shop.guard("/vault");
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(502);
    await agent
      .post("/2fa/verify")
      .send({ code: text.slice(0, 6) })
      .expect(200);
  });
});

describe("the attempts of a challenge", () => {
  it("are five, and nothing fills them up again: no resend, no other method, no refresh", async () => {
    const { shop, agent } = await opened();
    const guess = async (left: number): Promise<void> => {
      const { body } = await agent
        .post("/2fa/verify")
        .send({ code: shop.wrong("+46707123456") })
        .expect(422);
      expect(body).toMatchObject({ code: "wrong_code", attemptsLeft: left, challenge: { attemptsLeft: left } });
    };
    await guess(4);
    shop.clock.tick(30 * SECOND);
    await agent.post("/2fa/resend").expect(200);
    await guess(3);
    const { body } = await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    expect(body).toMatchObject({ method: "email", attemptsLeft: 3 });
    await guess(2);
    await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    expect((await challengeOf(agent)).attemptsLeft).toBe(2);
    await guess(1);
    await guess(0);
    await agent
      .post("/2fa/verify")
      .send({ code: shop.code("+46707123456") })
      .expect(429);
    expect(shop.counters).toMatchObject({ compares: 5, grants: 0 });
  });

  it("are not used up by what cannot be a code, nor by spaces and dashes around a right one", async () => {
    const { shop, agent } = await opened();
    for (const code of ["", "12345", "1234567", "abcdef", "12 34", "١٢٣"]) {
      await agent.post("/2fa/verify").send({ code }).expect(400);
    }
    expect((await challengeOf(agent)).attemptsLeft).toBe(5);
    const [a, b] = [shop.code().slice(0, 3), shop.code().slice(3)];
    await agent
      .post("/2fa/verify")
      .send({ code: ` ${a}-${b} ` })
      .expect(200);
    expect(shop.counters.compares).toBe(1);
  });

  it("are as many as the limits say", async () => {
    const { shop, agent, challenge } = await opened({ limits: { failures: { perChallenge: 2 } } });
    expect(challenge.attemptsLeft).toBe(2);
    for (const left of [1, 0]) {
      const { body } = await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);
      expect(body.attemptsLeft).toBe(left);
    }
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(429);
  });
});

describe("another method", () => {
  it("takes over while the challenge is open, and the way back sends nothing", async () => {
    const { shop, agent, challenge } = await opened();
    const first = shop.code();
    const { body } = await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    expect(body).toMatchObject({ id: challenge.id, method: "email", to: "a••••@example.com" });
    expect(shop.box.messages.map(({ channel }) => channel)).toEqual(["email", "sms"]);
    for (const method of ["sms", "email", "sms", "sms"]) {
      const again = await agent.post("/2fa/challenge").send({ method }).expect(201);
      expect(again.body).toMatchObject({ id: challenge.id, method });
    }
    expect(shop.box.messages).toHaveLength(2);
    await agent.post("/2fa/verify").send({ code: first }).expect(200);
    await agent.get("/vault").expect(200, { ok: true, methods: ["sms"] });
  });

  it("goes from an authenticator app to a message and back", async () => {
    const { shop, agent } = await opened({}, "grace");
    await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    await agent.post("/2fa/challenge").send({ method: "totp" }).expect(201);
    expect(shop.box.messages).toHaveLength(1);
    const code = generateSync({ strategy: "totp", secret: TOTP_SECRET, epoch: shop.clock() / SECOND });
    await agent.post("/2fa/verify").send({ code }).expect(200);
  });

  it("is none where the person does not have it", async () => {
    const { agent } = await opened();
    const { body } = await agent.post("/2fa/challenge").send({ method: "totp" }).expect(403);
    expect(body).toMatchObject({ code: "method_not_allowed" });
    await agent.post("/2fa/challenge").send({ method: "pigeon" }).expect(400);
  });

  it("shows on the page as a form of its own", async () => {
    const { agent } = await opened();
    const { text } = await agent.get("/2fa").set("Accept", "text/html").expect(200);
    expect(text).toContain('name="method" value="email"');
    expect(text).not.toContain('name="method" value="totp"');
  });
});

describe("a cancel", () => {
  it("ends the challenge, for good", async () => {
    const { shop, agent, challenge } = await opened();
    const code = shop.code();
    await agent.post("/2fa/cancel").send({ challenge: challenge.id }).expect(204);
    await agent.post("/2fa/cancel").send({ challenge: challenge.id }).expect(404);
    await agent.post("/2fa/verify").send({ code, challenge: challenge.id }).expect(404);
    await agent.post("/2fa/resend").send({ challenge: challenge.id }).expect(404);
    const next = await challengeOf(agent);
    expect(next.id).not.toBe(challenge.id);
    await agent.post("/2fa/verify").send({ code }).expect(422);
    expect(shop.counters.grants).toBe(0);
  });

  it("ends the newest one when none is named, and leaves the others open", async () => {
    const { shop, agent, challenge } = await opened();
    const code = shop.code();
    shop.guard("/payout", { action: "payout" });
    await agent.get("/payout").expect(401);
    await agent.post("/2fa/cancel").expect(204);
    await agent.post("/2fa/verify").send({ code, challenge: challenge.id }).expect(200);
  });
});

describe("the lock of an account", () => {
  /** Wrong codes until `count` have been compared; new challenges as they are needed. */
  async function fail(shop: Fixture, agent: Agent, count: number, method?: "totp" | "sms" | "email"): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      if (index % 5 === 0) {
        await agent.get("/vault").expect(401);
        if (method) await agent.post("/2fa/challenge").send({ method }).expect(201);
      }
      await agent
        .post("/2fa/verify")
        .send({ code: wrongFor(shop, method) })
        .expect(422);
    }
  }

  /** No authenticator's code within an hour around now, and no code that was sent. */
  function wrongFor(shop: Fixture, method: "totp" | "sms" | "email" = "sms"): string {
    if (method !== "totp") return shop.wrong();
    const now = shop.clock() / SECOND;
    const right = [0, -30].map((seconds) =>
      generateSync({ strategy: "totp", secret: TOTP_SECRET, epoch: now + seconds }),
    );
    return ["000000", "111111", "222222"].find((code) => !right.includes(code)) ?? expect.unreachable();
  }

  const build = (): Fixture => {
    const box = outbox();
    const shop = fixture({
      limits: PLENTY,
      methods: [totp({ secret: (user) => (user === "grace" ? TOTP_SECRET : null) }), sms(box), email(box)],
    });
    shop.guard("/vault");
    return { ...shop, box, code: (to) => codeFrom(box, to), wrong: (to) => plusOne(codeFrom(box, to)) };
  };

  it("closes after ten failures over several challenges and methods, for 15, 30, 60 minutes", async () => {
    const shop = build();
    const locks: number[] = [];
    shop.tfa.events.on("account.locked", ({ until }) => void locks.push(until - shop.clock()));
    const agent = await shop.login("grace");
    for (const minutes of [15, 30, 60]) {
      await fail(shop, agent, 4, "totp");
      await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
      await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);
      await fail(shop, agent, 4, "email");
      await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
      await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);

      const compares = shop.counters.compares;
      const locked = await agent.get("/vault").expect(429);
      expect(locked.body).toMatchObject({ code: "account_locked", retryAfter: minutes * 60 });
      expect(locked.headers["retry-after"]).toBe(String(minutes * 60));
      const elsewhere = await (await shop.login("grace")).get("/vault").expect(429);
      expect(elsewhere.body).toMatchObject({ code: "account_locked" });

      shop.clock.tick(minutes * MINUTE - 1);
      await agent.get("/vault").expect(429);
      shop.clock.tick(1);
      expect(shop.counters.compares).toBe(compares);
    }
    expect(locks).toEqual([15, 30, 60].map((minutes) => minutes * MINUTE));
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
  });

  it("refuses the right code of a challenge that is still open, without a compare", async () => {
    const shop = build();
    const [here, there] = [await shop.login("ada"), await shop.login("ada")];
    await fail(shop, here, 9);
    await there.get("/vault").expect(401);
    const right = shop.code();
    await here.get("/vault").expect(401);
    await here
      .post("/2fa/verify")
      .send({ code: plusOne(right) })
      .expect(422);
    const compares = shop.counters.compares;
    expect(compares).toBe(10);
    const { body } = await there.post("/2fa/verify").send({ code: right }).expect(429);
    expect(body).toMatchObject({ code: "account_locked", retryAfter: 900 });
    await there.get("/vault").set("Two-Factor-Code", right).expect(429);
    await there.post("/2fa/resend").send({});
    expect(shop.counters).toMatchObject({ compares, grants: 0, handlerHits: 0 });
  });

  it("opens after fifteen minutes, and a success starts the count anew", async () => {
    const shop = build();
    const agent = await shop.login("ada");
    await fail(shop, agent, 10);
    await agent.get("/vault").expect(429);
    shop.clock.tick(15 * MINUTE);
    await fail(shop, agent, 4);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    shop.clock.tick(16 * MINUTE);
    await fail(shop, agent, 9);
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
  });

  it("takes no proof away that was given before", async () => {
    const shop = build();
    const [here, there] = [await shop.login("ada"), await shop.login("ada")];
    await there.get("/vault").expect(401);
    await there.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await fail(shop, here, 10);
    await there.get("/vault").expect(200);
    await here.get("/vault").expect(429);
  });

  it("is closed by ten failures of the right person only: others cannot lock them out", async () => {
    const shop = build();
    const [ada, bob] = [await shop.login("ada"), await shop.login("bob")];
    const { body } = await ada.get("/vault").expect(401);
    for (let index = 0; index < 30; index += 1) {
      await bob.post("/2fa/verify").send({ code: shop.wrong(), challenge: body.challenge.id, user: "ada" }).expect(404);
    }
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
  });

  it("forgets how often it was closed after a day without failures", async () => {
    const shop = build();
    const agent = await shop.login("ada");
    await fail(shop, agent, 10);
    shop.clock.tick(24 * 60 * MINUTE + 15 * MINUTE);
    await fail(shop, agent, 10);
    const { body } = await agent.get("/vault").expect(429);
    expect(body).toMatchObject({ retryAfter: 900 });
  });
});

function codeFrom(box: ReturnType<typeof outbox>, to?: string): string {
  const message = box.messages.find((each) => to === undefined || each.to === to);
  return /^\d+/.exec(message?.text ?? "")?.[0] ?? expect.unreachable();
}

function plusOne(code: string): string {
  return [...code].map((digit) => (Number(digit) + 1) % 10).join("");
}
