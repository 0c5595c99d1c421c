/**
 * A person has several numbers and may say which one is to get the code. The attacker has their session, or one of the
 * numbers, or had one of them once: they name numbers that are not the person's, go on with one that was removed, and
 * change between them to get more attempts, more messages or a second proof.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { email, outbox, recoveryCodes, sms, totp, type TwoFactorOptions } from "../../src/index.js";
import { type Fixture, fixture, ORIGIN } from "../helpers/app.js";

type Agent = Awaited<ReturnType<Fixture["login"]>>;

const [HOME, WORK, OWN] = ["+46707123410", "+46707123420", "+46707123456"];

let shop: Fixture & { box: ReturnType<typeof outbox> };
let ada: Agent;
/** The factors of ada, by number. */
let ids: Record<string, string>;

const codeTo = (to: string): string =>
  /^\d{6}/.exec(shop.box.messages.find((message) => message.to === to)?.text ?? "")?.[0] ??
  expect.unreachable(`nothing sent to ${to}`);

const sentTo = (to: string): number => shop.box.messages.filter((message) => message.to === to).length;

const choose = (factor: string | undefined, method = "sms", agent = ada) =>
  agent.post("/2fa/challenge").send({ method, factor });

const verify = (code: string, agent = ada) => agent.post("/2fa/verify").send({ code });

async function enrol(user: string, to: string, name: string): Promise<string> {
  const owner = { user, session: "at the counter" };
  const started = await shop.tfa.factors.enroll({ ...owner, method: "sms", to, name });
  expect(started.ok).toBe(true);
  const confirmed = await shop.tfa.factors.confirm({ ...owner, code: codeTo(to) });
  return confirmed.ok ? confirmed.factor.id : expect.unreachable(confirmed.reason);
}

async function open(options: Partial<TwoFactorOptions> = {}): Promise<void> {
  const box = outbox();
  const made = fixture({ methods: [totp(), sms(box), email(box), recoveryCodes()], factors: true, ...options });
  shop = Object.assign(made, { box });
  shop.guard("/vault");
  ids = {};
  for (const [to, name] of [
    [HOME, "Home"],
    [WORK, "Work"],
  ] as const) {
    ids[to] = await enrol("ada", to, name);
    shop.clock.tick(1000);
  }
  // a day without a message
  shop.clock.tick(24 * 3_600_000);
  box.clear();
  ada = await shop.login("ada");
}

beforeEach(() => open());

describe("several numbers of one person", () => {
  it("are named in the challenge, masked, with what each needs", async () => {
    const { body } = await ada.get("/vault").expect(401);
    expect(body.methods).toEqual(["sms", "email"]);
    expect(body.challenge).toMatchObject({ method: "sms", factor: ids[WORK], to: "+46•••••••20" });
    expect(body.challenge.choices).toEqual([
      { method: "sms", factor: ids[WORK], name: "Work", to: "+46•••••••20", digits: 6 },
      { method: "sms", factor: ids[HOME], name: "Home", to: "+46•••••••10", digits: 6 },
      { method: "sms", factor: "contact", to: "+46•••••••56", digits: 6 },
      { method: "email", to: "a••••@example.com", digits: 8 },
    ]);
    const again = await ada.get("/2fa/status").expect(200);
    expect(again.body.challenge).toEqual(body.challenge);
  });

  it("are chosen between, and the code proves the number it went to", async () => {
    await ada.get("/vault").expect(401);
    const chosen = await choose(ids[HOME]).expect(201);
    expect(chosen.body).toMatchObject({ method: "sms", factor: ids[HOME], to: "+46•••••••10", attemptsLeft: 5 });
    await verify(codeTo(HOME)).expect(200);
    await ada.get("/vault").expect(200);
    expect(shop.box.messages.map(({ to }) => to)).toEqual([HOME, WORK]);
  });

  it("have the one used last come first next time", async () => {
    await ada.get("/vault").expect(401);
    await choose(ids[HOME]).expect(201);
    await verify(codeTo(HOME)).expect(200);
    const other = await shop.login("ada");
    const { body } = await other.get("/vault").expect(401);
    expect(body.challenge).toMatchObject({ factor: ids[HOME], to: "+46•••••••10" });
    expect((await shop.tfa.factors.list("ada")).find(({ id }) => id === ids[HOME])?.lastUsedAt).toBeDefined();
  });

  it("are chosen between on the page, without a script", async () => {
    const page = (path: string) => ada.get(path).set("Accept", "text/html");
    await page("/vault").expect(303);
    const { text } = await page("/2fa").expect(200);
    expect(text).toContain(`name="factor" value="${ids[HOME]}"`);
    expect(text).not.toContain(`name="factor" value="${ids[WORK]}"`);
    expect(text).toMatch(/Text message <bdi class="fine">Home<\/bdi>/);
    const form = ada.post("/2fa/challenge").set({ Accept: "text/html", Origin: ORIGIN }).type("form");
    await form.send({ method: "sms", factor: ids[HOME] }).expect(303);
    expect((await page("/2fa")).text).toContain("+46•••••••10</bdi>");
    expect(sentTo(HOME)).toBe(1);
  });

  it("each have a code of their own, and each is right whichever was asked last", async () => {
    await ada.get("/vault").expect(401);
    await choose(ids[HOME]).expect(201);
    expect(codeTo(HOME)).not.toBe(codeTo(WORK));
    await verify(codeTo(WORK)).expect(200);
  });

  it("go back to one that has its code without sending it again", async () => {
    await ada.get("/vault").expect(401);
    await choose(ids[HOME]).expect(201);
    const back = await choose(ids[WORK]).expect(201);
    expect(back.body).toMatchObject({ factor: ids[WORK], to: "+46•••••••20" });
    await choose(undefined).expect(201);
    expect([sentTo(WORK), sentTo(HOME)]).toEqual([1, 1]);
    shop.clock.tick(30_000);
    await ada.post("/2fa/resend").send({}).expect(200);
    expect([sentTo(WORK), sentTo(HOME)]).toEqual([2, 1]);
  });

  it("begin at the one that is named, where nothing is open yet", async () => {
    const { body } = await choose(ids[HOME]).expect(201);
    expect(body.to).toBe("+46•••••••10");
    expect(shop.box.messages.map(({ to }) => to)).toEqual([HOME]);
    const started = await shop.tfa.challenges.start({ user: "ada", session: "x", method: "sms", factor: "contact" });
    expect(started).toMatchObject({ ok: true, challenge: { to: "+46•••••••56" } });
    await expect(shop.tfa.challenges.start({ user: "ada", session: "x", factor: "contact" })).rejects.toMatchObject({
      code: "misconfigured",
    });
  });
});

