import { generateSync } from "otplib";
import { beforeEach, describe, expect, it } from "vitest";
import {
  email,
  type FactorNotice,
  memoryStore,
  outbox,
  recoveryCodes,
  require2fa,
  sms,
  totp,
  type TwoFactorOptions,
} from "../../src/index.js";
import { type Fixture, fixture, ORIGIN } from "../helpers/app.js";

/**
 * Somebody has the password of a person, or their unlocked laptop, but no second factor: enough for a session. They try
 * to take the second factor away, to add one of their own, to have recovery codes made, and to use what they began
 * before the owner came.
 */
type Agent = Awaited<ReturnType<Fixture["login"]>>;

let shop: Fixture & { box: ReturnType<typeof outbox>; notices: FactorNotice[] };
let owner: Agent;
let thief: Agent;
let factor: string;
let secret: string;

function open(options: Partial<TwoFactorOptions> = {}): void {
  const box = outbox();
  const notices: FactorNotice[] = [];
  const made = fixture({
    methods: [totp(), sms(box), email(box), recoveryCodes()],
    factors: { notify: (notice) => notices.push(notice) },
    ...options,
  });
  shop = Object.assign(made, { box, notices });
  shop.guard("/vault", { onNotEnrolled: "enroll" });
}

const codeOf = (seed: string): string => generateSync({ secret: seed, epoch: Math.floor(shop.clock() / 1000) });

async function begin(agent: Agent): Promise<{ id: string; secret: string }> {
  const { body } = await agent.post("/2fa/factors/enroll").send({ method: "totp" }).expect(201);
  return body;
}

const confirm = (agent: Agent, begun: { id: string; secret: string }) =>
  agent.post("/2fa/factors/confirm").send({ enrollment: begun.id, code: codeOf(begun.secret) });

const listed = async (): Promise<string[]> => (await shop.tfa.factors.list("tom")).map(({ id }) => id);

beforeEach(async () => {
  open();
  owner = await shop.login("tom");
  thief = await shop.login("tom");
});

describe("a session without a second factor", () => {
  beforeEach(async () => {
    const begun = await begin(owner);
    ({ secret } = begun);
    factor = (await confirm(owner, begun).expect(201)).body.id;
    shop.clock.tick(60_000);
  });

  it.each([
    ["/remove", () => ({ factor })],
    ["/rename", () => ({ factor, name: "Gone" })],
    ["/enroll", () => ({ method: "totp" })],
    ["/enroll", () => ({ method: "sms", to: "+46707123499" })],
    ["/confirm", () => ({ code: "123456" })],
    ["/recovery-codes", () => ({})],
  ])("E09 changes nothing by %s, as a program or as a person", async (path, body) => {
    const refusal = await thief.post(`/2fa/factors${path}`).send(body()).expect(401);
    expect(refusal.body).toMatchObject({ code: "second_factor_required", challenge: { method: "totp" } });
    const form = thief.post(`/2fa/factors${path}`).set({ Accept: "text/html", Origin: ORIGIN }).type("form");
    await form.send(body()).expect(303).expect("Location", "/2fa");
    expect(await listed()).toEqual([factor]);
    expect(await shop.tfa.factors.recoveryCodesLeft("tom")).toBe(0);
    expect(shop.box.messages).toEqual([]);
    await shop.tfa.close();
    expect(shop.notices.map(({ change }) => change)).toEqual(["added"]);
  });

  it("E09 is not helped by a proof that is six minutes old", async () => {
    shop.clock.tick(5 * 60_000);
    const refusal = await owner.post("/2fa/factors/remove").send({ factor }).expect(401);
    expect(refusal.body.reason).toBe("expired");
    expect(await listed()).toEqual([factor]);
  });

  it("E09 does not make the owner's browser do it from another site", async () => {
    for (const path of ["/enroll", "/confirm", "/rename", "/remove", "/recovery-codes"]) {
      const forged = owner.post(`/2fa/factors${path}`).set("Origin", "https://evil.example").type("form");
      const { body } = await forged.send({ factor, method: "totp" }).expect(403);
      expect(body.code).toBe("origin_refused");
    }
    expect(await listed()).toEqual([factor]);
  });

  it("E09 cannot name somebody else in the body", async () => {
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    const code = /^\d{6}/.exec(shop.box.messages[0]?.text ?? "")?.[0];
    await ada.post("/2fa/verify").send({ code }).expect(200);
    await ada.post("/2fa/factors/remove").send({ factor, user: "tom", userId: "tom" }).expect(404);
    await ada.post("/2fa/factors/rename").send({ factor, name: "x", user: "tom" }).expect(404);
    expect(await listed()).toEqual([factor]);
  });

  it("F07 loses what it had proved with a factor that is removed, while the owner's session goes on", async () => {
    await thief.get("/vault").expect(401);
    await thief
      .post("/2fa/verify")
      .send({ code: codeOf(secret) })
      .expect(200);
    await thief.get("/vault").expect(200);
    shop.clock.tick(1000);
    await owner.post("/2fa/factors/remove").send({ factor }).expect(204);
    await owner.get("/vault").expect(200);
    await thief.get("/vault").expect(403);
    shop.clock.tick(14 * 60_000);
    await owner.get("/vault").expect(403);
  });

  it("F07 loses it when a factor is added or codes are made anew, too", async () => {
    for (const change of [
      async () => void (await confirm(owner, await begin(owner)).expect(201)),
      async () => void (await owner.post("/2fa/factors/recovery-codes").send({}).expect(201)),
    ]) {
      shop.clock.tick(30_000);
      await thief.get("/vault").expect(401);
      await thief.post("/2fa/challenge").send({ method: "totp" });
      await thief
        .post("/2fa/verify")
        .send({ code: codeOf(secret) })
        .expect(200);
      shop.clock.tick(1000);
      await change();
      await thief.get("/vault").expect(401);
      await owner.get("/vault").expect(200);
    }
  });

  it("E09 does not keep a proof young by changing things with it", async () => {
    for (let minute = 0; minute < 3; minute += 1) {
      shop.clock.tick(60_000);
      await owner.post("/2fa/factors/recovery-codes").send({}).expect(201);
    }
    shop.clock.tick(60_001);
    await owner.post("/2fa/factors/recovery-codes").send({}).expect(401);
  });

  it("E09 tells the person once, by a hook that knows how to reach them", async () => {
    shop.contacts["tom"] = { email: "tom@example.com" };
    await owner.post("/2fa/factors/remove").send({ factor }).expect(204);
    await shop.tfa.close();
    const contact = { email: "tom@example.com" };
    expect(shop.notices.slice(1)).toEqual([{ user: "tom", change: "removed", method: "totp", contact }]);
  });
});

