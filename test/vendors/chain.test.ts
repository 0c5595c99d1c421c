import { afterEach, describe, expect, it, vi } from "vitest";
import { email, sms, smtp } from "../../src/index.js";
import { mitto } from "../../src/vendors/mitto/index.js";
import { routee } from "../../src/vendors/routee/index.js";
import { fixture } from "../helpers/app.js";
import { startFaultServer } from "../helpers/fault-server.js";
import { startMailServer } from "../helpers/smtp-server.js";

const TOKEN = JSON.stringify({ access_token: "12dc8af2-6a5b-4d35-8fa3-6c4b9a2a7c10", expires_in: 3599 });
const BROKEN = { status: 500, body: '{"code":"500000000","developerMessage":"Internal error"}' };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** Mitto takes every message and never answers, Routee answers 500, and the mail server is a real one. */
async function street() {
  const [first, second, mail] = [await startFaultServer(), await startFaultServer(), await startMailServer()];
  open.push(first, second, mail);
  first.script("timeout");
  second.script({ status: 200, body: TOKEN }, BROKEN);
  const chain = [
    mitto({ accountSid: "AC1", token: "tok", service: "Shop", from: "Shop", baseUrl: new URL(first.url).origin }),
    routee({ applicationId: "app", applicationSecret: "secret", baseUrl: new URL(second.url).origin }),
    smtp({ host: "127.0.0.1", port: mail.port, requireTls: false, from: "Shop <no-reply@shop.example>" }),
  ];
  return { first, second, mail, chain };
}

/** From here on time can be skipped; it goes on by itself as well, for what really talks to the network. */
function skipping(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"], shouldAdvanceTime: true });
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setImmediate(resolve));
}

describe("a chain [mitto, routee, smtp] in which the first times out and the second answers 500", () => {
  it("lets a person in by e-mail, within one challenge and in the time of one answer", async () => {
    const { first, second, mail, chain } = await street();
    const shop = fixture({
      methods: [sms(chain), email(chain)],
      workflows: {
        insist: [
          { channel: "sms", interval: 0 },
          { channel: "email", interval: "60s" },
        ],
      },
    });
    const failed: unknown[] = [];
    shop.tfa.events.on("delivery.failed", ({ provider, outcome }) => void failed.push([provider, outcome]));
    shop.guard("/vault", { workflow: "insist" });
    const ada = await shop.login("ada");

    skipping();
    const started = performance.now();
    const asked = ada.get("/vault").then((answer) => answer);
    await until(() => first.seen.length === 1);
    vi.advanceTimersByTime(2_500);
    await until(() => second.seen.length === 2 && first.seen.length === 2);
    vi.advanceTimersByTime(1_250);
    const { status, body } = await asked;
    expect(performance.now() - started).toBeLessThan(5_000);
    vi.useRealTimers();

    expect([status, body.code]).toEqual([401, "second_factor_required"]);
    expect(body.challenge).toMatchObject({ method: "email", to: expect.stringContaining("@"), attemptsLeft: 5 });
    // Routee carries no e-mail, and smtp() no SMS: neither was asked to
    expect(failed).toEqual([
      ["mitto", "unknown"],
      ["routee", "unknown"],
      ["mitto", "unknown"],
    ]);
    expect(second.seen.map(({ url }) => url)).toEqual(["/oauth/token", "/2step"]);
    expect(mail.mails).toMatchObject([{ from: "no-reply@shop.example", to: ["ada@example.com"] }]);

    const code = /^\d{8}/.exec(mail.mails[0]?.parsed.text ?? "")?.[0] ?? "";
    const wrong = [...code].map((digit) => (Number(digit) + 1) % 10).join("");
    expect((await ada.get("/vault").set("Two-Factor-Code", wrong).expect(422)).body.attemptsLeft).toBe(4);
    const opened = await ada.get("/vault").set("Two-Factor-Code", code).expect(200);
    expect(opened.body.methods).toEqual(["email"]);
    expect(shop.counters).toMatchObject({ grants: 1, handlerHits: 1 });
  });

  it("asks the person for another way where the route has no workflow, and the challenge stays the same", async () => {
    const { first, second, mail, chain } = await street();
    const [mittos, routees, mails] = chain as [(typeof chain)[0], (typeof chain)[0], (typeof chain)[0]];
    const shop = fixture({ methods: [sms([mittos, routees]), email(mails)] });
    shop.guard("/vault");
    const ada = await shop.login("ada");
    skipping();
    const asked = ada.get("/vault").then((answer) => answer);
    await until(() => first.seen.length === 1);
    vi.advanceTimersByTime(2_500);
    const { status, body } = await asked;
    vi.useRealTimers();
    expect([status, body.code]).toEqual([502, "delivery_failed"]);
    expect(second.seen).toHaveLength(2);
    const other = await ada.post("/2fa/challenge").send({ method: "email" }).expect(201);
    expect(other.body).toMatchObject({ id: body.challenge.id, method: "email" });
    const code = /^\d{8}/.exec(mail.mails[0]?.parsed.text ?? "")?.[0] ?? "";
    await ada.post("/2fa/verify").send({ code }).expect(200);
    await ada.get("/vault").expect(200);
  });
});