describe("C08 spacing", () => {
  it("holds for each number, however often somebody goes from one to the other", async () => {
    await ada.get("/vault").expect(401);
    await choose(ids[HOME]).expect(201);
    for (const factor of [ids[WORK], ids[HOME], ids[WORK], ids[HOME]]) {
      await choose(factor).expect(201);
      const no = await ada.post("/2fa/resend").send({}).expect(429);
      expect(no.body.code).toBe("limit_exceeded");
    }
    expect([sentTo(WORK), sentTo(HOME)]).toEqual([1, 1]);
  });

  it("leaves a person five messages in ten minutes, to however many numbers", async () => {
    await ada.get("/vault").expect(401);
    const statuses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      for (const factor of [ids[HOME], ids[WORK], "contact"]) statuses.push((await choose(factor)).status);
      shop.clock.tick(31_000);
      statuses.push((await ada.post("/2fa/resend").send({})).status);
    }
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    expect(shop.box.messages).toHaveLength(5);
  });
});

describe("C01 C02 attempts", () => {
  it("are five over all numbers, and the right code is refused after them", async () => {
    await ada.get("/vault").expect(401);
    const left: unknown[] = [];
    for (const factor of [ids[HOME], ids[WORK], "contact", ids[HOME], ids[WORK]]) {
      await choose(factor).expect(201);
      left.push((await verify("000000").expect(422)).body.attemptsLeft);
    }
    expect(left).toEqual([4, 3, 2, 1, 0]);
    await verify(codeTo(WORK)).expect(429);
    expect(shop.counters.grants).toBe(0);
    expect(shop.counters.compares).toBe(5);
  });
});