describe("a set-up begun before the owner's", () => {
  it("E09 cannot be finished once the owner has a factor", async () => {
    const early = await begin(thief);
    await confirm(owner, await begin(owner)).expect(201);
    await confirm(thief, early).expect(401);
    expect(await listed()).toHaveLength(1);
  });

  it("E09 cannot be finished in the same instant either", async () => {
    const store = memoryStore();
    open({ store });
    [owner, thief] = [await shop.login("tom"), await shop.login("tom")];
    const [mine, theirs] = [await begin(owner), await begin(thief)];
    // Both have been let in before either is done.
    let arrived = 0;
    let goOn: () => void = () => {};
    const both = new Promise<void>((resolve) => (goOn = resolve));
    const attempt = store.attempt.bind(store);
    store.attempt = async (...args) => {
      if ((arrived += 1) === 2) goOn();
      await both;
      return attempt(...args);
    };
    const answers = await Promise.all([confirm(owner, mine), confirm(thief, theirs)]);
    expect(arrived).toBe(2);
    const won = answers.filter(({ status }) => status === 201).length;
    expect(won).toBeLessThanOrEqual(1);
    expect(await listed()).toHaveLength(won);
  });

  it("E05 neither opens a door nor closes one, and its secret is shown once", async () => {
    const begun = await begin(thief);
    const again = await owner.get("/vault").expect(403);
    expect(again.body.code).toBe("not_enrolled");
    expect((await thief.get("/2fa/factors")).text).not.toContain(begun.secret);
    const shown = await thief.get("/2fa/factors").set("Accept", "text/html");
    expect(shown.text).not.toContain(begun.secret);
    for (let left = 4; left >= 0; left -= 1) {
      const wrong = String((Number(codeOf(begun.secret)) + 1) % 1e6).padStart(6, "0");
      const no = await thief.post("/2fa/factors/confirm").send({ enrollment: begun.id, code: wrong }).expect(422);
      expect(no.body.attemptsLeft).toBe(left);
    }
    await confirm(thief, begun).expect(429);
    expect(await listed()).toEqual([]);
  });

  it("E05 belongs to the session that began it", async () => {
    const begun = await begin(owner);
    await confirm(thief, begun).expect(404);
    const ada = await shop.login("bob");
    await ada
      .post("/2fa/factors/confirm")
      .send({ enrollment: begun.id, code: codeOf(begun.secret) })
      .expect(401);
  });
});

describe("a session from before", () => {
  it("A07 meets the new factor at its very next request", async () => {
    shop.app.get("/notes", require2fa({ onNotEnrolled: "allow" }), shop.handler);
    await thief.get("/notes").expect(200);
    await confirm(owner, await begin(owner)).expect(201);
    const refusal = await thief.get("/notes").expect(401);
    expect(refusal.body.methods).toEqual(["totp"]);
  });

  it("A07 does not get the owner's app replaced by a number of its own", async () => {
    await confirm(owner, await begin(owner)).expect(201);
    const to = { method: "sms", to: "+46707123499" };
    await thief.post("/2fa/factors/enroll").send(to).expect(401);
    await thief.post("/2fa/challenge").send({ method: "sms" }).expect(403);
    expect(shop.box.messages).toEqual([]);
  });

  it("E09 counts the address that the app knows as something to prove", async () => {
    const stranger = await shop.login("ada");
    await stranger.post("/2fa/factors/enroll").send({ method: "totp" }).expect(401);
  });
});