describe("a number that is not theirs", () => {
  it("G09 A03 gets nothing: another person's, a made-up one, one of another method, a list", async () => {
    const bobs = await enrol("bob", "+46707123499", "Bob");
    shop.box.clear();
    await ada.get("/vault").expect(401);
    const answers: string[] = [];
    for (const factor of [bobs, "no such factor", "+46707123499", "__proto__", "recovery-0000"]) {
      const no = await choose(factor).expect(403);
      answers.push(JSON.stringify(no.body));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain("method_not_allowed");
    await choose(ids[HOME], "email").expect(403);
    await ada
      .post("/2fa/challenge")
      .send({ method: "sms", factor: [ids[HOME]] })
      .expect(400);
    await ada
      .post("/2fa/challenge")
      .send({ method: "sms", factor: { $ne: "" } })
      .expect(400);
    await ada.post("/2fa/challenge").send({ factor: ids[HOME] }).expect(400);
    expect(shop.box.messages.map(({ to }) => to)).toEqual([WORK]);
    expect(shop.counters.faults).toEqual([]);
    // and with nothing open
    const other = await shop.login("ada");
    await choose(bobs, "sms", other).expect(403);
    expect(shop.box.messages).toHaveLength(1);
  });

  it("is refused on a page that says so, and the challenge stands", async () => {
    await ada.get("/vault").expect(401);
    const form = ada.post("/2fa/challenge").set({ Accept: "text/html", Origin: ORIGIN }).type("form");
    const { text } = await form.send({ method: "sms", factor: "none" }).expect(403);
    expect(text).toContain("Not accepted here");
    await verify(codeTo(WORK)).expect(200);
  });
});

describe("a number that was removed meanwhile", () => {
  const remove = (to: string) => shop.tfa.factors.remove({ user: "ada", factor: ids[to] ?? "" });

  it("is not sent to by choosing it, nor by a resend", async () => {
    await ada.get("/vault").expect(401);
    await choose(ids[HOME]).expect(201);
    await remove(HOME);
    shop.clock.tick(60_000);
    await ada.post("/2fa/resend").send({}).expect(403);
    await choose(ids[WORK]).expect(201);
    await choose(ids[HOME]).expect(403);
    expect(sentTo(HOME)).toBe(1);
    await ada.post("/2fa/resend").send({}).expect(200);
    expect(sentTo(WORK)).toBe(2);
  });

  it("has a code that opens nothing, whichever number is asked now", async () => {
    await ada.get("/vault").expect(401);
    await choose(ids[HOME]).expect(201);
    await remove(HOME);
    await verify(codeTo(HOME)).expect(422);
    await choose(ids[WORK]).expect(201);
    await verify(codeTo(HOME)).expect(422);
    expect(shop.counters.grants).toBe(0);
    await verify(codeTo(WORK)).expect(200);
  });

  it("goes on where the app knows the same number", async () => {
    shop.contacts["ada"] = { phone: HOME };
    await choose(ids[HOME]).expect(201);
    await remove(HOME);
    shop.clock.tick(31_000);
    await ada.post("/2fa/resend").send({}).expect(200);
    expect(sentTo(HOME)).toBe(2);
  });

  it("is followed to the new one where the app has changed it", async () => {
    await choose("contact").expect(201);
    shop.contacts["ada"] = { phone: "+46707123477" };
    await verify(codeTo(OWN)).expect(422);
    await ada.post("/2fa/resend").send({}).expect(200);
    await verify(codeTo("+46707123477")).expect(200);
  });
});

describe("D06 choosing and answering at the same instant", () => {
  it("gives one proof at most, keeps the count, and leaves a code that fits", async () => {
    for (let round = 0; round < 5; round += 1) {
      await open({ limits: { sends: { perUser: false, perDestination: false, perPrefix: false } } });
      await ada.get("/vault").expect(401);
      const code = codeTo(WORK);
      const answers = await Promise.all([
        verify(code),
        choose(ids[HOME]),
        verify("000000"),
        choose("contact"),
        verify(code),
        choose(ids[WORK]),
      ]);
      const verified = answers.filter(({ body }) => body.verified === true);
      expect(verified).toHaveLength(1);
      expect(shop.counters.grants).toBe(1);
      expect(shop.counters.faults).toEqual([]);
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
      // of three switches at once those that came too late sent nothing
      expect(Math.max(sentTo(HOME), sentTo(OWN), sentTo(WORK))).toBe(1);
      await ada.get("/vault").expect(200);
    }
  });
});

describe("an enrolment", () => {
  it("E05 is no challenge: neither shown, answered, switched nor canceled as one", async () => {
    const tom = await shop.login("tom");
    const { body: begun } = await tom.post("/2fa/factors/enroll").send({ method: "sms", to: "+46707123488" });
    const code = codeTo("+46707123488");
    expect((await tom.get("/2fa/status").expect(200)).body).not.toHaveProperty("challenge");
    for (const challenge of [begun.id, undefined]) {
      await tom.post("/2fa/verify").send({ challenge, code }).expect(404);
      await tom.post("/2fa/resend").send({ challenge }).expect(404);
      await tom.post("/2fa/cancel").send({ challenge }).expect(404);
    }
    await tom.post("/2fa/challenge").send({ challenge: begun.id, method: "sms" }).expect(403);
    expect(shop.counters.faults).toEqual([]);
    await tom.post("/2fa/factors/confirm").send({ enrollment: begun.id, code }).expect(201);
  });
});
